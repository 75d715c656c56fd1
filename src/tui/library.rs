//! What can be opened: the bundled presets, the studies on disk, and what a folder has: presets, models, data, folders.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::notice::of_preset;
use super::paths::MOST_FILES;
use neartop_io::data::{is_data_file, is_image};
use neartop_io::model::is_model;
use neartop_io::preset::{Preset, PresetError, bundled, read_text};
use neartop_study::space::{Space, bytes};
use neartop_study::store::{Store, Summary};

/// Candidates of a study that are shown before it is opened.
const BEST: usize = 5;

/// Where an entry comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Bundled,
    Preset,
    /// A model, or data.
    Other,
    Study,
    Folder,
}

impl Source {
    /// What stands above those of a kind.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Bundled => "bundled presets",
            Self::Preset => "presets of the folder",
            Self::Other => "models and data of the folder",
            Self::Study => "earlier studies",
            Self::Folder => "folders",
        }
    }
}

/// Why something cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// Where a preset is wrong, what is, and what would be right.
    #[error("{}", of_preset(.0))]
    Preset(#[from] PresetError),
    #[error("an older version recorded it without its preset: open that, and it is found again")]
    NoPreset,
}

/// What an entry leads to.
#[derive(Debug)]
pub enum Offer {
    Preset(Box<Preset>),
    /// A file that is read when it is opened.
    File(PathBuf),
    Folder(PathBuf),
    /// What is wrong with it and where.
    Wrong(EntryError),
}

impl From<Result<Preset, PresetError>> for Offer {
    fn from(read: Result<Preset, PresetError>) -> Self {
        read.map_or_else(|error| Self::Wrong(error.into()), |preset| Self::Preset(Box::new(preset)))
    }
}

/// Something that can be opened.
#[derive(Debug)]
pub struct Entry {
    /// A bundled name, a path, or a study's number and name.
    pub name: String,
    pub source: Source,
    pub text: String,
    pub offer: Offer,
    /// What it asks for, line by line, and what is known of it; or what is wrong with it.
    pub summary: Vec<String>,
    /// What is recorded, where it is a study.
    pub study: Option<Summary>,
}

/// What can be opened, with the folder that was looked at, and what the user asked for by its path.
#[derive(Debug, Default)]
pub struct Listing {
    pub folder: PathBuf,
    pub chosen: Option<String>,
    pub entries: Vec<Entry>,
    /// Why the folder cannot be read.
    pub trouble: Option<io::Error>,
}

impl Entry {
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self.offer, Offer::Wrong(_))
    }

    fn read(name: String, source: Source, text: String) -> Self {
        let offer = Offer::from(Preset::load(&name));
        let summary = summary(&offer);
        Self { name, source, text, offer, summary, study: None }
    }

    /// A file of a kind that is read when it is opened.
    fn of_file(name: String, path: PathBuf) -> Self {
        let (what, then) = match () {
            () if path.is_dir() => ("images, in a folder for each class", "a network of usual size is ranked for them"),
            () if is_model(&path) => ("a model of another library", "its activations and initializations are ranked"),
            () if is_data_file(&path) => ("data", "a network of usual size is ranked for them"),
            () => ("a file of no kind that is known by its name", "it is read as a preset"),
        };
        let size = path.metadata().ok().filter(std::fs::Metadata::is_file).map(|file| bytes(file.len()));
        let summary = std::iter::once(what.to_owned()).chain(size).chain([format!("opened, {then}")]).collect();
        Self { name, source: Source::Other, text: String::new(), offer: Offer::File(path), summary, study: None }
    }

    fn of_folder(name: String, path: PathBuf) -> Self {
        let summary = vec!["a folder: Enter looks what is in it".to_owned()];
        Self { name, source: Source::Folder, text: String::new(), offer: Offer::Folder(path), summary, study: None }
    }

    fn of_study(store: &Store, mut study: Summary) -> Self {
        let text = study.preset.take().unwrap_or_default();
        let Summary { id, name, candidates, repetitions, updated_at, .. } = &study;
        let offer = match text.is_empty() {
            true => Offer::Wrong(EntryError::NoPreset),
            false => Preset::parse(&text, "the study", Path::new("")).into(),
        };
        let mut summary = summary(&offer);
        summary.push(format!("recorded    {candidates} candidates, {repetitions} repetitions, {updated_at}"));
        let best = store.best(*id, BEST).unwrap_or_default();
        summary.extend(best.iter().map(|(name, near, count)| format!("{near:11.2} {name}, of {count}")));
        Self { name: format!("{id} {name}"), source: Source::Study, text, offer, summary, study: Some(study) }
    }
}

