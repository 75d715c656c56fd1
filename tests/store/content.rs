//! The same work is found again whatever it is called, and nothing else is.

use super::*;

fn found(errors: &str) -> Option<&str> {
    errors.lines().find_map(|line| line.strip_prefix("neartop: ")?.strip_suffix(" repetitions found in the study"))
}

/// Every row as text, its numbers to the last bit.
fn all_rows(place: &Place) -> Vec<String> {
    let connection = place.open(STUDY);
    let mut rows =
        connection.prepare("SELECT near, layers, dead_from, failure, checksum FROM repetition").expect("rows");
    let text = |row: &rusqlite::Row<'_>| {
        let values = (0..5).map(|at| row.get::<_, rusqlite::types::Value>(at)).collect::<Result<Vec<_>, _>>()?;
        Ok(format!("{values:?}"))
    };
    rows.query_map([], text).expect("rows").collect::<Result<_, _>>().expect("rows")
}

#[test]
fn a_second_run_computes_nothing_and_gives_the_same_bits() {
    let place = Place::new();
    let (undisturbed, errors) = place.rank(&["small.yaml", "--no-study"]);
    assert_eq!(found(&errors), None);
    let (first, errors) = place.rank(&["small.yaml", "--study", STUDY]);
    assert_eq!((found(&errors), place.rows(STUDY)), (None, ALL));
    let before = all_rows(&place);
    let output = place.run(&["rank", "--format", "json", "small.yaml", "--study", STUDY]);
    let elapsed = serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["elapsed_seconds"].as_f64();
    assert_eq!(elapsed, Some(0.0), "nothing was scored");
    let (second, errors) = ranked(&output, &[]);
    assert_eq!(found(&errors), Some("24 of 24"));
    assert_eq!((first.as_str(), second.as_str()), (undisturbed.as_str(), undisturbed.as_str()));
    assert!(all_rows(&place) == before);
    assert!(!place.path("state").exists(), "the study is where it was asked for");
}

#[test]
fn it_is_kept_in_the_state_directory_unless_told_otherwise() {
    let place = Place::new();
    place.rank(&["small.yaml", "--no-study"]);
    assert!(!place.path("state").exists());
    place.rank(&["small.yaml"]);
    assert_eq!(place.rows("state/neartop/studies.sqlite"), ALL);
    assert_eq!(found(&place.rank(&["small.yaml"]).1), Some("24 of 24"));
}

#[test]
fn an_extended_search_computes_only_what_is_new() {
    let place = Place::new();
    place.rank(&["small.yaml", "--study", STUDY]);
    let wide = "
name: Another name
description: the same network, written in other words and in another order, with more to search
score: {seed: 5, repetitions: 6}
search:
  inits: [zeros, {normal: {std: 0.05, mean: 0}}, xavier_uniform, orthogonal]
  activations: [{leaky_relu: {negative_slope: 0.2}}, tanh, relu]
network:
  layers: [linear: {out: 12, bias: true}, activation, linear: 6]
  input: 64
data: {scale: unit, source: digits}
";
    place.write("wide.yaml", wide);
    let (undisturbed, _) = place.rank(&["wide.yaml", "--no-study"]);
    let (resumed, errors) = place.rank(&["wide.yaml", "--study", STUDY]);
    assert_eq!(found(&errors), Some("24 of 72"));
    assert_eq!(resumed, undisturbed);
    assert_eq!((place.rows(STUDY), place.count(STUDY, "SELECT count(*) FROM study")), (72, 1));
    let name: String = place.open(STUDY).query_row("SELECT name FROM study", [], |row| row.get(0)).expect("a name");
    assert_eq!(name, "Another name");
    // And a smaller one finds its part.
    assert_eq!(found(&place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "2"]).1), Some("12 of 12"));
}

