//! Arrays as people have them.

use std::path::PathBuf;

use neartop_core::network::{Form, Shape};
use neartop_io::data::{ArraySpec, ChannelOrder, DataError, DataFrom, FileSpec, Source, open, open_for, open_for_form};

use super::{digits, fixture, from, real, rows};

fn arrays(path: PathBuf, arrays: ArraySpec) -> DataFrom {
    DataFrom::File(FileSpec { path, arrays, ..FileSpec::default() })
}

fn ordered(name: &str, layout: ChannelOrder) -> DataFrom {
    arrays(fixture(name), ArraySpec { layout: Some(layout), ..ArraySpec::default() })
}

fn told(source: &dyn Source) -> Vec<String> {
    source.assumptions().iter().map(ToString::to_string).collect()
}

fn all(source: &dyn Source) -> Vec<Vec<f32>> {
    rows(source, &(0..source.count()).collect::<Vec<_>>())
}

#[test]
fn any_number_of_channels_is_turned() {
    let input = Shape(vec![13, 8, 8]);
    let reference = all(super::source("patches-ref.npy", None).as_ref());
    let patches = open_for(&from(fixture("patches.npy"), None), &input).unwrap();
    assert_eq!(all(patches.as_ref()), reference);
    assert_eq!(told(patches.as_ref()).len(), 1);
    assert!(told(patches.as_ref())[0].starts_with("the samples are 8 x 8 x 13, of which the last"));
    let patches = open_for(&ordered("patches.npy", ChannelOrder::ChannelsLast), &input).unwrap();
    assert_eq!(all(patches.as_ref()), reference);
    assert!(told(patches.as_ref()).is_empty());
    // What is asked for is not done another way.
    let error = open_for(&ordered("patches.npy", ChannelOrder::ChannelsFirst), &input).err().unwrap();
    assert!(matches!(error, DataError::Shape { .. }), "{error}");
    let rows = open_for(&from(fixture("patches.npy"), None), &Shape(vec![8, 8, 13])).unwrap();
    assert!(told(rows.as_ref())[0].contains("the first counts the channels; `layout: channels_last`"));
}

#[test]
fn an_order_that_cannot_be_told_is_asked_for() {
    let folder = super::scratch();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 3, 3), }\n";
    let values: Vec<u8> = (0..54u8).flat_map(|n| f32::from(n).to_le_bytes()).collect();
    let bytes =
        [b"\x93NUMPY\x01\0".as_slice(), &(header.len() as u16).to_le_bytes(), header.as_bytes(), &values].concat();
    let path = super::write(&folder, "cube.npy", &bytes);
    let input = Shape(vec![3, 3, 3]);
    let error = open_for(&from(path.clone(), None), &input).err().unwrap();
    assert!(error.to_string().contains("`layout: channels_last`"), "{error}");
    let with = |layout| {
        let from = arrays(path.clone(), ArraySpec { layout: Some(layout), ..ArraySpec::default() });
        rows(open_for(&from, &input).unwrap().as_ref(), &[0])[0].clone()
    };
    assert_eq!(with(ChannelOrder::ChannelsFirst)[..4], [0.0, 1.0, 2.0, 3.0]);
    assert_eq!(with(ChannelOrder::ChannelsLast)[..4], [0.0, 3.0, 6.0, 9.0]);
}

/// Sequences of 4 x 5 values, as channels x length and the other way round.
#[test]
fn sequences_are_of_either_order() {
    let turned = |n: usize| -> Vec<f32> { (0..20).map(|i| real(n, 20)[(i % 4) * 5 + i / 4]).collect() };
    let file = from(fixture("nhw.npy"), None);
    for (input, expected) in [([4, 5], real(3, 20)), ([5, 4], turned(3))] {
        let channels = open_for(&file, &Shape(input.to_vec())).unwrap();
        assert_eq!(rows(channels.as_ref(), &[3]), std::slice::from_ref(&expected));
        let tokens = open_for_form(&file, &Form::tokens(input.to_vec())).unwrap();
        assert_eq!(rows(tokens.as_ref(), &[3]), [expected]);
        assert_eq!(told(tokens.as_ref()).len(), usize::from(input == [5, 4]));
    }
    let last = ordered("nhw.npy", ChannelOrder::ChannelsLast);
    assert_eq!(rows(open_for(&last, &Shape(vec![5, 4])).unwrap().as_ref(), &[3]), [turned(3)]);
    assert!(open_for(&last, &Shape(vec![4, 5])).is_err());
    assert_eq!(rows(open_for_form(&last, &Form::tokens(vec![4, 5])).unwrap().as_ref(), &[3]), [real(3, 20)]);
}

#[test]
fn any_array_is_taken_by_its_name() {
    let named = |name: &str, array: &str| {
        open(&arrays(fixture(name), ArraySpec { array: Some(array.to_owned()), ..ArraySpec::default() }))
    };
    let set = named("ambiguous.npz", "b").unwrap();
    assert_eq!(rows(set.as_ref(), &[4]), [real(4, 6)]);
    let set = named("only.safetensors", "patches").unwrap();
    assert_eq!(rows(set.as_ref(), &[4]), [real(4, 6)]);
    let set = named("stored.npz", "x").unwrap();
    assert_eq!(set.labels().unwrap(), digits());
    let error = named("stored.npz", "z").err().unwrap().to_string();
    assert!(error.contains("no array is called `z`, as `array` says"), "{error}");
    let error = named("little-f4.npy", "x").err().unwrap().to_string();
    assert!(error.contains("`array` names one of several arrays"), "{error}");
    let set = open(&from(fixture("stored.npz"), None)).unwrap();
    assert_eq!(told(set.as_ref()), ["the samples are the array `x`; `array` takes another one: `odd`"]);
}
