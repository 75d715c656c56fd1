//! Who records a run at the moment: a locked file for each, so that a second program can say that there is a first.

use std::fs::{File, TryLockError, create_dir_all, remove_file};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

/// Says that this program records a run, until it is dropped.
#[derive(Debug)]
pub struct Presence {
    path: PathBuf,
    /// Locked.
    _file: File,
}

/// What became of it.
#[derive(Debug)]
pub enum Announced {
    /// Nobody else records this run.
    Alone(Presence),
    /// Another program does.
    Shared,
    /// It cannot be told.
    Unknown,
}

impl Presence {
    /// Announces that the run of this key is recorded here.
    #[must_use]
    pub fn announce(key: &str) -> Announced {
        let Ok(base) = choose_base_strategy() else { return Announced::Unknown };
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Self::announce_in(&state.join("neartop").join("open"), key).unwrap_or(Announced::Unknown)
    }

    fn announce_in(folder: &Path, key: &str) -> io::Result<Announced> {
        create_dir_all(folder)?;
        let name: String = key.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
        let path = folder.join(name);
        let file = File::options().create(true).append(true).open(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Announced::Alone(Self { path, _file: file })),
            Err(TryLockError::WouldBlock) => Ok(Announced::Shared),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // One that stays says nothing: only a lock does.
        let _ = remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_program_learns_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let announce = |key| Presence::announce_in(&folder.path().join("open"), key).unwrap();
        let first = announce("abc");
        assert!(matches!(first, Announced::Alone(_)));
        assert!(matches!(announce("abc"), Announced::Shared));
        assert!(matches!(announce("abd"), Announced::Alone(_)));
        drop(first);
        assert!(matches!(announce("abc"), Announced::Alone(_)));
    }
}
