//! The study on disk behind a run: what was there, and what comes.

use std::path::Path;
use std::sync::Arc;

use super::failure::Failure;
use super::files::check_target;
use super::prepare::Prepared;
use super::streams;
pub use super::study_path::path;
use crate::cli::StudyOptions;
use neartop_core::score::Score;
use neartop_io::data::DataError;
use neartop_io::preset::printable;
use neartop_study::failure::ScoreFailure;
use neartop_study::scheduler::{Known, NearScorer, Progress};
use neartop_study::space::Space;
use neartop_study::store::{Bulk, Entry, Recordable, Recorder, Remedy, Store, StoreError, Training, TrainingRow, Work};
use neartop_study::study::Study;

/// What of a run was found in the study on disk, and where the rest goes.
pub struct Recording {
    /// None where results are kept in memory only.
    recorder: Option<Recorder>,
    /// By candidate and repetition.
    found: Vec<Vec<bool>>,
    /// The first repetition of each candidate that is known to fail.
    failed: Vec<usize>,
    total: usize,
    /// The key of what is recorded.
    key: Option<String>,
    /// Why results are in memory only, though they should not be.
    trouble: Option<String>,
}

impl Recording {
    /// Opens the study that the options name, and puts what it knows of this run into `study`. Where it cannot be used,
    /// the run goes on in memory and says so.
    ///
    /// # Errors
    /// If the study is that of a newer program, or the file that the user named is none.
    pub fn open(prepared: &Prepared, options: &StudyOptions, study: &mut Study) -> Result<Self, Failure> {
        let candidates = prepared.space.candidates.len();
        let mut recording = Self {
            recorder: None,
            found: vec![Vec::new(); candidates],
            failed: vec![usize::MAX; candidates],
            total: candidates * study.repetitions(),
            key: None,
            trouble: None,
        };
        if options.no_study {
            return Ok(recording);
        }
        let key = &mut recording.key;
        let works = || {
            let work = Work::new(&prepared.space, &prepared.scorer)?;
            *key = Some(work.key.clone());
            let scorer = Arc::clone(&prepared.scorer);
            // A repetition that was scored had its samples.
            let fingerprint = move |repetition| scorer.samples().fingerprint(repetition as u64).ok().flatten();
            Ok(vec![Recordable { work, fingerprint: Box::new(fingerprint) }])
        };
        let (found, failed) = (&mut recording.found, &mut recording.failed);
        (recording.recorder, recording.trouble) = begin(options, works, &mut |_, found_there| match found_there {
            Found::Score(candidate, repetition, result) => {
                let found = &mut found[candidate];
                found.resize(found.len().max(repetition + 1), false);
                found[repetition] = true;
                if result.is_err() {
                    failed[candidate] = failed[candidate].min(repetition);
                }
                study.record(candidate, repetition, result);
            }
            Found::Trained(trained) => {
                if let Some(known) = trained.trained() {
                    study.set_trained(trained.candidate, known);
                }
            }
        })?;
        Ok(recording)
    }

    /// The same for results that come in bulk: they are written as they are taken, and the run waits for that.
    ///
    /// # Errors
    /// As [`Recording::open`].
    pub fn open_for_taking(
        prepared: &Prepared,
        options: &StudyOptions,
        study: &mut Study,
    ) -> Result<(Self, Taking), Failure> {
        let mut recording = Self::open(prepared, options, study)?;
        let mut taking = Taking { store: None, trouble: recording.trouble.take() };
        // The recorder has nothing to write and leaves the file at once.
        if let Some(recorder) = recording.recorder.take() {
            let troubles = recorder.finish();
            taking.trouble = (!troubles.is_empty()).then(|| troubles.join("; "));
            let work = Work::new(&prepared.space, &prepared.scorer).map_err(|e| Failure::Run(e.to_string()))?;
            let path = path(options);
            match path.as_ref().map_err(ToString::to_string).map(|path| open(path, options)) {
                Ok(Ok(store)) => {
                    let bulk = Bulk::new(store, work, Arc::clone(&prepared.scorer));
                    taking.store = Some(bulk);
                }
                Ok(Err(error)) => taking.trouble = Some(in_memory(path.as_deref().ok(), &error)),
                Err(error) => taking.trouble = Some(in_memory(None, &error)),
            }
        }
        Ok((recording, taking))
    }

