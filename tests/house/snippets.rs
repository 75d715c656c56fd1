//! What stands on the pages can be typed: the README and the tutorials are run, all commands are understood.
#![cfg(unix)]

use std::fs;
use std::process::Command;

use clap::Parser;
use neartop::cli::Cli;

use crate::docs::{pages, root};

/// The status of `snippets.py` where a module that the page imports is not here.
const SKIPPED: i32 = 77;

fn run(page: &str) {
    let mut command = Command::new("python3");
    command.arg(root().join("tests/house/snippets.py")).arg(env!("CARGO_BIN_EXE_neartop")).arg(root().join(page));
    command.env("PYTHONPATH", root().join("python")).env("PYTHONDONTWRITEBYTECODE", "1").env("KERAS_BACKEND", "torch");
    let Ok(output) = command.output() else { return println!("skipped: there is no python3") };
    if output.status.code() == Some(SKIPPED) {
        return println!("skipped: {page}: {}", String::from_utf8_lossy(&output.stdout));
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_readme_runs() {
    run("README.md");
}

#[test]
fn the_tutorial_of_pytorch_runs() {
    run("docs/tutorials/pytorch.md");
}

#[test]
fn the_tutorial_of_keras_runs() {
    run("docs/tutorials/keras.md");
}

#[test]
fn the_tutorial_of_a_table_runs() {
    run("docs/tutorials/table.md");
}

#[test]
fn the_tutorial_of_a_nas_space_runs() {
    run("docs/tutorials/nas.md");
}

#[test]
fn the_tutorial_of_a_cluster_runs() {
    run("docs/tutorials/cluster.md");
}

/// The arguments of a line that runs the program, as far as the shell gives them to it; none for patterns.
fn arguments(line: &str) -> Option<Vec<&str>> {
    let line = line.trim_start().trim_start_matches("$ ");
    let is_pattern = line.contains(['[', '$', '{', '`']) || line.contains("COMMAND");
    let words = line.split_whitespace().take_while(|word| !["#", ">", "<", "|", "&&"].contains(word));
    let words: Vec<_> = words.collect();
    (words.first() == Some(&"neartop") && !is_pattern).then_some(words)
}

#[test]
fn every_command_on_the_pages_is_understood() {
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        // Of blocks of code: fenced ones of commands, and those that are indented.
        let code = text.lines().filter(|line| line.starts_with("    neartop ") || line.starts_with("$ neartop "));
        for words in code.filter_map(arguments) {
            count += 1;
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{}: `{}`: {error}", page.display(), words.join(" "));
            }
        }
    }
    assert!(count > 50, "{count} commands were found");
}
