//! The reference pages against the program: commands, options, keys of the app, statuses, keys of JSON, versions.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use clap::CommandFactory;
use neartop::cli::Cli;
use neartop::tui::views::keymap;
use neartop_core::score::propagation::Verdict;
use neartop_study::store::DEFINITION;
use serde_json::Value;
use tempfile::TempDir;

use crate::docs::{is_table, read, root, rows, table};

type Names = BTreeSet<String>;

/// Zeros are dead.
const SMALL: &str = "\
name: Small
data: {source: digits, scale: standardize}
network: {input: 64, layers: [linear: 8, activation, linear: 10]}
search: {activations: [relu, tanh], inits: [orthogonal, zeros]}
score: {repetitions: 2}
";

/// A folder with a preset, where the program runs and keeps what it remembers.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("small.yaml"), SMALL).unwrap();
    folder
}

fn run(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_neartop"));
    command.args(args).current_dir(folder).env("HOME", folder).env("XDG_STATE_HOME", folder);
    command.env("XDG_CONFIG_HOME", folder).output().unwrap()
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What stands under a heading of the second level.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let head = format!("\n## {title}\n");
    let from = page.find(&head).unwrap_or_else(|| panic!("there is no section `{title}`")) + head.len();
    let length = page[from..].find("\n## ").unwrap_or(page.len() - from);
    &page[from..from + length]
}

/// What stands between backticks.
fn spans(text: &str) -> Names {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Long options that stand between backticks or in blocks of code.
fn options_in(text: &str) -> Names {
    let words = text.split('`').skip(1).step_by(2).flat_map(str::split_whitespace);
    let names = words.filter_map(|word| word.strip_prefix("--"));
    let name = |rest: &str| rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect::<String>();
    names.map(name).filter(|name| !name.is_empty()).collect()
}

/// The first cells of all tables of a text.
fn first_cells(text: &str) -> String {
    let lines = text.lines().filter(|line| line.starts_with("| "));
    lines.filter_map(|line| Some(line.replace("\\|", "/").split('|').nth(1)?.to_owned())).collect()
}

/// Of a command and those below it.
fn options_of(command: &clap::Command) -> Names {
    let own = command.get_arguments().filter_map(|argument| argument.get_long()).map(str::to_owned);
    let below = command.get_subcommands().filter(|below| below.get_name() != "help").flat_map(options_of);
    own.chain(below).collect()
}

#[test]
fn the_page_of_the_command_line_has_all_commands_and_options() {
    let page = read("docs/command-line.md");
    let mut cli = Cli::command();
    cli.build();
    let shared = options_in(section(&page, "Options of runs"));
    for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
        let name = command.get_name();
        let title = if ["completions", "man"].contains(&name) { "completions, man" } else { name };
        let text = section(&page, title);
        let there = options_of(command);
        let described = &options_in(text) | &shared;
        let missing: Vec<_> = there.difference(&described).collect();
        assert!(missing.is_empty(), "docs/command-line.md lacks {missing:?} of `{name}`");
        let own = options_in(&first_cells(text));
        let invented: Vec<_> = own.difference(&there).collect();
        assert!(invented.is_empty() || title != name, "docs/command-line.md gives `{name}` {invented:?}");
    }
    let of_app: Names = cli.get_arguments().filter_map(|argument| argument.get_long()).map(str::to_owned).collect();
    let described = &shared | &options_in(section(&page, "rank"));
    let missing: Vec<_> = of_app.difference(&described).collect();
    assert!(missing.is_empty(), "docs/command-line.md lacks {missing:?} of the app");
    let invented: Vec<_> = shared.difference(&of_app).collect();
    assert!(invented.is_empty(), "docs/command-line.md gives runs {invented:?}");
}

#[test]
fn exit_statuses_are_those_of_the_page() {
    let page = read("docs/command-line.md");
    let statuses: Vec<_> = rows(table(&page, "| status | meaning |")).into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(statuses, ["0", "1", "2", "130"]);
    let folder = folder();
    let status = |args: &[&str]| run(folder.path(), args).status.code();
    assert_eq!(status(&["rank", "small.yaml", "--shard", "1/2", "--output", "part.jsonl"]), Some(0));
    assert_eq!(status(&["merge", "small.yaml", "part.jsonl"]), Some(1), "scores are missing");
    assert_eq!(status(&["rank", "nothing.yaml"]), Some(2));
    assert_eq!(status(&["rank", "--nothing"]), Some(2));
    assert_eq!(neartop::run::Failure::Interrupted.exit_code(), 130);
}

