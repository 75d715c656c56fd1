//! Which images are in a folder, and of which classes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::data::file::{io_error, shown, unreadable};
use crate::data::names::{IMAGES, Part, entries, extension, is_image, name};
use crate::data::{DataError, FileAssumption};

/// Folders in folders that are looked into.
const MOST_DEEP: usize = 16;

/// Images in the order of their classes' names, then of their own.
pub struct Listing {
    pub files: Vec<PathBuf>,
    /// The class of each; none where the images do not stand in folders.
    pub of: Vec<u32>,
    pub classes: Vec<String>,
    pub assumptions: Vec<FileAssumption>,
}

/// What is in a folder, by name.
#[derive(Default)]
struct Folder {
    images: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    /// Files that are no images.
    others: Vec<PathBuf>,
}

impl Folder {
    /// Hidden things are left out.
    fn look(path: &Path) -> Result<Self, DataError> {
        let mut folder = Self::default();
        for entry in entries(path).map_err(|e| io_error(path, &e))? {
            match entry.is_dir() {
                true => folder.folders.push(entry),
                false if is_image(&entry) => folder.images.push(entry),
                false => folder.others.push(entry),
            }
        }
        Ok(folder)
    }
}

/// Lists the images in a folder and in the folders in it.
///
/// # Errors
/// If there are none, or it cannot be told to which classes they belong.
pub fn list(root: &Path) -> Result<Listing, DataError> {
    let mut assumptions = Vec::new();
    let (root, top) = enter(root, &mut assumptions)?;
    if let ([stray, ..], [_, ..]) = (top.images.as_slice(), top.folders.as_slice()) {
        return Err(unreadable(stray, "it stands beside folders of images; put it into the folder of its class"));
    }
    let mut skipped = top.others;
    let mut listing = Listing { files: top.images, of: Vec::new(), classes: Vec::new(), assumptions };
    let real = |path: &PathBuf| path.canonicalize().map_err(|e| io_error(path, &e));
    // A link can lead back to where it stands.
    let mut seen: HashSet<_> = std::iter::once(&root).chain(&top.folders).map(real).collect::<Result<_, _>>()?;
    let mut nested = Nested::default();
    for class in &top.folders {
        let before = listing.files.len();
        let found = gather(class, 0, &mut seen, &mut skipped, &mut listing.files)?;
        let here = &listing.files[before..];
        if here.is_empty() {
            return Err(unreadable(class, no_image(&skipped, class)));
        }
        nested.add(class, here, &found);
        listing.of.resize(listing.files.len(), listing.classes.len() as u32);
        listing.classes.push(name(class));
    }
    if listing.files.is_empty() {
        let reason = format!("no image is in this folder or in the folders in it; known are {}", IMAGES.join(", "));
        return Err(unreadable(&root, reason));
    }
    nested.check(&root, &listing.classes)?;
    listing.assumptions.extend(nested.told());
    listing.assumptions.extend(told_skipped(&skipped));
    Ok(listing)
}

/// All images in a folder and in the folders in it.
///
/// # Errors
/// If it cannot be listed.
pub fn every_image(root: &Path) -> Result<Vec<PathBuf>, DataError> {
    let real = root.canonicalize().map_err(|e| io_error(root, &e))?;
    let (mut seen, mut files) = (HashSet::from([real]), Vec::new());
    gather(root, 0, &mut seen, &mut Vec::new(), &mut files)?;
    Ok(files)
}

/// Goes into the folder of folders that stands alone in another one, and into the part of the data that is trained with.
fn enter(root: &Path, assumptions: &mut Vec<FileAssumption>) -> Result<(PathBuf, Folder), DataError> {
    let (mut at, mut top) = (root.to_owned(), Folder::look(root)?);
    for _ in 0..MOST_DEEP {
        let next = match (top.images.as_slice(), top.folders.as_slice()) {
            ([], [only]) => only.clone(),
            ([], folders) => match part(folders) {
                None => break,
                Some((train, left)) => {
                    assumptions.push(FileAssumption::Split { taken: name(train), left });
                    (at, top) = (train.clone(), Folder::look(train)?);
                    continue;
                }
            },
            _ => break,
        };
        let inner = Folder::look(&next)?;
        if !inner.images.is_empty() || inner.folders.is_empty() {
            break;
        }
        assumptions.push(FileAssumption::Inside { folder: next.to_string_lossy().into_owned() });
        (at, top) = (next, inner);
    }
    Ok((at, top))
}

