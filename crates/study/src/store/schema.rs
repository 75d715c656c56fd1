//! The tables of a study, and how older ones are brought up to date. `docs/study.md` describes them for their readers.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Marks a SQLite file as a study: `near` in ASCII.
pub const APPLICATION: i64 = 0x6e65_6172;

/// What leads from each version to the next; the first makes the tables. Identifiers are never used again
/// (`AUTOINCREMENT`): a run that goes on while its study is deleted must not write into another one.
const MIGRATIONS: [&str; 3] = [
    "CREATE TABLE study (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        content TEXT NOT NULL,
        seed TEXT NOT NULL,
        program TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL
    );
    CREATE INDEX study_by_key ON study (key);
    CREATE TABLE batch (
        study_id INTEGER NOT NULL REFERENCES study ON DELETE CASCADE,
        repetition INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        PRIMARY KEY (study_id, repetition)
    ) WITHOUT ROWID;
    CREATE TABLE candidate (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        study_id INTEGER NOT NULL REFERENCES study ON DELETE CASCADE,
        key TEXT NOT NULL,
        architecture TEXT,
        activation TEXT,
        init TEXT NOT NULL,
        parameters INTEGER NOT NULL,
        UNIQUE (study_id, key)
    );
    CREATE TABLE repetition (
        candidate_id INTEGER NOT NULL REFERENCES candidate ON DELETE CASCADE,
        repetition INTEGER NOT NULL,
        near REAL,
        layers TEXT,
        dead_from INTEGER,
        failure TEXT,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (candidate_id, repetition)
    ) WITHOUT ROWID;",
    "ALTER TABLE repetition ADD COLUMN propagation TEXT;
    CREATE TABLE training (
        candidate_id INTEGER NOT NULL REFERENCES candidate ON DELETE CASCADE,
        budget TEXT NOT NULL,
        epochs REAL,
        accuracy REAL,
        loss REAL,
        details TEXT,
        PRIMARY KEY (candidate_id, budget)
    ) WITHOUT ROWID;",
    "ALTER TABLE study ADD COLUMN preset TEXT;",
];

/// The version that this program reads and writes.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// Makes the tables of a new study, or brings those of an older one up to date, whole or not at all.
///
/// # Errors
/// If the file is no study, or that of a newer program; also if it cannot be written.
pub fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    if check(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another program may have been faster.
    let found = check(&transaction)?;
    for migration in MIGRATIONS.iter().skip(found as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// The version of a study; 0 for a file that holds nothing yet.
///
/// # Errors
/// If the file is no study, or that of a newer program.
pub fn check(connection: &Connection) -> Result<i64, StoreError> {
    // All from one moment: another program may be making the tables. What only reads need not be committed.
    let _moment = if connection.is_autocommit() { Some(connection.unchecked_transaction()?) } else { None };
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (APPLICATION, 1..=VERSION) => Ok(version),
        (APPLICATION, newer) if newer > VERSION => Err(StoreError::Newer { found: newer, known: VERSION }),
        (0, 0) if tables == 0 => Ok(0),
        _ => Err(StoreError::Foreign),
    }
}
