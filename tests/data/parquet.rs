//! Parquet as people have it.

use neartop_core::network::{Form, Shape};
use neartop_io::data::{
    ArraySpec, Columns, DataFrom, DataSpec, Extent, FileSpec, Labels, LabelsFrom, Missing, Samples, Scale, Source,
    TableSpec, extents, open, open_for,
};

use super::{assert_complains, assert_holds, digits, fixture, from, real, rows, scratch, source, words};

fn array(name: &str, array: &str, labels: Option<&str>) -> Box<dyn Source> {
    let arrays = ArraySpec { array: Some(array.to_owned()), ..ArraySpec::default() };
    open(&DataFrom::File(FileSpec {
        path: fixture(name),
        labels: labels.map(LabelsFrom::name),
        arrays,
        ..FileSpec::default()
    }))
    .unwrap()
}

#[test]
fn images_are_read_as_the_hub_stores_them() {
    let hub = source("hub.parquet", None);
    let all: Vec<_> = (0..20).collect();
    assert_eq!(rows(hub.as_ref(), &all), rows(source("hub-ref.npy", None).as_ref(), &all));
    assert_eq!(hub.shape().0, [1, 8, 8]);
    let Some(Labels::Classes { of, count: 4 }) = hub.labels().unwrap() else { panic!("four classes") };
    assert_eq!(of[..6], [1, 2, 1, 1, 0, 3]);
    assert_eq!(
        hub.assumptions().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["the samples are the images in column `image`, the labels are column `label`"]
    );
    assert_eq!(
        open_for(&from(fixture("hub.parquet"), Some("label")), &Shape(vec![3, 8, 8])).unwrap().shape().0,
        [3, 8, 8]
    );
    let mut scanned = 0;
    hub.scan(&mut |values| scanned += values.len()).unwrap();
    assert_eq!(scanned, 1280);
}

#[test]
fn lists_of_lists_keep_their_shape() {
    let set = array("nested.parquet", "patch", Some("label"));
    assert_holds(set.as_ref(), &[3, 4, 5], |n| real(n, 60));
    assert_eq!(set.labels().unwrap(), digits());
    assert_holds(array("nested.parquet", "matrix", None).as_ref(), &[1, 4, 5], |n| real(n, 20));
    assert_complains(&fixture("nested.parquet"), Some("label"), &["column `patch` holds lists", "`array`"]);
}

#[test]
fn brotli_is_unpacked() {
    let set = source("brotli.parquet", Some("species"));
    assert_holds(set.as_ref(), &[6], |n| real(n, 6));
    assert_eq!(set.labels().unwrap(), words());
}

#[test]
fn durations_are_no_numbers() {
    // Parquet stores them as integers, and only the schema of Arrow beside the rows tells.
    let path = fixture("durations.parquet");
    assert_complains(&path, Some("y"), &["column `dt` holds durations", "seconds", "`drop`"]);
    assert_complains(&path, Some("dt"), &["column `dt` holds durations"]);
    let spec = |columns, missing| {
        let table = TableSpec { columns, missing, ..TableSpec::default() };
        DataFrom::File(FileSpec { labels: Some(LabelsFrom::name("y")), table, ..FileSpec::new(path.clone()) })
    };
    let text = open(&spec(Columns::All, Missing::Mean)).err().unwrap().to_string();
    assert!(text.contains("column `dt` holds durations"), "{text}");
    let source = open(&spec(Columns::Without(vec!["dt".into()]), Missing::Error)).unwrap();
    assert_eq!(source.shape().0, [2]);
}

/// Single precision keeps none of what tells these times apart.
#[test]
fn times_keep_what_tells_them_apart() {
    let folder = scratch();
    std::fs::copy(fixture("times.parquet"), folder.path().join("train-00000-of-00001.parquet")).unwrap();
    for (scale, path) in [
        (Scale::StandardizeFeatures, fixture("times.parquet")),
        (Scale::Unit, fixture("times.parquet")),
        (Scale::StandardizeFeatures, folder.path().into()),
    ] {
        let one = |name: &str| {
            let table = TableSpec { columns: Columns::Only(vec![name.into()]), ..TableSpec::default() };
            let from = DataFrom::File(FileSpec { table, ..FileSpec::new(path.clone()) });
            let spec = DataSpec { from, scale };
            let samples = Samples::load(&spec, &Form::features(1), 0, 64, 1).unwrap();
            samples.batch(0).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        let near = one("near");
        for name in ["ms", "s"] {
            let far = one(name);
            let most = near.iter().zip(&far).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(most < 1e-5, "{name}: {most}");
        }
    }
    let extents = extents(source("times.parquet", None).as_ref()).unwrap();
    let ranges: Vec<_> = extents.iter().map(Extent::range).collect();
    assert_eq!(ranges, [ranges[2]; 3]);
}
