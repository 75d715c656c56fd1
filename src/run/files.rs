//! Files that are written whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

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

/// Tries whether a file can be written, and leaves it as it was. What is no regular file, such as a pipe, is opened and
/// given back, to be kept open until it is written.
///
/// # Errors
/// What stands in the way.
pub fn probe(path: &Path) -> Result<Option<File>, Failure> {
    check_target(path)?;
    let name = || printable(&path.display().to_string());
    if is_special(path) {
        return open_special(path).map(Some).map_err(|cause| match cause.raw_os_error() {
            Some(NO_READER) => Failure::usage(format!("cannot write {}: nobody reads from this pipe", name())),
            _ => Failure::usage(format!("cannot write {}: {cause}", name())),
        });
    }
    let file = final_place(path);
    if let Err(cause) = file.symlink_metadata()
        && cause.kind() != io::ErrorKind::NotFound
    {
        return Err(Failure::usage(format!("cannot write {}: {cause}", name())));
    }
    if is_mounted(&file) {
        let message = format!("cannot write {}: a mounted file cannot be replaced", name());
        let help = "name another file, or write to standard output".to_owned();
        return Err(Failure::Usage { message, help: Some(help) });
    }
    match beside(&file) {
        Ok(_) => Ok(None),
        Err(cause) => Err(Failure::usage(format!("cannot write {}: no file can be made beside it: {cause}", name()))),
    }
}

/// Replaces a file by `text`, or leaves it as it was: never a part. Its mode stays, and a link leads to the new file.
///
/// # Errors
/// If the file cannot be written.
pub fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    write_bytes(path, text.as_bytes())
}

/// The same with anything.
///
/// # Errors
/// If the file cannot be written.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        if is_special(path) {
            // A device or a pipe takes the text as it comes.
            return open_special(path)?.write_all(bytes);
        }
        let place = final_place(path);
        whole_file(&place, bytes)?.persist(&place).map(drop).map_err(|e| e.error)
    };
    write().map_err(|cause| Failure::write(path, cause))
}

/// Writes a file that must not be there yet, whole or not at all.
///
/// # Errors
/// If there is such a file, or it cannot be written.
pub fn write_new_file(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || {
        if is_special(path) {
            return open_special(path)?.write_all(text.as_bytes());
        }
        whole_file(path, text.as_bytes())?.persist_noclobber(path).map(drop).map_err(|e| e.error)
    };
    write().map_err(|cause| Failure::write(path, cause))
}

/// Whether two paths lead to one file, which need not be there.
#[must_use]
pub fn is_same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| {
        let place = final_place(path);
        let folder = place.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
        place.canonicalize().ok().or_else(|| Some(folder.canonicalize().ok()?.join(place.file_name()?)))
    };
    let inode = |path: &Path| {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            path.metadata().ok().map(|m| (m.dev(), m.ino()))
        }
        #[cfg(not(unix))]
        None::<(u64, u64)>
    };
    whole(one).is_some_and(|path| whole(other) == Some(path)) || inode(one).is_some_and(|id| inode(other) == Some(id))
}

/// ENXIO, which opening a pipe without a reader gives.
const NO_READER: i32 = 6;

/// Whether there is something that is no regular file, such as a device or a pipe.
#[must_use]
pub fn is_special(path: &Path) -> bool {
    path.exists() && !path.is_file()
}

/// Opens a device or a pipe to write; one that nobody reads fails rather than waits.
///
/// # Errors
/// If it cannot be opened.
pub fn open_special(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    {
        use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
        use std::os::unix::fs::OpenOptionsExt;
        let file = options.custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
        fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
        Ok(file)
    }
    #[cfg(not(unix))]
    options.open(path)
}

/// Where links lead in the end, there or not.
fn final_place(path: &Path) -> PathBuf {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(next) = place.read_link() else { break };
        place = place.parent().unwrap_or(Path::new("")).join(next);
    }
    place
}

/// Whether something is mounted on a file itself, as containers do: it cannot be replaced then.
fn is_mounted(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    // The fifth field; a space in a path is written \040.
    let path = path.to_string_lossy().replace(' ', "\\040");
    mounts.lines().any(|line| line.split(' ').nth(4) == Some(&path))
}

/// An empty temporary file beside `path`.
fn beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    let directory = path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = match path.metadata() {
            // Others see no more of the new file than of the old one, from the beginning.
            Ok(old) => old.permissions().mode() & 0o777,
            Err(_) => 0o666,
        };
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    builder.prefix(".neartop").tempfile_in(directory).map_err(without_name)
}

/// What went wrong, without the name of a temporary file that nobody asked for.
fn without_name(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(std::error::Error::source);
    match inner.and_then(|inner| inner.downcast_ref::<io::Error>()).and_then(io::Error::raw_os_error) {
        Some(code) => io::Error::from_raw_os_error(code),
        None => error,
    }
}

/// The text in a temporary file beside `path`.
fn whole_file(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file = beside(path)?;
    file.write_all(bytes)?;
    if let Ok(old) = path.metadata() {
        // Where the file is another user's, it becomes this user's.
        let _ = file.as_file().set_permissions(old.permissions());
    }
    file.as_file().sync_all()?;
    Ok(file)
}
