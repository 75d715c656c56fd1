//! What can be opened: the bundled presets, those of a folder, and the studies on disk.

use std::path::Path;
use std::sync::Arc;

use miette::Diagnostic;

use neartop_io::preset::{Preset, PresetError, bundled};
use neartop_study::space::Space;
use neartop_study::store::{Store, Summary};

/// Files of a directory that are looked at.
const MOST_FILES: usize = 500;
/// Candidates of a study that are shown before it is opened.
const BEST: usize = 5;

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Bundled,
    File,
    Study,
}

impl Source {
    /// What stands above those of a kind.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Bundled => "bundled presets",
            Self::File => "presets of the folder",
            Self::Study => "earlier studies",
        }
    }
}

/// Why something cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Where a preset is wrong, what is, and what would be right.
    #[error("{}", told(.0))]
    Preset(#[from] PresetError),
    #[error("an older version recorded it without its preset: open that, and it is found again")]
    NoPreset,
}

/// Something that can be opened.
#[derive(Debug)]
pub struct Entry {
    /// A bundled name, a path, or a study's number and name.
    pub name: String,
    pub source: Source,
    pub text: String,
    /// The preset, or what is wrong with it and where.
    pub preset: Result<Box<Preset>, EntryError>,
    /// What it asks for, line by line, and what is known of it; or what is wrong with it.
    pub summary: Vec<String>,
    /// What is recorded, where it is a study.
    pub study: Option<Summary>,
}

impl Entry {
    fn read(name: String, source: Source, text: String) -> Self {
        let preset = Preset::load(&name).map(Box::new).map_err(EntryError::from);
        let summary = match &preset {
            Ok(preset) => summary(preset),
            Err(problem) => vec![problem.to_string()],
        };
        Self { name, source, text, preset, summary, study: None }
    }

    fn of_study(store: &Store, mut study: Summary) -> Self {
        let text = study.preset.take().unwrap_or_default();
        let Summary { id, name, candidates, repetitions, updated_at, .. } = &study;
        let preset = match text.is_empty() {
            true => Err(EntryError::NoPreset),
            false => {
                let read = Preset::parse(&text, "the study", Path::new(""));
                read.map(Box::new).map_err(EntryError::from)
            }
        };
        let mut summary = match &preset {
            Ok(preset) => summary(preset),
            Err(problem) => vec![problem.to_string()],
        };
        summary.push(format!("recorded    {candidates} candidates, {repetitions} repetitions, {updated_at}"));
        let best = store.best(*id, BEST).unwrap_or_default();
        summary.extend(best.iter().map(|(name, near, count)| format!("{near:11.2} {name}, of {count}")));
        Self { name: format!("{id} {name}"), source: Source::Study, text, preset, summary, study: Some(study) }
    }
}

/// Where a preset is wrong, what is, and what would be right.
fn told(error: &PresetError) -> String {
    let help = error.help().map(|help| format!("; {help}")).unwrap_or_default();
    match error {
        PresetError::Invalid(invalid) => format!("{}: {invalid}{help}", invalid.place),
        PresetError::Unreadable { .. } => format!("{error}{help}"),
    }
}

fn summary(preset: &Preset) -> Vec<String> {
    let space = Space::new(Arc::new(preset.clone()));
    let mut lines = vec![preset.name.clone()];
    lines.extend(preset.description.clone());
    lines.push(format!("network     {}", preset.network.summary()));
    lines.push(format!("candidates  {}", space.candidates.len()));
    lines.push(match preset.auto {
        Some(auto) => format!("repetitions auto, {} to {}", auto.least, preset.repetitions),
        None => format!("repetitions {}", preset.repetitions),
    });
    lines
}

/// What there is: the latest studies first, then the YAML files of a folder and of a folder `presets` in it by name, and
/// the bundled presets. Files that are no presets are left out; presets with something wrong are in.
#[must_use]
pub fn read(folder: &Path, study: Option<&Path>) -> Vec<Entry> {
    let bundled = bundled().iter().map(|b| Entry::read(b.name.to_owned(), Source::Bundled, b.text.to_owned()));
    let mut paths: Vec<_> = [folder.to_owned(), folder.join("presets")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|files| files.flatten().map(|file| file.path()).take(MOST_FILES))
        .filter(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml") && path.is_file())
        .collect();
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let text = neartop_io::preset::read_text(&path, &name).ok()?;
        let is_preset = text.lines().any(|line| line.starts_with("network:") || line.starts_with("search:"));
        is_preset.then(|| Entry { name, ..Entry::read(path.display().to_string(), Source::File, text) })
    });
    let studies = study.map(studies).unwrap_or_default();
    studies.into_iter().chain(files).chain(bundled).collect()
}

/// The studies of a file, the latest first; none where there is no such file, or it cannot be read.
fn studies(path: &Path) -> Vec<Entry> {
    let Ok(store) = Store::open_existing(path) else { return Vec::new() };
    let mut studies = store.summaries().unwrap_or_default();
    studies.retain(neartop_study::store::Summary::is_ranking);
    studies.sort_by(|a, b| b.updated_at.cmp(&a.updated_at).then(b.id.cmp(&a.id)));
    studies.into_iter().map(|study| Entry::of_study(&store, study)).collect()
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
        let entries = read(folder.path(), None);
        let files: Vec<_> = entries.iter().filter(|e| e.source == Source::File).collect();
        assert_eq!(files.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["right.yaml", "wrong.yml"]);
        assert!(files[0].preset.is_ok() && files[0].summary.iter().any(|line| line == "network     3 > 2"));
        let problem = &files[1].summary[0];
        assert!(problem.contains("wrong.yml:1:") && problem.contains("did you mean `linear`?"), "{problem}");
        assert!(entries.iter().filter(|e| e.source == Source::Bundled).all(|e| e.preset.is_ok()));
    }
}
