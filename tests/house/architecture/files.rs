//! The files of the crates: what they define and import, and how long they are.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::tokens::{Source, Token, end_of_item};

/// The crates, each above those before it, and where their sources are.
pub const CRATES: [(&str, &str); 5] = [
    ("neartop_core", "crates/core/src"),
    ("neartop_presets", "presets"),
    ("neartop_io", "crates/io/src"),
    ("neartop_study", "crates/study/src"),
    ("neartop", "src"),
];

/// A path as it stands in a source: `["crate", "a", "B"]`.
pub type Names = Vec<String>;

/// A file of a crate.
#[derive(Debug, Default)]
pub struct File {
    /// From the root of the workspace.
    pub path: String,
    /// Place among [`CRATES`].
    pub of: usize,
    pub module: Names,
    /// Names that `use` brings in, and what for; `*` for all of a module.
    pub names: Vec<(String, Names)>,
    /// What it imports, by `use` or where it is used; re-exports are not among it.
    pub imports: Vec<Names>,
    /// What it defines at its top.
    pub items: HashSet<String>,
    pub lines: usize,
    /// Functions with their numbers of lines.
    pub functions: Vec<(String, usize)>,
}

impl File {
    pub fn read(of: usize, path: &str, module: Names, source: &Source) -> Self {
        let mut file = Self { of, path: path.to_owned(), module, lines: source.lines, ..Self::default() };
        let all = &source.tokens;
        let (mut at, mut depth) = (0, 0usize);
        while at < all.len() {
            let word = all[at].text.as_str();
            let next = all.get(at + 1).map_or("", |token| token.text.as_str());
            match word {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                "use" => {
                    let end = end_of_use(all, at);
                    file.take_use(&all[at + 1..end], is_public(all, at));
                    at = end;
                }
                "fn" if is_name(next) => file.functions.push((next.to_owned(), length(all, at))),
                _ => {}
            }
            if depth == 0 && is_name(next) && DEFINE.contains(&word) {
                file.items.insert(next.to_owned());
            }
            if is_name(word) && next == "::" && !follows_path(all, at) {
                let names = path_at(all, at);
                at += 2 * (names.len() - 1);
                file.imports.push(names);
            }
            at += 1;
        }
        file
    }

    fn take_use(&mut self, tree: &[Token], is_public: bool) {
        for (names, name) in expand(&[], tree) {
            if !is_public {
                self.imports.push(names.clone());
            }
            self.names.push((name, names));
        }
    }
}

const DEFINE: [&str; 10] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod", "macro_rules"];

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn follows_path(all: &[Token], at: usize) -> bool {
    at > 0 && ["::", "."].contains(&all[at - 1].text.as_str())
}

/// Whether the `use` at `at` has a `pub` before it, with or without its reach.
fn is_public(all: &[Token], at: usize) -> bool {
    let mut before = all[..at].iter().rev().map(|token| token.text.as_str());
    match before.next() {
        Some("pub") => true,
        Some(")") => before.find(|word| *word == "(").is_some() && before.next() == Some("pub"),
        _ => false,
    }
}

fn end_of_use(all: &[Token], at: usize) -> usize {
    all.iter().skip(at).position(|token| token.text == ";").map_or(all.len(), |length| at + length)
}

/// The names that `::` joins from `at` on.
fn path_at(all: &[Token], at: usize) -> Names {
    let mut names = vec![all[at].text.clone()];
    let rest = all[at + 1..].chunks_exact(2);
    let pairs = rest.take_while(|pair| pair[0].text == "::" && is_name(&pair[1].text));
    names.extend(pairs.map(|pair| pair[1].text.clone()));
    names
}

/// Lines of the function at `at`.
fn length(all: &[Token], at: usize) -> usize {
    all[end_of_item(all, at)].line + 1 - all[at].line
}

/// What a `use` brings in: `a::{b, c as d}` gives `a::b` as `b`, and `a::c` as `d`.
fn expand(before: &[String], tree: &[Token]) -> Vec<(Names, String)> {
    let mut names = before.to_vec();
    for (at, token) in tree.iter().enumerate() {
        match token.text.as_str() {
            "::" => {}
            "{" => {
                let inner = &tree[at + 1..tree.len() - 1];
                return parts(inner).into_iter().flat_map(|part| expand(&names, part)).collect();
            }
            "as" => return vec![(names, tree[at + 1].text.clone())],
            "self" if !names.is_empty() => {}
            name => names.push(name.to_owned()),
        }
    }
    match names.pop() {
        Some(star) if star == "*" => vec![(names, star)],
        Some(last) => {
            names.push(last.clone());
            vec![(names, last)]
        }
        None => Vec::new(),
    }
}

