//! Every format against the arrays of tests/fixtures/data/make.py.

#[path = "data/arrays.rs"]
mod arrays;
#[path = "data/formats.rs"]
mod formats;
#[path = "data/images.rs"]
mod images;
#[path = "data/parquet.rs"]
mod parquet;

use std::fs;
use std::path::{Path, PathBuf};

use neartop_core::network::Shape;
use neartop_io::data::{DataFrom, DataSpec, Labels, Samples, Scale, Source, open, open_for};
use neartop_io::data::{FileSpec, LabelsFrom, labels_are_a_file};

fn fixture(name: &str) -> PathBuf {
    Path::new("tests/fixtures/data").join(name)
}

fn from(path: PathBuf, labels: Option<&str>) -> DataFrom {
    let labels = labels.map(|labels| match labels_are_a_file(&path) {
        true => LabelsFrom::File(labels.into()),
        false => LabelsFrom::name(labels),
    });
    DataFrom::File(FileSpec::new(path).with_labels(labels))
}

fn source(name: &str, labels: Option<&str>) -> Box<dyn Source> {
    open(&from(fixture(name), labels)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn rows(source: &dyn Source, rows: &[usize]) -> Vec<Vec<f32>> {
    let mut read = Vec::new();
    source.read(rows, &mut |row| read.push(row.to_vec())).unwrap();
    read
}

/// (7 n + 3 j) mod 23
fn whole(n: usize, features: usize) -> Vec<f32> {
    (0..features).map(|j| ((7 * n + 3 * j) % 23) as f32).collect()
}

fn real(n: usize, features: usize) -> Vec<f32> {
    whole(n, features).into_iter().map(|x| x / 8.0 - 1.0).collect()
}

/// All rows, some rows, and a scan agree with the formula.
fn assert_holds(source: &dyn Source, shape: &[usize], expected: impl Fn(usize) -> Vec<f32>) {
    assert_eq!(source.shape().0, shape);
    let all: Vec<_> = (0..source.count()).collect();
    assert_eq!(rows(source, &all), all.iter().map(|n| expected(*n)).collect::<Vec<_>>());
    let some: Vec<_> = [0, 2, 3, 9].into_iter().filter(|n| *n < source.count()).collect();
    assert_eq!(rows(source, &some), some.iter().map(|n| expected(*n)).collect::<Vec<_>>());
    let sorted = |mut values: Vec<f32>| {
        values.sort_unstable_by(f32::total_cmp);
        values
    };
    let mut scanned = Vec::new();
    source.scan(&mut |values| scanned.extend_from_slice(values)).unwrap();
    assert_eq!(sorted(scanned), sorted(all.iter().flat_map(|n| expected(*n)).collect()));
}

/// n mod 3
fn digits() -> Option<Labels> {
    Some(Labels::Classes { of: (0..10).map(|n| n % 3).collect(), count: 3 })
}

/// cat, dog, ant, in the order of the words.
fn words() -> Option<Labels> {
    Some(Labels::Classes { of: (0..10).map(|n| [1, 2, 0][n % 3]).collect(), count: 3 })
}

/// n / 4 - 1
fn targets() -> Option<Labels> {
    Some(Labels::Values((0..10).map(|n| n as f32 / 4.0 - 1.0).collect()))
}

#[test]
fn idx_holds_what_was_written() {
    let labels = fixture("labels-idx1-ubyte");
    let gz = fixture("labels-idx1-ubyte.gz");
    for (name, labels) in [("images-idx3-ubyte", &labels), ("images-idx3-ubyte.gz", &gz)] {
        let images = source(name, labels.to_str());
        assert_eq!(images.count(), 10);
        assert_holds(images.as_ref(), &[1, 4, 5], |n| whole(n, 20));
        assert_eq!(images.labels().unwrap(), digits());
    }
    for name in ["byte", "short", "int"] {
        assert_holds(source(&format!("images-idx2-{name}"), None).as_ref(), &[6], |n| whole(n, 6));
    }
    for name in ["float", "double"] {
        assert_holds(source(&format!("images-idx2-{name}"), None).as_ref(), &[6], |n| real(n, 6));
    }
}

#[test]
fn npy_holds_what_was_written() {
    for order in ["little", "big"] {
        for element in ["f2", "f4", "f8"] {
            assert_holds(source(&format!("{order}-{element}.npy"), None).as_ref(), &[6], |n| real(n, 6));
        }
        for element in ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"] {
            assert_holds(source(&format!("{order}-{element}.npy"), None).as_ref(), &[6], |n| whole(n, 6));
        }
    }
    let odd = |n| whole(n, 6).into_iter().map(|x| x % 2.0).collect();
    assert_holds(source("bool.npy", None).as_ref(), &[6], odd);
    assert_holds(source("float.npy.gz", None).as_ref(), &[6], |n| real(n, 6));
    assert_holds(source("nhw.npy", None).as_ref(), &[1, 4, 5], |n| real(n, 20));
    for name in ["nchw.npy", "fortran.npy"] {
        assert_holds(source(name, None).as_ref(), &[3, 4, 5], |n| real(n, 60));
    }
    let labels = |name: &str| source("little-f4.npy", fixture(name).to_str()).labels().unwrap();
    assert_eq!(labels("labels.npy"), digits());
    assert_eq!(labels("targets.npy"), targets());
    assert_eq!(labels("labels-idx1-ubyte.gz"), digits());
    assert_eq!(source("little-f4.npy", None).labels().unwrap(), None);
}

/// Whatever byte is changed: an error, or what was there before.
#[test]
fn a_changed_byte_of_a_compressed_file_gives_no_other_values() {
    let folder = tempfile::tempdir().unwrap();
    let read = |path: &Path| {
        let source = open(&from(path.to_owned(), None)).ok()?;
        let (mut values, mut scanned) = (Vec::new(), Vec::new());
        // The first row alone, which no reader of it needs the end for.
        source.read(&[0], &mut |row| values.extend_from_slice(row)).ok()?;
        source.scan(&mut |row| scanned.extend_from_slice(row)).ok()?;
        let labels = source.labels().ok()?;
        Some((values, scanned, labels))
    };
    for name in ["stored.npz", "deflated.npz", "float.npy.gz", "images-idx3-ubyte.gz", "header.csv.gz"] {
        let whole = fs::read(fixture(name)).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &whole).unwrap();
        let right = read(&path);
        assert!(right.is_some() || name.ends_with("csv.gz"), "{name}");
        let mut refused = 0;
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x10;
            fs::write(&path, &changed).unwrap();
            match read(&path) {
                None => refused += 1,
                // A name in the list of an archive has no checksum, and may be that of other labels.
                Some((values, scanned, _)) => {
                    let (old_values, old_scanned, _) = right.as_ref().unwrap();
                    assert!(values == *old_values && scanned == *old_scanned, "{name}, byte {at}");
                }
            }
        }
        assert!(refused > whole.len() / 4, "{name}: {refused} of {}", whole.len());
    }
}