#[test]
fn other_work_is_not_found() {
    let place = Place::new();
    place.rank(&["small.yaml", "--study", STUDY]);
    let changes = [
        ("seed: 5", "seed: 6"),
        ("scale: unit", "scale: standardize"),
        ("source: digits", "source: digits, classes: 9"),
        ("data: {source: digits, scale: unit}", "data: {source: uniform}"),
        ("data: {source: digits, scale: unit}", "data: {source: gaussian}"),
        ("linear: 6", "linear: 7"),
        ("linear: 6", "linear: {out: 6, bias: false}"),
        ("seed: 5", "seed: 5, batch: 100"),
        ("seed: 5", "seed: 5, rows: clipped"),
        ("search:", "search:\n  bias: fan_in_uniform"),
        ("std: 0.05", "std: 0.06"),
    ];
    for (from, to) in changes {
        let other = PRESET.replace(from, to);
        assert_ne!(other, PRESET);
        place.write("other.yaml", &other);
        let (undisturbed, _) = place.rank(&["other.yaml", "--no-study"]);
        let (result, errors) = place.rank(&["other.yaml", "--study", STUDY]);
        let rest = if from.starts_with("std") { Some("16 of 24") } else { None };
        assert_eq!((found(&errors), result == undisturbed), (rest, true), "{to}");
    }
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM study"), changes.len() as i64);
}

/// A file of 40 samples of 4 features, of which a repetition takes a part.
fn table(changed: Option<usize>) -> String {
    let mut text = String::from("a,b,c,d\n");
    for row in 0..40 {
        let first = if changed == Some(row) { 1000 } else { row * row % 17 };
        text += &format!("{first},{},{},{}\n", row % 7, row % 5, (row * 3) % 11);
    }
    text
}

#[test]
fn data_are_known_by_the_samples_that_are_used() {
    let place = Place::new();
    let preset = PRESET.replace("source: digits, scale: unit", "path: t.csv").replace("input: 64", "input: 4");
    place.write("table.yaml", &preset);
    place.write("t.csv", &table(None));
    place.rank(&["table.yaml", "--study", STUDY]);
    // The same samples elsewhere and in another format.
    place.write("moved.tsv", &table(None).replace(',', "\t"));
    place.write("moved.yaml", &preset.replace("t.csv", "moved.tsv"));
    assert_eq!(found(&place.rank(&["moved.yaml", "--study", STUDY]).1), Some("24 of 24"));
    // Another value in any one row: nothing is taken that was computed with the old one.
    for row in 0..40 {
        place.write("t.csv", &table(Some(row)));
        let (undisturbed, _) = place.rank(&["table.yaml", "--no-study"]);
        let (result, _) = place.rank(&["table.yaml", "--study", STUDY]);
        assert_eq!(result, undisturbed, "row {row}");
    }
    assert_eq!(found(&place.rank(&["moved.yaml", "--study", STUDY]).1), Some("24 of 24"));
}

#[test]
fn fresh_replaces_this_work_and_no_other() {
    let place = Place::new();
    place.rank(&["small.yaml", "--study", STUDY]);
    place.rank(&["small.yaml", "--study", STUDY, "--seed", "6"]);
    let change = "UPDATE repetition SET near = 2.5, layers = '[1.5,0.5,0.5]' WHERE near > 0";
    assert_eq!(place.open(STUDY).execute(change, []).expect("a change"), 32);
    let (undisturbed, _) = place.rank(&["small.yaml", "--no-study"]);
    let (result, errors) = place.rank(&["small.yaml", "--study", STUDY, "--fresh"]);
    assert_eq!((found(&errors), result == undisturbed, place.rows(STUDY)), (None, true, 2 * ALL));
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM repetition WHERE near = 2.5"), 16, "the other seed's");
    let (result, errors) = place.rank(&["small.yaml", "--study", STUDY]);
    assert_eq!((found(&errors), result == undisturbed), (Some("24 of 24"), true));
}

