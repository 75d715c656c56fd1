//! Bad input: right files with their bytes changed at random. Whatever is read must be read or refused, without a panic,
//! without a hang, and in bounded memory.
//!
//! `NEARTOP_FUZZ` says how many inputs each target gets, 3,000 unless given; `NEARTOP_FUZZ_SEED` chooses others, and
//! `NEARTOP_FUZZ_FROM` the number of the first, so that many can be tried in parts. `NEARTOP_FUZZ_KEEP` leaves those that
//! made a library panic, or took long, in the folder for temporary files. Inputs follow from target, seed and
//! number alone, so a failure names all that is needed to see it again:
//! `NEARTOP_FUZZ=1000000 cargo test --release --test fuzz -- --nocapture --test-threads 1`.
#![cfg(unix)]

#[path = "fuzz/mutation.rs"]
mod mutation;

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mutation::Mutator;
use neartop_io::data::{self, DataFrom, FileSpec, LabelsFrom};
use neartop_io::model::{self, Wanted};
use neartop_io::preset::{Preset, bundled};
use neartop_io::weights::FileWeights;
use neartop_study::failure::ScoreFailure;
use neartop_study::scheduler::{NearScorer, Portion, Scorer};
use neartop_study::space::Space;
use neartop_study::store::{Entry, Recordable, Recorder, Store, Work};

/// What one input may take.
const TIME: Duration = Duration::from_secs(10);
/// KiB that the whole test may hold at once, its own files included.
const MEMORY: u64 = 2 << 20;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Warnings in the log. The only ones while files are read are of libraries that panicked, which readers make errors of.
static WARNINGS: AtomicU64 = AtomicU64::new(0);

/// Counts what would be written.
struct Count;

impl Write for Count {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        WARNINGS.fetch_add(1, Ordering::Relaxed);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps an input where it can be looked at.
fn keep(target: &str, seed: u64, number: u64, input: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("neartop-fuzz-{target}-{seed}-{number}"));
    fs::write(&path, input).expect("the input is kept");
    path
}

/// Gives `read` so many changed inputs, and fails with the first that it does not bear. `read` says whether it took the
/// input for a right one.
fn fuzz(target: &str, seeds: &[Vec<u8>], read: &dyn Fn(&[u8]) -> bool) {
    let inputs = setting("NEARTOP_FUZZ", 3000);
    let (seed, first) = (setting("NEARTOP_FUZZ_SEED", 0), setting("NEARTOP_FUZZ_FROM", 0));
    let begun = Instant::now();
    // One of several tests sets it.
    let _ = tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_writer(|| Count).try_init();
    let warnings = WARNINGS.load(Ordering::Relaxed);
    let shall_keep = std::env::var_os("NEARTOP_FUZZ_KEEP").is_some();
    assert!(!seeds.is_empty(), "{target} has right files to start from");
    for right in seeds {
        read(right);
    }
    let (mut taken, mut slowest) = (0u64, (Duration::ZERO, 0));
    for number in first..first + inputs {
        let input = Mutator::new(target, seed, number).change(seeds);
        let before = WARNINGS.load(Ordering::Relaxed);
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| read(&input)));
        let time = start.elapsed();
        slowest = slowest.max((time, number));
        if outcome.is_err() || time > TIME {
            let path = keep(target, seed, number, &input);
            panic!("{target}: input {number} of seed {seed} took {time:?} or panicked; it is in {}", path.display());
        }
        taken += u64::from(outcome.unwrap_or(false));
        if shall_keep && (WARNINGS.load(Ordering::Relaxed) > before || time > TIME / 10) {
            keep(target, seed, number, &input);
        }
        if number % 1000 == 0 {
            let memory = peak_memory();
            assert!(memory < MEMORY, "{target}: {memory} KiB at input {number} of seed {seed}");
        }
    }
    println!(
        "{target}: {inputs} inputs from {first} in {:.0?}, {taken} taken, {} made a library panic, the slowest, number {}, in {:.1?}, peak {} MiB",
        begun.elapsed(),
        WARNINGS.load(Ordering::Relaxed) - warnings,
        slowest.1,
        slowest.0,
        peak_memory() >> 10
    );
}

/// The most memory that the process held, in KiB.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.unwrap_or(0)
}

/// A folder in memory, where there is one.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