#[test]
fn npz_and_safetensors_hold_what_was_written() {
    for (name, shape, features) in [
        ("stored.npz", vec![6], 6),
        ("unnamed.npz", vec![6], 6),
        ("named.safetensors", vec![6], 6),
        ("only.safetensors", vec![6], 6),
        ("deflated.npz", vec![3, 4, 5], 60),
    ] {
        let set = source(name, None);
        assert_holds(set.as_ref(), &shape, |n| real(n, features));
        let expected = if name.starts_with("deflated") || name.starts_with("only") { targets() } else { digits() };
        assert_eq!(set.labels().unwrap(), expected, "{name}");
    }
    assert_eq!(source("deflated.npz", Some("targets")).labels().unwrap(), targets());
    assert_eq!(source("named.safetensors", Some("y")).labels().unwrap(), digits());
}

#[test]
fn tables_hold_what_was_written() {
    for (name, label, labels) in [
        ("header.csv", "species", words()),
        ("header.csv.gz", "species", words()),
        ("header.tsv", "digit", digits()),
        ("header.tsv.gz", "digit", digits()),
        ("bare.csv", "7", words()),
        ("semicolon.csv", "target", targets()),
        ("pandas.csv", "label", digits()),
    ] {
        let set = source(name, Some(label));
        assert_eq!(set.count(), 10, "{name}");
        if name.starts_with("header.tsv") {
            // Its first feature has no name of its own: the column is still one of six.
            assert_eq!(set.shape().elements(), 6);
        }
        assert_holds(set.as_ref(), &[6], |n| real(n, 6));
        assert_eq!(set.labels().unwrap(), labels, "{name}");
    }
}

