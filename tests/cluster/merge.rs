//! Merging: what is refused, what is missing, what is damaged.

use super::{Place, ranking, texts};

/// A place with the parts `1.jsonl` to `4.jsonl` of its run.
fn place() -> Place {
    let place = Place::new();
    for number in 1..=4 {
        let (shard, part) = (format!("{number}/4"), format!("{number}.jsonl"));
        place.done(&["rank", "small.yaml", "--shard", &shard, "--output", &part]);
    }
    place
}

const ALL: [&str; 4] = ["1.jsonl", "2.jsonl", "3.jsonl", "4.jsonl"];

/// What a merge says and how it ends.
fn merge(place: &Place, args: &[&str]) -> (Option<i32>, String, String) {
    let output = place.run(&[&["merge", "small.yaml", "--format", "json"], args].concat());
    let (out, err) = texts(&output);
    let flat = err.split_whitespace().filter(|word| *word != "|").collect::<Vec<_>>().join(" ");
    (output.status.code(), out, flat)
}

#[test]
fn what_is_missing_is_said_and_the_rest_is_ranked() {
    let place = place();
    let (code, out, err) = merge(&place, &["1.jsonl", "4.jsonl"]);
    assert_eq!(code, Some(1));
    // Two that overflow failed in the first repetition, so nothing of them is missing.
    assert!(err.contains("20 of 48 scores are missing: 10 of shard 2/4, which has no part, 10 of shard 3/4"), "{err}");
    let half: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(half["candidates"][0]["repetitions"], 2);
    // What came is in the study, so the rest is enough now.
    let (code, out, err) = merge(&place, &["3.jsonl", "2.jsonl"]);
    assert_eq!((code, ranking(&out)), (Some(0), place.local(&[])), "{err}");
}

#[test]
fn parts_of_other_work_are_refused_before_anything_is_recorded() {
    let place = place();
    let preset = super::PRESET;
    let others = [
        ("seed", preset.replace("seed: 5", "seed: 6"), "its seed is 6, and that of the run is 5"),
        ("network", preset.replace("linear: 12", "linear: 13"), "the network, the data or the candidates"),
        (
            "candidates",
            preset.replace("[relu, tanh, gelu]", "[relu, tanh]"),
            "it is of 8 candidates, and the run has 12",
        ),
        (
            "order",
            preset.replace("[relu, tanh, gelu]", "[tanh, relu, gelu]"),
            "the network, the data or the candidates",
        ),
        ("data", preset.replace("scale: unit", "scale: none"), "the network, the data or the candidates"),
    ];
    for (name, other, words) in others {
        let part = format!("{name}.jsonl");
        place.write("other.yaml", &other);
        place.done(&["rank", "other.yaml", "--shard", "1/1", "--output", &part]);
        let (code, out, err) = merge(&place, &["1.jsonl", &part]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{name}: {err}");
        assert!(
            err.contains(&format!("cannot use {part}: it is a part of other work: ")) && err.contains(words),
            "{err}"
        );
    }
    assert!(!place.path("state").exists() || place.done(&["studies", "list"]).0.lines().count() == 1);
}

#[test]
fn other_samples_in_a_later_repetition_are_noticed() {
    // Repetitions draw different rows, so the last row is not in the first one's samples for some seed.
    let rows = |last: &str| {
        let rows: Vec<_> = (0..40).map(|i| format!("{},{}\n", i, (i * 7) % 11)).collect();
        format!("a,b\n{}{last}", rows.concat())
    };
    let preset = "\
name: Table
data: {path: table.csv}
network: {input: 2, layers: [linear: 4, activation]}
search: {activations: [tanh], inits: [orthogonal]}
score: {repetitions: 12}
";
    let place = Place::with(preset);
    place.write("table.csv", &rows("3,4\n"));
    place.done(&["rank", "small.yaml", "--shard", "1/1", "--output", "a.jsonl"]);
    place.write("table.csv", &rows("3,5\n"));
    let (code, _, err) = merge(&place, &["a.jsonl", "--no-study"]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("other samples") || err.contains("other work"), "{err}");
    assert!(err.contains("was scored on other samples"), "the first repetition is to have the same samples: {err}");
}

#[test]
fn damage_is_left_out_and_missing() {
    let place = place();
    let text = place.read("2.jsonl");
    let lines: Vec<_> = text.lines().collect();
    // A digit of a score, the place of another, and half of a third.
    let at = lines[1].find("\"near\":").expect("a score") + 7;
    let digit = if lines[1].as_bytes()[at] == b'9' { "8" } else { "9" };
    let changed = format!("{}{digit}{}", &lines[1][..at], &lines[1][at + 1..]);
    let number = lines[2].split(['{', ':', ',']).nth(2).expect("a candidate");
    let moved = lines[2].replacen(&format!("\"candidate\":{number},"), "\"candidate\":11,", 1);
    assert_ne!(moved, lines[2]);
    let torn = &lines[3][..lines[3].len() / 2];
    let damaged = [&[lines[0], changed.as_str(), moved.as_str(), torn], &lines[4..]].concat().join("\n") + "\n";
    place.write("2.jsonl", &damaged);
    let (code, _, err) = merge(&place, &[&ALL[..], &["--no-study"]].concat());
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("3 damaged lines of 2.jsonl are left out"), "{err}");
    assert!(err.contains("3 of 48 scores are missing: 3 of shard 2/4"), "{err}");
    // The shard mends its part.
    place.done(&["rank", "small.yaml", "--shard", "2/4", "--output", "2.jsonl"]);
    let (code, out, err) = merge(&place, &[&ALL[..], &["--no-study"]].concat());
    assert_eq!((code, ranking(&out)), (Some(0), place.local(&[])), "{err}");
}

#[test]
fn a_part_may_come_twice() {
    let place = place();
    let twice = [&ALL[..], &ALL[1..3], &["--no-study"]].concat();
    let (code, out, err) = merge(&place, &twice);
    assert_eq!((code, ranking(&out)), (Some(0), place.local(&[])));
    assert!(!err.contains("differ"), "{err}");
}

#[test]
fn what_is_no_part_is_refused() {
    let place = place();
    place.write("empty.jsonl", "");
    place.write("text.jsonl", "{}\n");
    for (part, words) in
        [("empty.jsonl", "no part of a run"), ("text.jsonl", "no part of a run"), ("none.jsonl", "No such file")]
    {
        let (code, _, err) = merge(&place, &["1.jsonl", part]);
        assert_eq!(code, Some(2), "{err}");
        assert!(err.contains(&format!("cannot use {part}")) && err.contains(words), "{err}");
    }
}
