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