#[test]
fn parquet_holds_what_was_written() {
    for codec in ["none", "snappy", "gzip", "zstd", "lz4"] {
        let set = source(&format!("{codec}.parquet"), Some("species"));
        assert_holds(set.as_ref(), &[6], |n| real(n, 6));
        assert_eq!(set.labels().unwrap(), words());
    }
    let set = source("fixed-list.parquet", Some("label"));
    assert_holds(set.as_ref(), &[60], |n| real(n, 60));
    assert_eq!(set.labels().unwrap(), digits());
    let set = source("list.parquet", Some("target"));
    assert_holds(set.as_ref(), &[6], |n| whole(n, 6));
    assert_eq!(set.labels().unwrap(), targets());
    let set = source("whole.parquet", Some("label"));
    assert_holds(set.as_ref(), &[6], |n| whole(n, 6));
    let odd = (0..10).map(|n| u32::from(n % 3 == 1)).collect();
    assert_eq!(set.labels().unwrap(), Some(Labels::Classes { of: odd, count: 2 }));
}

#[test]
fn folders_hold_the_images_that_were_saved() {
    let order = [2, 5, 8, 0, 3, 6, 9, 1, 4, 7];
    let set = source("folder", None);
    assert_holds(set.as_ref(), &[1, 4, 5], |i| whole(order[i], 20));
    let of = vec![0, 0, 0, 1, 1, 1, 1, 2, 2, 2];
    assert_eq!(set.labels().unwrap(), Some(Labels::Classes { of, count: 3 }));
    let order = [2, 0, 3, 1];
    assert_holds(source("colours", None).as_ref(), &[3, 4, 5], |i| whole(order[i], 60));
    // The network's input says which channels are wanted.
    let grey = open_for(&from(fixture("folder"), None), &Shape(vec![3, 4, 5])).unwrap();
    assert_holds(grey.as_ref(), &[3, 4, 5], |i| whole([2, 5, 8, 0, 3, 6, 9, 1, 4, 7][i], 20).repeat(3));
    let flat = open_for(&from(fixture("colours"), None), &Shape(vec![60])).unwrap();
    assert_holds(flat.as_ref(), &[60], |i| whole(order[i], 60));
    let lossy = source("jpeg", None);
    let read = rows(lossy.as_ref(), &[0, 1]);
    for (i, colours) in [[200.0, 100.0, 50.0], [10.0, 20.0, 30.0]].into_iter().enumerate() {
        for (values, colour) in read[i].chunks(64).zip(colours) {
            assert!(values.iter().all(|x: &f32| (x - colour).abs() <= 2.0), "{values:?}");
        }
    }
    assert_eq!(lossy.labels().unwrap(), None);
}

#[test]
fn channels_go_where_the_network_wants_them() {
    let fitted = |name, input: &[usize]| open_for(&from(fixture(name), None), &Shape(input.to_vec()));
    assert_holds(fitted("nhwc.npy", &[3, 4, 5]).unwrap().as_ref(), &[3, 4, 5], |n| real(n, 60));
    assert_holds(fitted("nchw.npy", &[60]).unwrap().as_ref(), &[60], |n| real(n, 60));
    assert_holds(fitted("nhw.npy", &[1, 4, 5]).unwrap().as_ref(), &[1, 4, 5], |n| real(n, 20));
    for (name, input) in [("nhwc.npy", [3, 5, 4]), ("nchw.npy", [4, 5, 3]), ("nhw.npy", [1, 5, 4])] {
        let error = fitted(name, &input).err().unwrap().to_string();
        assert!(error.contains("per sample, but the network's input is"), "{error}");
    }
}

