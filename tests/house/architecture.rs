//! The house rules, checked by reading the sources: crates in their order, no circles, nothing too long to read.

#[path = "architecture/files.rs"]
mod files;
#[path = "architecture/tokens.rs"]
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use files::{CRATES, Workspace};

/// Lines of the longest file, without its tests, and of the longest function.
const LONGEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 60;

/// Files that still import each other in a circle.
const IN_CIRCLES: &[&str] = &[];
/// Files that are still too long.
const LONG_FILES: &[&str] = &[];
/// Functions that are still too long.
const LONG_FUNCTIONS: &[&str] = &[];

static SOURCES: LazyLock<Workspace> = LazyLock::new(|| Workspace::read(Path::new(env!("CARGO_MANIFEST_DIR"))));

/// What each file imports of others.
fn imports(workspace: &Workspace) -> Vec<BTreeSet<usize>> {
    let of = |at: usize| workspace.files[at].imports.iter().filter_map(|path| workspace.target(at, path)).collect();
    (0..workspace.files.len()).map(of).collect()
}

/// Groups of files each of which leads to every other.
fn circles(imports: &[BTreeSet<usize>]) -> Vec<BTreeSet<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..imports.len()).map(|at| reached(imports, at)).collect();
    let mut seen = BTreeSet::new();
    let mut circles = Vec::new();
    for at in (0..imports.len()).filter(|at| reached[*at].contains(at)) {
        let circle: BTreeSet<usize> =
            reached[at].iter().copied().filter(|other| reached[*other].contains(&at)).collect();
        if seen.insert(circle.clone()) {
            circles.push(circle);
        }
    }
    circles
}

fn reached(imports: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        open.extend(imports[at].iter().filter(|next| reached.insert(**next)));
    }
    reached
}

/// Fails on what breaks a rule without being listed, and on what is listed without breaking it.
fn check(rule: &str, broken: &BTreeMap<String, String>, listed: &[&str]) {
    let mut wrong: Vec<String> =
        broken.iter().filter(|(name, _)| !listed.contains(&name.as_str())).map(|(_, text)| text.clone()).collect();
    let stale = listed.iter().filter(|name| !broken.contains_key(**name));
    wrong.extend(stale.map(|name| format!("{name} keeps the rule now: delete it from the list of exceptions")));
    assert!(wrong.is_empty(), "{rule}:\n  {}\n", wrong.join("\n  "));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let workspace = &*SOURCES;
    let imports = imports(workspace);
    let path = |at: &usize| workspace.files[*at].path.clone();
    let mut broken = BTreeMap::new();
    for circle in circles(&imports) {
        for at in &circle {
            let next: Vec<String> = imports[*at].intersection(&circle).map(path).collect();
            broken.insert(path(at), format!("{} imports {}", path(at), next.join(", ")));
        }
    }
    check("files import each other in a circle", &broken, IN_CIRCLES);
}

#[test]
fn crates_import_only_those_below_them() {
    let mut broken = BTreeMap::new();
    for file in &SOURCES.files {
        for path in &file.imports {
            let above =
                CRATES.iter().skip(file.of + 1).any(|(name, _)| path.first().is_some_and(|first| first == name));
            if above {
                broken.insert(file.path.clone(), format!("{} imports {}", file.path, path.join("::")));
            }
        }
    }
    check("the order of crates is core, presets, io, study, program", &broken, &[]);
}

#[test]
fn files_are_short() {
    let long = SOURCES.files.iter().filter(|file| file.lines > LONGEST_FILE);
    let broken = long.map(|file| (file.path.clone(), format!("{} has {} lines", file.path, file.lines))).collect();
    check(&format!("a file has at most {LONGEST_FILE} lines without its tests"), &broken, LONG_FILES);
}

#[test]
fn functions_are_short() {
    let mut broken = BTreeMap::new();
    for file in &SOURCES.files {
        for (name, lines) in file.functions.iter().filter(|(_, lines)| *lines > LONGEST_FUNCTION) {
            let name = format!("{}: {name}", file.path);
            broken.insert(name.clone(), format!("{name} has {lines} lines"));
        }
    }
    check(&format!("a function has at most {LONGEST_FUNCTION} lines"), &broken, LONG_FUNCTIONS);
}

#[test]
fn a_made_up_circle_is_found() {
    let file = |of: usize, path: &str, text: &str| {
        let module = path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        (of, format!("{of}:{path}"), module, tokens::Source::read(text))
    };
    // `a` gets `C` through a re-export; tests, comments and re-exports are no imports.
    let workspace = Workspace::of(&[
        file(0, "", "pub mod a; pub mod b; mod c; pub use c::C;"),
        file(0, "a", "use crate::{C, b::{self as other, B}}; // use crate::d;\npub struct A;"),
        file(0, "b", "pub use super::a::A; pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        file(0, "c", "pub struct C; impl C { fn f() -> usize { super::d::f(\"crate::b::B\") } }"),
        file(0, "d", "use super::*; pub fn f() {} fn g(_: &[a::A]) { println!(\"{}\", crate::a::g()) }"),
        file(1, "", "use neartop_core::a::A; mod x; fn f() { x::f() }"),
        file(1, "x", "pub fn f() { super::f() }"),
    ]);
    let found: Vec<Vec<&str>> = circles(&imports(&workspace))
        .iter()
        .map(|circle| circle.iter().map(|at| workspace.files[*at].path.as_str()).collect())
        .collect();
    assert_eq!(found, [vec!["0:a", "0:c", "0:d"], vec!["1:", "1:x"]]);
}