fn fixtures(folder: &str, wanted: &dyn Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("fixtures")
        .flatten()
        .filter(|entry| entry.path().is_file())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .filter(|(name, _)| wanted(name))
        .map(|(name, path)| (name, fs::read(path).expect("a fixture")))
        .filter(|(_, bytes)| bytes.len() < 100_000)
        .collect();
    files.sort();
    files
}

#[test]
fn presets() {
    let right: Vec<_> = bundled().iter().map(|preset| preset.text.as_bytes().to_vec()).collect();
    // As many right ones as wrong ones.
    let mut seeds: Vec<_> = std::iter::repeat_n(right, 12).flatten().collect();
    seeds.extend(fixtures("bad", &|name| name.ends_with(".yaml")).into_iter().map(|(_, bytes)| bytes));
    let directory = folder();
    fuzz("presets", &seeds, &|bytes| {
        let text = String::from_utf8_lossy(bytes);
        match Preset::parse(&text, "p.yaml", directory.path()) {
            Ok(preset) => {
                // What was read can be written, and read again.
                assert!(Preset::parse(&preset.to_yaml(), "again.yaml", directory.path()).is_ok());
                true
            }
            Err(error) => {
                let shown = error.to_string();
                assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
                false
            }
        }
    });
}

/// Reads the first samples of a file and its labels.
fn read_data(path: &Path, labels: Option<&str>) -> bool {
    let labels = labels.map(|labels| match data::labels_are_a_file(path) {
        true => LabelsFrom::File(labels.into()),
        false => LabelsFrom::name(labels),
    });
    let from = DataFrom::File(FileSpec::new(path).with_labels(labels));
    let Ok(source) = data::open(&from) else { return false };
    let rows: Vec<_> = (0..source.count().min(64)).collect();
    let mut values = 0;
    let read = source.read(&rows, &mut |row| values += row.len()).is_ok();
    let scanned = source.count() > 100_000 || source.scan(&mut |_| {}).is_ok();
    let labelled = source.labels().is_ok();
    assert!(!read || values == rows.len() * source.shape().elements());
    read && scanned && labelled
}

/// Fuzzes the files of a format under the names that they have.
fn fuzz_data(target: &str, label: Option<&str>, wanted: &dyn Fn(&str) -> bool) {
    let directory = folder();
    let files = fixtures("data", wanted);
    // A file's name says what it is, so each kind of name is a target of its own.
    let mut by_extension = std::collections::BTreeMap::<String, Vec<Vec<u8>>>::new();
    for (name, bytes) in files {
        let extension = name.split_once('.').map_or(name.clone(), |(_, extension)| format!("x.{extension}"));
        by_extension.entry(extension).or_default().push(bytes);
    }
    for (name, seeds) in by_extension {
        let path = directory.path().join(&name);
        fuzz(&format!("{target}-{name}"), &seeds, &|bytes| {
            fs::write(&path, bytes).expect("a file");
            let plain = read_data(&path, None);
            label.is_some_and(|label| read_data(&path, Some(label))) || plain
        });
    }
}

#[test]
fn idx() {
    fuzz_data("idx", None, &|name| name == "images-idx2-float" || name == "images-idx3-ubyte");
}

#[test]
fn csv() {
    fuzz_data("table", Some("label"), &|name| name.ends_with(".csv") || name.ends_with(".tsv"));
}

#[test]
fn npy() {
    fuzz_data("npy", None, &|name| name.ends_with(".npy"));
}

#[test]
fn npz() {
    fuzz_data("npz", None, &|name| name.ends_with(".npz"));
}

#[test]
fn parquet() {
    fuzz_data("parquet", Some("label"), &|name| name.ends_with(".parquet"));
}

#[test]
fn safetensors() {
    fuzz_data("safetensors", None, &|name| name.ends_with(".safetensors"));
}

#[test]
fn packed() {
    let ends = [".bz2", ".xz", ".zst", ".zip"];
    fuzz_data("packed", Some("label"), &|name| ends.iter().any(|end| name.ends_with(end)));
}

#[test]
#[cfg(feature = "hdf5")]
fn hdf5() {
    fuzz_data("hdf5", Some("train/y"), &|name| name.ends_with(".h5"));
}

#[test]
fn mat() {
    fuzz_data("mat", Some("y"), &|name| name.ends_with(".mat"));
}

#[test]
#[cfg(feature = "arrow")]
fn arrow() {
    fuzz_data("arrow", Some("label"), &|name| name.ends_with(".arrow") || name.ends_with(".feather"));
}

