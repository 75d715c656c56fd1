//! Files that are no models, or not whole ones.

use std::path::Path;

use neartop_io::model::{self, ModelError};
use tempfile::TempDir;

use super::fixtures;

/// What a file of these bytes gets.
fn refusal(name: &str, bytes: &[u8]) -> ModelError {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    model::read(&path).expect_err(name)
}

fn right() -> Vec<u8> {
    std::fs::read(fixtures("onnx/convs__ts/model.onnx")).unwrap()
}

#[test]
fn truncated_and_foreign_bytes_are_no_models() {
    let bytes = right();
    for length in [0, 1, 40, bytes.len() / 2, bytes.len() - 1] {
        let error = refusal("m.onnx", &bytes[..length]);
        assert!(matches!(error, ModelError::Damaged { .. }), "{length}: {error}");
    }
    assert!(matches!(refusal("m.onnx", b"a text"), ModelError::Damaged { .. }));
}

#[test]
fn files_of_others_get_the_lines_that_export_from_them() {
    let hdf5 = b"\x89HDF\r\n\x1a\n and more".as_slice();
    let tflite = b"\x1c\0\0\0TFL3 and more".as_slice();
    for (name, bytes, wanted) in [
        ("m.pth", b"\x80\x02}q\0.".as_slice(), "torch.export.save"),
        ("m.h5", hdf5, "model.export("),
        ("m.tflite", tflite, "tf2onnx"),
        ("saved_model.pb", b"\x08\x01".as_slice(), "--saved-model"),
    ] {
        let error = refusal(name, bytes);
        assert!(matches!(error, ModelError::Foreign { .. }), "{name}: {error}");
        assert!(error.help().unwrap().contains(wanted), "{name}: {:?}", error.help());
    }
    // The name does not matter where the bytes tell.
    assert!(matches!(refusal("m.onnx", hdf5), ModelError::Foreign { .. }));
}

#[test]
fn zips_are_told_apart_by_what_is_in_them() {
    let zip = |names: &[&str]| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut zip = zip::ZipWriter::new(&mut bytes);
        for name in names {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        }
        zip.finish().unwrap();
        bytes.into_inner()
    };
    for (names, wanted) in [
        (["archive/data.pkl", "archive/version"], "torch.save"),
        (["m/constants.pkl", "m/data.pkl"], "TorchScript"),
        (["config.json", "model.weights.h5"], "Keras"),
    ] {
        let error = refusal("m.bin", &zip(&names));
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

/// A file with one tensor whose numbers are in another file.
fn with_external(location: &str) -> (TempDir, std::path::PathBuf) {
    let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, bytes.len() as u8][..], bytes].concat();
    let entry = |key: &str, value: &str| [field(1, key.as_bytes()), field(2, value.as_bytes())].concat();
    // dims: [2], FLOAT, name: w, location, external
    let tensor =
        [&[0x08, 2, 0x10, 1][..], &field(8, b"w"), &field(13, &entry("location", location)), &[14 << 3, 1]].concat();
    let node = [field(1, b"w"), field(2, b"y"), field(4, b"Relu")].concat();
    let graph = [field(1, &node), field(5, &tensor), field(12, &field(1, b"y"))].concat();
    let model = [&[0x08, 8][..], &field(7, &graph), &field(8, &[0x10, 17])].concat();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("m.onnx");
    std::fs::write(&path, model).unwrap();
    (folder, path)
}

#[test]
fn numbers_are_read_from_the_folder_of_the_model_alone() {
    let read = |path: &Path| model::read(path).map(|program| program.stored.len());
    let (_folder, path) = with_external("../w.bin");
    assert!(matches!(read(&path), Err(ModelError::ExternalOutside { .. })));
    let (_folder, path) = with_external("/etc/passwd");
    assert!(matches!(read(&path), Err(ModelError::ExternalOutside { .. })));
    let (folder, path) = with_external("w.bin");
    assert!(matches!(read(&path), Err(ModelError::MissingWeights { .. })));
    std::fs::write(folder.path().join("w.bin"), [0; 7]).unwrap();
    assert!(matches!(read(&path), Err(ModelError::MissingWeights { .. })));
    std::fs::write(folder.path().join("w.bin"), [0; 8]).unwrap();
    read(&path).unwrap();
    let digest = || model::read_with_digest(&path).unwrap().1;
    let before = digest();
    std::fs::write(folder.path().join("w.bin"), [1; 8]).unwrap();
    assert_ne!(digest(), before, "weights beside the file belong to what it holds");
    #[cfg(unix)]
    {
        std::fs::remove_file(folder.path().join("w.bin")).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("w.bin")).unwrap();
        assert!(matches!(read(&path), Err(ModelError::ExternalOutside { .. } | ModelError::MissingWeights { .. })));
    }
}

/// The bytes of a file with some of them replaced by as many others.
fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let at = bytes.windows(old.len()).position(|window| window == old).expect("the bytes are there");
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

#[test]
fn an_operator_that_is_not_known_is_named_with_what_depends_on_it() {
    let error = refusal("m.onnx", &replaced(&right(), b"AveragePool\x2a", b"AveragePoox\x2a"));
    let ModelError::UnknownOperator { operator, domain, users, .. } = &error else { panic!("{error}") };
    assert_eq!((operator.as_str(), domain.as_str(), users.len()), ("AveragePoox", "ONNX, opset 17", 1));
    assert!(error.help().is_some());
}

#[test]
fn a_value_that_nothing_gives_is_refused() {
    let bytes = right();
    let error = refusal("m.onnx", &replaced(&bytes, b"\x0a\x10/2/Relu_output_0", b"\x0a\x10/2/Rexx_output_0"));
    assert!(error.to_string().contains("which no node before it gives"), "{error}");
}
