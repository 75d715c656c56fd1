//! Older studies, newer ones, and files that are none.

use super::*;

#[test]
fn a_newer_study_is_refused_and_left_alone() {
    let place = Place::new();
    place.rank(&["small.yaml", "--study", STUDY]);
    let known: i64 = place.count(STUDY, "SELECT user_version FROM pragma_user_version");
    place.open(STUDY).execute_batch("PRAGMA user_version = 99; PRAGMA journal_mode = delete").expect("a newer study");
    let before = bytes(&place.path(STUDY));
    let output = place.run(&["rank", "small.yaml", "--study", STUDY]);
    let errors = String::from_utf8_lossy(&output.stderr).replace(['\n', '|'], " ");
    let errors = errors.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), b"".as_slice()));
    for part in ["a newer neartop made it", "version is 99", &format!("up to {known}"), "--no-study"] {
        assert!(errors.contains(part), "{errors}");
    }
    assert!(before == bytes(&place.path(STUDY)));
}

#[test]
fn a_file_of_another_kind_is_left_alone() {
    let place = Place::new();
    place.write("notes.txt", "remember the milk\n");
    place.open("other.sqlite").execute_batch("CREATE TABLE mine (x); INSERT INTO mine VALUES (1)").expect("a database");
    place.open("marked.sqlite").execute_batch("PRAGMA user_version = 1").expect("a database");
    for file in ["notes.txt", "other.sqlite", "marked.sqlite", "small.yaml"] {
        let before = bytes(&place.path(file));
        let output = place.run(&["rank", "small.yaml", "--study", file]);
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("a file of another kind"), "{file}");
        assert!(before == bytes(&place.path(file)), "{file}");
    }
    // Where the user named none, the run matters more.
    fs::create_dir_all(place.path("state/neartop")).expect("a folder");
    place.write("state/neartop/studies.sqlite", "remember the milk\n");
    let (_, errors) = place.rank(&["small.yaml"]);
    assert_eq!(troubles(&errors).len(), 1, "{errors}");
    assert_eq!(bytes(&place.path("state/neartop/studies.sqlite")), b"remember the milk\n");
    // An empty file is a study that holds nothing yet.
    place.write("empty.sqlite", "");
    place.rank(&["small.yaml", "--study", "empty.sqlite"]);
    assert_eq!(place.rows("empty.sqlite"), ALL);
}

#[test]
fn what_is_no_regular_file_is_not_opened() {
    let place = Place::new();
    fs::create_dir(place.path("folder")).expect("a folder");
    let made = Command::new("mkfifo").arg(place.path("pipe")).status().expect("mkfifo");
    assert!(made.success());
    for (file, code) in [("folder", 2), ("missing/s.sqlite", 2), ("pipe", 0), ("/dev/full", 0)] {
        let output = place.run(&["rank", "small.yaml", "--study", file]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{file}: {errors}");
        assert!(code == 2 || (troubles(&errors).len() == 1 && errors.contains("not a regular file")), "{errors}");
    }
}

#[test]
fn a_study_of_version_1_is_brought_up_to_date() {
    let place = Place::new();
    fs::copy("tests/fixtures/study/version-1.sqlite", place.path(STUDY)).expect("an older study");
    let rows = |columns: &str| {
        let connection = place.open(STUDY);
        let mut rows =
            connection.prepare(&format!("SELECT {columns} FROM repetition WHERE repetition > 3")).expect("rows");
        let text = |row: &rusqlite::Row<'_>| {
            (0..6).map(|at| row.get::<_, rusqlite::types::Value>(at)).collect::<Result<Vec<_>, _>>()
        };
        rows.query_map([], text).expect("rows").collect::<Result<Vec<_>, _>>().expect("rows")
    };
    let columns = "candidate_id, repetition, near, layers, dead_from, checksum";
    let before = rows(columns);
    assert_eq!((before.len(), place.count(STUDY, "SELECT user_version FROM pragma_user_version")), (12, 1));
    let (_, errors) = place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "6"]);
    assert_eq!(place.count(STUDY, "SELECT user_version FROM pragma_user_version"), 3);
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM training"), 0);
    assert!(before == rows(columns), "what was there is as it was");
    // Version 1 did not know how signals pass, which the first repetitions are asked for.
    if neartop::store::DEFINITION == 1 {
        assert!(errors.contains("12 of 36 repetitions found"), "{errors}");
        assert_eq!(place.rows(STUDY), 36);
        assert_eq!(place.count(STUDY, "SELECT count(*) FROM repetition WHERE propagation IS NULL"), 12);
    }
    let (_, errors) = place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "6"]);
    assert!(errors.contains("36 of 36 repetitions found"), "{errors}");
}

#[test]
fn a_study_of_version_2_is_brought_up_to_date_and_can_be_opened_again() {
    let place = Place::new();
    fs::copy("tests/fixtures/study/version-2.sqlite", place.path(STUDY)).expect("an older study");
    let preset = || {
        let connection = place.open(STUDY);
        connection.query_row("SELECT preset FROM study", [], |row| row.get::<_, Option<String>>(0)).expect("a study")
    };
    let (_, errors) = place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "5"]);
    if neartop::store::DEFINITION == 1 {
        assert!(errors.contains("24 of 30 repetitions found"), "{errors}");
        assert_eq!(place.rows(STUDY), 30);
    }
    let text = preset().expect("the preset as it was last run");
    let preset = neartop::preset::Preset::parse(&text, "study", Path::new("")).expect("a right preset");
    assert_eq!((preset.name.as_str(), preset.repetitions, preset.seed), ("Small", 5, 5));
    assert_eq!(preset.search.inits.len() * preset.search.activations.len(), 6);
}