/// Reads a model and follows it to a network.
fn read_model(path: &Path) -> bool {
    let Ok(program) = model::read(path) else { return false };
    model::trace(&program, None, &Wanted::Usual).is_ok()
}

fn brought(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/brought");
    fs::read(folder.join(name).join("model.pt2")).expect("a model")
}

#[test]
fn exported_programs() {
    let directory = folder();
    let path = directory.path().join("x.pt2");
    let older = fs::read("tests/fixtures/brought/pytorch-2.6/images.pt2").expect("a model");
    let seeds = [brought("tcn"), brought("lstm"), older];
    fuzz("pt2", &seeds, &|bytes| {
        fs::write(&path, bytes).expect("a file");
        read_model(&path)
    });
}

/// Graphs of exported programs, in archives whose sums are right.
#[test]
fn exported_graphs() {
    const GRAPH: &str = "model/models/model.json";
    let directory = folder();
    for name in ["tcn", "lstm", "nerf"] {
        let mut whole = zip::ZipArchive::with_config(
            zip::read::Config { archive_offset: zip::read::ArchiveOffset::Known(0) },
            std::io::Cursor::new(brought(name)),
        )
        .expect("a zip");
        let mut entries = Vec::new();
        for at in 0..whole.len() {
            let mut entry = whole.by_index(at).expect("an entry");
            let mut bytes = Vec::new();
            std::io::copy(&mut entry, &mut bytes).expect("its bytes");
            entries.push((entry.name().expect("a name").into_owned(), bytes));
        }
        let graph = entries.iter().find(|(name, _)| name == GRAPH).expect("the graph").1.clone();
        let path = directory.path().join("x.pt2");
        fuzz(&format!("graph-{name}"), &[graph], &|bytes| {
            let mut archive = zip::ZipWriter::new(fs::File::create(&path).expect("a file"));
            let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            for (name, own) in &entries {
                archive.start_file(name.as_str(), stored).expect("an entry");
                archive.write_all(if name == GRAPH { bytes } else { own }).expect("its bytes");
            }
            archive.finish().expect("an archive");
            read_model(&path)
        });
    }
}

/// Inputs that were found to be too much once.
#[test]
fn what_was_found_is_borne() {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/found");
    let files: Vec<_> = fs::read_dir(found).expect("fixtures").flatten().map(|entry| entry.path()).collect();
    assert!(!files.is_empty());
    for path in files {
        let start = Instant::now();
        if path.extension().is_some_and(|extension| extension == "webp") {
            let directory = folder();
            let class = directory.path().join("class");
            fs::create_dir(&class).expect("a folder");
            fs::copy(&path, class.join("x.webp")).expect("an image");
            read_data(directory.path(), None);
        } else {
            read_data(&path, None);
            read_data(&path, Some("label"));
        }
        assert!(start.elapsed() < TIME / 4, "{}", path.display());
    }
}

#[test]
fn gzip() {
    fuzz_data("gzip", Some("label"), &|name| name.ends_with(".gz"));
}

/// What is inside of a compressed file is changed before it is compressed, so that the damage is not all to the wrapping.
#[test]
fn compressed() {
    use std::io::Read;
    let directory = folder();
    for (name, wanted) in
        [("x.npy.gz", "float.npy.gz"), ("x.csv.gz", "header.csv.gz"), ("x-idx3-ubyte.gz", "images-idx3-ubyte.gz")]
    {
        let plain = |(_, bytes): (String, Vec<u8>)| {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(&*bytes).read_to_end(&mut plain).expect("a right fixture");
            plain
        };
        let seeds: Vec<_> = fixtures("data", &|name| name == wanted).into_iter().map(plain).collect();
        let path = directory.path().join(name);
        fuzz(&format!("inside-{name}"), &seeds, &|bytes| {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(bytes).expect("memory");
            fs::write(&path, writer.finish().expect("memory")).expect("a file");
            read_data(&path, None)
        });
    }
}

#[test]
fn images() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data");
    let mut by_extension = std::collections::BTreeMap::<String, Vec<Vec<u8>>>::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if ["png", "jpg", "jpeg", "gif", "tif", "bmp", "pgm", "ppm", "webp"].contains(&extension.as_str()) {
                by_extension.entry(extension).or_default().push(fs::read(path).expect("an image"));
            }
        }
    }
    assert!(!by_extension.is_empty());
    for (extension, seeds) in by_extension {
        let directory = folder();
        let class = directory.path().join("class");
        fs::create_dir(&class).expect("a folder");
        let path: PathBuf = class.join(format!("x.{extension}"));
        fuzz(&format!("images-{extension}"), &seeds, &|bytes| {
            fs::write(&path, bytes).expect("a file");
            read_data(directory.path(), None)
        });
    }
}