    /// What needs no scoring: a repetition whose score `study` has from the disk, or one from where the candidate is known
    /// to fail on.
    #[must_use]
    pub fn known(&self, study: &Study, candidate: usize, repetition: usize) -> Known {
        let failed = self.failed.get(candidate).copied().unwrap_or(usize::MAX);
        match study.scores(candidate).get(repetition) {
            Some(Some(near)) => Known::Scored(*near),
            _ if failed <= repetition => Known::Failed,
            None if failed == usize::MAX => Known::NothingMore,
            _ => Known::Nothing,
        }
    }

    /// `416 of 4160 repetitions found in the study`; none where none was.
    #[must_use]
    pub fn found(&self) -> Option<String> {
        let found = self.found.iter().flatten().filter(|found| **found).count();
        (found > 0).then(|| format!("{found} of {} repetitions found in the study", self.total))
    }

    /// Takes a result in. Never waits. What a defect of the program gave is not kept.
    pub fn record(&self, progress: &Progress) {
        if let Some(recorder) = self.recorder.as_ref().filter(|_| progress.is_lasting()) {
            let Progress { candidate, repetition, result } = progress.clone();
            recorder.record(Entry { work: 0, candidate, repetition, result });
        }
    }

    /// The key of the work, as studies on disk have it; none where nothing is recorded.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Something else that went wrong with the study, to be said with the rest.
    pub fn add_trouble(&mut self, trouble: Option<String>) {
        self.trouble = self.trouble.take().or(trouble);
    }

    /// What went wrong, said once.
    pub fn trouble(&mut self) -> Option<String> {
        self.trouble.take().or_else(|| self.recorder.as_ref()?.trouble())
    }

    /// Writes what is left and says what went wrong, as far as that was not said yet.
    #[must_use]
    pub fn finish(self) -> Vec<String> {
        self.trouble.into_iter().chain(self.recorder.map(Recorder::finish).unwrap_or_default()).collect()
    }
}

/// What records works, and why it does not, though it should.
pub type Begun = (Option<Recorder>, Option<String>);

/// What a study knows of a work.
pub enum Found {
    /// The result of a candidate's repetition.
    Score(usize, usize, Result<Score, ScoreFailure>),
    Trained(TrainingRow),
}

/// Opens the study that the options name, gives `take` what it knows of the works, each by its place, and starts to record them. Where the study cannot be used, results stay in memory.
///
/// # Errors
/// If the study is that of a newer program, or the file that the user named is none.
pub fn begin(
    options: &StudyOptions,
    works: impl FnOnce() -> Result<Vec<Recordable>, DataError>,
    take: &mut dyn FnMut(usize, Found),
) -> Result<Begun, Failure> {
    if let Some(path) = &options.study {
        check_target(path)?;
    }
    let path = match path(options) {
        Ok(path) => path,
        Err(error) => return Ok((None, Some(in_memory(None, &error)))),
    };
    let works = match works() {
        Ok(works) => works,
        Err(error) => return Ok((None, Some(in_memory(Some(&path), &error)))),
    };
    let opened = open(&path, options).and_then(|store| {
        if !options.fresh {
            for (place, Recordable { work, fingerprint }) in works.iter().enumerate() {
                store.load(work, fingerprint, &mut |candidate, repetition, result| {
                    take(place, Found::Score(candidate, repetition, result));
                })?;
                for trained in store.load_trained(work, fingerprint)? {
                    take(place, Found::Trained(trained));
                }
            }
        }
        Ok(store)
    });
    let (recorder, trouble) = match opened {
        Ok(store) => (Recorder::start(store, works), None),
        Err(error @ StoreError::Newer { .. }) => return Err(refused(Some(&path), &error)),
        Err(error @ StoreError::Foreign) if options.study.is_some() => return Err(refused(Some(&path), &error)),
        Err(error) if matches!(error.remedy(), Remedy::Wait | Remedy::WaitLonger) => {
            let trouble = format!(
                "the study{} cannot be read ({error}); nothing in it is used, and results wait in memory until it can be",
                named(Some(&path))
            );
            (Recorder::start_later(path.clone(), works), Some(trouble))
        }
        Err(error) => return Ok((None, Some(in_memory(Some(&path), &error)))),
    };
    Ok(match recorder {
        Ok(recorder) => (Some(recorder), trouble),
        Err(error) => (None, Some(in_memory(Some(&path), &error))),
    })
}