#[test]
fn scales_are_of_the_whole_set() {
    let sample = |name, scale| {
        let spec = DataSpec { from: from(fixture(name), None), scale };
        let samples = Samples::load(&spec, &neartop_core::network::Form::features(60), 3, 4, 2).unwrap();
        samples.batch(1).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let all: Vec<f64> = (0..10).flat_map(|n| real(n, 60)).map(f64::from).collect();
    let mean = all.iter().sum::<f64>() / 600.0;
    let std = (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 600.0).sqrt();
    for name in ["nchw.npy", "fortran.npy"] {
        let raw = sample(name, Scale::None);
        for (x, scaled) in raw.iter().zip(sample(name, Scale::Standardize)) {
            assert!(((f64::from(*x) - mean) / std - f64::from(scaled)).abs() < 1e-6);
        }
        // The values run from -1 to 22/8 - 1.
        for (x, scaled) in raw.iter().zip(sample(name, Scale::Unit)) {
            assert!(((x + 1.0) / 2.75 - scaled).abs() < 1e-6);
        }
    }
}

/// What opening, reading all or labelling a file says is wrong.
fn complaint(path: &Path, labels: Option<&str>) -> String {
    let try_all = || {
        let set = open(&from(path.to_owned(), labels))?;
        let all: Vec<_> = (0..set.count()).collect();
        set.read(&all, &mut |_| ())?;
        set.labels().map(|_| ())
    };
    try_all().err().unwrap_or_else(|| panic!("{} was read", path.display())).to_string()
}

#[track_caller]
fn assert_complains(path: &Path, labels: Option<&str>, parts: &[&str]) {
    let text = complaint(path, labels);
    assert!(!text.contains(char::is_control), "{text:?}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn write(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn truncated_files_are_named() {
    let folder = scratch();
    for (name, keep, labels) in [
        ("images-idx3-ubyte", 100, None),
        ("images-idx3-ubyte", 3, None),
        ("images-idx3-ubyte.gz", 60, None),
        ("little-f4.npy", 200, None),
        ("little-f4.npy", 20, None),
        ("float.npy.gz", 120, None),
        ("stored.npz", 400, None),
        ("deflated.npz", 300, None),
        ("named.safetensors", 200, None),
        ("named.safetensors", 40, None),
        ("snappy.parquet", 1000, Some("species")),
        ("header.csv.gz", 80, Some("species")),
    ] {
        let bytes = fs::read(fixture(name)).unwrap();
        assert!(keep < bytes.len(), "{name} has {} bytes", bytes.len());
        let path = write(&folder, name, &bytes[..keep]);
        assert_complains(&path, labels, &[name, "truncated"]);
    }
    let cut = &fs::read(fixture("header.csv")).unwrap()[..150];
    assert_complains(&write(&folder, "cut.csv", cut), Some("species"), &["cut.csv", "cells"]);
    fs::create_dir(folder.path().join("images")).unwrap();
    let png = fs::read(fixture("colours/ant/2.png")).unwrap();
    write(&folder, "images/cut.png", &png[..png.len() - 40]);
    assert_complains(&folder.path().join("images"), None, &["cut.png", "truncated"]);
}

#[test]
fn wrong_magic_is_named() {
    let folder = scratch();
    for (name, right) in [
        ("x-idx3-ubyte", "two zero bytes"),
        ("x.npy", "\\x93NUMPY"),
        ("x.npz", "begins with PK"),
        ("x.parquet", "PAR1"),
        ("x.safetensors", "no safetensors file"),
    ] {
        let path = write(&folder, name, b"\x1b[31mThis is something else entirely");
        assert_complains(&path, None, &[name, right]);
    }
    let path = write(&folder, "a.png", b"not an image, whatever it says");
    assert_complains(path.parent().unwrap(), None, &["a.png", "no image"]);
    assert_complains(&write(&folder, "x.doc", b"words"), None, &["x.doc", ".parquet"]);
}

#[test]
fn magic_tells_what_a_name_does_not() {
    let folder = scratch();
    for name in ["little-f4.npy", "stored.npz", "named.safetensors", "fixed-list.parquet", "images-idx2-float"] {
        let path = write(&folder, "data.bin", &fs::read(fixture(name)).unwrap());
        let labels = (name == "fixed-list.parquet").then_some("label");
        let features = if labels.is_some() { 60 } else { 6 };
        let set = open(&from(path, labels)).unwrap();
        assert_eq!(rows(set.as_ref(), &[4]), [real(4, features)], "{name}");
    }
}

/// Headers that claim terabytes, in files of some bytes.
#[test]
fn headers_that_lie_are_found_out() {
    let folder = scratch();
    let idx = [0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 1, 2, 3];
    assert_complains(&write(&folder, "big-idx3-ubyte", &idx), None, &["announces", "holds 19 bytes"]);
    let overflow: Vec<u8> = [0u8, 0, 8, 8].into_iter().chain([0xff; 32]).collect();
    assert_complains(&write(&folder, "over-idx3-ubyte", &overflow), None, &["more than any file holds"]);
    let gz = gzip(&idx);
    assert_complains(&write(&folder, "big-idx3-ubyte.gz", &gz), None, &["announces", "at most"]);
    let npy = |shape: &str, descr: &str| {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        [b"\x93NUMPY\x01\0".as_slice(), &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat()
    };
    assert_complains(&write(&folder, "a.npy", &npy("(1000000, 1000000)", "<f4")), None, &["announces", "truncated"]);
    for shape in ["(18446744073709551615, 3)", "(4611686018427387904, 4)", "(0, 9223372036854775807, 9)"] {
        let huge = npy(shape, "<f4");
        assert_complains(&write(&folder, "b.npy", &huge), None, &["more than any file holds"]);
    }
    let long = [b"\x93NUMPY\x02\0".as_slice(), &u32::MAX.to_le_bytes(), b"{'descr'"].concat();
    assert_complains(&write(&folder, "c.npy", &long), None, &["header of 4294967307 bytes"]);
    let tensors = br#"{"x":{"dtype":"F32","shape":[1000000,1000],"data_offsets":[0,4000000000]}}"#;
    let bytes = [&(tensors.len() as u64).to_le_bytes(), tensors.as_slice()].concat();
    assert_complains(&write(&folder, "a.safetensors", &bytes), None, &["announces", "truncated"]);
    let bytes = [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat();
    assert_complains(&write(&folder, "b.safetensors", &bytes), None, &["no safetensors file"]);
    // A PNG of 65,000 x 65,000 pixels, header only; the checksum is right.
    let chunk = [b"IHDR".as_slice(), &65_000u32.to_be_bytes(), &65_000u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    let png =
        [b"\x89PNG\r\n\x1a\n\0\0\0\x0d".as_slice(), &chunk, &crc.sum().to_be_bytes(), b"\0\0\0\0IDAT\x35\xaf\x06\x1e"];
    fs::create_dir(folder.path().join("images")).unwrap();
    write(&folder, "images/huge.png", &png.concat());
    assert_complains(&folder.path().join("images"), None, &["huge.png", "16384"]);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A megabyte that would inflate to a gigabyte is refused after 16 MiB without the end of a line.
#[test]
fn bombs_do_not_go_off() {
    let folder = scratch();
    let bomb = gzip(&vec![b'0'; 64 << 20]);
    assert_complains(&write(&folder, "bomb.csv.gz", &bomb), None, &["16 MiB"]);
    // Rows before the end cost only what precedes them.
    let mut idx = vec![0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8];
    idx.extend(vec![0; 32 << 20]);
    let path = write(&folder, "long-idx2-ubyte.gz", &gzip(&idx));
    assert_eq!(rows(open(&from(path, None)).unwrap().as_ref(), &[1, 3]), [[3.0, 4.0], [7.0, 8.0]]);
}

#[test]
fn values_must_be_finite() {
    for (name, value) in [("nan.npy", "NaN"), ("nan-fortran.npy", "NaN"), ("inf.npy", "-inf")] {
        assert_complains(&fixture(name), None, &[name, "sample 7 ", value]);
        let set = source(name, None);
        let error = set.scan(&mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("sample 7 "), "{error}");
        // Rows that are not asked for are not looked at.
        assert_eq!(rows(set.as_ref(), &[6, 8]).len(), 2);
    }
    let folder = scratch();
    let csv = write(&folder, "a.csv", b"a,b\n1,2\n3,nan\n");
    assert_complains(&csv, None, &["line 3, column 2 (`b`)", "`nan`"]);
}

#[test]
fn checksums_of_parquet_pages_are_compared() {
    let whole = fs::read(fixture("page-checksums.parquet")).expect("a file");
    assert_eq!(source("page-checksums.parquet", Some("label")).count(), 200);
    let folder = scratch();
    // 150 as it stands among the values of the first column.
    let value = 150f64.to_le_bytes();
    let at = whole.windows(value.len()).position(|bytes| bytes == value).expect("a value");
    let mut damaged = whole;
    damaged[at + 5] ^= 1;
    assert_complains(&write(&folder, "a.parquet", &damaged), Some("label"), &["CRC checksum mismatch"]);
}

#[test]
fn cells_that_are_no_numbers_are_named() {
    assert_complains(&fixture("header.csv"), None, &["line 2, column 7 (`species`): `cat`", "labels: species"]);
    let folder = scratch();
    let path = write(&folder, "a.csv", b"a,b,y\n1,2,0\n\n3,\"\n\",1\n");
    assert_complains(&path, Some("y"), &["line 4, column 2 (`b`)", "empty"]);
    let path = write(&folder, "b.csv", b"a,b\n1,2\n3,\x1b[2J\n");
    assert_complains(&path, None, &["line 3, column 2", "\\u{1b}[2J"]);
    assert_complains(&write(&folder, "c.csv", b"1,2\n3\n"), None, &["line 2 has 1 cells", "has 2"]);
}

#[test]
fn samples_must_be_there() {
    let folder = scratch();
    let idx = write(&folder, "a-idx2-ubyte", &[0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3]);
    for path in [idx, fixture("empty.npy"), fixture("empty.parquet"), write(&folder, "a.csv", b"a,b\n")] {
        assert_complains(&path, None, &["no samples"]);
    }
    assert_complains(&write(&folder, "b.csv", b""), None, &["empty"]);
    fs::create_dir(folder.path().join("images")).unwrap();
    assert_complains(&folder.path().join("images"), None, &["no image", "png"]);
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = scratch();
    assert_complains(&folder.path().join("x.npy"), None, &["no such file"]);
    write(&folder, "train.npy", b"");
    assert_complains(&folder.path().join("trian.npy"), None, &["did you mean `train.npy`"]);
    assert_complains(&folder.path().join("no/x.npy"), None, &["nor the folder"]);
    assert_complains(&folder.path().join("\x1b[31mred.npy"), None, &["\\u{1b}[31mred.npy"]);
    assert_complains(&fixture("little-f4.npy"), folder.path().to_str(), &["second file"]);
    assert_complains(&fixture("little-f4.npy"), Some("no-idx1-ubyte"), &["no-idx1-ubyte", "no such file"]);
    assert_complains(&fixture("folder"), Some("y"), &["names of their folders"]);
    #[cfg(unix)]
    {
        let pipe = folder.path().join("pipe.npy");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_complains(&pipe, None, &["no regular file"]);
    }
}

#[test]
fn what_is_no_number_is_refused() {
    assert_complains(&fixture("object.npy"), None, &["object.npy", "Python objects"]);
    assert_complains(&fixture("pickled.npy"), None, &["pickle", "numpy.save"]);
    assert_complains(&fixture("text.npy"), None, &["<U3", "numbers"]);
    assert_complains(&fixture("scalar.npy"), None, &["single number"]);
    assert_complains(&fixture("stored.npz"), Some("odd"), &["`odd`", "Python objects"]);
    assert_complains(&fixture("ambiguous.npz"), None, &["arrays are a, b"]);
    assert_complains(&fixture("null.parquet"), None, &["column `a`", "sample 1 "]);
    assert_complains(&fixture("uneven.parquet"), None, &["column `a`", "sample 1 "]);
    assert_complains(&fixture("time.parquet"), None, &["column `when`", "numbers are needed"]);
    assert_complains(&fixture("none.parquet"), None, &["column `species` holds text", "`labels`"]);
}

#[test]
fn labels_must_fit() {
    let folder = scratch();
    let few = write(&folder, "few-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 2, 1, 0]);
    assert_complains(&fixture("little-f4.npy"), few.to_str(), &["few-idx1-ubyte", "2 labels", "10 samples"]);
    let wide = fixture("little-u1.npy");
    let several = open(&from(fixture("little-f4.npy"), wide.to_str())).unwrap().labels().unwrap();
    assert_eq!(several, Some(Labels::Several { of: (0..10).flat_map(|n| whole(n, 6)).collect(), width: 6 }));
    assert_complains(&fixture("little-f4.npy"), fixture("nhw.npy").to_str(), &["a row of numbers", "[10, 4, 5]"]);
    for name in ["header.csv", "none.parquet"] {
        assert_complains(&fixture(name), Some("specis"), &["did you mean `species`"]);
    }
    assert_complains(&fixture("bare.csv"), Some("species"), &["columns are called 1 to 7"]);
    assert_complains(&fixture("deflated.npz"), Some("target"), &["did you mean `targets`"]);
}

#[test]
fn images_must_be_of_one_size() {
    let folder = scratch();
    write(&folder, "a.png", &fs::read(fixture("colours/ant/2.png")).unwrap());
    write(&folder, "b.jpg", &fs::read(fixture("jpeg/flat.jpg")).unwrap());
    assert_complains(folder.path(), None, &["b.jpg", "8 wide and 8 high", "5 and 4"]);
}

#[test]
fn digits_can_be_of_fewer_classes() {
    let set = open(&DataFrom::Digits { classes: 2 }).unwrap();
    // load_digits(n_class=2).data.shape[0]
    assert_eq!(set.count(), 360);
    let Some(Labels::Classes { of, count: 2 }) = set.labels().unwrap() else { panic!("two classes") };
    assert_eq!(of.iter().filter(|d| **d == 1).count(), 182);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..proptest::prelude::ProptestConfig::with_cases(400) })]
    /// No damage makes a reader panic or take what is not there.
    #[test]
    fn damaged_files_end_in_errors(file in 0usize..12, at in 0.0..1.0f64, byte: u8, width in 1usize..9) {
        let names = [
            "images-idx3-ubyte", "images-idx3-ubyte.gz", "little-f4.npy", "float.npy.gz", "stored.npz", "deflated.npz",
            "named.safetensors", "snappy.parquet", "fixed-list.parquet", "zstd.parquet", "header.csv", "bare.csv",
        ];
        let mut bytes = fs::read(fixture(names[file])).unwrap();
        let at = (at * bytes.len() as f64) as usize;
        let end = (at + width).min(bytes.len());
        bytes[at..end].fill(byte);
        let folder = scratch();
        let path = write(&folder, names[file], &bytes);
        let labels = match file { 7 | 9 | 10 => Some("species"), 8 => Some("label"), 11 => Some("7"), _ => None };
        // As a run does: the network's input bounds what a header can claim.
        let input = Shape(vec![match file { 0 | 1 => 20, 5 | 8 => 60, _ => 6 }]);
        if let Ok(set) = open_for(&from(path, labels), &input) {
            let some: Vec<_> = (0..set.count().min(16)).collect();
            let _ = set.read(&some, &mut |_| ());
            let _ = set.scan(&mut |_| ());
            let _ = set.labels();
        }
    }
}
