//! Paths that the user writes: `~`, and how they may go on.

use std::path::{Path, PathBuf};

/// Files of a folder that are looked at.
pub const MOST_FILES: usize = 500;

/// `~/x` as shells understand it.
#[must_use]
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(rest), Ok(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// The paths that a text is the beginning of, by name; folders end with a slash. What is hidden has to be begun with its dot.
#[must_use]
pub fn completed(text: &str) -> Vec<String> {
    let (folder, begun) = text.rsplit_once(std::path::is_separator).unwrap_or(("", text));
    // The separator itself, as it was written.
    let before = &text[..text.len() - begun.len()];
    if before.is_empty() && begun == "~" {
        return vec!["~/".to_owned()];
    }
    let folder = match (before.is_empty(), folder.is_empty()) {
        (true, _) => PathBuf::from("."),
        (false, true) => PathBuf::from(before),
        (false, false) => expand_home(Path::new(folder)),
    };
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let named = files.flatten().filter_map(|file| Some((file.file_name().into_string().ok()?, file.path())));
    let fits = |name: &str| name.starts_with(begun) && (begun.starts_with('.') || !name.starts_with('.'));
    let mut found: Vec<_> = named
        .filter(|(name, _)| fits(name))
        .take(MOST_FILES)
        .map(|(name, path)| format!("{before}{name}{}", if path.is_dir() { "/" } else { "" }))
        .collect();
    found.sort();
    found
}

/// What all these begin with.
#[must_use]
pub fn common_beginning(texts: &[String]) -> &str {
    let Some((first, others)) = texts.split_first() else { return "" };
    let end = first.char_indices().map(|(at, c)| at + c.len_utf8());
    end.rev().map(|end| &first[..end]).find(|part| others.iter().all(|other| other.starts_with(part))).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_completed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["net.pt2", "net.onnx", "nest.csv", ".hidden"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        let begun = |name: &str| format!("{}/{name}", folder.path().display());
        let all = completed(&begun(""));
        assert_eq!(all, ["inner/", "nest.csv", "net.onnx", "net.pt2"].map(begun));
        assert_eq!(completed(&begun("in")), [begun("inner/")]);
        assert_eq!(completed(&begun(".h")), [begun(".hidden")]);
        assert_eq!(common_beginning(&completed(&begun("n"))), begun("ne"));
        assert_eq!(completed(&begun("other/x")), [""; 0]);
        assert_eq!(completed("~"), ["~/"]);
        assert!(completed("sr").contains(&"src/".to_owned()), "of the present folder");
        assert_eq!(common_beginning(&["日本".to_owned(), "日曜".to_owned()]), "日");
        assert_eq!(common_beginning(&[]), "");
    }
}
