//! The study on disk behind a measurement of sizes.

use std::sync::Arc;

use crate::cli::StudyOptions;
use crate::run::Failure;
use crate::run::recording::{Found, begin};
use neartop_core::score::Score;
use neartop_io::data::Samples;
use neartop_io::preset::Preset;
use neartop_study::store::{Entry, Recordable, Recorder, Work};
use neartop_study::width::{Measured, Measurement, Ranks};

/// Which effective ranks were found in the study on disk, and where the others go.
pub struct Recording {
    /// None where results are kept in memory only.
    recorder: Option<Recorder>,
    known: Ranks,
    /// Why results are in memory only, though they should not be.
    trouble: Option<String>,
}

impl Recording {
    /// Opens the study that the options name, as [`begin`] does.
    ///
    /// # Errors
    /// If the study is that of a newer program, or the file that the user named is none.
    pub fn open(
        measurement: &Measurement,
        preset: &Preset,
        samples: &Arc<Samples>,
        options: &StudyOptions,
    ) -> Result<Self, Failure> {
        let mut known: Ranks = vec![vec![None; measurement.repetitions]; measurement.stages().len()];
        if options.no_study {
            return Ok(Self { recorder: None, known, trouble: None });
        }
        let works = || {
            let works = Work::of_sizes(measurement, preset, samples)?;
            let recordable = |(work, count): (Work, usize)| {
                let samples = Arc::clone(samples);
                let fingerprint = move |repetition| samples.fingerprint_of(repetition as u64, count).ok().flatten();
                Recordable { work, fingerprint: Box::new(fingerprint) }
            };
            let counts = measurement.stages().iter().map(|stage| stage.samples);
            Ok(works.into_iter().zip(counts).map(recordable).collect())
        };
        let (recorder, trouble) = begin(options, works, &mut |stage, found| {
            if let Found::Score(_, repetition, result) = found {
                known[stage][repetition] = result.ok().map(|score| score.near);
            }
        })?;
        Ok(Self { recorder, known, trouble })
    }

    /// What needs no computing.
    pub fn known(&self) -> &Ranks {
        &self.known
    }

    /// `64 of 192 repetitions found in the study`; none where none was.
    pub fn found(&self) -> Option<String> {
        let (all, found) = (self.known.iter().flatten().count(), self.known.iter().flatten().flatten().count());
        (found > 0).then(|| format!("{found} of {all} repetitions found in the study"))
    }

    /// Takes an effective rank in. Never waits.
    pub fn record(&self, Measured { stage, repetition, rank }: Measured) {
        if let Some(recorder) = &self.recorder {
            let score = Score { near: rank, effective_ranks: vec![rank], dead_from: None, propagation: None };
            recorder.record(Entry { work: stage, candidate: 0, repetition, result: Ok(score) });
        }
    }

    /// What went wrong, said once.
    pub fn trouble(&mut self) -> Option<String> {
        self.trouble.take().or_else(|| self.recorder.as_ref()?.trouble())
    }

    /// Writes what is left and says what went wrong, as far as that was not said yet.
    pub fn finish(self) -> Vec<String> {
        self.trouble.into_iter().chain(self.recorder.map(Recorder::finish).unwrap_or_default()).collect()
    }
}
