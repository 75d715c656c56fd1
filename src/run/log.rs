//! What the program tells of itself.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::failure::Failure;
use super::files::{is_special, open_special};
use super::target::Inputs;
use crate::cli::{Cli, Command, PresetsCommand, RunOptions, StudiesCommand, StudyOptions};
use neartop_io::preset::Preset;

/// Sends what the program tells of itself to standard error or to a file.
///
/// # Errors
/// If the file cannot be written, or the command line names it for something else.
pub fn start(cli: &Cli) -> Result<(), Failure> {
    let options = &cli.common;
    let level = match options.verbose {
        0 if options.log_file.is_none() => return Ok(()),
        0 | 1 => tracing::Level::INFO,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    // A log that cannot be written is no reason to say so where it cannot be said either.
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false).log_internal_errors(false);
    match &options.log_file {
        None => log.with_writer(std::io::stderr).init(),
        Some(path) => {
            files(cli).spared_by(path, "the log would be written into it")?;
            let opened = match is_special(path) {
                true => open_special(path),
                false => OpenOptions::new().create(true).append(true).open(path),
            };
            let file = opened.map_err(|cause| Failure::write(path, cause))?;
            log.with_writer(Mutex::new(file)).with_ansi(false).init();
        }
    }
    Ok(())
}

/// The files that a command reads, records in or writes.
fn files(cli: &Cli) -> Inputs {
    let ran = |preset: &str, run: &RunOptions, output: &Option<PathBuf>| {
        of_preset(preset, &run.study)
            .and("the result", output.clone())
            .and("the export", run.export.clone())
            .and("the data", run.data.clone())
    };
    let memory_only = StudyOptions { no_study: true, ..StudyOptions::default() };
    match &cli.command {
        None => ran(&cli.preset, &cli.run, &None),
        Some(Command::Rank(args)) => ran(&args.preset, &args.run, &args.output.output),
        Some(Command::Merge(args)) => {
            ran(&args.preset, &args.run, &args.output.output).and("a part", args.parts.iter().cloned())
        }
        Some(Command::Train(args)) => ran(&args.preset, &args.run, &args.output),
        Some(Command::Report(args)) => {
            let output = Some(args.output.clone());
            match &args.source {
                Some(source) => ran(source, &args.run, &output),
                None => Inputs::of_study_in(&args.run.study).and("the result", output),
            }
        }
        Some(Command::Worker(args)) => of_preset(&args.preset, &memory_only),
        Some(Command::Score(args)) => of_preset(&args.preset, &memory_only)
            .and("the weights", args.weights.clone())
            .and("the inputs", [args.inputs.clone()]),
        Some(Command::Width(args)) => of_preset(&args.preset, &args.study)
            .and("the result", args.output.clone())
            .and("the export", args.export.clone()),
        Some(Command::Export(args)) => of_preset(&args.preset, &memory_only).and("the export", [args.output.clone()]),
        Some(Command::New(args)) => {
            Inputs::none().and("the model", args.model.clone()).and("the data", args.data.clone())
        }
        Some(Command::Presets(PresetsCommand::Check { file, .. })) => of_preset(file, &memory_only),
        Some(Command::Studies(args)) => {
            let output = match &args.command {
                StudiesCommand::Export { output, .. } => output.clone(),
                _ => None,
            };
            Inputs::of_study_in(&StudyOptions { study: args.study.clone(), ..StudyOptions::default() })
                .and("the result", output)
        }
        Some(Command::Presets(_) | Command::Completions { .. } | Command::Man { .. }) => Inputs::none(),
    }
}

/// A preset that cannot be read is one all the same; what is wrong with it is said later.
fn of_preset(preset: &str, study: &StudyOptions) -> Inputs {
    match Preset::load(preset) {
        Ok(preset) => Inputs::new(&preset, study),
        Err(_) => {
            let file = Some(PathBuf::from(preset)).filter(|path| Path::exists(path));
            Inputs::of_study_in(study).and("the preset", file)
        }
    }
}
