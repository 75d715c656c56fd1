//! Formats that people convert no more: packed files, HDF5, MATLAB, Arrow, texts, folders of files.

use neartop_core::network::{Form, Shape};
use neartop_io::data::{
    ArraySpec, Columns, DataFrom, FileSpec, Labels, LabelsFrom, Source, TableSpec, Vocabulary, labels_are_a_file, open,
    open_for, open_for_form,
};

use super::{assert_complains, assert_holds, digits, fixture, from, real, rows, scratch, source, whole, words, write};

fn with(name: &str, array: Option<&str>, labels: Option<&str>) -> DataFrom {
    let arrays = ArraySpec { array: array.map(str::to_owned), ..ArraySpec::default() };
    DataFrom::File(FileSpec {
        path: fixture(name),
        labels: labels.map(LabelsFrom::name),
        arrays,
        ..FileSpec::default()
    })
}

fn array(name: &str, of: &str, labels: Option<&str>) -> Box<dyn Source> {
    open(&with(name, Some(of), labels)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn told(source: &dyn Source) -> Vec<String> {
    source.assumptions().iter().map(ToString::to_string).collect()
}

#[test]
fn packed_files_are_unpacked() {
    for end in ["gz", "bz2", "xz", "zst", "zip"] {
        let set = source(&format!("header.csv.{end}"), Some("species"));
        assert_holds(set.as_ref(), &[6], |n| real(n, 6));
        assert_eq!(set.labels().unwrap(), words());
        assert_holds(source(&format!("float.npy.{end}"), None).as_ref(), &[6], |n| real(n, 6));
        assert!(labels_are_a_file(&fixture(&format!("float.npy.{end}"))));
    }
    // The name in an archive tells what the archive's own does not.
    let folder = scratch();
    let path = write(&folder, "download.zip", &std::fs::read(fixture("header.csv.zip")).unwrap());
    assert_holds(open(&from(path, Some("species"))).unwrap().as_ref(), &[6], |n| real(n, 6));
    assert_complains(&fixture("several.zip"), None, &["`train.csv`, `test.csv`", "unpack it"]);
}

#[test]
fn what_is_packed_may_be_cut_off() {
    let folder = scratch();
    for end in ["bz2", "xz", "zst", "zip"] {
        for name in ["header.csv", "float.npy"] {
            let name = format!("{name}.{end}");
            let bytes = std::fs::read(fixture(&name)).unwrap();
            let labels = name.starts_with("header").then_some("species");
            let path = write(&folder, &name, &bytes[..bytes.len() / 2]);
            assert_complains(&path, labels, &[&name]);
        }
    }
}

#[test]
fn torch_tensors_are_read() {
    let set = source("bfloat16.safetensors", None);
    assert_holds(set.as_ref(), &[6], |n| real(n, 6));
    assert_eq!(set.labels().unwrap(), digits());
}

#[test]
#[cfg(feature = "hdf5")]
fn hdf5_holds_what_was_written() {
    let set = source("groups.h5", None);
    assert_holds(set.as_ref(), &[3, 4, 5], |n| real(n, 60));
    assert_eq!(set.labels().unwrap(), digits());
    assert!(told(set.as_ref())[0].starts_with("the samples are the array `train/x`"), "{:?}", told(set.as_ref()));
    let set = array("groups.h5", "test/x", None);
    assert_holds(set.as_ref(), &[3, 4, 5], |n| real(n, 60));
    assert_eq!(set.labels().unwrap(), Some(Labels::Classes { of: vec![1, 2, 0, 1], count: 3 }));
    assert_eq!(set.class_names().unwrap().unwrap(), ["ant", "cat", "dog"]);
    assert_holds(array("flat.h5", "plain", Some("words")).as_ref(), &[6], |n| real(n, 6));
    assert_eq!(array("flat.h5", "plain", Some("words")).labels().unwrap(), words());
    assert_holds(array("flat.h5", "growing", None).as_ref(), &[6], |n| whole(n, 6));
    assert_holds(array("flat.h5", "data", None).as_ref(), &[6], |n| whole(n, 6));
    let odd = |n| whole(n, 6).into_iter().map(|x| x % 2.0).collect();
    assert_holds(array("flat.h5", "odd", None).as_ref(), &[6], odd);
    let error = open(&with("flat.h5", Some("records"), None)).err().unwrap().to_string();
    assert!(error.contains("`records` holds records"), "{error}");
    let error = open(&with("groups.h5", Some("train/z"), None)).err().unwrap().to_string();
    assert!(error.contains("did you mean"), "{error}");
}

#[test]
fn files_of_matlab_hold_what_was_written() {
    let set = source("plain.mat", None);
    assert_holds(set.as_ref(), &[6], |n| real(n, 6));
    assert_eq!(set.labels().unwrap(), digits());
    let set = source("packed.mat", None);
    assert_holds(set.as_ref(), &[6], |n| whole(n, 6));
    assert_eq!(set.labels().unwrap(), digits());
    // Height, width, channels, samples, as in SVHN.
    let turned = |n: usize| -> Vec<f32> { (0..60).map(|i| real(n, 60)[(i % 3) * 20 + i / 3]).collect() };
    let set = source("samples-last.mat", None);
    assert_holds(set.as_ref(), &[4, 5, 3], turned);
    assert_eq!(set.labels().unwrap(), digits());
    assert_eq!(told(set.as_ref()), ["of the sizes 4 x 5 x 3 x 10 the last counts the samples"]);
    let fitted = open_for(&with("samples-last.mat", None, None), &Shape(vec![3, 4, 5])).unwrap();
    assert_holds(fitted.as_ref(), &[3, 4, 5], |n| real(n, 60));
    let error = open(&with("packed.mat", Some("names"), None)).err().unwrap().to_string();
    assert!(error.contains("`names` is text"), "{error}");
    let folder = scratch();
    let path = write(&folder, "old.mat", &[0; 200]);
    assert_complains(&path, None, &["5 or 7.3", "scipy.io.loadmat"]);
    let bytes = std::fs::read(fixture("plain.mat")).unwrap();
    assert_complains(&write(&folder, "cut.mat", &bytes[..500]), None, &["truncated"]);
}

#[test]
#[cfg(feature = "hdf5")]
fn files_of_matlab_7_3_hold_what_was_written() {
    let set = array("matlab73.mat", "F", Some("y"));
    assert_holds(set.as_ref(), &[6], |n| real(n, 6));
    assert_eq!(set.labels().unwrap(), digits());
    let turned = |n: usize| -> Vec<f32> { (0..60).map(|i| real(n, 60)[(i % 3) * 20 + i / 3]).collect() };
    let set = array("matlab73.mat", "X", Some("y"));
    assert_holds(set.as_ref(), &[4, 5, 3], turned);
    assert_eq!(set.labels().unwrap(), digits());
}

#[test]
#[cfg(feature = "arrow")]
fn arrow_holds_what_was_written() {
    for name in ["zstd.feather", "lz4.feather"] {
        let set = source(name, Some("species"));
        assert_holds(set.as_ref(), &[6], |n| real(n, 6));
        assert_eq!(set.labels().unwrap(), words());
        assert_complains(&fixture(name), None, &["column `species`", "`labels`"]);
        assert_complains(&fixture(name), Some("specis"), &["did you mean `species`"]);
    }
    let set = source("stream.arrow", Some("label"));
    assert_holds(set.as_ref(), &[3, 4, 5], |n| real(n, 60));
    assert_eq!(set.labels().unwrap(), digits());
    let hub = source("hub.arrow", None);
    let all: Vec<_> = (0..20).collect();
    assert_eq!(rows(hub.as_ref(), &all), rows(source("hub-ref.npy", None).as_ref(), &all));
    assert_eq!(hub.labels().unwrap(), source("hub.parquet", None).labels().unwrap());
    // Of polars, whose files say their schema at the end alone.
    for name in ["polars.arrow", "polars.arrow.gz"] {
        let set = source(name, Some("species"));
        assert_holds(set.as_ref(), &[6], |n| real(n, 6));
        assert_eq!(set.labels().unwrap(), words());
    }
    let folder = scratch();
    let whole = std::fs::read(fixture("polars.arrow")).unwrap();
    for part in 1..16 {
        let path = write(&folder, "cut.arrow", &whole[..whole.len() * part / 16]);
        assert_complains(&path, None, &["cut.arrow"]);
    }
    assert_complains(&write(&folder, "old.feather", b"FEA1 and more of it"), None, &["version 1", "to_parquet"]);
}

#[test]
fn tokens_are_read_one_after_the_other() {
    let ids = |tokens, vocab| Form::ids(tokens, vocab);
    let set = open_for_form(&from(fixture("tokens.npy"), None), &ids(8, 13)).unwrap();
    assert_eq!((set.count(), set.shape().0.as_slice()), (6, [8].as_slice()));
    let expected: Vec<_> = (16..24).map(|i| (i * 7 % 13) as f32).collect();
    assert_eq!(rows(set.as_ref(), &[2]), [expected]);
    assert_eq!(told(set.as_ref()), ["the array is 50 tokens, of which each 8 in turn are a sample"]);

    let text = |vocabulary| {
        let arrays = ArraySpec { vocabulary: Some(vocabulary), ..ArraySpec::default() };
        DataFrom::File(FileSpec { path: fixture("text.txt"), arrays, ..FileSpec::default() })
    };
    let bytes = std::fs::read(fixture("text.txt")).unwrap();
    let set = open_for_form(&text(Vocabulary::Bytes), &ids(10, 256)).unwrap();
    assert_eq!(set.count(), bytes.len() / 10);
    assert_eq!(rows(set.as_ref(), &[1])[0], bytes[10..20].iter().map(|b| f32::from(*b)).collect::<Vec<_>>());
    // The line is: the cat , the dog and the ant : über the hill
    let set = open_for_form(&text(Vocabulary::Words), &ids(12, 100)).unwrap();
    assert_eq!(set.count(), 3);
    let [line] = rows(set.as_ref(), &[1]).try_into().unwrap();
    let [the, cat, comma] = [line[0], line[1], line[2]];
    assert_eq!((the, line[3], line[6], line[10], cat == comma), (0.0, 0.0, 0.0, 0.0, false));
    assert!(line.iter().all(|x| *x < 9.0));
    assert_eq!(told(set.as_ref()), ["the text is 36 tokens, 9 different ones; each 12 in turn are a sample"]);
    let set = open_for_form(&text(Vocabulary::Words), &ids(12, 2)).unwrap();
    assert_eq!(rows(set.as_ref(), &[0])[0], [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
    let set = open_for_form(&text(Vocabulary::Characters), &ids(5, 100)).unwrap();
    // 44 characters a line, one of them of two bytes.
    assert_eq!(set.count(), (bytes.len() - 3) / 5);
    let error = open_for(&text(Vocabulary::Bytes), &Shape(vec![10])).err().unwrap().to_string();
    assert!(error.contains("vocab: 256"), "{error}");
}

#[test]
fn the_files_of_a_folder_are_one_data_set() {
    let set = source("shards", Some("species"));
    assert_holds(set.as_ref(), &[6], |n| real(n, 6));
    assert_eq!(set.labels().unwrap(), words());
    assert_eq!(told(set.as_ref()).len(), 2);
    // 10 comes after 9.
    let set = source("parts", None);
    assert_holds(set.as_ref(), &[6], |n| real(n, 6));
    assert_eq!(set.labels().unwrap(), digits());
    let folder = scratch();
    write(&folder, "a.npy", &std::fs::read(fixture("little-f4.npy")).unwrap());
    write(&folder, "b.npy", &std::fs::read(fixture("nhw.npy")).unwrap());
    assert_complains(folder.path(), None, &["b.npy", "6 features", "1 x 4 x 5"]);
    write(&folder, "c.csv", b"a,b\n1,2\n");
    assert_complains(folder.path(), None, &["different formats", "`path`"]);
}

#[test]
fn a_table_lists_images_and_labels() {
    let file = FileSpec::new(fixture("listed")).with_labels(Some(LabelsFrom::File(fixture("listed.csv"))));
    let set = open(&DataFrom::File(file)).unwrap();
    assert_holds(set.as_ref(), &[1, 4, 5], |n| whole([4, 1, 0, 3][n], 20));
    assert_eq!(set.labels().unwrap(), Some(Labels::Classes { of: vec![1, 1, 0, 0], count: 2 }));
    assert_eq!(set.class_names().unwrap().unwrap(), ["cat", "dog"]);
    assert_eq!(
        told(set.as_ref()),
        [
            "column `id` names the images, column `breed` their labels",
            "2 images of the folder are left out, since the table does not list them"
        ]
    );
    let folder = scratch();
    let table = write(&folder, "t.csv", b"file,label\nscan0.png,1\nscan9.png,2\n");
    let file = FileSpec::new(fixture("listed")).with_labels(Some(LabelsFrom::File(table)));
    let error = open(&DataFrom::File(file)).err().unwrap().to_string();
    assert!(error.contains("line 3: no image `scan9.png`"), "{error}");
}

#[test]
fn labels_of_arrays_may_be_texts() {
    for labels in ["words", "bytes"] {
        let set = array("words.npz", "x", Some(labels));
        assert_holds(set.as_ref(), &[6], |n| real(n, 6));
        assert_eq!(set.labels().unwrap(), words(), "{labels}");
        assert_eq!(set.class_names().unwrap().unwrap().len(), 3);
        assert_eq!(set.label_values().unwrap(), None);
    }
    let beside = |data: &str| {
        let labels = Some(LabelsFrom::File(fixture("text.npy")));
        open(&DataFrom::File(FileSpec { labels, ..FileSpec::new(fixture(data)) }))
    };
    for data in ["float.npy.gz", "deflated.npz"] {
        assert_eq!(beside(data).unwrap().labels().unwrap(), words(), "{data}");
    }
}

#[test]
fn files_of_columns_in_a_folder_have_them_in_one_order() {
    assert_complains(&fixture("reordered"), None, &["2.parquet", "but in 1.parquet it is", "`columns` names them"]);
    let names = source("header.csv", Some("species")).feature_names().unwrap().to_vec();
    let table = TableSpec { columns: Columns::Only(names), ..TableSpec::default() };
    let set = open(&DataFrom::File(FileSpec { table, ..FileSpec::new(fixture("reordered")) })).unwrap();
    assert_eq!(rows(set.as_ref(), &[3]), rows(set.as_ref(), &[13]));
    assert_eq!(rows(set.as_ref(), &[3]), [real(3, 6)]);
}