fn summary(offer: &Offer) -> Vec<String> {
    let preset = match offer {
        Offer::Preset(preset) => preset,
        Offer::Wrong(problem) => return vec![problem.to_string()],
        Offer::File(_) | Offer::Folder(_) => return Vec::new(),
    };
    let space = Space::new(Arc::new(Preset::clone(preset)));
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

/// What can be opened where `path` leads: that folder, or the folder of that file, which is chosen.
#[must_use]
pub fn list(path: &Path, study: Option<&Path>) -> Listing {
    if !path.is_file() {
        let trouble = std::fs::read_dir(path).err();
        return Listing { folder: path.to_owned(), chosen: None, entries: read(path, study), trouble };
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let chosen = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut entries = read(folder, study);
    if !entries.iter().any(|entry| is_of_folder(entry) && entry.name == chosen) {
        entries.push(Entry::of_file(chosen.clone(), path.to_owned()));
    }
    Listing { folder: folder.to_owned(), chosen: Some(chosen), entries, trouble: None }
}

fn is_of_folder(entry: &Entry) -> bool {
    matches!(entry.source, Source::Preset | Source::Other)
}

/// What there is: the latest studies first, then what a folder has, and the bundled presets.
#[must_use]
pub fn read(folder: &Path, study: Option<&Path>) -> Vec<Entry> {
    let bundled = bundled().iter().map(|b| Entry::read(b.name.to_owned(), Source::Bundled, b.text.to_owned()));
    let studies = study.map(studies).unwrap_or_default();
    let (files, folders): (Vec<_>, Vec<_>) = files(folder).into_iter().partition(|path| !path.is_dir());
    let others = files.iter().filter(|path| is_model(path) || is_data_file(path));
    let others = others.map(|path| Entry::of_file(name_in(folder, path), path.clone()));
    let images = folders.iter().any(|folder| holds_images(folder));
    let images = images.then(|| Entry::of_file("this folder".to_owned(), folder.to_owned()));
    let folders = folders.iter().map(|path| Entry::of_folder(name_in(folder, path) + "/", path.clone()));
    let above = Entry::of_folder("../".to_owned(), above(folder));
    let of_folder = presets(folder, &files).into_iter().chain(others).chain(images);
    studies.into_iter().chain(of_folder).chain(bundled).chain([above]).chain(folders).collect()
}

/// The files and folders of a folder by name, without hidden ones.
fn files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let is_hidden = |path: &PathBuf| path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let mut files: Vec<_> = files.filter(|path| !is_hidden(path)).take(MOST_FILES).collect();
    files.sort();
    files
}

/// The YAML files of a folder, and of a folder `presets` in it. Files that are no presets are left out; presets with
/// something wrong are in.
fn presets(folder: &Path, files: &[PathBuf]) -> Vec<Entry> {
    let is_yaml = |path: &&PathBuf| path.extension().is_some_and(|e| e == "yaml" || e == "yml") && path.is_file();
    let inner = self::files(&folder.join("presets"));
    let mut paths: Vec<_> = files.iter().chain(&inner).filter(is_yaml).collect();
    paths.sort();
    let read = |path: &PathBuf| {
        let name = name_in(folder, path);
        let text = read_text(path, &name).ok()?;
        let is_preset = text.lines().any(|line| line.starts_with("network:") || line.starts_with("search:"));
        is_preset.then(|| Entry { name, ..Entry::read(path.display().to_string(), Source::Preset, text) })
    };
    paths.into_iter().filter_map(read).collect()
}

fn name_in(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

/// The folder that a folder is in, in as few words as there are.
fn above(folder: &Path) -> PathBuf {
    match (folder.file_name(), folder.parent()) {
        (Some(_), Some(parent)) if parent.as_os_str().is_empty() => PathBuf::from("."),
        (Some(_), Some(parent)) => parent.to_owned(),
        _ if folder == Path::new(".") => PathBuf::from(".."),
        _ => folder.join(".."),
    }
}

/// Whether a folder begins with images: one class of a set of them.
fn holds_images(folder: &Path) -> bool {
    const FEW: usize = 8;
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    files.take(FEW).any(|path| is_image(&path))
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
        write("notes.md", "network: none\n");
        let entries = read(folder.path(), None);
        let files: Vec<_> = entries.iter().filter(|e| e.source == Source::Preset).collect();
        assert_eq!(files.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["right.yaml", "wrong.yml"]);
        assert!(!files[0].is_wrong() && files[0].summary.iter().any(|line| line == "network     3 > 2"));
        let problem = &files[1].summary[0];
        assert!(problem.contains("wrong.yml:1:") && problem.contains("did you mean `linear`?"), "{problem}");
        assert!(entries.iter().filter(|e| e.source == Source::Bundled).all(|e| !e.is_wrong()));
    }

    #[test]
    fn a_folder_has_models_data_images_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        for inner in ["cats", "presets", ".hidden"] {
            std::fs::create_dir(folder.path().join(inner)).unwrap();
        }
        for name in ["net.pt2", "net.onnx", "table.csv", "notes.md", "cats/one.png"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let Listing { entries, chosen, .. } = list(folder.path(), None);
        let names = |source| entries.iter().filter(|e| e.source == source).map(|e| e.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names(Source::Other), ["net.onnx", "net.pt2", "table.csv", "this folder"]);
        assert_eq!(names(Source::Folder), ["../", "cats/", "presets/"]);
        assert_eq!(chosen, None);
        // A file is chosen in its folder, also one of no known kind.
        let Listing { folder: of, entries, chosen, .. } = list(&folder.path().join("notes.md"), None);
        assert_eq!((of.as_path(), chosen.as_deref()), (folder.path(), Some("notes.md")));
        let own = entries.iter().find(|e| e.name == "notes.md").unwrap();
        assert!(matches!(&own.offer, Offer::File(path) if path.ends_with("notes.md")));
        assert!(list(&folder.path().join("none"), None).trouble.is_some());
        let there = |path: &str| above(Path::new(path)).display().to_string();
        assert_eq!(["a/b", "a", ".", "..", "/"].map(there), ["a", ".", "..", "../..", "/.."]);
    }
}
