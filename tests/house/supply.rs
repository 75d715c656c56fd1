//! What the program is built of.

use std::path::Path;
use std::process::Command;

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a file of the project")
}

/// The packages of the workspace.
pub const OWN: [&str; 5] = ["neartop", "neartop-core", "neartop-io", "neartop-presets", "neartop-study"];
/// Their manifests.
pub const MANIFESTS: [&str; 5] =
    ["Cargo.toml", "crates/core/Cargo.toml", "crates/io/Cargo.toml", "crates/study/Cargo.toml", "presets/Cargo.toml"];

/// Name and source of every package.
fn packages() -> Vec<(String, Option<String>)> {
    let lock = read("Cargo.lock");
    let field = |package: &str, name: &str| {
        let start = format!("{name} = \"");
        package.lines().find_map(|line| Some(line.strip_prefix(&start)?.trim_end_matches('"').to_owned()))
    };
    lock.split("[[package]]").skip(1).map(|p| (field(p, "name").expect("a name"), field(p, "source"))).collect()
}

#[test]
fn everything_comes_from_the_registry_and_is_known_by_its_checksum() {
    let (packages, lock) = (packages(), read("Cargo.lock"));
    assert!(packages.len() > 100);
    for (name, source) in &packages {
        let is_own = OWN.contains(&name.as_str()) && source.is_none();
        let of_registry = source.as_deref() == Some("registry+https://github.com/rust-lang/crates.io-index");
        assert!(is_own || of_registry, "{name} comes from {source:?}");
    }
    assert_eq!(lock.matches("\nchecksum = \"").count(), packages.len() - OWN.len());
}

/// Neither the program nor a build script could ask a server for anything by a library.
#[test]
fn nothing_that_it_is_built_of_speaks_to_servers() {
    let clients = [
        "attohttpc",
        "curl",
        "curl-sys",
        "git2",
        "gix",
        "hf-hub",
        "hyper",
        "isahc",
        "minreq",
        "native-tls",
        "openssl-sys",
        "reqwest",
        "rustls",
        "surf",
        "ureq",
    ];
    let found: Vec<_> = packages().into_iter().filter(|(name, _)| clients.contains(&name.as_str())).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn unsafe_code_is_forbidden() {
    assert!(read("Cargo.toml").contains("[workspace.lints.rust]\nunsafe_code = \"forbid\"\n"));
    for manifest in MANIFESTS {
        assert!(read(manifest).contains("\n[lints]\nworkspace = true\n"), "{manifest}");
    }
}

/// Licences, sources and bans, by `deny.toml`; advisories, which need the network, are for `cargo deny check`.
#[test]
fn licences_and_sources_are_those_that_are_allowed() {
    let is_there = Command::new("cargo-deny").arg("--version").output().is_ok_and(|output| output.status.success());
    if !is_there {
        println!("not tried: cargo-deny is not installed");
        return;
    }
    let mut command = Command::new("cargo-deny");
    command.args(["--locked", "--offline", "check", "licenses", "sources", "bans"]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo-deny");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