/// The keys of an object, or of all objects of a list.
fn keys(value: &Value) -> Names {
    match value {
        Value::Object(map) => map.keys().cloned().collect(),
        Value::Array(list) => list.iter().flat_map(keys).collect(),
        _ => Names::new(),
    }
}

/// Each of the keys stands in the table, and each of the table is among them unless it says `only`.
fn has_keys(page: &str, head: &str, found: &Names) {
    let rows = rows(table(page, head));
    let all: Names = rows.iter().flat_map(|row| spans(&row[0])).collect();
    let always: Names = rows.iter().filter(|row| !row[1].starts_with("only")).flat_map(|row| spans(&row[0])).collect();
    let unknown: Vec<_> = found.difference(&all).collect();
    assert!(unknown.is_empty(), "docs/json.md, `{head}`: {unknown:?} are not described");
    let absent: Vec<_> = always.difference(found).collect();
    assert!(absent.is_empty(), "docs/json.md, `{head}`: {absent:?} are not there");
}

#[test]
fn keys_of_rank_are_those_of_the_page() {
    let page = read("docs/json.md");
    let folder = folder();
    let args = ["rank", "small.yaml", "--no-study", "--format", "json", "--repetitions", "auto", "--repair"];
    let report = json(folder.path(), &args);
    has_keys(&page, "| key of the report | meaning |", &keys(&report));
    has_keys(&page, "| key of the report | meaning |", &keys(&example(&page, "rank")));
    has_keys(&page, "| key of a candidate | meaning |", &keys(&report["candidates"]));
    has_keys(&page, "| key of `recommended` | meaning |", &keys(&report["recommended"]));
    let candidates = report["candidates"].as_array().unwrap();
    let layers: Vec<_> = candidates.iter().flat_map(|candidate| candidate["layers"].as_array().unwrap()).collect();
    has_keys(&page, "| key of a layer | meaning |", &layers.iter().flat_map(|layer| keys(layer)).collect());
    has_keys(&page, "| key of a signal | meaning |", &layers.iter().flat_map(|layer| keys(&layer["signal"])).collect());
}

#[test]
fn keys_of_train_are_those_of_the_page() {
    let page = read("docs/json.md");
    let folder = folder();
    let args = ["train", "small.yaml", "--no-study", "--format", "json", "--top", "2", "--epochs", "1"];
    let report = json(folder.path(), &args);
    let described = spans(section(&page, "train"));
    let of_rank = |head| rows(table(&page, head)).iter().flat_map(|row| spans(&row[0])).collect::<Names>();
    let known = &described | &of_rank("| key of a candidate | meaning |");
    let known = &known | &of_rank("| key of the report | meaning |");
    for part in [&report, &report["candidates"], &report["training"], &report["candidates"][0]["curve"]] {
        let found = keys(part);
        let unknown: Vec<_> = found.difference(&known).collect();
        assert!(unknown.is_empty(), "docs/json.md does not describe {unknown:?} of `train`");
    }
}

/// The first example of a section.
fn example(page: &str, title: &str) -> Value {
    let text = section(page, title);
    let from = text.find("```json\n").unwrap() + "```json\n".len();
    let text = &text[from..from + text[from..].find("\n```").unwrap()];
    serde_json::from_str(text).unwrap()
}

#[test]
fn examples_of_score_and_width_have_the_keys_of_the_program() {
    let page = read("docs/json.md");
    let folder = folder();
    let args = ["width", "small.yaml", "--no-study", "--format", "json", "--sizes", "4,8,16,32"];
    let (width, shown) = (json(folder.path(), &args), example(&page, "width"));
    let mut found = keys(&width);
    found.remove("reason");
    assert_eq!(found, keys(&shown));
    assert_eq!(keys(&width["sizes"]), keys(&shown["sizes"]));

    let preset = "network: {input: 4, layers: [linear: 8, relu, linear: 2]}\nsearch: {inits: [orthogonal]}\n";
    fs::write(folder.path().join("fixed.yaml"), preset).unwrap();
    fs::write(folder.path().join("inputs.npy"), npy(8, 4)).unwrap();
    let export = ["rank", "fixed.yaml", "--no-study", "--repetitions", "1", "--export", "weights.safetensors"];
    assert!(run(folder.path(), &export).status.success());
    let args = ["score", "fixed.yaml", "--weights", "weights.safetensors", "--inputs", "inputs.npy"];
    let (score, shown) = (json(folder.path(), &args), example(&page, "score"));
    assert_eq!(keys(&score), keys(&shown));
    assert_eq!(keys(&score["layers"]), keys(&shown["layers"]));
}