/// The folder that is trained with, where the folders are the parts of a data set, and the names of the others.
fn part(folders: &[PathBuf]) -> Option<(&PathBuf, Vec<String>)> {
    // A whole name: `train-station` is a class.
    let is = |path: &PathBuf, part| Part::of(path) == Some(part) && !name(path).contains(['-', '_', '.']);
    let train = folders.iter().find(|path| is(path, Part::Train))?;
    folders.iter().any(|path| is(path, Part::HeldOut)).then_some(())?;
    Some((train, folders.iter().filter(|path| *path != train).map(|path| name(path)).collect()))
}

/// Appends the images of a class; gives the folders in its folder that hold some.
fn gather(
    folder: &Path,
    depth: usize,
    seen: &mut HashSet<PathBuf>,
    skipped: &mut Vec<PathBuf>,
    files: &mut Vec<PathBuf>,
) -> Result<BTreeSet<String>, DataError> {
    let mut found = BTreeSet::new();
    let inside = Folder::look(folder)?;
    files.extend(inside.images);
    skipped.extend(inside.others);
    for deeper in inside.folders {
        let before = files.len();
        let real = deeper.canonicalize().map_err(|e| io_error(&deeper, &e))?;
        if depth < MOST_DEEP && seen.insert(real) {
            gather(&deeper, depth + 1, seen, skipped, files)?;
        }
        if files.len() > before {
            found.insert(name(&deeper));
        }
    }
    Ok(found)
}

fn no_image(skipped: &[PathBuf], class: &Path) -> String {
    let others: Vec<_> = skipped.iter().filter(|path| path.starts_with(class)).cloned().collect();
    let has = match others.as_slice() {
        [] => "it is empty".to_owned(),
        others => format!(
            "it holds {}",
            kinds(others).iter().map(|(k, n)| format!("{n} {}", shown(k))).collect::<Vec<_>>().join(", ")
        ),
    };
    format!(
        "the folder of a class holds no image that can be read ({has}); known are {}: convert its images, or move the folder away",
        IMAGES.join(", ")
    )
}

/// How many files there are of each end of a name.
fn kinds(files: &[PathBuf]) -> Vec<(String, usize)> {
    let mut kinds = BTreeMap::new();
    for file in files {
        let kind = match extension(file) {
            extension if extension.is_empty() => "without an extension".to_owned(),
            extension => format!(".{extension}"),
        };
        *kinds.entry(kind).or_insert(0) += 1;
    }
    kinds.into_iter().collect()
}

fn told_skipped(skipped: &[PathBuf]) -> Option<FileAssumption> {
    (!skipped.is_empty()).then(|| FileAssumption::Skipped { files: kinds(skipped) })
}

/// Images that stand deeper than in the folder of their class.
#[derive(Default)]
struct Nested {
    images: usize,
    /// The names of the folders in the folder of each class.
    inside: Vec<BTreeSet<String>>,
}

impl Nested {
    fn add(&mut self, class: &Path, files: &[PathBuf], found: &BTreeSet<String>) {
        self.images += files.iter().filter(|file| file.parent() != Some(class)).count();
        self.inside.push(found.clone());
    }

    /// Fails where the inner folders could as well be the classes.
    fn check(&self, root: &Path, classes: &[String]) -> Result<(), DataError> {
        let [first, rest @ ..] = self.inside.as_slice() else { return Ok(()) };
        if rest.is_empty() || first.len() < 2 || rest.iter().any(|other| other != first) {
            return Ok(());
        }
        let some = |names: &mut dyn Iterator<Item = &String>| {
            names.take(3).map(|name| format!("`{}`", shown(name))).collect::<Vec<_>>().join(", ")
        };
        let (outer, inner) = (some(&mut classes.iter()), some(&mut first.iter()));
        let reason = format!(
            "the classes could be the folders {outer} or those in them, {inner}; give the `path` of one of the outer \
             folders, or move the images of each class into one folder"
        );
        Err(unreadable(root, reason))
    }

    fn told(&self) -> Option<FileAssumption> {
        (self.images > 0).then_some(FileAssumption::Nested { images: self.images })
    }
}
