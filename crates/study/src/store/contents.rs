//! What a study's file holds, for people.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;

use super::values::{Awaited, Values};
use super::{Store, StoreError};
use crate::failure::ScoreFailure;
use neartop_core::score::Score;
use neartop_io::preset::printable;

/// One of the works that a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub id: i64,
    /// SHA-256 of the content, in hexadecimal.
    pub key: String,
    /// What the preset was called when it was last run.
    pub name: String,
    pub seed: String,
    pub candidates: u64,
    /// Recorded repetitions of all candidates.
    pub repetitions: u64,
    /// Version of the program that wrote last.
    pub program: String,
    pub created_at: String,
    pub updated_at: String,
    /// What decides the numbers, as JSON.
    #[serde(skip)]
    pub content: String,
    /// The preset as it was last run; none for what older versions of the program recorded.
    #[serde(skip)]
    pub preset: Option<String>,
}

impl Summary {
    /// Whether the candidates of a preset were scored, and not the sizes of one of its layers.
    #[must_use]
    pub fn is_ranking(&self) -> bool {
        let content: Option<serde_json::Value> = serde_json::from_str(&self.content).ok();
        content.is_none_or(|content| content.get("ranked").is_none())
    }
}

/// A candidate with what is recorded of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The candidate as JSON.
    pub key: String,
    pub architecture: Option<String>,
    pub activation: Option<String>,
    pub init: String,
    pub parameters: u64,
    /// Repetition and result, in order. Damaged rows are left out.
    pub results: Vec<(usize, Result<Score, ScoreFailure>)>,
}

/// Characters of a name.
const MOST_NAME: usize = 200;

const SUMMARIES: &str = "
    SELECT id, key, name, seed, program, created_at, updated_at, content, preset,
    (SELECT count(*) FROM candidate WHERE study_id = study.id),
    (SELECT count(*) FROM repetition JOIN candidate ON candidate.id = candidate_id WHERE study_id = study.id)
    FROM study ORDER BY id";

impl Store {
    /// All works, in the order in which they were begun.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn summaries(&self) -> Result<Vec<Summary>, StoreError> {
        let mut studies = self.connection.prepare(SUMMARIES)?;
        let text = |row: &rusqlite::Row<'_>, at| row.get::<_, String>(at).map(|text| printable(&text));
        // As long as a preset's, whatever another program wrote.
        let name = |row: &rusqlite::Row<'_>, at| {
            row.get::<_, String>(at).map(|text| printable(&text.chars().take(MOST_NAME).collect::<String>()))
        };
        let summaries = studies.query_map([], |row| {
            Ok(Summary {
                id: row.get(0)?,
                key: text(row, 1)?,
                name: name(row, 2)?,
                seed: name(row, 3)?,
                program: name(row, 4)?,
                created_at: name(row, 5)?,
                updated_at: name(row, 6)?,
                content: text(row, 7)?,
                preset: row.get(8)?,
                candidates: row.get::<_, i64>(9)?.unsigned_abs(),
                repetitions: row.get::<_, i64>(10)?.unsigned_abs(),
            })
        })?;
        Ok(summaries.collect::<Result<_, _>>()?)
    }

    /// The candidates of a work with the highest mean NEAR, at most `count` of them: names, mean, and repetitions.
    /// Candidates that fail are left out.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn best(&self, id: i64, count: usize) -> Result<Vec<(String, f64, u64)>, StoreError> {
        let mut best = self.connection.prepare(
            "SELECT architecture, activation, init, avg(near), count(near) FROM candidate
             JOIN repetition ON candidate_id = candidate.id WHERE study_id = ?1 GROUP BY candidate.id
             HAVING count(failure) = 0 AND count(near) > 0 ORDER BY avg(near) DESC, candidate.key LIMIT ?2",
        )?;
        let rows = best.query_map(params![id, count as i64], |row| {
            let names = (0..2).map(|at| row.get::<_, Option<String>>(at)).collect::<Result<Vec<_>, _>>()?;
            let names: Vec<_> = names.into_iter().flatten().chain([row.get(2)?]).collect();
            Ok((printable(&names.join(" ")), row.get(3)?, row.get::<_, i64>(4)?.unsigned_abs()))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Everything that is recorded of a work, candidate by candidate.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn recorded(&self, id: i64, take: &mut dyn FnMut(Recorded)) -> Result<(), StoreError> {
        let key =
            self.connection.query_row("SELECT key FROM study WHERE id = ?1", [id], |row| row.get(0)).optional()?;
        let Some(work): Option<String> = key else { return Ok(()) };
        let mut candidates = self.connection.prepare(
            "SELECT id, key, architecture, activation, init, parameters FROM candidate WHERE study_id = ?1 ORDER BY id",
        )?;
        let mut repetitions = self.connection.prepare(
            "SELECT repetition, near, layers, dead_from, failure, propagation, checksum FROM repetition
             WHERE candidate_id = ?1 AND repetition >= 0 ORDER BY repetition",
        )?;
        let mut rows = candidates.query([id])?;
        while let Some(row) = rows.next()? {
            let mut candidate = Recorded {
                key: row.get(1)?,
                architecture: row.get::<_, Option<String>>(2)?.map(|text| printable(&text)),
                activation: row.get::<_, Option<String>>(3)?.map(|text| printable(&text)),
                init: printable(&row.get::<_, String>(4)?),
                parameters: row.get::<_, i64>(5)?.unsigned_abs(),
                results: Vec::new(),
            };
            let mut results = repetitions.query([row.get::<_, i64>(0)?])?;
            while let Some(row) = results.next()? {
                let Ok(repetition) = row.get::<_, u32>(0).map(|repetition| repetition as usize) else { continue };
                let Ok((values, checksum)) = Values::read(row) else { continue };
                if checksum == values.checksum(&work, &candidate.key, repetition)
                    && let Some(result) = values.result(Awaited::Score)
                {
                    candidate.results.push((repetition, result));
                }
            }
            take(candidate);
        }
        Ok(())
    }

    /// Deletes a work with everything that is recorded of it, and says whether it was there. Its key is looked at too: a
    /// number goes to another work once the last one is deleted.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn delete(&mut self, study: &Summary) -> Result<bool, StoreError> {
        self.check_place()?;
        let deleted =
            self.connection.execute("DELETE FROM study WHERE id = ?1 AND key = ?2", params![study.id, study.key])?;
        Ok(deleted > 0)
    }
}
