//! Studies as HTML pages.

use std::fs;

use assert_cmd::Command;
use rusqlite::Connection;
use tempfile::TempDir;

const SMALL: &str = "\
name: Small & <fine>
network:
  input: 6
  layers: [linear: 8, activation, linear: 3]
search:
  activations: [relu, tanh]
  inits: [orthogonal, {normal: {std: 0.05}}, zeros]
score: {repetitions: 3, seed: 5}
";
const CANDIDATES: usize = 6;

fn place() -> TempDir {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("small.yaml"), SMALL).unwrap();
    place
}

fn command(place: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neartop"));
    command.args(args).current_dir(place.path()).env("HOME", place.path());
    // Midnight of 2026-01-31.
    command.env("XDG_STATE_HOME", place.path().join("state")).env("SOURCE_DATE_EPOCH", "1769817600");
    command
}

/// Standard output and standard error of what ends with a status.
fn run(place: &TempDir, args: &[&str], status: i32) -> (String, String) {
    let output = command(place, args).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{args:?}: {errors}");
    // Messages are broken into lines by their length, which depends on the paths in them.
    let errors = errors.replace(['\n', '|'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    (String::from_utf8(output.stdout).unwrap(), errors)
}

fn page(place: &TempDir, args: &[&str]) -> String {
    run(place, &[&["report"], args, &["-o", "-"]].concat(), 0).0
}

/// What stands between two texts.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let start = page.find(from).unwrap_or_else(|| panic!("no {from}")) + from.len();
    &page[start..start + page[start..].find(to).unwrap_or_else(|| panic!("no {to}"))]
}

/// Everything but how the page came about.
fn results(page: &str) -> (&str, &str) {
    (between(page, "<section id=\"choice\"", "<section id=\"reproduce\""), between(page, "<h1>", "</h1>"))
}

#[test]
fn a_preset_and_its_study_have_the_same_page() {
    let place = place();
    let of_preset = page(&place, &["small.yaml", "--study", "s.sqlite"]);
    assert!(of_preset.starts_with("<!DOCTYPE html>") && of_preset.ends_with("</html>"));
    assert!(of_preset.contains("<h1>Small &#38; &#60;fine&#62;</h1>") && of_preset.contains("2026-01-31"));
    assert!(of_preset.contains("neartop report small.yaml -o -</code>"));
    let ranking = between(&of_preset, "<section id=\"ranking\"", "</section>");
    assert_eq!(between(ranking, "<tbody>", "</tbody>").matches("<tr").count(), CANDIDATES);
    // Nothing is scored for it, and neither the preset nor its data need be there.
    fs::remove_file(place.path().join("small.yaml")).unwrap();
    let of_study = page(&place, &["s.sqlite"]);
    assert_eq!(results(&of_study), results(&of_preset));
    assert!(of_study.contains("Save the preset below as “preset.yaml”.") && of_study.contains("<dt>Study</dt>"));
    // What it says of itself gives the same page.
    let preset = between(&of_study, "aria-label=\"Preset\"><code>", "</code>");
    let preset = preset.replace("&#60;", "<").replace("&#62;", ">").replace("&#39;", "'").replace("&#38;", "&");
    fs::write(place.path().join("preset.yaml"), preset).unwrap();
    assert_eq!(results(&page(&place, &["preset.yaml", "--no-study"])), results(&of_preset));
}

#[test]
fn options_of_runs_count_and_are_told() {
    let place = place();
    let args = ["small.yaml", "--no-study", "--seed", "7", "--repetitions", "2", "--top", "2", "--no-guard"];
    let page = page(&place, &args);
    assert!(page.contains("neartop report small.yaml --seed 7 --repetitions 2 --no-guard -o -</code>"));
    assert!(page.contains("<dt>Seed</dt><dd>7</dd>") && page.contains("The best 2 of 6 candidates"));
}

#[test]
fn an_earlier_report_is_replaced_and_nothing_else() {
    let place = place();
    let (out, errors) = run(&place, &["report", "small.yaml", "--no-study"], 0);
    assert!(out.is_empty() && errors.contains("the report is in report.html"), "{errors}");
    let written = place.path().join("report.html");
    fs::write(&written, fs::read_to_string(&written).unwrap() + "<!-- older -->").unwrap();
    run(&place, &["report", "small.yaml", "--no-study"], 0);
    assert!(!fs::read_to_string(&written).unwrap().contains("older"));
    for (file, text) in [("notes.html", "<!DOCTYPE html><p>mine</p>"), ("empty", "")] {
        fs::write(place.path().join(file), text).unwrap();
        let (_, errors) = run(&place, &["report", "small.yaml", "--no-study", "-o", file], 2);
        assert!(errors.contains("is there already") && errors.contains("--force"), "{errors}");
        assert_eq!(fs::read_to_string(place.path().join(file)).unwrap(), text);
    }
    run(&place, &["report", "small.yaml", "--no-study", "-o", "notes.html", "--force"], 0);
    assert!(fs::read_to_string(place.path().join("notes.html")).unwrap().contains("neartop report"));
    let (_, errors) = run(&place, &["report", "small.yaml", "--no-study", "-o", "small.yaml", "--force"], 2);
    assert!(errors.contains("small.yaml is the preset of this run"), "{errors}");
    run(&place, &["rank", "small.yaml", "--study", "s.sqlite", "-o", "ranking"], 0);
    let (_, errors) = run(&place, &["report", "s.sqlite", "-o", "s.sqlite", "--force"], 2);
    assert!(errors.contains("s.sqlite is the study of this run"), "{errors}");
}

#[test]
fn a_study_is_named_by_its_number_and_told_where_there_are_several() {
    let place = place();
    run(&place, &["rank", "small.yaml", "--study", "s.sqlite"], 0);
    run(&place, &["rank", "small.yaml", "--study", "s.sqlite", "--seed", "6"], 0);
    let (page, errors) = run(&place, &["report", "s.sqlite", "-o", "-"], 0);
    assert!(errors.contains("s.sqlite holds 2 rankings") && errors.contains("study 2"), "{errors}");
    assert!(page.contains("<dt>Seed</dt><dd>6</dd>"));
    assert!(self::page(&place, &["s.sqlite", "--id", "1"]).contains("<dt>Seed</dt><dd>5</dd>"));
    assert!(self::page(&place, &["--study", "s.sqlite", "--id", "1"]).contains("<dt>Seed</dt><dd>5</dd>"));
    for (args, status, said) in [
        (&["s.sqlite", "--id", "9"][..], 2, "there is no study 9"),
        (&["s.sqlite", "--seed", "3"], 2, "without --seed"),
        (&["s.sqlite", "--fresh"], 2, "without --fresh"),
        (&["small.yaml", "--id", "1"], 2, "small.yaml is none"),
        (&["--id", "1"], 2, "no such file"),
    ] {
        let (_, errors) = run(&place, &[&["report"], args, &["-o", "x.html"]].concat(), status);
        assert!(errors.contains(said), "{args:?}: {errors}");
        assert!(!place.path().join("x.html").exists());
    }
}

#[test]
fn what_a_study_cannot_tell_is_said() {
    let place = place();
    run(&place, &["rank", "small.yaml", "--study", "s.sqlite"], 0);
    let file = Connection::open(place.path().join("s.sqlite")).unwrap();
    // A wider search was recorded before: its rows stay, and the last preset does not ask for them.
    file.execute("UPDATE study SET preset = replace(preset, '- zeros', '')", []).unwrap();
    let last = "DELETE FROM repetition WHERE repetition = 2 AND candidate_id =
                (SELECT id FROM candidate WHERE activation = 'relu' AND init = 'orthogonal')";
    assert_eq!(file.execute(last, []).unwrap(), 1);
    let page = page(&place, &["s.sqlite"]);
    assert!(page.contains("Not everything is scored: 11 of 12 repetitions are."), "{page}");
    assert!(page.contains("6 recorded repetitions are left out"), "{page}");
    file.execute("UPDATE study SET preset = 'network: {input: 3, layers: [liner: 2]}'", []).unwrap();
    let (_, errors) = run(&place, &["report", "s.sqlite"], 2);
    assert!(errors.contains("the preset of study 1:1:") && errors.contains("did you mean `linear`?"), "{errors}");
    file.execute("UPDATE study SET preset = NULL", []).unwrap();
    let (_, errors) = run(&place, &["report", "s.sqlite"], 2);
    assert!(errors.contains("without its preset") && errors.contains("name the preset"), "{errors}");
}

#[test]
fn trainings_of_a_study_have_curves() {
    let place = place();
    let preset = "data: {source: digits, scale: standardize}
network: {input: 64, layers: [linear: 32, activation, linear: 10]}
search: {activations: [relu, tanh], inits: [orthogonal]}
score: {repetitions: 2}
";
    fs::write(place.path().join("digits.yaml"), preset).unwrap();
    let train = ["train", "digits.yaml", "--study", "s.sqlite", "--epochs", "3", "--samples", "300", "--top", "2"];
    run(&place, &train, 0);
    for source in [&["digits.yaml", "--study", "s.sqlite"][..], &["s.sqlite"]] {
        let page = page(&place, source);
        let training = between(&page, "<section id=\"training\"", "</section>");
        assert_eq!(training.matches("<polyline").count(), 4, "two curves of accuracy and two of loss");
        assert!(
            training.contains("Of 2 candidates that trained") && training.contains("<dt>Optimizer</dt><dd>adam</dd>")
        );
    }
    assert!(!page(&place, &["digits.yaml", "--no-study"]).contains("id=\"training\""));
}

#[test]
fn architectures_are_compared_with_known_values() {
    let place = place();
    let preset = "data: {source: gaussian}
network: {input: [3, 4, 4], classes: 10}
search: {architectures: {space: nats_sss, list: list.csv}, activations: [relu, tanh], inits: [torch_default, orthogonal]}
truth: {path: list.csv, key: arch, value: '<acc>'}
score: {repetitions: 1, batch: 4}
";
    fs::write(place.path().join("nas.yaml"), preset).unwrap();
    fs::write(place.path().join("list.csv"), "arch,<acc>\n8:8:8:8:8,60\n16:8:8:8:8,70\n8:16:8:16:8,80\n").unwrap();
    let page = page(&place, &["nas.yaml", "--no-study"]);
    let agreement = between(&page, "<section id=\"agreement\"", "</section>");
    assert!(
        agreement.contains("over 12 candidates") && agreement.contains("&#60;acc&#62;") && !agreement.contains("<acc>")
    );
    assert!(agreement.contains("role=\"img\"") && agreement.contains("<desc id=\"agreement-chart-desc\">"));
    assert!(between(&page, "<section id=\"matrix\"", "</section>").contains("for the architecture"));
    assert!(page.contains("<dt>Space of architectures</dt><dd>nats_sss</dd>"));
    assert!(agreement.contains("<code>live_parameters</code>") && agreement.contains("best of the first 1"));
}

#[test]
fn what_would_make_a_candidate_train_stands_beside_it() {
    let place = place();
    let small = SMALL.replace("{normal: {std: 0.05}}", "{normal: {std: 30}}");
    fs::write(place.path().join("large.yaml"), small).unwrap();
    let page = page(&place, &["large.yaml", "--no-study", "--repair"]);
    assert!(page.contains("Would train with") && page.contains("neartop report large.yaml --repair"));
    let exploding = between(&page, "<caption>Exploding", "</table>");
    assert!(exploding.contains("<td class=\"name\"><code>normal(std="), "{exploding}");
    assert!(!self::page(&place, &["large.yaml", "--no-study"]).contains("Would train with"));
}

#[test]
fn tables_have_scopes_and_captions_and_rows_as_wide_as_their_heads() {
    let place = place();
    let page = page(&place, &["small.yaml", "--no-study"]);
    for table in page.split("<table").skip(1).map(|rest| rest.split("</table>").next().unwrap_or_default()) {
        assert!(table.contains("<caption"), "{table}");
        let heads = between(table, "<thead>", "</thead>");
        let columns = heads.matches("<th ").count() + heads.matches("<td>").count();
        assert_eq!(table.matches("<th ").count(), table.matches(" scope=\"").count());
        for row in between(table, "<tbody>", "</tbody>").split("<tr").skip(1) {
            assert_eq!(row.matches("<th ").count() + row.matches("<td").count(), columns, "{row}");
        }
    }
}
