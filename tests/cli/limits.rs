//! Little memory, few threads, small files.

use super::*;

/// `rank` on the small preset in a shell that sets limits first, as nobody where that is needed.
fn limited(place: &Place, limits: &str, more: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_neartop");
    let line = format!("{limits}; exec {program} rank small.yaml --no-study --format json {more}");
    let mut command = Command::new("bash");
    command.args(["-c", &line]).current_dir(place.0.path()).env("HOME", place.0.path()).output().expect("a run")
}

#[test]
fn threads_count_as_memory() {
    let place = Place::new();
    let args = ["rank", "digits-mlp", "--no-study", "--jobs", "64", "--max-memory", "0.25"];
    let said = place.refused(&args, 2);
    assert!(said.contains("64 at a time") && said.contains("lower --jobs"), "{said}");
    // Never more threads than there is work, so they do not count.
    let few = ["rank", "small.yaml", "--no-study", "--repetitions", "1", "--jobs", "512", "--max-memory", "0.25"];
    place.text(&few);
    let many = ["rank", "digits-mlp", "--no-study", "--jobs", "1", "--repetitions", "1000000", "--max-memory", "1"];
    assert!(place.refused(&many, 2).contains("all results"));
}

#[test]
fn no_more_threads_are_started_than_there_is_work() {
    let place = Place::new();
    // 9 scores, a thread of the study's, and those of the runtime.
    let output = limited(&place, "ulimit -v 4000000", "--repetitions 1 --jobs 4096 --max-memory 100");
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
}

#[test]
fn few_open_files_are_said() {
    let place = Place::new();
    for files in [6, 8, 12] {
        let output = limited(&place, &format!("ulimit -n {files}"), "");
        assert_eq!(output.status.code(), Some(1), "{files}: {}", errors(&output));
        assert!(errors(&output).contains("open files"), "{files}: {}", errors(&output));
    }
    assert_eq!(limited(&place, "ulimit -n 32", "").status.code(), Some(0));
}

/// The limit on a user's threads does not hold for root, so this is tried by a user who has no others.
#[test]
fn few_threads_are_enough_or_said() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    if !fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0) {
        println!("not tried: only root can become somebody else");
        return;
    }
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
    let program = env!("CARGO_BIN_EXE_neartop");
    let mut right = None;
    for threads in 1..=8 {
        let user = 61_000 + threads;
        let line = format!(
            "ulimit -u {threads}; exec setpriv --reuid={user} --clear-groups -- \
             {program} rank small.yaml --format json --study s{threads}.sqlite --jobs 4"
        );
        let mut command = Command::new("bash");
        command.args(["-c", &line]).current_dir(place.0.path()).env("HOME", place.0.path());
        let output = command.output().expect("a run");
        let said = errors(&output);
        assert!(!said.contains("panicked"), "{threads}: {said}");
        match output.status.code() {
            Some(0) => {
                let mut report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
                report.as_object_mut().expect("a map").remove("elapsed_seconds");
                assert_eq!(*right.get_or_insert(report.clone()), report, "{threads}");
            }
            Some(1) => assert!(threads < 4 && said.contains("more threads"), "{threads}: {said}"),
            status => panic!("{threads}: {status:?} {said}"),
        }
    }
    assert!(right.is_some());
}

#[test]
fn a_limit_on_the_size_of_files_ends_no_run() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_neartop");
    let line =
        format!("ulimit -f 64; exec {program} rank small.yaml --repetitions 1500 --study s.sqlite --format json");
    let mut command = Command::new("bash");
    let output = command.args(["-c", &line]).current_dir(place.0.path()).output().expect("a run");
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(errors(&output).contains("results are not in the study"), "{}", errors(&output));
}

#[test]
fn memory_that_cannot_be_had_is_said() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_neartop");
    let begins = |kibibytes: &usize| {
        let line = format!("ulimit -v {kibibytes}; exec {program} --version");
        Command::new("bash").args(["-c", &line]).output().expect("a run").status.success()
    };
    // Below that the program, which may be large, cannot even be loaded.
    let least = (40_000..).step_by(10_000).find(begins).expect("a limit");
    let mut ended = Vec::new();
    for kibibytes in (least..least + 100_000).step_by(10_000) {
        let output = limited(&place, &format!("ulimit -v {kibibytes}"), "");
        let said = errors(&output);
        match output.status.code() {
            Some(0) => {}
            Some(1 | 2 | 134) | None => assert!(said.contains("memory"), "{kibibytes}: {said}"),
            status @ Some(_) => panic!("{kibibytes}: {status:?} {said}"),
        }
        ended.push(output.status.code());
    }
    assert!(ended.iter().any(|code| *code != Some(0)), "{ended:?}");
}
