//! Where a result goes: tried before the run, and never over what the run reads.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::files::{is_same, is_special, probe, write_file, write_new_file};
use super::streams::{print, tell};
use super::study_path::path as study_path;
use crate::cli::StudyOptions;
use neartop_io::preset::{Preset, printable};

/// Standard output, or a file that can be written.
pub struct Target {
    path: Option<PathBuf>,
    replaces: bool,
    /// A pipe or device, kept open.
    open: Option<File>,
}

impl Target {
    /// Tries whether the file can be written; no file is standard output.
    ///
    /// # Errors
    /// If it cannot, or it is there and is not to be replaced.
    pub fn new(path: Option<&Path>, replaces: bool) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self { path: None, replaces, open: None }) };
        let open = probe(path)?;
        if !replaces && path.exists() && !is_special(path) {
            let message = format!("{} is there already", printable(&path.display().to_string()));
            return Err(Failure::Usage { message, help: Some("name another file, or add --force".to_owned()) });
        }
        Ok(Self { path: Some(path.to_owned()), replaces, open })
    }

    /// Characters of a line of the terminal that the result goes to; none where it goes elsewhere.
    #[must_use]
    pub fn room(&self) -> Option<usize> {
        let is_terminal = self.path.is_none() && io::stdout().is_terminal();
        let (columns, _) = is_terminal.then(crossterm::terminal::size)?.ok()?;
        Some(columns.into())
    }

    /// Refuses a target that is one of the files that the run reads or records in.
    ///
    /// # Errors
    /// Says which.
    pub fn spares(self, inputs: &Inputs) -> Result<Self, Failure> {
        match &self.path {
            Some(path) => inputs.spared_by(path, "the result would replace it").map(|()| self),
            None => Ok(self),
        }
    }

    /// Writes the result. Where the file cannot be written after all, the result goes to standard output.
    ///
    /// # Errors
    /// If it did not go where it should.
    pub fn write(mut self, text: &str) -> Result<(), Failure> {
        let written = match (&self.path, &mut self.open) {
            (None, _) => return print(text),
            (Some(path), Some(file)) => file.write_all(text.as_bytes()).map_err(|cause| Failure::write(path, cause)),
            (Some(path), None) if self.replaces => write_file(path, text),
            (Some(path), None) => write_new_file(path, text),
        };
        written.inspect_err(|_| {
            tell("the file cannot be written, so the result is on standard output");
            let _ = print(text);
        })
    }
}

/// The files that a run reads or records in.
pub struct Inputs(Vec<(&'static str, PathBuf)>);

impl Inputs {
    /// Those of a preset, and the study.
    #[must_use]
    pub fn new(preset: &Preset, study: &StudyOptions) -> Self {
        let mut inputs = Self::of_study_in(study);
        inputs.0.extend(preset.files());
        inputs
    }

    /// No files.
    #[must_use]
    pub fn none() -> Self {
        Self(Vec::new())
    }

    /// The study that the options name.
    #[must_use]
    pub fn of_study_in(study: &StudyOptions) -> Self {
        match study_path(study) {
            Ok(path) if !study.no_study => Self::of_study(&path),
            _ => Self::none(),
        }
    }

    /// A study alone.
    #[must_use]
    pub fn of_study(path: &Path) -> Self {
        let mut inputs = Self(Vec::new());
        inputs.add_study(path);
        inputs
    }

    fn add_study(&mut self, path: &Path) {
        for end in ["", "-wal", "-shm", "-journal"] {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            self.0.push(("the study", name.into()));
        }
    }

    /// Other files, and what they are.
    #[must_use]
    pub fn and(mut self, what: &'static str, files: impl IntoIterator<Item = PathBuf>) -> Self {
        self.0.extend(files.into_iter().map(|file| (what, file)));
        self
    }

    /// Refuses to write something into one of them.
    ///
    /// # Errors
    /// Says what it is.
    pub fn spared_by(&self, target: &Path, damage: &str) -> Result<(), Failure> {
        match self.0.iter().find(|(_, input)| is_same(target, input)) {
            None => Ok(()),
            Some((what, _)) => {
                let name = printable(&target.display().to_string());
                let message = format!("{name} is {what} of this run, and {damage}");
                Err(Failure::Usage { message, help: Some("name another file".to_owned()) })
            }
        }
    }
}
