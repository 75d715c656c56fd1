//! Files of models that are told apart by how they begin, and never loaded.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::ModelError;

/// A file that other programs keep a model in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// A pickle of PyTorch: weights, or a whole model as Python code.
    Pickle,
    TorchScript,
    Keras,
    Hdf5,
    SavedModel,
    TfLite,
    Safetensors,
    NumPy,
    LfsPointer,
}

const FROM_PYTORCH: &str = "it is never loaded since it can run code; in Python, with the model and a batch x of inputs: \
     model.load_state_dict(torch.load(\"model.pth\", weights_only=True)); \
     torch.export.save(torch.export.export(model.eval(), (x,)), \"model.pt2\")";
const FROM_TORCHSCRIPT: &str = "in Python, with the model that it was made of and a batch x of inputs: \
     torch.export.save(torch.export.export(model.eval(), (x,)), \"model.pt2\")";
const FROM_KERAS: &str = "in Python, best with KERAS_BACKEND=jax: model = keras.models.load_model(\"model.keras\"); \
     model.export(\"model.onnx\", format=\"onnx\"); or rank it there, with a batch x of inputs: \
     import neartop; neartop.rank(model, x)";
const FROM_SAVED_MODEL: &str = "in a shell: pip install tf2onnx; \
     python -m tf2onnx.convert --saved-model FOLDER --output model.onnx --opset 18";
const FROM_TFLITE: &str = "in a shell: pip install tf2onnx; \
     python -m tf2onnx.convert --tflite model.tflite --output model.onnx --opset 18";
const FROM_WEIGHTS: &str = "it holds weights without a network; in Python, with the model and a batch x of inputs: \
     torch.export.save(torch.export.export(model.eval(), (x,)), \"model.pt2\")";

impl Foreign {
    /// What a file is, as far as it is one of these.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        if path.is_dir() {
            return Ok(path.join("saved_model.pb").is_file().then_some(Self::SavedModel));
        }
        let mut start = [0; 64];
        let mut file = File::open(path)?;
        let length = file.by_ref().take(64).read(&mut start)?;
        let start = &start[..length];
        if start.starts_with(b"PK\x03\x04") {
            return Ok(of_zip(file));
        }
        Ok(of_bytes(start).or_else(|| by_name(path)))
    }

    /// Refuses a file that is one of these.
    ///
    /// # Errors
    /// Says what it is, and how to export from it.
    pub fn refuse(path: &Path) -> Result<(), ModelError> {
        match Self::of(path).map_err(ModelError::Read)? {
            None => Ok(()),
            Some(foreign) => Err(ModelError::Foreign { what: foreign.name(), help: foreign.export() }),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Pickle => "a file that torch.save wrote",
            Self::TorchScript => "a TorchScript file",
            Self::Keras => "a Keras model",
            Self::Hdf5 => "an HDF5 file, as Keras wrote models earlier",
            Self::SavedModel => "a SavedModel of TensorFlow",
            Self::TfLite => "a TensorFlow Lite model",
            Self::Safetensors => "a safetensors file",
            Self::NumPy => "a NumPy file",
            Self::LfsPointer => "a pointer of Git LFS, which stands for the file",
        }
    }

    /// The lines of code that export from it.
    fn export(self) -> &'static str {
        match self {
            Self::Pickle => FROM_PYTORCH,
            Self::TorchScript => FROM_TORCHSCRIPT,
            Self::Keras | Self::Hdf5 => FROM_KERAS,
            Self::SavedModel => FROM_SAVED_MODEL,
            Self::TfLite => FROM_TFLITE,
            Self::Safetensors | Self::NumPy => FROM_WEIGHTS,
            Self::LfsPointer => "in its folder, in a shell: git lfs pull",
        }
    }
}

fn of_bytes(start: &[u8]) -> Option<Foreign> {
    let is_safetensors = start.len() > 9 && start[8] == b'{' && start[5..8] == [0; 3];
    match start {
        [0x89, b'H', b'D', b'F', ..] => Some(Foreign::Hdf5),
        [0x80, 2..=5, ..] => Some(Foreign::Pickle),
        [_, _, _, _, b'T', b'F', b'L', b'3', ..] => Some(Foreign::TfLite),
        [b'v', b'e', b'r', ..] if start.starts_with(b"version https://git-lfs") => Some(Foreign::LfsPointer),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Foreign::NumPy),
        _ if is_safetensors => Some(Foreign::Safetensors),
        _ => None,
    }
}

/// Files whose beginning does not tell.
fn by_name(path: &Path) -> Option<Foreign> {
    (path.file_name()? == "saved_model.pb").then_some(Foreign::SavedModel)
}

/// What a ZIP is by the names of its members; none for a .pt2.
fn of_zip(file: File) -> Option<Foreign> {
    let archive = zip::ZipArchive::new(file).ok()?;
    let has = |end: &str| archive.file_names().flatten().any(|name| name.ends_with(end));
    // A .pt2 of today holds pickles too.
    if has("models/model.json") || has("serialized_exported_program.json") || has("archive_format") {
        None
    } else if has("config.json") && has(".weights.h5") {
        Some(Foreign::Keras)
    } else if has("constants.pkl") {
        Some(Foreign::TorchScript)
    } else if has("data.pkl") {
        Some(Foreign::Pickle)
    } else if has(".npy") {
        Some(Foreign::NumPy)
    } else {
        None
    }
}
