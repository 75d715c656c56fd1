//! The pages say what the program does: tables of names follow the lists, and what is linked or named is there.

use std::fs;
use std::path::{Path, PathBuf};

use neartop_core::activation::ActivationKind;
use neartop_core::catalog::Entry;
use neartop_core::init::InitKind;
use neartop_core::layer::{Default, Domain, Kind, Param, Short};
use neartop_core::layers::KINDS;
use neartop_core::recipe::{BUNDLED, PLACES};
use neartop_core::start::{recipe_keys, takes};

/// How the table of layers begins.
const LAYERS: &str = "| layer | what it does | parameters |";

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The table that begins with this line, with its end.
pub fn table<'a>(page: &'a str, head: &str) -> &'a str {
    let from = page.find(head).unwrap_or_else(|| panic!("no table begins with `{head}`"));
    let length = page[from..].find("\n\n").map_or(page.len() - from, |end| end + 1);
    &page[from..from + length]
}

/// The cells of a table's rows, without its head.
pub fn rows(table: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().replace("&#124;", "|")).collect();
    table.lines().skip(2).map(cells).collect()
}

/// The table of a page that begins so is this one; `UPDATE_FIXTURES=1` writes it.
pub fn is_table(file: &str, head: &str, new: &str) {
    let page = read(file);
    let old = table(&page, head);
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        // Whole at once, since other tests read it meanwhile.
        let beside = root().join(format!("{file}.new"));
        fs::write(&beside, page.replace(old, new)).unwrap();
        return fs::rename(beside, root().join(file)).unwrap();
    }
    assert_eq!(old, new, "{file}: UPDATE_FIXTURES=1 writes the table anew");
}

#[test]
fn the_table_of_layers_follows_the_list_of_kinds() {
    is_table("docs/layers.md", LAYERS, &layers());
}

fn layers() -> String {
    let row = |kind: &&Kind| {
        let own = takes(kind).keys().map(|(key, _)| format!("`{key}`: {}", about(key)));
        let params: Vec<_> = kind.params.iter().map(|param| parameter(kind, param)).chain(own).collect();
        let params = if params.is_empty() { "none".to_owned() } else { params.join("<br>") };
        format!("| `{}` | {} | {params} |\n", kind.example, kind.about)
    };
    let rows: String = KINDS.iter().map(row).collect();
    format!("{LAYERS}\n|---|---|---|\n{rows}")
}

fn about(key: &str) -> &'static str {
    match key {
        "init" => "[how its weight starts](initializations.md#layers-that-fix-how-they-start)",
        _ => "how its bias starts",
    }
}

/// `kernel`, required, may stand alone: side of the window
fn parameter(kind: &Kind, param: &Param) -> String {
    let default = match (param.default, param.domain) {
        (Default::Needed, _) => ", required".to_owned(),
        (Default::Whole(n), _) => format!(" {n}"),
        (Default::Number(x), _) => format!(" {x}"),
        (Default::Flag(flag), _) => format!(" {flag}"),
        (Default::Of(other), _) => format!(" as `{other}`"),
        (Default::NoLayers, Domain::Layers { nothing: Some(word) }) => format!(" {word}"),
        (Default::NoLayers, _) => " none".to_owned(),
        (Default::Word(word) | Default::Name(word), _) => format!(" {word}"),
    };
    let alone = match kind.short {
        Short::Read { param: short, .. } | Short::Written { param: short, .. } if short == param.name => {
            ", may stand alone"
        }
        _ => "",
    };
    format!("`{}`{default}{alone}: {}", param.name, param.about)
}

