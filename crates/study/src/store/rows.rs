//! Reading and writing the rows of a work.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension, Statement, TransactionBehavior, params};

use super::trainings::{Training, TrainingRow};
use super::values::{Awaited, Values};
use super::{Entry, Store, StoreError, Work};
use crate::failure::ScoreFailure;
use neartop_core::score::Score;

/// Fingerprints of the samples of a repetition; none where they are drawn.
pub type Fingerprints<'a> = &'a dyn Fn(usize) -> Option<String>;

const PUT_CANDIDATE: &str = "
    INSERT INTO candidate (study_id, key, architecture, activation, init, parameters) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET parameters = excluded.parameters RETURNING id";
const PUT_REPETITION: &str = "
    INSERT INTO repetition (candidate_id, repetition, near, layers, dead_from, failure, propagation, checksum)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
    ON CONFLICT DO UPDATE SET near = excluded.near, layers = excluded.layers, dead_from = excluded.dead_from,
    failure = excluded.failure, propagation = excluded.propagation, checksum = excluded.checksum";

const PUT_TRAINING: &str = "
    INSERT INTO training (candidate_id, budget, epochs, accuracy, loss, details) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET epochs = excluded.epochs, accuracy = excluded.accuracy, loss = excluded.loss,
    details = excluded.details";

/// What is known of the tables, so that it need not be asked for again. It holds until a transaction fails.
#[derive(Debug, Default)]
pub(super) struct RowIds {
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
        take: &mut dyn FnMut(usize, usize, Result<Score, ScoreFailure>),
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
            "SELECT repetition, near, layers, dead_from, failure, propagation, checksum FROM repetition
             WHERE candidate_id = ?1 AND repetition >= 0 AND repetition < ?2",
        )?;
        for (candidate, place) in known {
            let mut rows = repetitions.query(params![candidate, work.repetitions as i64])?;
            while let Some(row) = rows.next()? {
                let Ok(repetition) = row.get::<_, u32>(0).map(|repetition| repetition as usize) else { continue };
                let Ok((values, checksum)) = Values::read(row) else { continue };
                if checksum == values.checksum(&work.key, &work.candidates[place].key, repetition)
                    && let Some(result) = values.result(Awaited::in_repetition(repetition))
                {
                    take(place, repetition, result);
                }
            }
        }
        Ok(())
    }

    /// What trainings of a work's candidates gave, all with one budget: that of the most candidates, and of those with as
    /// many, the longest. Rows that make no sense are left out.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn load_training(&self, work: &Work, fingerprints: Fingerprints<'_>) -> Result<Option<Training>, StoreError> {
        match find(&self.connection, work, fingerprints)? {
            Some(study) => self.training_of(study, &work.places()),
            None => Ok(None),
        }
    }

    /// The rows of [`Store::load_training`] alone.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn load_trained(&self, work: &Work, fingerprints: Fingerprints<'_>) -> Result<Vec<TrainingRow>, StoreError> {
        Ok(self.load_training(work, fingerprints)?.map(|training| training.rows).unwrap_or_default())
    }

    /// Records entries of a work in one transaction: all of them or, with an error, none.
    ///
    /// # Errors
    /// If the file cannot be written, is not at its place any more, or holds the same work on other samples.
    pub(super) fn write<'a>(
        &mut self,
        work: &Work,
        fingerprints: Fingerprints<'_>,
        entries: impl Iterator<Item = &'a Entry>,
        known: &mut RowIds,
    ) -> Result<(), StoreError> {
        self.check_place()?;
        let written = self.try_write(work, fingerprints, entries, known);
        if written.is_err() {
            *known = RowIds::default();
        }
        written
    }

    /// Records what the training of candidates gave, in place of what the same budget gave before. `budget` is JSON.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write_trained(
        &mut self,
        work: &Work,
        fingerprints: Fingerprints<'_>,
        budget: &str,
        trained: &[TrainingRow],
    ) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut known = RowIds::default();
        let study = known.study(&transaction, work, fingerprints)?;
        {
            let mut candidates = transaction.prepare(PUT_CANDIDATE)?;
            let mut trainings = transaction.prepare(PUT_TRAINING)?;
            for row in trained {
                let candidate = known.candidate(&mut candidates, study, work, row.candidate)?;
                trainings.execute(params![candidate, budget, row.epochs, row.accuracy, row.loss, row.details])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn try_write<'a>(
        &mut self,
        work: &Work,
        fingerprints: Fingerprints<'_>,
        entries: impl Iterator<Item = &'a Entry>,
        known: &mut RowIds,
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
                let Values { near, layers, dead_from, failure, propagation } = &values;
                let checksum = values.checksum(&work.key, &work.candidates[entry.candidate].key, entry.repetition);
                let repetition = entry.repetition as i64;
                repetitions.execute(params![
                    candidate,
                    repetition,
                    near,
                    layers,
                    dead_from,
                    failure,
                    propagation,
                    checksum
                ])?;
            }
        }
        let now = "UPDATE study SET name = ?2, program = ?3, updated_at = strftime('%Y-%m-%dT%H:%M:%SZ') WHERE id = ?1";
        transaction.execute(now, params![study, work.name, env!("CARGO_PKG_VERSION")])?;
        transaction.commit()?;
        Ok(())
    }
}

impl RowIds {
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
            Some(study) => {
                connection.execute("UPDATE study SET preset = ?2 WHERE id = ?1", params![study, work.preset])?;
                study
            }
            None => {
                connection.execute(
                    "INSERT INTO study (key, name, content, seed, program, preset, created_at, updated_at) VALUES
                     (?1, ?2, ?3, ?4, ?5, ?6, strftime('%Y-%m-%dT%H:%M:%SZ'), strftime('%Y-%m-%dT%H:%M:%SZ'))",
                    params![
                        work.key,
                        work.name,
                        work.content,
                        work.seed.to_string(),
                        env!("CARGO_PKG_VERSION"),
                        work.preset
                    ],
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
