//! What is published: the packages of the crates, the pages of registries, the workflows that make them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::docs::{read, root};
use crate::supply::OWN;

/// What cargo says to this.
fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(args).arg("--offline").current_dir(root()).output().expect("cargo");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The files of a package.
fn files(package: &str) -> Vec<String> {
    let list = cargo(&["package", "--list", "--allow-dirty", "--package", package]);
    list.lines().map(|line| line.replace('\\', "/")).collect()
}

/// Files below a folder, by their paths from `root`.
fn below(folder: &Path, root: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let of = |path: std::path::PathBuf| match path.is_dir() {
        true => below(&path, root),
        false => vec![path.strip_prefix(root).expect("below").display().to_string().replace('\\', "/")],
    };
    entries.flat_map(of).collect()
}

#[test]
fn packages_hold_what_their_builds_read_and_little_else() {
    let presets = below(&root().join("presets"), &root().join("presets"));
    let templates = below(&root().join("crates/study/templates"), &root().join("crates/study"));
    let one = |name: &str| vec![name.to_owned()];
    let needed: BTreeMap<&str, Vec<String>> = BTreeMap::from([
        ("neartop", ["LICENSE-APACHE", "LICENSE-MIT", "NOTICE", "src/main.rs"].map(str::to_owned).to_vec()),
        ("neartop-core", one("src/lib.rs")),
        ("neartop-io", one("src/data/digits.csv.gz")),
        ("neartop-presets", presets),
        ("neartop-study", templates),
    ]);
    for package in OWN {
        let files = files(package);
        let there = |wanted: &str| files.iter().any(|file| file == wanted);
        for wanted in needed[package].iter().map(String::as_str).chain(["README.md", "Cargo.toml"]) {
            assert!(there(wanted), "{package} lacks {wanted}");
        }
        let other =
            files.iter().find(|file| ["tests/", "docs/", "python/"].iter().any(|folder| file.starts_with(folder)));
        assert!(other.is_none() && !files.iter().any(|file| file.contains("/fixtures/")), "{package} has {other:?}");
    }
}

#[test]
fn manifests_say_what_registries_show() {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().expect("packages");
    assert_eq!(packages.len(), OWN.len());
    for package in packages {
        let name = package["name"].as_str().expect("a name");
        assert_eq!(package["documentation"], format!("https://docs.rs/{name}"));
        for key in ["description", "license", "readme", "rust_version"] {
            assert!(package[key].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {key}");
        }
        for key in ["keywords", "categories"] {
            let count = package[key].as_array().map_or(0, Vec::len);
            assert!((1..=5).contains(&count), "{name} has {count} {key}");
        }
    }
}

/// A copy of the files that the script changes.
fn copy(to: &Path) {
    let manifests = crate::supply::MANIFESTS.map(str::to_owned);
    let pages = below(&root().join("docs"), root());
    let linked = ["CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE-APACHE", "LICENSE-MIT", "NOTICE"];
    let others = ["README.md", "pyproject.toml"].into_iter().chain(linked).map(str::to_owned);
    for file in manifests.into_iter().chain(pages).chain(others) {
        fs::create_dir_all(to.join(&file).parent().expect("a folder")).unwrap();
        fs::copy(root().join(&file), to.join(&file)).unwrap();
    }
}

#[test]
fn packages_name_the_repository_and_their_links_lead_somewhere() {
    let copied = tempfile::tempdir().unwrap();
    copy(copied.path());
    let name = |address: &str| {
        let mut command = Command::new("python3");
        command.arg(root().join(".github/scripts/name-repository")).args([address, "v1.2.3"]).arg(copied.path());
        command.output()
    };
    let Ok(refused) = name("not-an-address") else { return println!("skipped: there is no python3") };
    assert!(!refused.status.success());
    let address = "https://example.org/someone/neartop";
    let output = name(address).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = |file: &str| fs::read_to_string(copied.path().join(file)).unwrap();
    for manifest in crate::supply::MANIFESTS {
        assert_eq!(text(manifest).matches(&format!("\nrepository = \"{address}\"\n")).count(), 1, "{manifest}");
    }
    assert!(text("pyproject.toml").contains(&format!("\n[project.urls]\nRepository = \"{address}\"\n")));
    let readme = text("README.md");
    assert!(readme.contains(&format!("]({address}/raw/v1.2.3/docs/pictures/ranking.svg)")), "the picture");
    assert!(readme.contains(&format!("]({address}/blob/v1.2.3/docs/near.md)")));
    let relative = readme.split("](").skip(1).find(|rest| !rest.starts_with("https://") && !rest.starts_with('#'));
    assert!(relative.is_none(), "{relative:?}");
    assert!(text("docs/architecture.md").contains(&format!("]({address}/blob/v1.2.3/CONTRIBUTING.md)")));
    assert_eq!(text("docs/near.md"), read("docs/near.md"), "links within the book stay");
    assert!(!name(address).unwrap().status.success(), "once is enough");
}

/// The lines of the workflows and of the actions beside them, with their files.
fn workflow_lines() -> Vec<(String, String)> {
    let files = below(&root().join(".github"), root()).into_iter().filter(|file| file.ends_with(".yml"));
    let lines = |file: String| {
        let text = read(&file);
        text.lines().map(|line| (file.clone(), line.trim().to_owned())).collect::<Vec<_>>()
    };
    files.flat_map(lines).collect()
}

#[test]
fn workflows_take_actions_by_their_commits() {
    let mut count = 0;
    for (file, line) in workflow_lines() {
        let Some(action) = line.trim_start_matches("- ").strip_prefix("uses: ").filter(|a| !a.starts_with("./")) else {
            continue;
        };
        count += 1;
        let (_, commit) = action.split_once('@').unwrap_or_else(|| panic!("{file}: {action}"));
        let (hash, version) = commit.split_once(" # v").unwrap_or_else(|| panic!("{file}: {action} names no version"));
        let is_hash = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_hash && version.starts_with(|c: char| c.is_ascii_digit()), "{file}: {action}");
    }
    assert!(count > 20, "{count} actions were found");
}

#[test]
fn checks_run_on_the_oldest_rust() {
    let manifest = read("Cargo.toml");
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")).expect("a version");
    let oldest = line.trim_end_matches('"');
    let container = format!("container: rust:{oldest}-");
    assert!(workflow_lines().iter().any(|(_, line)| line.starts_with(&container)), "no job has `{container}...`");
    for page in ["README.md", "CONTRIBUTING.md"] {
        assert!(read(page).contains(&format!("Rust {oldest} or newer")), "{page}");
    }
}
