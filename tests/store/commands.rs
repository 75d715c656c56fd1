//! `neartop studies`.

use super::*;

impl Place {
    /// Standard output of `studies` on the study, which succeeds.
    fn studies(&self, args: &[&str]) -> String {
        let output = self.run(&[&["studies", "--study", STUDY], args].concat());
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(&[&["studies", "--study", STUDY], args].concat());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}

fn two_studies() -> Place {
    let place = Place::new();
    place.rank(&["small.yaml", "--study", STUDY]);
    place.write("huge.yaml", &PRESET.replace("zeros", "{normal: {std: 1.0e+38}}").replace("Small", "Huge"));
    place.rank(&["huge.yaml", "--study", STUDY, "--seed", "18446744073709551615"]);
    place
}

#[test]
fn studies_are_listed_and_shown() {
    let place = Place::new();
    let output = place.run(&["studies", "list", "--format", "json"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"[]\n".as_slice()), "none yet");
    assert!(!place.path("state").exists());
    let place = two_studies();
    let list: Value = serde_json::from_str(&place.studies(&["list", "--format", "json"])).expect("JSON");
    let field = |at: usize, key: &str| list[at][key].clone();
    assert_eq!((field(0, "name"), field(1, "name")), ("Small".into(), "Huge".into()));
    assert_eq!((field(0, "candidates"), field(0, "repetitions")), (6.into(), 24.into()));
    assert_eq!(field(1, "seed"), "18446744073709551615");
    let table = place.studies(&["list"]);
    assert_eq!(table.lines().count(), 3, "{table}");
    let key = field(1, "key").as_str().expect("a key").to_owned();
    assert_eq!(place.studies(&["show", "2"]), place.studies(&["show", &key[..8]]));
    let shown = place.studies(&["show", "2"]);
    for part in ["Huge", &key, "\"seed\":18446744073709551615", "normal(std=0.05)", "values that are not finite"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // The mean is that of the ranking.
    let (ranking, _) = place.rank(&["small.yaml", "--study", STUDY]);
    let ranking: Value = serde_json::from_str(&ranking).expect("JSON");
    let best = format!("{:.2}", ranking["candidates"][0]["near"].as_f64().expect("a number"));
    assert!(place.studies(&["show", "1"]).contains(&best));
}

#[test]
fn studies_are_exported_to_the_last_bit() {
    let place = two_studies();
    let json: Value = serde_json::from_str(&place.studies(&["export", "1", "--format", "json"])).expect("JSON");
    assert_eq!(json["candidates"].as_array().map(Vec::len), Some(6));
    assert_eq!(json["content"]["definition"], neartop_study::store::DEFINITION);
    let csv = place.studies(&["export", "1"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let mut connection_rows = 0;
    for row in reader.records() {
        let row = row.expect("a row");
        let sql = "SELECT near FROM repetition JOIN candidate ON candidate.id = candidate_id
                   WHERE study_id = 1 AND activation = ?1 AND init = ?2 AND repetition = ?3";
        let repetition: i64 = row[4].parse().expect("a number");
        let near: f64 =
            place.open(STUDY).query_row(sql, (&row[1], &row[2], repetition), |row| row.get(0)).expect("a row");
        assert_eq!(row[5].parse::<f64>().map(f64::to_bits), Ok(near.to_bits()));
        let ranks: Vec<f64> = row[8].split(' ').map(|x| x.parse().expect("a number")).collect();
        assert_eq!(ranks.iter().sum::<f64>(), near);
        connection_rows += 1;
    }
    assert_eq!(connection_rows, ALL);
    assert_eq!(place.studies(&["export", "2", "--format", "jsonl"]).lines().count(), 6);
    assert_eq!(place.studies(&["export", "1", "-o", "rows.csv"]), "");
    assert_eq!(fs::read_to_string(place.path("rows.csv")).expect("a file"), csv);
    let output = place.run(&["studies", "--study", STUDY, "export", "2", "-o", "rows.csv"]);
    assert_eq!(output.status.code(), Some(1), "it is there already");
    assert_eq!(fs::read_to_string(place.path("rows.csv")).expect("a file"), csv);
}

#[test]
fn studies_are_deleted_and_no_others() {
    let place = two_studies();
    assert!(place.refused(&["delete", "2", "3"]).contains("there is no study 3"));
    assert!(place.refused(&["show", ""]).contains("there is no study"));
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM study"), 2);
    place.studies(&["delete", "1"]);
    let left = "SELECT (SELECT count(*) FROM study) * 1000 + (SELECT count(*) FROM candidate)";
    assert_eq!(place.count(STUDY, left), 1006);
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM candidate WHERE study_id <> 2"), 0);
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM batch WHERE study_id <> 2"), 0);
    let orphans = "SELECT count(*) FROM repetition WHERE candidate_id NOT IN (SELECT id FROM candidate)";
    assert_eq!(place.count(STUDY, orphans), 0);
    assert!(!place.rank(&["small.yaml", "--study", STUDY]).1.contains("found"));
    assert_eq!(place.count(STUDY, "SELECT max(id) FROM study"), 3, "no number is used again");
    let output = place.run(&["studies", "--study", "missing.sqlite", "list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!place.path("missing.sqlite").exists());
}

#[test]
fn nothing_in_a_study_controls_the_terminal() {
    let place = two_studies();
    let change = "UPDATE study SET name = 'a' || char(27) || '[31m', content = char(7), program = char(27);
                  UPDATE candidate SET init = char(27) || ']0;x', activation = char(155)";
    place.open(STUDY).execute_batch(change).expect("a change");
    for args in [&["list"][..], &["show", "1"], &["export", "1"], &["list", "--format", "json"], &["delete", "1"]] {
        let output = place.run(&[&["studies", "--study", STUDY], args].concat());
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).expect("UTF-8");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{args:?}: {text:?}");
    }
}

#[test]
fn a_study_that_is_deleted_by_another_program_is_begun_again() {
    let place = Place::new();
    let long = ["small.yaml", "--repetitions", "1500", "--study", STUDY];
    let mut command = place.command(&[&["rank", "--format", "json"], &long[..]].concat());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run");
    let some =
        || Connection::open(place.path(STUDY)).ok()?.query_row("SELECT id FROM study", [], |row| row.get(0)).ok();
    let id: i64 = (0..5000)
        .find_map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            some()
        })
        .expect("a study");
    place.studies(&["delete", &id.to_string()]);
    let (result, errors) = ranked(&child.wait_with_output().expect("an end"), &long);
    assert!(troubles(&errors).is_empty(), "{errors}");
    assert_eq!(place.count(STUDY, "SELECT min(id) FROM study"), id + 1);
    let (resumed, errors) = place.rank(&long);
    assert!(errors.contains("repetitions found") && result == resumed, "{errors}");
    assert_eq!(place.rows(STUDY), 9000);
}

#[test]
fn cells_of_a_study_are_no_formulas_in_a_spreadsheet() {
    let place = two_studies();
    place.open(STUDY).execute_batch("UPDATE candidate SET init = '=cmd|'' /C calc''!A0'").expect("a change");
    let csv = place.studies(&["export", "1"]);
    assert!(csv.contains(",'=cmd|") && !csv.contains(",=cmd|"), "{csv}");
}

#[test]
fn names_of_any_length_are_listed_at_once() {
    let place = two_studies();
    let name = "UPDATE study SET name = replace(hex(zeroblob(5000000)), '0', 'n') WHERE id = 1";
    place.open(STUDY).execute_batch(name).expect("a change");
    let start = std::time::Instant::now();
    let table = place.studies(&["list"]);
    assert!(start.elapsed().as_secs() < 10 && table.len() < 2000, "{}", table.len());
}

#[test]
fn a_study_that_cannot_be_written_is_read() {
    use std::os::unix::fs::PermissionsExt;
    let place = two_studies();
    place.open(STUDY).execute_batch("PRAGMA wal_checkpoint(truncate)").expect("a checkpoint");
    let list = place.studies(&["list"]);
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
    let is_root = fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0);
    mode(&place.path(STUDY), 0o444);
    mode(place.0.path(), 0o555);
    let program = env!("CARGO_BIN_EXE_neartop");
    for args in [&["list"][..], &["show", "1"], &["export", "2"]] {
        // Root may write everywhere, so it becomes nobody.
        let mut command = Command::new(if is_root { "setpriv" } else { program });
        if is_root {
            command.args(["--reuid=65534", "--clear-groups", "--", program]);
        }
        command.args(["studies", "--study", STUDY]).args(args).current_dir(place.0.path()).env("NO_COLOR", "1");
        let output = command.output().expect("a run");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        assert!(args != ["list"] || output.stdout == list.as_bytes());
    }
    mode(place.0.path(), 0o755);
}