/// The parts of a list between commas outside of braces; none of them empty.
fn parts(list: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    let split = list.split(|token| {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token.text == ","
    });
    split.filter(|part| !part.is_empty()).collect()
}

/// All files, and which modules they are.
#[derive(Debug, Default)]
pub struct Workspace {
    pub files: Vec<File>,
    modules: HashMap<(usize, Names), usize>,
}

impl Workspace {
    /// Reads the sources under the root of a workspace.
    pub fn read(root: &Path) -> Self {
        let mut sources = Vec::new();
        for (of, (_, folder)) in CRATES.iter().enumerate() {
            let folder = root.join(folder);
            for path in rust_files(&folder) {
                let module = module_of(path.strip_prefix(&folder).unwrap());
                let shown = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                sources.push((of, shown, module, Source::read(&fs::read_to_string(&path).unwrap())));
            }
        }
        Self::of(&sources)
    }

    /// Puts files together that were read; modules for tests only are left out.
    pub fn of(sources: &[(usize, String, Names, Source)]) -> Self {
        let test_modules: HashSet<(usize, Names)> = sources
            .iter()
            .flat_map(|(of, _, module, source)| source.test_modules.iter().map(|name| (*of, joined(module, name))))
            .collect();
        let is_test = |of: usize, module: &Names| {
            (1..=module.len()).any(|length| test_modules.contains(&(of, module[..length].to_vec())))
        };
        let mut workspace = Self::default();
        for (of, path, module, source) in sources.iter().filter(|(of, _, module, _)| !is_test(*of, module)) {
            workspace.modules.insert((*of, module.clone()), workspace.files.len());
            workspace.files.push(File::read(*of, path, module.clone(), source));
        }
        workspace
    }

    /// The file that defines what a path in a file stands for; none for what is in no crate here, or in the file itself.
    pub fn target(&self, from: usize, path: &[String]) -> Option<usize> {
        let (of, path) = self.absolute(from, path)?;
        self.find(of, &path, 0).filter(|found| *found != from)
    }

    /// The crate and the path from its root.
    fn absolute(&self, from: usize, path: &[String]) -> Option<(usize, Names)> {
        let file = &self.files[from];
        let first = path.first()?;
        if let Some(of) = CRATES.iter().position(|(name, _)| name == first) {
            return Some((of, path[1..].to_vec()));
        }
        let ups = path.iter().take_while(|name| *name == "super" || *name == "self").count();
        let climbs = path[..ups].iter().filter(|name| *name == "super").count();
        let here = &file.module[..file.module.len().saturating_sub(climbs)];
        match first.as_str() {
            "crate" => Some((file.of, path[1..].to_vec())),
            "super" | "self" => Some((file.of, [here, &path[ups..]].concat())),
            child if self.modules.contains_key(&(file.of, joined(&file.module, child))) => {
                Some((file.of, [&file.module, path].concat()))
            }
            _ => None,
        }
    }

    fn find(&self, of: usize, path: &[String], depth: usize) -> Option<usize> {
        let module = |length: &usize| self.modules.get(&(of, path[..*length].to_vec())).copied();
        let length = (0..=path.len()).rev().find(|length| module(length).is_some())?;
        let (at, rest) = (module(&length)?, &path[length..]);
        let file = &self.files[at];
        let Some(name) = rest.first().filter(|name| !file.items.contains(*name) && depth < 16) else { return Some(at) };
        let follow = |names: &[String], rest: &[String]| {
            let (of, path) = self.absolute(at, names)?;
            self.find(of, &[&path, rest].concat(), depth + 1)
        };
        if let Some((_, names)) = file.names.iter().find(|(known, _)| known == name) {
            return follow(names, &rest[1..]);
        }
        let mut globs = file.names.iter().filter(|(known, _)| known == "*");
        globs.find_map(|(_, names)| follow(names, rest).filter(|at| self.files[*at].items.contains(name))).or(Some(at))
    }
}

fn joined(module: &[String], name: &str) -> Names {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

/// `a/b.rs` is `a::b`, and `lib.rs` is the root.
fn module_of(path: &Path) -> Names {
    let names: Names = path.with_extension("").iter().map(|name| name.to_string_lossy().into_owned()).collect();
    match names.last().map(String::as_str) {
        Some("lib" | "mod") => names[..names.len() - 1].to_vec(),
        _ => names,
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let of = |path: PathBuf| match path.is_dir() {
        true => rust_files(&path),
        false => Some(path).filter(|path| path.extension().is_some_and(|end| end == "rs")).into_iter().collect(),
    };
    entries.into_iter().flat_map(of).collect()
}
