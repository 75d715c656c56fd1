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
    let mut files = vec![("folder", 2), ("missing/s.sqlite", 2), ("pipe", 0)];
    if cfg!(target_os = "linux") {
        files.push(("/dev/full", 0));
    }
    for (file, code) in files {
        let output = place.run(&["rank", "small.yaml", "--study", file]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{file}: {errors}");
        assert!(code == 2 || (troubles(&errors).len() == 1 && errors.contains("not a regular file")), "{errors}");
        let output = place.run(&["studies", "list", "--study", file]);
        assert!(output.status.code().is_some_and(|code| [1, 2].contains(&code)), "{file}: {output:?}");
    }
}

/// Six columns of the rows whose `repetition`, and what else the condition says, is not negative.
fn rows_where(place: &Place, columns: &str, condition: &str) -> Vec<Vec<rusqlite::types::Value>> {
    let connection = place.open(STUDY);
    let sql = format!("SELECT {columns} FROM repetition WHERE {condition} >= 0");
    let mut rows = connection.prepare(&sql).expect("rows");
    let values = |row: &rusqlite::Row<'_>| (0..6).map(|at| row.get(at)).collect::<Result<Vec<_>, _>>();
    rows.query_map([], values).expect("rows").collect::<Result<_, _>>().expect("rows")
}

#[test]
fn a_study_of_version_1_is_brought_up_to_date() {
    let place = Place::new();
    fs::copy("tests/fixtures/study/version-1.sqlite", place.path(STUDY)).expect("an older study");
    let columns = "candidate_id, repetition, near, layers, dead_from, checksum";
    let before = rows_where(&place, columns, "repetition");
    assert_eq!((before.len(), place.count(STUDY, "SELECT user_version FROM pragma_user_version")), (36, 1));
    let (_, errors) = place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "6"]);
    assert_eq!(place.count(STUDY, "SELECT user_version FROM pragma_user_version"), 3);
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM training"), 0);
    // Its scores are of another definition: they stay as they are, and are not taken for today's.
    assert!(!errors.contains("repetitions found"), "{errors}");
    assert_eq!((place.rows(STUDY), place.count(STUDY, "SELECT count(*) FROM study")), (72, 2));
    let first = "candidate_id <= (SELECT max(id) FROM candidate WHERE study_id = 1) AND repetition";
    assert_eq!(before, rows_where(&place, columns, first), "what was there is as it was");
    let (_, errors) = place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "6"]);
    assert!(errors.contains("36 of 36 repetitions found"), "{errors}");
}

#[test]
fn a_study_of_version_2_is_brought_up_to_date_and_can_be_opened_again() {
    let place = Place::new();
    fs::copy("tests/fixtures/study/version-2.sqlite", place.path(STUDY)).expect("an older study");
    let preset = || {
        let connection = place.open(STUDY);
        connection
            .query_row("SELECT preset FROM study ORDER BY id DESC LIMIT 1", [], |row| row.get::<_, Option<String>>(0))
            .expect("a study")
    };
    let (_, errors) = place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "5"]);
    if neartop_study::store::DEFINITION == 1 {
        assert!(errors.contains("24 of 30 repetitions found"), "{errors}");
        assert_eq!(place.rows(STUDY), 30);
    }
    let text = preset().expect("the preset as it was last run");
    let preset = neartop_io::preset::Preset::parse(&text, "study", Path::new("")).expect("a right preset");
    assert_eq!((preset.name.as_str(), preset.repetitions, preset.seed), ("Small", 5, 5));
    assert_eq!(preset.search.inits.len() * preset.search.activations.len(), 6);
}

/// Makes a study what version 1 would have written: without how signals pass, in the row and in its checksum.
fn write_as_version_1(place: &Place) {
    use sha2::{Digest, Sha256};
    let connection = place.open(STUDY);
    let mut rows = connection
        .prepare(
            "SELECT candidate_id, repetition, near, layers, dead_from, failure, study.key, candidate.key
             FROM repetition JOIN candidate ON candidate.id = candidate_id JOIN study ON study.id = study_id",
        )
        .expect("rows");
    let checksum = |row: &rusqlite::Row<'_>| -> rusqlite::Result<(i64, i64, i64)> {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let fields = [
            row.get::<_, String>(6)?,
            row.get(7)?,
            row.get::<_, i64>(1)?.to_string(),
            or_dash(row.get::<_, Option<f64>>(2)?.map(|near| near.to_bits().to_string())),
            or_dash(row.get(3)?),
            or_dash(row.get::<_, Option<i64>>(4)?.map(|layer| layer.to_string())),
            or_dash(row.get(5)?),
        ];
        let mut hash = Sha256::new();
        fields.iter().for_each(|field| hash.update(format!("{field}\0")));
        let first: [u8; 8] = hash.finalize()[..8].try_into().expect("eight bytes");
        Ok((row.get(0)?, row.get(1)?, i64::from_be_bytes(first)))
    };
    let checksums: Vec<_> = rows.query_map([], checksum).expect("rows").collect::<Result<_, _>>().expect("rows");
    for row in checksums {
        let set = "UPDATE repetition SET checksum = ?3 WHERE candidate_id = ?1 AND repetition = ?2";
        connection.execute(set, row).expect("a checksum");
    }
    let older = "ALTER TABLE repetition DROP COLUMN propagation; ALTER TABLE study DROP COLUMN preset; DROP TABLE training; PRAGMA user_version = 1";
    connection.execute_batch(older).expect("an older study");
}

#[test]
fn results_of_version_1_are_found_again() {
    let place = Place::new();
    let args = ["small.yaml", "--study", STUDY, "--repetitions", "6"];
    let (undisturbed, _) = place.rank(&args);
    write_as_version_1(&place);
    let (result, errors) = place.rank(&args);
    // Version 1 did not know how signals pass, which the first repetitions are asked for.
    assert!(errors.contains("12 of 36 repetitions found"), "{errors}");
    assert_eq!((place.rows(STUDY), result == undisturbed), (36, true));
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM repetition WHERE propagation IS NULL"), 12);
    let (result, errors) = place.rank(&args);
    assert!(errors.contains("36 of 36 repetitions found") && result == undisturbed, "{errors}");
}
