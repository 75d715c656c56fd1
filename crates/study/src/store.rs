//! The study on disk: every finished repetition of every candidate, in SQLite, found again by its content.
//!
//! A [`Work`] is what a run wants to know. [`Store`] says what of it is there and takes in what is new; a [`Recorder`]
//! does so behind a run, on a thread of its own. Several programs may use one file at once. The tables are described in
//! `docs/study.md`.

mod bulk;
mod contents;
mod entry;
mod error;
mod recorder;
mod revive;
mod rows;
mod schema;
mod trainings;
mod values;
mod work;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};

pub use bulk::Bulk;
pub use contents::{Recorded, Summary};
pub use entry::Entry;
pub use error::{Remedy, StoreError};
pub use recorder::{Recordable, Recorder};
pub use revive::Revived;
pub use rows::Fingerprints;
pub use trainings::{Training, TrainingRow};
pub use values::{Awaited, Values};
pub use work::{DEFINITION, Work, WorkCandidate};

/// How long to wait for another program that is writing.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of the longest text or row that is read.
const LONGEST: i32 = 64 << 20;
/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// An open study.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    /// Says which file the connection goes to, whatever stands at its path later.
    identity: Option<Identity>,
}

impl Store {
    /// Opens a study, makes one where there is no file, and brings an older one up to date.
    ///
    /// # Errors
    /// If it is no study or that of a newer program, and if it cannot be read or written. Such a file stays as it is.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        refuse_foreign(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(as_file(path), flags)?;
        let mut store = Self { connection, path: path.to_owned(), identity: None };
        store.settle()?;
        store.connection.pragma_update(None, "journal_mode", "wal")?;
        // With a log, a transaction survives the end of the program at any moment; syncing each would only help
        // against the end of the machine.
        store.connection.pragma_update(None, "synchronous", "normal")?;
        schema::migrate(&mut store.connection)?;
        store.identity = Identity::of(path);
        Ok(store)
    }

    /// Opens a study that must exist.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_existing(path: &Path) -> Result<Self, StoreError> {
        match path.try_exists() {
            Ok(true) => Self::open(path),
            Ok(false) => Err(StoreError::Unusable("no such file".to_owned())),
            Err(error) => Err(StoreError::Unusable(error.to_string())),
        }
    }

    /// Opens a study to read alone, also where nothing can be written.
    ///
    /// # Errors
    /// As [`Store::open_existing`].
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        refuse_foreign(path)?;
        Self::open_existing(path).or_else(|error| match error {
            StoreError::Newer { .. } | StoreError::Foreign => Err(error),
            error => Self::open_read_only(path).map_err(|_| error),
        })
    }

    /// SQLite reads a study whose log is empty as it is, and else needs the files beside it.
    fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let has_log = Path::new(&log).metadata().is_ok_and(|metadata| metadata.len() > 0);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = match (has_log, as_file(path).to_str()) {
            (false, Some(name)) => {
                let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
                Connection::open_with_flags(format!("file:{name}?immutable=1"), flags | OpenFlags::SQLITE_OPEN_URI)?
            }
            _ => Connection::open_with_flags(as_file(path), flags)?,
        };
        let store = Self { connection, path: path.to_owned(), identity: Identity::of(path) };
        store.settle()?;
        Ok(store)
    }

    /// Where the study is kept unless the user says so: `neartop/studies.sqlite` in the state directory of the user.
    ///
    /// # Errors
    /// If the user has no home directory.
    pub fn default_path() -> Result<PathBuf, StoreError> {
        let base = etcetera::choose_base_strategy().map_err(|e| StoreError::Unusable(e.to_string()))?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Ok(state.join("neartop").join("studies.sqlite"))
    }

    /// Whether a file may be a study: an SQLite file, whatever it is called.
    #[must_use]
    pub fn is_at(path: &Path) -> bool {
        path.is_file() && head(path).is_ok_and(|head| head == MAGIC)
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Settings that hold for a file from anywhere: nothing in it is run, and damage is noticed.
    fn settle(&self) -> Result<(), StoreError> {
        let connection = &self.connection;
        connection.busy_timeout(PATIENCE)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, LONGEST)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // Before the first change to the file.
        schema::check(connection).map(drop)
    }

    /// Refuses to go on with a file that is not at its path any more. Closing it would remove the log of the file that
    /// stands there now, so the connection is kept from tidying up.
    fn check_place(&self) -> Result<(), StoreError> {
        if self.identity == Identity::of(&self.path) {
            return Ok(());
        }
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Err(StoreError::Moved)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // An error here means what it means elsewhere: the file is not touched any more.
        let _ = self.check_place();
    }
}

/// The path as SQLite takes for a file whatever it is called, also `:memory:`.
fn as_file(path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) }
}

/// Refuses what SQLite should not even open: it would wait for a pipe, and write into an empty device.
fn refuse_foreign(path: &Path) -> Result<(), StoreError> {
    let unusable = |e: std::io::Error| StoreError::Unusable(e.to_string());
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unusable(error)),
        Ok(metadata) if metadata.is_dir() => return Err(StoreError::Unusable("it is a directory".to_owned())),
        Ok(metadata) if !metadata.is_file() => {
            return Err(StoreError::Unusable("it is not a regular file".to_owned()));
        }
        Ok(_) => {}
    }
    let head = head(path).map_err(unusable)?;
    if head.is_empty() || head == MAGIC { Ok(()) } else { Err(StoreError::Foreign) }
}

/// The first bytes of a file, as many as say that it is one of SQLite.
fn head(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Which file stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        path.metadata().ok().map(|metadata| Self(metadata.dev(), metadata.ino()))
    }

    /// Elsewhere an open file can be neither deleted nor replaced.
    #[cfg(not(unix))]
    fn of(path: &Path) -> Option<Self> {
        path.exists().then_some(Self(0, 0))
    }
}
