//! Files of models, whatever their format.

use std::path::Path;

use super::foreign::Foreign;
use super::program::Program;
use super::{ModelError, given, onnx, pt2, recognize};

/// Extensions of files that may be given in place of a preset.
const EXTENSIONS: &[&str] = &["pt2", "onnx", "pth", "pt", "ckpt", "keras", "h5", "tflite", "pb"];

/// Whether a file is meant as a model, by its name.
#[must_use]
pub fn is_model(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

/// Whether a file or a folder is a model, or weights, of another program, by how it begins.
#[must_use]
pub fn is_foreign(path: &Path) -> bool {
    // Of a pipe nothing is taken away.
    let can_look = path.metadata().is_ok_and(|metadata| metadata.is_file() || metadata.is_dir());
    can_look && Foreign::of(path).is_ok_and(|of| of.is_some())
}

/// Reads a model.
///
/// # Errors
/// What the file is in place of a model, or what in it is damaged or not known.
pub fn read(path: &Path) -> Result<Program, ModelError> {
    read_with_digest(path).map(|(program, _)| program)
}

/// Reads a model, and what tells its contents from all others: SHA-256, in hexadecimal, of the file and of what it takes from files
/// beside it.
///
/// # Errors
/// As [`read`].
pub fn read_with_digest(path: &Path) -> Result<(Program, String), ModelError> {
    Foreign::refuse(path)?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        let (mut program, digest) = onnx::read(path)?;
        given::fill(&mut program);
        return Ok((program, digest));
    }
    let (mut program, digest) = pt2::read(path)?;
    given::fill(&mut program);
    recognize::found_again(&mut program);
    Ok((program, digest))
}