#[test]
fn the_tables_of_activations_and_initializations_name_all_with_their_formulas() {
    let named = |page: &str| {
        let rows = rows(table(page, "| name | parameters | formula |"));
        rows.into_iter().map(|row| (row[0].trim_matches('`').to_owned(), row[2].clone())).collect::<Vec<_>>()
    };
    let activations: Vec<_> =
        ActivationKind::catalog().iter().map(|kind| (kind.name().to_owned(), kind.formula.to_owned())).collect();
    assert_eq!(named(&read("docs/activations.md")), activations);
    let inits: Vec<_> =
        InitKind::catalog().iter().map(|kind| (kind.name().to_owned(), kind.formula.to_owned())).collect();
    let page = read("docs/initializations.md");
    assert_eq!(named(&page), inits);
    let recipes = rows(table(&page, "| recipe | what it says | source |"));
    let bundled = BUNDLED.iter().map(|r| vec![format!("`{}`", r.name), r.about.to_owned(), r.source.to_owned()]);
    assert_eq!(recipes, bundled.collect::<Vec<_>>());
    let keys = rows(table(&page, "| key | what it is about |"));
    for key in recipe_keys() {
        let row = keys.iter().find(|row| row[0].contains(&format!("`{key}`")));
        let place = PLACES.iter().find(|(place, _)| *place == key);
        assert!(row.is_some_and(|row| place.is_none_or(|(_, about)| row[1] == *about)), "{key}: {row:?}");
    }
}

#[test]
fn the_page_of_presets_names_all_layers_activations_and_initializations() {
    let page = read("docs/presets.md");
    let from = page.find("\n### Layers").expect("the section is there");
    let sections = &page[from..from + page[from..].find("\n## Data").expect("the section is there")];
    let names = KINDS.iter().map(|kind| kind.name);
    let names = names.chain(ActivationKind::catalog().iter().map(Entry::name));
    for name in names.chain(InitKind::catalog().iter().map(Entry::name)) {
        assert!(sections.contains(&format!("`{name}`")), "docs/presets.md does not name {name}");
    }
}

/// The pages of the project.
pub fn pages() -> Vec<PathBuf> {
    let in_folder = |folder: &str| fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
    let folders = ["", "docs", "docs/notes", "docs/tutorials", ".github"];
    let all = folders.into_iter().flat_map(in_folder).map(|entry| entry.path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// What links of GitHub and of the book call the headings of a page.
fn anchors(page: &str) -> Vec<String> {
    let mut is_code = false;
    let mut headings = Vec::new();
    for line in page.lines() {
        is_code ^= line.starts_with("```");
        if !is_code && line.starts_with('#') {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
            headings.push(kept.map(|c| if c == ' ' { '-' } else { c }).collect());
        }
    }
    headings
}

#[test]
fn what_pages_link_to_is_there() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.is_empty() || target.contains("://") {
                continue;
            }
            let path = if target.is_empty() { page.clone() } else { page.parent().unwrap_or(root()).join(target) };
            assert!(path.exists(), "{} links to {target}, which is not there", page.display());
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&path).unwrap());
                assert!(there.iter().any(|a| a == anchor), "{} links to {link}: no such heading", page.display());
            }
        }
    }
}

/// The book has every page, and the other way round.
#[test]
fn the_book_lists_every_page() {
    let summary = read("docs/SUMMARY.md");
    for page in pages() {
        let Ok(path) = page.strip_prefix(root().join("docs")) else { continue };
        let name = path.display().to_string().replace('\\', "/");
        assert!(name == "SUMMARY.md" || summary.contains(&format!("({name})")), "docs/SUMMARY.md lacks {name}");
    }
}

/// Files and folders that the maps of the source name in full.
#[test]
fn what_the_maps_name_is_there() {
    for page in ["CONTRIBUTING.md", "docs/architecture.md"] {
        let text = read(page);
        // A word in capitals stands for any name.
        let is_any = |path: &str| path.split(['/', '.']).any(|part| part.len() > 1 && part == part.to_uppercase());
        let is_named = |span: &&str| {
            let folders =
                ["crates/", "src/", "tests/", "docs/", "presets/", "benches/", "examples/", ".ci/", ".github/"];
            let is_path = folders.iter().any(|folder| span.starts_with(folder)) && !span.contains([' ', '*', '{']);
            is_path && !is_any(span)
        };
        for path in text.split('`').skip(1).step_by(2).filter(is_named) {
            assert!(root().join(path).exists(), "{page} names {path}, which is not there");
        }
    }
}
