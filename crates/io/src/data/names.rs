//! What the names of files say.

use std::path::Path;

/// The ends of the names of images.
pub const IMAGES: &[&str] = &["png", "jpg", "jpeg", "gif", "tif", "tiff", "bmp", "webp", "pgm", "ppm", "pbm", "pnm"];
/// Files and folders that programs leave behind.
const LITTER: &[&str] = &["thumbs.db", "desktop.ini", "__macosx"];
/// Names of the part of a data set that is trained with.
const TRAIN: &[&str] = &["train", "training"];
/// Names of the other parts.
const HELD_OUT: &[&str] = &["val", "valid", "validation", "test", "testing", "dev", "eval"];

/// The last part of a path.
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The end of a name, in small letters.
pub fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

/// Whether a file is called as images are.
pub fn is_image(path: &Path) -> bool {
    IMAGES.contains(&extension(path).as_str())
}

/// Whether a file or folder is hidden, or left behind by some program.
pub fn is_litter(path: &Path) -> bool {
    let name = name(path);
    name.starts_with('.') || LITTER.contains(&name.to_ascii_lowercase().as_str())
}

/// What is in a folder, by name, but for what is hidden.
///
/// # Errors
/// If it cannot be listed.
pub fn entries(folder: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    let mut entries = folder.read_dir()?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    entries.retain(|path| !is_litter(path));
    entries.sort_unstable();
    Ok(entries)
}

/// The part of a data set, where files or folders are called by parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Train,
    HeldOut,
}

impl Part {
    /// By a whole name, such as `train`, or the first word of one, such as `train-00000-of-00002.parquet`.
    pub fn of(path: &Path) -> Option<Self> {
        let name = name(path).to_ascii_lowercase();
        let word = name.split(['-', '_', '.']).next().unwrap_or_default();
        if TRAIN.contains(&word) { Some(Self::Train) } else { HELD_OUT.contains(&word).then_some(Self::HeldOut) }
    }
}
