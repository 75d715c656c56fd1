//! Files that are written whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use super::failure::Failure;
use neartop_io::preset::printable;

/// Refuses a file that could not be written after a run, before the run.
///
/// # Errors
/// If its directory does not exist, or it is a directory itself.
pub fn check_target(path: &Path) -> Result<(), Failure> {
    let name = || printable(&path.display().to_string());
    match path.parent().filter(|d| !d.as_os_str().is_empty()) {
        _ if path.is_dir() => Err(Failure::usage(format!("cannot write {}: it is a directory", name()))),
        Some(directory) if !directory.is_dir() => {
            Err(Failure::usage(format!("cannot write {}: its directory does not exist", name())))
        }
        _ => Ok(()),
    }
}

/// Replaces a file by `text`, or leaves it as it was: never a part.
///
/// # Errors
/// If the file cannot be written.
pub fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        if path.exists() && !path.is_file() {
            // A device or a pipe takes the text as it comes.
            return std::fs::write(path, text);
        }
        whole_file(path, text)?.persist(path).map(drop).map_err(|e| e.error)
    };
    write().map_err(|cause| Failure::write(path, cause))
}

/// Writes a file that must not be there yet, whole or not at all.
///
/// # Errors
/// If there is such a file, or it cannot be written.
pub fn write_new_file(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || whole_file(path, text)?.persist_noclobber(path).map(drop).map_err(|e| e.error);
    write().map_err(|cause| Failure::write(path, cause))
}

/// The text in a temporary file beside `path`.
fn whole_file(path: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.prefix(".neartop").tempfile_in(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}
