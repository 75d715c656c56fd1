//! The recipe for HyperQueue, as docs/cluster.md gives it.

use std::process::Command;

use super::Place;

#[test]
fn the_recipe_comes_to_the_same_as_one_run() {
    let python = std::env::var("NEARTOP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_it = Command::new(&python).args(["-c", "import hyperqueue"]).output().is_ok_and(|o| o.status.success());
    if !has_it {
        println!("skipped: {python} has no hyperqueue");
        return;
    }
    let place = Place::new();
    let recipe = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cluster/on_hyperqueue.py");
    let ran = Command::new(&python)
        .args([recipe, "small.yaml", "5"])
        .env("NEARTOP", env!("CARGO_BIN_EXE_neartop"))
        .current_dir(place.path(""))
        .output()
        .expect("Python");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let parts = (1..=5).map(|chunk| format!("parts/{chunk}.jsonl")).collect::<Vec<_>>();
    let mut merge = vec!["merge", "small.yaml", "--no-study", "--format", "csv"];
    merge.extend(parts.iter().map(String::as_str));
    let merged = place.run(&merge);
    let alone = place.run(&["rank", "small.yaml", "--no-study", "--format", "csv"]);
    assert!(merged.status.success() && alone.status.success(), "{}", String::from_utf8_lossy(&merged.stderr));
    assert_eq!(String::from_utf8_lossy(&merged.stdout), String::from_utf8_lossy(&alone.stdout));
}
