//! What the program does without a screen, and what all of its commands share.

pub mod cluster;
pub mod merge;
mod output;
pub mod presets;
pub mod rank;
pub mod recording;
pub mod score;
pub mod shard;
pub mod studies;
pub mod train;
pub mod width;
pub mod worker;

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use miette::Diagnostic;

use crate::cli::{Repetitions, RunOptions};
use neartop_core::settings::Auto;
use neartop_io::data::DataError;
use neartop_io::export::Format;
use neartop_io::preset::{Preset, PresetError, printable};
use neartop_study::export;
use neartop_study::scheduler::NearScorer;
use neartop_study::space::Space;
use neartop_study::study::Study;

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Failure {
    /// A bad preset or bad usage.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Preset(#[from] PresetError),
    #[error("{message}")]
    Usage {
        message: String,
        #[help]
        help: Option<String>,
    },
    /// The run failed.
    #[error("{0}")]
    Run(String),
    // The field is not called `source`, so that reports do not tell the cause once more.
    #[error("cannot write {path}: {cause}")]
    Write { path: String, cause: io::Error },
    /// The user broke off; what was done is written.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// 1 the run failed, 2 bad usage or a bad preset, 130 interrupted.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Preset(_) | Self::Usage { .. } => 2,
            Self::Run(_) | Self::Write { .. } => 1,
            Self::Interrupted => 130,
        }
    }

    fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), help: None }
    }
}

/// A run that was checked and can start.
pub struct Prepared {
    pub space: Arc<Space>,
    pub scorer: Arc<NearScorer>,
    pub jobs: usize,
}

/// Loads a preset, puts the options in, checks memory and loads the data.
///
/// # Errors
/// What is wrong with the preset, its data or its size.
pub fn prepare(preset: &str, options: &RunOptions) -> Result<Prepared, Failure> {
    prepare_loaded(Preset::load(preset)?, options)
}

/// The same with a preset that was loaded.
///
/// # Errors
/// What is wrong with its data or its size.
pub fn prepare_loaded(mut preset: Preset, options: &RunOptions) -> Result<Prepared, Failure> {
    preset.seed = options.seed.unwrap_or(preset.seed);
    match options.repetitions {
        Some(Repetitions::Fixed(n)) => (preset.repetitions, preset.auto) = (n as usize, None),
        Some(Repetitions::Auto) if preset.auto.is_none() => {
            (preset.repetitions, preset.auto) = (Auto::MOST, Some(Auto::default()));
        }
        Some(Repetitions::Auto) | None => {}
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = options.jobs.map_or(cores, usize::from);
    if let Some(path) = &options.export {
        export_format(path, options.export_as)?;
        check_target(path)?;
    }
    let space = Arc::new(Space::new(Arc::new(preset)));
    let limit = (options.max_memory * 1024f64.powi(3)) as u64;
    space.check_memory(jobs, limit).map_err(|error| {
        let help = "make the layers smaller, lower --jobs, or raise --max-memory";
        space.preset.error_at(&["network"], &error.to_string(), Some(help))
    })?;
    let scorer = NearScorer::new(Arc::clone(&space)).map_err(|error| data_failure(&space.preset, &error))?;
    Ok(Prepared { space, scorer: Arc::new(scorer), jobs })
}

fn data_failure(preset: &Preset, error: &DataError) -> Failure {
    let at: &[&str] = match error {
        DataError::Shape { .. } => &["network", "input"],
        _ => &["data", "path"],
    };
    let help = match error {
        DataError::Shape { given, .. } => Some(format!(
            "for these data write `input: {}`",
            match given.0.as_slice() {
                [features] => features.to_string(),
                sizes => format!("{sizes:?}"),
            }
        )),
        _ => None,
    };
    preset.error_at(at, &error.to_string(), help.as_deref()).into()
}

/// Writes the recommended candidate where `--export` says.
///
/// # Errors
/// If there is none, or the file cannot be written.
pub fn export_recommended(study: &Study, options: &RunOptions) -> Result<(), Failure> {
    if options.export.is_none() {
        return Ok(());
    }
    let Some((candidate, _)) = study.recommended() else {
        let why = study.no_recommendation().unwrap_or_else(|| "no candidate has a score".to_owned());
        return Err(Failure::Run(format!("there is nothing to export: {why}")));
    };
    export_candidate(study, candidate, options)
}

/// Writes a candidate where `--export` says, if it does.
///
/// # Errors
/// If the file cannot be written.
pub fn export_candidate(study: &Study, candidate: usize, options: &RunOptions) -> Result<(), Failure> {
    let Some(path) = &options.export else { return Ok(()) };
    let format = export_format(path, options.export_as)?;
    let text = export::render(study, candidate, format).map_err(|e| Failure::Run(e.to_string()))?;
    write_file(path, &text)
}

fn export_format(path: &Path, asked: Option<Format>) -> Result<Format, Failure> {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    asked.or_else(|| Format::of_extension(&extension)).ok_or_else(|| {
        let names: Vec<_> = Format::ALL.iter().map(|f| f.name()).collect();
        Failure::Usage {
            message: format!("the extension of {} stands for no format", path.display().to_string().escape_debug()),
            help: Some(format!("say which with --as {}", names.join("|"))),
        }
    })
}

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
    write().map_err(|cause| write_failure(path, cause))
}

/// Writes a file that must not be there yet, whole or not at all.
///
/// # Errors
/// If there is such a file, or it cannot be written.
pub fn write_new_file(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || whole_file(path, text)?.persist_noclobber(path).map(drop).map_err(|e| e.error);
    write().map_err(|cause| write_failure(path, cause))
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

fn write_failure(path: &Path, cause: io::Error) -> Failure {
    Failure::Write { path: printable(&path.display().to_string()), cause }
}

/// Says something on standard error. Whoever cannot hear it, on a terminal that is gone, is no reason to stop.
pub fn tell(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "neartop: {text}");
}

/// Writes to standard output. A reader that has seen enough, such as `head`, is no error.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(cause) => Err(Failure::Write { path: "standard output".to_owned(), cause }),
        Ok(()) => Ok(()),
    }
}