/// Gives all that the study on disk knows of a run; nothing where there is none.
pub fn each_recorded(prepared: &Prepared, work: &Work, options: &StudyOptions, take: &mut dyn FnMut(Entry)) {
    let path = path(options).ok().filter(|path| !options.no_study && !options.fresh && path.exists());
    let Some(store) = path.and_then(|path| open(&path, options).ok()) else { return };
    let samples = prepared.scorer.samples();
    let fingerprints = |repetition| samples.fingerprint(repetition as u64).ok().flatten();
    // What cannot be read is scored again.
    let _ = store.load(work, &fingerprints, &mut |candidate, repetition, result| {
        take(Entry { work: 0, candidate, repetition, result });
    });
}

/// What trainings gave of this work, as the study on disk has it; none where there is none, or it cannot be read.
pub fn recorded_training(prepared: &Prepared, options: &StudyOptions) -> Option<Training> {
    let path = path(options).ok().filter(|path| !options.no_study && !options.fresh && path.exists())?;
    let work = Work::new(&prepared.space, &prepared.scorer).ok()?;
    let samples = prepared.scorer.samples();
    let fingerprints = |repetition| samples.fingerprint(repetition as u64).ok().flatten();
    open(&path, options).ok()?.load_training(&work, &fingerprints).ok()?
}

/// Takes results in bulk into the study on disk, if there is one.
pub struct Taking {
    store: Option<Bulk>,
    trouble: Option<String>,
}

impl Taking {
    /// Writes entries. Where that fails, those and all that follow are in memory only.
    pub fn take(&mut self, entries: &[Entry]) {
        let lasting: Vec<Entry> = entries.iter().filter(|entry| entry.is_lasting()).cloned().collect();
        if let Some(bulk) = &mut self.store
            && let Err(error) = bulk.write(&lasting)
        {
            let path = named(Some(bulk.path()));
            self.trouble = Some(format!("the study{path} cannot be written ({error}); the ranking has all the same"));
            self.store = None;
        }
    }

    /// Says on standard error what went wrong, once.
    pub fn tell(&mut self) {
        if let Some(trouble) = self.trouble.take() {
            streams::tell(trouble);
        }
    }
}

/// Records what training gave; gives what went wrong.
pub fn record_trained(
    prepared: &Prepared,
    options: &StudyOptions,
    budget: &str,
    trained: &[TrainingRow],
) -> Option<String> {
    record_trained_of(&prepared.space, &prepared.scorer, options, budget, trained)
}

/// The same for whoever has only parts of what was prepared.
pub fn record_trained_of(
    space: &Space,
    scorer: &NearScorer,
    options: &StudyOptions,
    budget: &str,
    trained: &[TrainingRow],
) -> Option<String> {
    if options.no_study || trained.is_empty() {
        return None;
    }
    let path = path(options).ok()?;
    let write = || {
        let work = Work::new(space, scorer).map_err(|e| StoreError::Unusable(e.to_string()))?;
        let samples = scorer.samples();
        let fingerprints = |repetition| samples.fingerprint(repetition as u64).ok().flatten();
        open(&path, options)?.write_trained(&work, &fingerprints, budget, trained)
    };
    write().err().map(|error| format!("what training gave is not in the study{} ({error})", named(Some(&path))))
}

fn open(path: &Path, options: &StudyOptions) -> Result<Store, StoreError> {
    if options.study.is_none()
        && let Some(directory) = path.parent()
    {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(|e| StoreError::Unusable(e.to_string()))?;
    }
    Store::open(path)
}

fn named(path: Option<&Path>) -> String {
    path.map(|path| format!(" {}", printable(&path.display().to_string()))).unwrap_or_default()
}

fn in_memory(path: Option<&Path>, error: &dyn std::fmt::Display) -> String {
    format!("the study{} cannot be used ({error}); the run goes on in memory", named(path))
}

/// The failure of a command that cannot do without the study.
pub fn refused(path: Option<&Path>, error: &StoreError) -> Failure {
    let help = match error {
        StoreError::Newer { .. } => {
            "update neartop, name another file by --study, or keep results in memory by --no-study"
        }
        _ => "name a study or a file that does not exist yet",
    };
    Failure::Usage { message: format!("cannot use the study{}: {error}", named(path)), help: Some(help.to_owned()) }
}
