//! Reading and writing the rows of a work.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Row, Statement, TransactionBehavior, params};

use sha2::{Digest, Sha256};

use super::recorder::Entry;
use super::{Store, StoreError, Work};
use crate::preset::printable;
use crate::score::Score;

/// Fingerprints of the samples of a repetition; none where they are drawn.
pub type Fingerprints<'a> = &'a dyn Fn(usize) -> Option<String>;

const PUT_CANDIDATE: &str = "
    INSERT INTO candidate (study_id, key, architecture, activation, init, parameters) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET parameters = excluded.parameters RETURNING id";
const PUT_REPETITION: &str = "
    INSERT INTO repetition (candidate_id, repetition, near, layers, dead_from, failure, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT DO UPDATE SET near = excluded.near, layers = excluded.layers, dead_from = excluded.dead_from,
    failure = excluded.failure, checksum = excluded.checksum";

/// What is known of the tables, so that it need not be asked for again. It holds until a transaction fails.
#[derive(Debug, Default)]
pub(super) struct Known {
    study: Option<i64>,
    /// By place in the work.
    candidates: HashMap<usize, i64>,
    batches: HashSet<usize>,
}

impl Store {
    /// Gives everything that is known of a work: place of the candidate, repetition, and result. Rows that are damaged
    /// or of repetitions that are not wanted are left out.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn load(
        &self,
        work: &Work,
        fingerprints: Fingerprints<'_>,
        take: &mut dyn FnMut(usize, usize, Result<Score, String>),
    ) -> Result<(), StoreError> {
        let Some(study) = find(&self.connection, work, fingerprints)? else { return Ok(()) };
        let places = work.places();
        let mut candidates = self.connection.prepare("SELECT id, key FROM candidate WHERE study_id = ?1")?;
        let mut rows = candidates.query([study])?;
        let mut known = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(place) = row.get_ref(1)?.as_str().ok().and_then(|key| places.get(key)) {
                known.push((row.get::<_, i64>(0)?, *place));
            }
        }
        let mut repetitions = self.connection.prepare(
            "SELECT repetition, near, layers, dead_from, failure, checksum FROM repetition
             WHERE candidate_id = ?1 AND repetition >= 0 AND repetition < ?2",
        )?;
        for (candidate, place) in known {
            let mut rows = repetitions.query(params![candidate, work.repetitions as i64])?;
            while let Some(row) = rows.next()? {
                let Ok(repetition) = row.get::<_, u32>(0).map(|repetition| repetition as usize) else { continue };
                let Ok((values, checksum)) = Values::read(row) else { continue };
                if checksum == values.checksum(work, place, repetition)
                    && let Some(result) = values.result()
                {
                    take(place, repetition, result);
                }
            }
        }
        Ok(())
    }

    /// Records entries of a work in one transaction: all of them or, with an error, none.
    ///
    /// # Errors
    /// If the file cannot be written, is not at its place any more, or holds the same work on other samples.
    pub(super) fn write(
        &mut self,
        work: &Work,
        fingerprints: Fingerprints<'_>,
        entries: &[Entry],
        known: &mut Known,
    ) -> Result<(), StoreError> {
        self.check_place()?;
        let written = self.try_write(work, fingerprints, entries, known);
        if written.is_err() {
            *known = Known::default();
        }
        written
    }

    fn try_write(
        &mut self,
        work: &Work,
        fingerprints: Fingerprints<'_>,
        entries: &[Entry],
        known: &mut Known,
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let study = known.study(&transaction, work, fingerprints)?;
        {
            let mut candidates = transaction.prepare(PUT_CANDIDATE)?;
            let mut repetitions = transaction.prepare(PUT_REPETITION)?;
            for entry in entries {
                known.batch(&transaction, study, entry.repetition, fingerprints)?;
                let candidate = known.candidate(&mut candidates, study, work, entry.candidate)?;
                let values = Values::of(&entry.result);
                let Values { near, layers, dead_from, failure } = &values;
                let checksum = values.checksum(work, entry.candidate, entry.repetition);
                let repetition = entry.repetition as i64;
                repetitions.execute(params![candidate, repetition, near, layers, dead_from, failure, checksum])?;
            }
        }
        let now = "UPDATE study SET name = ?2, program = ?3, updated_at = strftime('%Y-%m-%dT%H:%M:%SZ') WHERE id = ?1";
        transaction.execute(now, params![study, work.name, env!("CARGO_PKG_VERSION")])?;
        transaction.commit()?;
        Ok(())
    }
}

impl Known {
    fn study(
        &mut self,
        connection: &Connection,
        work: &Work,
        fingerprints: Fingerprints<'_>,
    ) -> Result<i64, StoreError> {
        if let Some(study) = self.study {
            return Ok(study);
        }
        let study = match find(connection, work, fingerprints)? {
            Some(study) => study,
            None => {
                connection.execute(
                    "INSERT INTO study (key, name, content, seed, program, created_at, updated_at) VALUES
                     (?1, ?2, ?3, ?4, ?5, strftime('%Y-%m-%dT%H:%M:%SZ'), strftime('%Y-%m-%dT%H:%M:%SZ'))",
                    params![work.key, work.name, work.content, work.seed.to_string(), env!("CARGO_PKG_VERSION")],
                )?;
                connection.last_insert_rowid()
            }
        };
        self.study = Some(study);
        Ok(study)
    }

