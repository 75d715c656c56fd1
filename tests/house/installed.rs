//! What a wheel puts beside the program: man pages and completions.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::docs::root;

const SHARE: &str = "python/neartop.data/data/share";

/// The program's folder comes first.
fn path() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_neartop")).parent().expect("a folder");
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

/// The files of a folder with their texts.
fn texts(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let text = |entry: fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).expect("a page"))
    };
    entries.map(text).collect()
}

#[test]
fn the_man_pages_are_those_of_the_program() {
    let folder = root().join(SHARE).join("man/man1");
    let made = tempfile::tempdir().unwrap();
    let write = |to: &Path| {
        let status = Command::new(env!("CARGO_BIN_EXE_neartop")).args(["man", "--output"]).arg(to).status();
        assert!(status.expect("the program").success());
    };
    write(made.path());
    let pages = texts(made.path());
    assert!(pages.contains_key("neartop.1") && pages.contains_key("neartop-rank.1"), "{:?}", pages.keys());
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        let _ = fs::remove_dir_all(&folder);
        return write(&folder);
    }
    let there = texts(&folder);
    assert_eq!(
        there.keys().collect::<Vec<_>>(),
        pages.keys().collect::<Vec<_>>(),
        "UPDATE_FIXTURES=1 writes them anew"
    );
    for (name, page) in &pages {
        assert_eq!(&there[name], page, "{name}: UPDATE_FIXTURES=1 writes it anew");
    }
}

/// Pages that a page names, as `neartop-rank(1)`, are there.
#[test]
fn man_pages_name_no_pages_that_are_not_there() {
    let pages = texts(&root().join(SHARE).join("man/man1"));
    for (name, page) in &pages {
        let named = page.lines().filter_map(|line| line.strip_suffix("(1)")).map(|name| name.replace('\\', ""));
        let missing: Vec<_> = named.filter(|named| !pages.contains_key(&format!("{named}.1"))).collect();
        assert!(missing.is_empty(), "{name} names {missing:?}");
    }
}

/// What a shell says; none where the shell is not here.
fn shell(name: &str, args: &[&str]) -> Option<Output> {
    let output = Command::new(name).args(args).env("PATH", path()).current_dir(root().join(SHARE)).output();
    output.inspect_err(|_| println!("skipped: there is no {name}")).ok()
}

#[test]
fn shells_find_the_completions() {
    let bash = ". bash-completion/completions/neartop; COMP_WORDS=(neartop re); COMP_CWORD=1; _neartop neartop re neartop; \
                echo \"${COMPREPLY[@]}\"";
    let zsh = "autoload -Uz compinit; compinit -u -D; fpath=(zsh/site-functions $fpath); autoload -Uz _neartop; \
               _arguments() { true }; _neartop; whence -w _neartop_commands";
    let fish = "source fish/vendor_completions.d/neartop.fish; complete -C 'neartop re'";
    for (name, args) in [("bash", ["--norc", "-c", bash]), ("fish", ["--no-config", "-c", fish])] {
        let Some(output) = shell(name, &args) else { continue };
        assert!(String::from_utf8_lossy(&output.stdout).contains("report"), "{name}: {output:?}");
    }
    let Some(output) = shell("zsh", &["-f", "-c", zsh]) else { return };
    assert!(String::from_utf8_lossy(&output.stdout).contains("_neartop_commands: function"), "zsh: {output:?}");
}
