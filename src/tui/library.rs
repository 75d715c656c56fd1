//! Presets to open: the bundled ones, and those of the working directory.

use std::path::Path;
use std::sync::Arc;

use crate::preset::{Preset, bundled};
use crate::space::Space;

/// Files of a directory that are looked at.
const MOST_FILES: usize = 500;

/// A preset that can be opened.
#[derive(Debug)]
pub struct Entry {
    /// A bundled name, or a path.
    pub name: String,
    pub is_bundled: bool,
    pub text: String,
    /// The preset, or what is wrong with it and where.
    pub preset: Result<Box<Preset>, String>,
    /// What it asks for, line by line; or what is wrong with it.
    pub summary: Vec<String>,
}

/// The presets that were found, and the chosen one.
#[derive(Debug)]
pub struct Library {
    /// None while they are read.
    pub entries: Option<Vec<Entry>>,
    pub line: usize,
}

impl Library {
    #[must_use]
    pub fn new() -> Self {
        Self { entries: None, line: 0 }
    }

    #[must_use]
    pub fn chosen(&self) -> Option<&Entry> {
        self.entries.as_ref()?.get(self.line)
    }

    pub fn go(&mut self, to: impl Fn(usize) -> usize) {
        let last = self.entries.as_ref().map_or(0, |entries| entries.len().saturating_sub(1));
        self.line = to(self.line).min(last);
    }
}

impl Default for Library {
    fn default() -> Self {
        Self::new()
    }
}

impl Entry {
    fn read(name: String, is_bundled: bool, text: String) -> Self {
        let preset = Preset::load(&name).map(Box::new).map_err(|error| error.to_string());
        let summary = match &preset {
            Ok(preset) => summary(preset),
            Err(problem) => vec![problem.clone()],
        };
        Self { name, is_bundled, text, preset, summary }
    }
}

fn summary(preset: &Preset) -> Vec<String> {
    let space = Space::new(Arc::new(preset.clone()));
    let mut lines = vec![preset.name.clone()];
    lines.extend(preset.description.clone());
    lines.push(format!("network     {}", preset.network.summary()));
    lines.push(format!("candidates  {}", space.candidates.len()));
    lines.push(format!("repetitions {}", preset.repetitions));
    lines
}

/// The presets that there are: bundled, then the YAML files of `directory` and of a folder `presets` in it, by name.
/// Files that are no presets are left out; presets with something wrong are in.
#[must_use]
pub fn read(directory: &Path) -> Vec<Entry> {
    let bundled = bundled().iter().map(|b| Entry::read(b.name.to_owned(), true, b.text.to_owned()));
    let mut paths: Vec<_> = [directory.to_owned(), directory.join("presets")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|files| files.flatten().map(|file| file.path()).take(MOST_FILES))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml") && path.is_file())
        .collect();
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        let name = path.strip_prefix(directory).unwrap_or(&path).display().to_string();
        let text = crate::preset::read_text(&path, &name).ok()?;
        let is_preset = text.lines().any(|line| line.starts_with("network:"));
        is_preset.then(|| Entry::read(path.display().to_string(), false, text)).map(|entry| Entry { name, ..entry })
    });
    bundled.chain(files).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_presets_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("right.yaml", "network: {input: 3, layers: [linear: 2]}\n");
        write("wrong.yml", "network: {input: 3, layers: [liner: 2]}\n");
        write("other.yaml", "services: []\n");
        write("notes.txt", "network: none\n");
        let entries = read(folder.path());
        let files: Vec<_> = entries.iter().filter(|e| !e.is_bundled).collect();
        assert_eq!(files.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["right.yaml", "wrong.yml"]);
        assert!(files[0].preset.is_ok() && files[0].summary.iter().any(|line| line == "network     3 > 2"));
        assert!(files[1].summary[0].contains("liner"));
        assert!(entries.iter().filter(|e| e.is_bundled).all(|e| e.preset.is_ok()));
    }
}
