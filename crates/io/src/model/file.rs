//! Files of models, whatever their format.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::foreign::Foreign;
use super::program::Program;
use super::{ModelError, onnx, pt2, recognize};

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
    Foreign::refuse(path)?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    if extension.is_some_and(|extension| extension.eq_ignore_ascii_case("onnx")) {
        return onnx::read(path);
    }
    let mut program = pt2::read(path)?;
    recognize::found_again(&mut program);
    Ok(program)
}

/// SHA-256 of a file, in hexadecimal.
///
/// # Errors
/// If it cannot be read.
pub fn digest(path: &Path) -> Result<String, ModelError> {
    let mut file = File::open(path).map_err(ModelError::Read)?;
    let (mut hash, mut block) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut block).map_err(ModelError::Read)? {
            0 => return Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => hash.update(&block[..read]),
        }
    }
}