/// An array of single precision as NumPy writes it.
fn npy(rows: usize, columns: usize) -> Vec<u8> {
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    file.extend(header.bytes());
    file.extend((0..rows * columns).flat_map(|i| ((i * 37 % 101) as f32 / 50.0 - 1.0).to_le_bytes()));
    file
}

#[test]
fn versions_of_studies_are_those_of_the_page() {
    let page = read("docs/study.md");
    assert!(page.contains(&format!("It is {DEFINITION}.")), "docs/study.md gives another definition");
    let changes = read("CHANGELOG.md");
    assert!(changes.contains(&format!("the definition of scores is {DEFINITION}")), "CHANGELOG.md gives another one");
    let folder = folder();
    assert!(run(folder.path(), &["rank", "small.yaml", "--study", "studies.sqlite"]).status.success());
    let file = rusqlite::Connection::open(folder.path().join("studies.sqlite")).unwrap();
    let version: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert!(page.contains(&format!("`PRAGMA user_version` is {version}")), "docs/study.md gives another version");
}

#[test]
fn the_table_of_bundled_presets_follows_the_list() {
    let output = run(folder().path(), &["presets", "list"]);
    let list = String::from_utf8(output.stdout).unwrap();
    let row = |line: &str| {
        let (name, about) = line.split_once(' ').unwrap();
        format!("| `{name}` | {} |\n", about.trim().replace('|', "&#124;"))
    };
    let rows: String = list.lines().map(row).collect();
    let head = "| preset | what it is |";
    is_table("docs/presets.md", head, &format!("{head}\n|---|---|\n{rows}"));
}

#[test]
fn the_table_of_keys_follows_the_lists_of_the_views() {
    let keymap = keymap();
    let places: Vec<_> = keymap.places().collect();
    // Each line once, with the places where it counts.
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for &place in &places {
        for bound in keymap.bound(place) {
            let (action, help) = (bound.binding.action.name(), bound.binding.help.replace('|', "&#124;"));
            let line = format!("{} | `{action}` | {help}", bound.labels().replace('|', "&#124;"));
            match lines.iter_mut().find(|(other, _)| *other == line) {
                Some((_, of)) => of.push(place),
                None => lines.push((line, vec![place])),
            }
        }
    }
    let named = |of: &[&str]| if of.len() == places.len() { "everywhere".to_owned() } else { of.join(", ") };
    let rows = lines.iter().map(|(line, of)| format!("| {line} | {} |\n", named(of)));
    let head = "| keys | action | what it does | where |";
    is_table("docs/keys.md", head, &format!("{head}\n|---|---|---|---|\n{}", rows.collect::<String>()));
}

#[test]
fn verdicts_are_explained() {
    use Verdict::{Dead, Exploding, NonFinite, Saturated, Trainable, Vanishing};
    for page in ["README.md", "docs/trainability.md", "docs/json.md"] {
        let text = read(page);
        for verdict in [Trainable, Vanishing, Exploding, Saturated, Dead, NonFinite] {
            assert!(text.contains(&format!("`{}`", verdict.name())), "{page} does not name {}", verdict.name());
        }
    }
}

/// The files of a folder, without their ending.
fn stems(folder: &str) -> Vec<String> {
    let files = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    sources.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

#[test]
fn the_map_names_every_crate_module_and_command() {
    let map = read("docs/architecture.md");
    for folder in ["crates/core/src", "crates/io/src", "crates/study/src", "src", "src/commands"] {
        for name in stems(folder).into_iter().filter(|name| name != "lib") {
            assert!(map.contains(&format!("`{name}`")), "docs/architecture.md does not name {folder}/{name}.rs");
        }
    }
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(map.contains(&format!("`crates/{name}`")), "docs/architecture.md does not name crates/{name}");
    }
}
