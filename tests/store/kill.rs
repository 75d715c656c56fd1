//! The program is killed at any moment, and goes on where it was.

use std::process::Child;
use std::time::{Duration, Instant};

use super::*;

/// Results that the program said were recorded before it was killed.
fn acknowledged(log: &str) -> i64 {
    let of_line = |line: &str| line.split("recorded in the study results=").nth(1)?.trim().parse::<i64>().ok();
    log.lines().filter_map(of_line).sum()
}

/// Kills a run when so many results are recorded, and a while later.
fn kill_after(child: &mut Child, log: &Path, results: i64, while_later: Duration) {
    let start = Instant::now();
    while acknowledged(&fs::read_to_string(log).unwrap_or_default()) < results
        && child.try_wait().expect("a child").is_none()
    {
        assert!(start.elapsed() < Duration::from_secs(120), "no results come");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(while_later);
    child.kill().expect("a kill");
    child.wait().expect("an end");
}

/// Kills runs at random moments and resumes them.
fn kill_and_resume(tries: usize, repetitions: &str) {
    let place = Place::new();
    let arguments = ["small.yaml", "--repetitions", repetitions];
    let all = 6 * repetitions.parse::<i64>().expect("a number");
    let (undisturbed, _) = place.rank(&[&arguments[..], &["--no-study"]].concat());
    let mut dice = Dice(1);
    let (mut kept, mut partial) = (0, 0);
    for attempt in 0..tries {
        for name in [STUDY, "s.sqlite-wal", "s.sqlite-shm", "log"] {
            let _ = fs::remove_file(place.path(name));
        }
        let logged = ["rank", "--study", STUDY, "--log-file", "log", "-vv"];
        let mut command = place.command(&[&logged[..], &arguments].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
        // One in ten before or while the study is made, the others anywhere in the run; gathering takes 50 ms.
        let results = if attempt % 10 == 9 { 0 } else { 1 + dice.below(all as u64 * 9 / 10) as i64 };
        kill_after(&mut child, &place.path("log"), results, Duration::from_micros(dice.below(100_000)));
        let acknowledged = acknowledged(&fs::read_to_string(place.path("log")).unwrap_or_default());
        let (resumed, errors) = place.rank(&[&["--study", STUDY], &arguments[..]].concat());
        let found = errors.lines().find_map(|l| l.strip_prefix("neartop: ")?.split(' ').next()?.parse::<i64>().ok());
        let found = found.unwrap_or(0);
        assert!(found >= acknowledged, "try {attempt}: {acknowledged} were recorded, {found} found");
        assert_eq!(resumed, undisturbed, "try {attempt}");
        assert!(troubles(&errors).is_empty(), "try {attempt}: {errors}");
        assert_eq!(place.rows(STUDY), all, "try {attempt}");
        let check = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'";
        assert_eq!(place.count(STUDY, check), 0, "try {attempt}");
        kept += found;
        partial += usize::from(found > 0 && found < all);
    }
    println!("{tries} kills, {partial} of them with a part done, {kept} repetitions kept, none lost that was recorded");
    assert!(partial * 2 >= tries, "kills come while results do: {partial} of {tries}");
}

/// Where the race decides who is scored further, a killed run leads to the same end.
#[test]
fn killed_races_are_resumed() {
    let place = Place::new();
    let arguments = ["small.yaml", "--repetitions", "auto"];
    let (undisturbed, _) = place.rank(&[&arguments[..], &["--no-study"]].concat());
    let mut dice = Dice(3);
    let mut partial = 0;
    for attempt in 0..8 {
        for name in [STUDY, "s.sqlite-wal", "s.sqlite-shm"] {
            let _ = fs::remove_file(place.path(name));
        }
        let mut command = place.command(&[&["rank", "--study", STUDY, "--jobs", "1"], &arguments[..]].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
        std::thread::sleep(Duration::from_millis(60 + dice.below(200)));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let (resumed, errors) = place.rank(&[&["--study", STUDY], &arguments[..]].concat());
        partial += usize::from(errors.contains("repetitions found"));
        assert_eq!(resumed, undisturbed, "try {attempt}");
    }
    assert!(partial > 0, "kills come while results do");
}

#[test]
fn killed_runs_are_resumed() {
    kill_and_resume(3, "1000");
}

#[test]
#[ignore = "long: NEARTOP_TRIES kills, 100 unless given"]
fn runs_killed_at_many_moments_are_resumed() {
    kill_and_resume(tries(100), "800");
}
