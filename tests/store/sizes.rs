//! `neartop width` records every effective rank and finds it again.

use std::time::{Duration, Instant};

use super::*;

const FEW: [&str; 7] = ["width", "small.yaml", "--format", "json", "--repetitions", "6", "--sizes"];

impl Place {
    /// `width` at these sizes: what it gives, and what it says.
    fn width(&self, sizes: &str, more: &[&str]) -> (String, String) {
        let output = self.run(&[&FEW[..], &[sizes], more].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{sizes} {more:?}: {errors}");
        (String::from_utf8(output.stdout).expect("UTF-8"), errors)
    }
}

fn found(errors: &str) -> Option<&str> {
    errors.lines().find_map(|line| line.strip_prefix("neartop: ")?.strip_suffix(" repetitions found in the study"))
}

#[test]
fn sizes_are_measured_once() {
    let place = Place::new();
    place.write("drawn.yaml", &PRESET.replace("{source: digits, scale: unit}", "{source: gaussian}"));
    let study = ["--study", STUDY];
    let (first, errors) = place.width("4,8,16", &study);
    assert_eq!((found(&errors), place.rows(STUDY)), (None, 18));
    let (again, errors) = place.width("4,8,16", &study);
    assert_eq!((found(&errors), again == first), (Some("18 of 18"), true));
    // Other sizes and more repetitions compute only what is new, to the same bits as a run that knows nothing.
    for (sizes, more, known) in [
        ("4,16,32", ["--jobs", "2"], "12 of 18"),
        ("4,8,16", ["--repetitions", "9"], "18 of 27"),
        ("4,8,16,32", ["--repetitions", "9"], "33 of 36"),
    ] {
        let more = if more[0] == "--repetitions" { &["--jobs", "1"][..] } else { &more[..] };
        let repetitions = if known.ends_with("18") { "6" } else { "9" };
        let args = |study: &[&'static str]| {
            let mut args = vec!["width", "small.yaml", "--format", "json", "--sizes", sizes];
            args.extend(["--repetitions", repetitions]);
            args.extend(more);
            args.extend(study);
            args.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let run = |study: &[&'static str]| {
            let args = args(study);
            let output = place.run(&args.iter().map(String::as_str).collect::<Vec<_>>());
            (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
        };
        let (unknowing, errors) = run(&["--no-study"]);
        assert_eq!(found(&errors), None);
        let (knowing, errors) = run(&study);
        assert_eq!((found(&errors), knowing == unknowing), (Some(known), true), "{sizes}: {errors}");
    }
    // Other work is not found, and this one's ranking is not taken for its sizes.
    for other in [["--seed", "6"], ["--activation", "tanh"], ["--init", "zeros"], ["--layer", "1"]] {
        let (_, errors) = place.width("4,8,16", &[&study[..], &other].concat());
        assert_eq!(found(&errors), None, "{other:?}");
    }
    let (_, errors) = place.rank(&["small.yaml", "--study", STUDY]);
    assert_eq!(found(&errors), None);
    let (fresh, errors) = place.width("4,8,16", &[&study[..], &["--fresh"]].concat());
    assert_eq!((found(&errors), fresh == first), (None, true));
    // What follows the layer that is sized does not matter, nor what the preset is called.
    place.write("small.yaml", &PRESET.replace("linear: 6", "linear: 5").replace("Small", "Other"));
    let (renamed, errors) = place.width("4,8,16", &study);
    assert_eq!((found(&errors), renamed == first), (Some("18 of 18"), true));
}

#[test]
fn drawn_samples_are_the_same_for_other_sizes() {
    let place = Place::new();
    place.write("small.yaml", &PRESET.replace("{source: digits, scale: unit}", "{source: gaussian}"));
    let (unknowing, _) = place.width("4,16,32", &["--no-study"]);
    place.width("4,16", &["--study", STUDY]);
    let (knowing, errors) = place.width("4,16,32", &["--study", STUDY]);
    assert_eq!((found(&errors), knowing == unknowing), (Some("12 of 18"), true));
}

#[test]
fn a_measurement_that_was_killed_is_resumed() {
    let place = Place::new();
    let args = ["width", "small.yaml", "--format", "json", "--repetitions", "2000", "--sizes", "8,16,32"];
    let undisturbed = place.run(&[&args[..], &["--no-study"]].concat()).stdout;
    let mut dice = Dice(4);
    let mut partial = 0;
    let tries = tries(4);
    for attempt in 0..tries {
        for name in [STUDY, "s.sqlite-wal", "s.sqlite-shm"] {
            let _ = fs::remove_file(place.path(name));
        }
        let mut command = place.command(&[&args[..], &["--study", STUDY, "--jobs", "1"]].concat());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
        // Some time after the first results are there.
        let start = Instant::now();
        let count = |path: &Path| {
            let count = "SELECT count(*) FROM repetition";
            Connection::open(path).ok()?.query_row(count, [], |row| row.get::<_, i64>(0)).ok()
        };
        while count(&place.path(STUDY)).is_none_or(|rows| rows == 0) {
            assert!(start.elapsed() < Duration::from_secs(60), "no results come");
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(dice.below(200)));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let output = place.run(&[&args[..], &["--study", STUDY]].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        partial += usize::from(found(&errors).is_some_and(|found| !found.starts_with("6000 ")));
        assert!(output.stdout == undisturbed, "try {attempt}: {errors}");
        assert_eq!(place.rows(STUDY), 6000, "try {attempt}");
    }
    println!("{tries} kills of width, {partial} of them with a part done, all results equal");
    assert!(partial > 0, "kills come while results do");
}

#[test]
fn a_study_that_cannot_be_used_stops_no_measurement() {
    let place = Place::new();
    fs::create_dir_all(place.path("state/neartop")).expect("a folder");
    place.write("state/neartop/studies.sqlite", "remember the milk\n");
    let (unknowing, _) = place.width("4,8,16", &["--no-study"]);
    let (result, errors) = place.width("4,8,16", &[]);
    assert_eq!((result == unknowing, troubles(&errors).len()), (true, 1), "{errors}");
    place.write("notes.txt", "remember the milk\n");
    let output = place.run(&[&FEW[..], &["4,8,16", "--study", "notes.txt"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(bytes(&place.path("notes.txt")), b"remember the milk\n");
}