#[test]
fn a_row_that_is_not_right_is_computed_again() {
    let place = Place::new();
    let (undisturbed, _) = place.rank(&["small.yaml", "--study", STUDY]);
    let damages = [
        "near = near + 1e-9",
        "near = NULL",
        "layers = NULL",
        "layers = '['",
        "layers = '[1e999]', near = 9e999",
        "layers = '[1,-1]', near = 0",
        "layers = x'00ff', near = 'x'",
        "dead_from = -1",
        "dead_from = 99",
        "failure = x'ff'",
        "propagation = NULL",
        "propagation = propagation || ' '",
        "checksum = checksum + 1",
        "repetition = 9",
    ];
    for damage in damages {
        let damage = format!("UPDATE repetition SET {damage} WHERE repetition = 1");
        assert_eq!(place.open(STUDY).execute(&damage, []).expect("a change"), 6);
        let (result, errors) = place.rank(&["small.yaml", "--study", STUDY]);
        assert_eq!((found(&errors), result == undisturbed), (Some("18 of 24"), true), "{damage}");
    }
    assert_eq!(found(&place.rank(&["small.yaml", "--study", STUDY]).1), Some("24 of 24"));
}

#[test]
fn a_failure_is_kept_with_its_reason() {
    let place = Place::new();
    let preset = PRESET.replace("zeros", "{normal: {std: 1.0e+38}}");
    place.write("huge.yaml", &preset);
    let (undisturbed, _) = place.rank(&["huge.yaml", "--no-study"]);
    assert!(undisturbed.contains("not finite"));
    place.rank(&["huge.yaml", "--study", STUDY]);
    let rows = place.rows(STUDY);
    let (result, errors) = place.rank(&["huge.yaml", "--study", STUDY]);
    assert!(found(&errors).is_some_and(|found| found.starts_with(&format!("{rows} of"))), "{errors}");
    assert_eq!((result == undisturbed, place.rows(STUDY)), (true, rows));
}

#[test]
fn several_programs_use_one_study_at_once() {
    let place = Place::new();
    let (undisturbed, _) = place.rank(&["small.yaml", "--no-study", "--repetitions", "60"]);
    let run = |args: &[&str]| {
        let args =
            [&["rank", "--format", "json", "small.yaml", "--study", STUDY, "--repetitions", "60"], args].concat();
        place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run")
    };
    let children: Vec<_> =
        (0..3).map(|_| run(&[])).chain((7..10).map(|seed| run(&["--seed", &seed.to_string()]))).collect();
    for (i, child) in children.into_iter().enumerate() {
        let (result, errors) = ranked(&child.wait_with_output().expect("an end"), &[]);
        assert!(troubles(&errors).is_empty(), "{errors}");
        assert!(i >= 3 || result == undisturbed);
    }
    assert_eq!((place.rows(STUDY), place.count(STUDY, "SELECT count(*) FROM study")), (4 * 360, 4));
    let (result, errors) = place.rank(&["small.yaml", "--study", STUDY, "--repetitions", "60"]);
    assert_eq!((found(&errors), result == undisturbed), (Some("360 of 360"), true));
}

#[test]
fn training_finds_the_ranking_and_adds_what_it_learns() {
    let place = Place::new();
    place.write("train.yaml", &PRESET.replace("linear: 6", "linear: 10"));
    place.rank(&["train.yaml", "--study", STUDY]);
    let args = ["train", "train.yaml", "--study", STUDY, "--top", "2", "--epochs", "1", "--format", "json"];
    let output = place.run(&args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), found(&errors)), (Some(0), Some("24 of 24")), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let told = &report["candidates"][0];
    let sql = "SELECT accuracy FROM training JOIN candidate ON candidate.id = candidate_id
               WHERE activation = ?1 ORDER BY accuracy DESC";
    let activation = told["activation"].as_str().expect("a name");
    let accuracy: f64 = place.open(STUDY).query_row(sql, [activation], |row| row.get(0)).expect("a row");
    assert!(told["accuracy"].as_f64().is_some_and(|told| (told - accuracy).abs() < 1e-12));
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM training"), 2);
    // The same again replaces it.
    assert_eq!(place.run(&args).status.code(), Some(0));
    assert_eq!(place.count(STUDY, "SELECT count(*) FROM training"), 2);
}