#[test]
fn weights() {
    let directory = folder();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/parity");
    let mut done = 0;
    for case in fs::read_dir(root).expect("cases").flatten().map(|entry| entry.path()) {
        let weights = case.join("weights.safetensors");
        let (Ok(bytes), Ok(text)) = (fs::read(&weights), fs::read_to_string(case.join("network.yaml"))) else {
            continue;
        };
        if bytes.len() > 20_000 || done == 2 {
            continue;
        }
        done += 1;
        let preset = Preset::parse(&text, "network.yaml", directory.path()).expect("a right network");
        let path = directory.path().join("w.safetensors");
        fuzz(&format!("weights-{done}"), &[bytes], &|bytes| {
            fs::write(&path, bytes).expect("a file");
            FileWeights::read(&path, &preset.network).is_ok()
        });
    }
    assert!(done > 0);
}

/// ONNX files are read and followed to a network.
#[test]
fn onnx() {
    let directory = folder();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx");
    let files = fs::read_dir(root).expect("cases").flatten().map(|entry| entry.path().join("model.onnx"));
    let mut seeds: Vec<_> = files.filter_map(|path| fs::read(path).ok()).filter(|bytes| bytes.len() < 20_000).collect();
    seeds.sort();
    let path = directory.path().join("m.onnx");
    fuzz("onnx", &seeds, &|bytes| {
        fs::write(&path, bytes).expect("a file");
        read_model(&path)
    });
}

/// A study of this version with a few results, and the work that it is of.
fn recorded(path: &Path) -> Work {
    let text = "data: {source: gaussian}
network: {input: 3, layers: [linear: 2, activation, linear: 2]}
search: {activations: [relu, tanh], inits: [orthogonal]}
score: {repetitions: 2}";
    let preset = Preset::parse(text, "p.yaml", Path::new("")).expect("a right preset");
    let space = Arc::new(Space::new(Arc::new(preset)));
    let scorer = NearScorer::new(Arc::clone(&space)).expect("samples");
    let work = Work::new(&space, &scorer).expect("samples");
    let recordable = Recordable { work: work.clone(), fingerprint: Box::new(|_| Some("a".to_owned())) };
    let recorder = Recorder::start(Store::open(path).expect("a study"), vec![recordable]).expect("a thread");
    for (candidate, repetition) in [(0, 0), (0, 1), (1, 0)] {
        let task = Portion { repetition, candidates: vec![candidate] };
        scorer.score(&task, &|| false, &mut |_, score| {
            let result = score.map_err(ScoreFailure::from);
            recorder.record(Entry { work: 0, candidate, repetition, result });
        });
    }
    recorder.record(Entry { work: 0, candidate: 1, repetition: 1, result: Err(ScoreFailure::read("no reason")) });
    assert!(recorder.finish().is_empty());
    work
}

#[test]
fn studies() {
    let directory = folder();
    let path = directory.path().join("s.sqlite");
    let work = recorded(&path);
    let mut seeds: Vec<_> =
        fixtures("study", &|name| name.ends_with(".sqlite")).into_iter().map(|(_, bytes)| bytes).collect();
    // Mostly of this version.
    seeds.extend(std::iter::repeat_n(fs::read(&path).expect("a study"), 4));
    fuzz("studies", &seeds, &|bytes| {
        for name in ["s.sqlite-wal", "s.sqlite-shm", "s.sqlite-journal"] {
            let _ = fs::remove_file(directory.path().join(name));
        }
        fs::write(&path, bytes).expect("a file");
        let Ok(mut store) = Store::open(&path) else { return false };
        let Ok(studies) = store.summaries() else { return false };
        let mut right = store.load(&work, &|_| Some("a".to_owned()), &mut |_, _, _| {}).is_ok();
        for study in studies {
            let shown = format!("{} {} {}", study.name, study.content, study.program);
            assert!(!shown.chars().any(char::is_control), "{shown:?}");
            right &= store.recorded(study.id, &mut |_| {}).is_ok();
            right &= store.delete(&study).is_ok();
        }
        right
    });
}