    /// Says once which samples a repetition has, and refuses to mix results of different ones.
    fn batch(
        &mut self,
        connection: &Connection,
        study: i64,
        repetition: usize,
        fingerprints: Fingerprints<'_>,
    ) -> Result<(), StoreError> {
        if self.batches.contains(&repetition) {
            return Ok(());
        }
        if let Some(own) = fingerprints(repetition) {
            let sql = "SELECT fingerprint FROM batch WHERE study_id = ?1 AND repetition = ?2";
            let key = params![study, repetition as i64];
            let there = connection.query_row(sql, key, |row| row.get::<_, String>(0)).optional()?;
            match there {
                Some(there) if there != own => return Err(StoreError::OtherSamples),
                Some(_) => {}
                None => {
                    let sql = "INSERT INTO batch (study_id, repetition, fingerprint) VALUES (?1, ?2, ?3)";
                    connection.execute(sql, params![study, repetition as i64, own])?;
                }
            }
        }
        self.batches.insert(repetition);
        Ok(())
    }

    /// `put` is [`PUT_CANDIDATE`].
    fn candidate(&mut self, put: &mut Statement<'_>, study: i64, work: &Work, place: usize) -> Result<i64, StoreError> {
        if let Some(id) = self.candidates.get(&place) {
            return Ok(*id);
        }
        let candidate = work.candidates.get(place);
        let candidate = candidate.ok_or_else(|| StoreError::Unusable(format!("there is no candidate {place}")))?;
        let (architecture, activation) = (&candidate.architecture, &candidate.activation);
        let row = params![study, candidate.key, architecture, activation, candidate.init, candidate.parameters as i64];
        let id = put.query_row(row, |row| row.get(0))?;
        self.candidates.insert(place, id);
        Ok(id)
    }
}

/// The study that holds a work: the first of its key whose samples are the same in every repetition that both have.
fn find(connection: &Connection, work: &Work, fingerprints: Fingerprints<'_>) -> Result<Option<i64>, StoreError> {
    let mut studies = connection.prepare("SELECT id FROM study WHERE key = ?1 ORDER BY id")?;
    let studies = studies.query_map([&work.key], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
    let mut batches = connection.prepare(
        "SELECT repetition, fingerprint FROM batch WHERE study_id = ?1 AND repetition >= 0 AND repetition < ?2",
    )?;
    for study in studies {
        let mut rows = batches.query(params![study, work.repetitions as i64])?;
        let mut same = true;
        while let (true, Some(row)) = (same, rows.next()?) {
            let own = fingerprints(row.get::<_, u32>(0)? as usize);
            same = own.as_deref() == row.get_ref(1)?.as_str().ok();
        }
        if same {
            return Ok(Some(study));
        }
    }
    Ok(None)
}

/// A result as a row holds it.
struct Values {
    near: Option<f64>,
    /// Effective ranks as a JSON list.
    layers: Option<String>,
    dead_from: Option<i64>,
    failure: Option<String>,
}

impl Values {
    fn of(result: &Result<Score, String>) -> Self {
        match result {
            Ok(score) => Self {
                near: Some(score.near),
                layers: Some(numbers(&score.effective_ranks)),
                dead_from: score.dead_from.map(|layer| layer as i64),
                failure: None,
            },
            Err(reason) => Self { near: None, layers: None, dead_from: None, failure: Some(reason.clone()) },
        }
    }

    /// The values of a row and its checksum.
    fn read(row: &Row<'_>) -> Result<(Self, i64), rusqlite::Error> {
        let values = Self { near: row.get(1)?, layers: row.get(2)?, dead_from: row.get(3)?, failure: row.get(4)? };
        Ok((values, row.get(5)?))
    }

    /// The first bytes of a SHA-256 over what the row says and what it stands for, so that damage to either is noticed.
    fn checksum(&self, work: &Work, candidate: usize, repetition: usize) -> i64 {
        // SQLite knows no negative zero.
        let near = self.near.map(|near| (near + 0.0).to_bits().to_string());
        let (repetition, dead_from) = (repetition.to_string(), self.dead_from.map(|layer| layer.to_string()));
        let key = work.candidates.get(candidate).map(|candidate| candidate.key.as_str());
        let fields = [
            Some(work.key.as_str()),
            key,
            Some(repetition.as_str()),
            near.as_deref(),
            self.layers.as_deref(),
            dead_from.as_deref(),
            self.failure.as_deref(),
        ];
        let mut hash = Sha256::new();
        for field in fields {
            hash.update(field.unwrap_or("-"));
            hash.update([0]);
        }
        let first = hash.finalize().iter().take(8).fold(0u64, |all, byte| all << 8 | u64::from(*byte));
        first as i64
    }

    /// The result, if it can be one: a score is the sum of its layers to the last bit.
    fn result(self) -> Option<Result<Score, String>> {
        if let Some(reason) = self.failure {
            return Some(Err(printable(&reason)));
        }
        let near = self.near?;
        let effective_ranks = parse_numbers(&self.layers?)?;
        let dead_from = match self.dead_from {
            None => None,
            Some(layer) => Some(usize::try_from(layer).ok().filter(|layer| *layer <= effective_ranks.len())?),
        };
        let is_right = near == effective_ranks.iter().sum::<f64>() && effective_ranks.iter().all(|rank| *rank >= 0.0);
        is_right.then_some(Ok(Score { near, effective_ranks, dead_from }))
    }
}

/// Numbers as a JSON list that reads back to the same bits.
fn numbers(values: &[f64]) -> String {
    let values: Vec<_> = values.iter().map(|x| format!("{x:?}")).collect();
    format!("[{}]", values.join(","))
}

/// Finite numbers from a JSON list, to the last bit, which is more than every JSON reader gives.
fn parse_numbers(text: &str) -> Option<Vec<f64>> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner.split(',').map(|x| x.parse().ok().filter(|x: &f64| x.is_finite())).collect()
}
