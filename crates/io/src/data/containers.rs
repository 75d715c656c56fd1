//! Which of a file's named arrays are the samples, and which the labels.

use std::path::Path;

use super::Columns;
use super::file::{shown, unreadable};
use super::names::Part;
use super::{DataError, FileAssumption};
use neartop_core::catalog::nearest;

/// Usual names of samples, the likeliest first.
const SAMPLES: &[&str] = &[
    "x",
    "X",
    "images",
    "data",
    "inputs",
    "input",
    "features",
    "samples",
    "x_train",
    "X_train",
    "train_images",
    "train_x",
    "train_data",
    "training_images",
    "data_train",
    "images_train",
    "arr_0",
];
/// Usual names of labels.
pub const LABELS: &[&str] = &[
    "y",
    "Y",
    "labels",
    "label",
    "targets",
    "target",
    "y_train",
    "Y_train",
    "train_labels",
    "train_y",
    "train_targets",
    "training_labels",
    "labels_train",
    "arr_1",
];

/// The names that a preset gives.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub array: Option<&'a str>,
    pub labels: Option<&'a str>,
    /// Of what has columns.
    pub columns: Option<&'a Columns>,
    /// Whether the file is one of labels, which are then its samples.
    pub is_of_labels: bool,
}

/// The places of the samples and of the labels among a file's arrays.
#[derive(Debug)]
pub struct Chosen {
    pub data: usize,
    pub labels: Option<usize>,
    /// Where another array could have been meant.
    pub told: Option<FileAssumption>,
}

/// The places of the samples and of the labels among the arrays of these names. Samples go by their usual names, or are
/// the only array of two or more dimensions that is not the labels; labels are those asked for, or go by their names.
///
/// # Errors
/// If it cannot be told which, or the labels asked for are not there.
pub fn choose(
    path: &Path,
    names: &[&str],
    Wanted { array, labels, is_of_labels, .. }: Wanted<'_>,
    dims: &dyn Fn(usize) -> Result<Vec<usize>, DataError>,
) -> Result<Chosen, DataError> {
    let list = || match names {
        [] => "it holds no arrays".to_owned(),
        names => format!("its arrays are {}", names.iter().map(|n| shown(n)).collect::<Vec<_>>().join(", ")),
    };
    let find = |asked: &str, key: &str| {
        names.iter().position(|name| *name == asked).ok_or_else(|| {
            let hint = nearest(asked, names.iter().copied())
                .map_or_else(list, |near| format!("did you mean `{}`?", shown(near)));
            unreadable(path, format!("no array is called `{}`, as `{key}` says; {hint}", shown(asked)))
        })
    };
    if is_of_labels && let Some(data) = usual(LABELS, names).or((names.len() == 1).then_some(0)) {
        return Ok(Chosen { data, labels: None, told: told(names, data, None) });
    }
    let asked = labels.map(|labels| find(labels, "labels")).transpose()?;
    if let Some(array) = array {
        let data = find(array, "array")?;
        let labels = asked.or_else(|| partner(names, data));
        return Ok(Chosen { data, labels, told: None });
    }
    let labels = asked.or_else(|| usual(LABELS, names));
    let data = match usual(SAMPLES, names).filter(|data| Some(*data) != labels) {
        Some(data) => data,
        None => {
            let mut of_rank_two = Vec::new();
            for i in (0..names.len()).filter(|i| Some(*i) != labels) {
                if dims(i)?.len() >= 2 {
                    of_rank_two.push(i);
                }
            }
            let [data] = of_rank_two.as_slice() else {
                let reason = format!("it cannot be told which array holds the samples: {}; name it by `array`", list());
                return Err(unreadable(path, reason));
            };
            *data
        }
    };
    let labels = asked.or_else(|| partner(names, data)).or(labels);
    Ok(Chosen { data, labels, told: told(names, data, labels) })
}

/// That there are other arrays than those that were taken, where there are.
fn told(names: &[&str], data: usize, labels: Option<usize>) -> Option<FileAssumption> {
    let left: Vec<_> =
        (0..names.len()).filter(|i| *i != data && Some(*i) != labels).map(|i| names[i].to_owned()).collect();
    (!left.is_empty()).then(|| FileAssumption::Array { taken: names[data].to_owned(), left })
}

/// The first of the known names that is there.
pub fn usual<T: AsRef<str>>(known: &[&str], names: &[T]) -> Option<usize> {
    let whole = known.iter().find_map(|known| names.iter().position(|name| name.as_ref() == *known));
    // In groups: `train/x`.
    let last = |name: &T| name.as_ref().rsplit_once('/').map(|(_, last)| last.to_owned());
    let is_train = |name: &T| name.as_ref().split('/').any(|word| Part::of(Path::new(word)) == Some(Part::Train));
    let in_group = |known: &&str| {
        let are = || (0..names.len()).filter(|i| last(&names[*i]).as_deref() == Some(*known));
        are().find(|i| is_train(&names[*i])).or_else(|| are().next())
    };
    whole.or_else(|| known.iter().find_map(in_group))
}

/// Which size of an array counts the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    First,
    Last,
}

/// The size of an array that counts the samples: the first, but in files of MATLAB the last where labels are as many, or,
/// without labels, where an array of three or more sizes has most there.
pub fn sample_axis(given: &[usize], labels: Option<&[usize]>, matlab: bool) -> (Axis, Option<FileAssumption>) {
    let ([first, .., last], true) = (given, matlab) else { return (Axis::First, None) };
    let count = labels.map(|dims| match dims {
        [rows, columns] if *rows > 1 && *columns > 1 => *rows,
        dims => dims.iter().product(),
    });
    let is_last = match count {
        Some(count) => count != *first && count == *last,
        None => given.len() > 2 && given[..given.len() - 1].iter().all(|d| d < last),
    };
    match is_last {
        true => (Axis::Last, Some(FileAssumption::SamplesLast { sizes: given.to_vec() })),
        false => (Axis::First, None),
    }
}

/// The labels that are called as the samples are, but for a word: `y_test` beside `x_test`.
fn partner(names: &[&str], data: usize) -> Option<usize> {
    const WORDS: &[(&[&str], &[&str])] = &[
        (&["x", "X"], &["y", "Y"]),
        (
            &["images", "image", "data", "inputs", "input", "features", "samples", "x", "X"],
            &["labels", "label", "targets", "target", "classes", "fine_labels"],
        ),
    ];
    let of = names[data];
    let words: Vec<_> = of.split_inclusive(['_', '/', '.', '-']).collect();
    let bare = |word: &str| word.trim_end_matches(['_', '/', '.', '-']).to_owned();
    WORDS.iter().flat_map(|(from, to)| to.iter().map(move |to| (*from, *to))).find_map(|(from, to)| {
        words.iter().enumerate().filter(|(_, word)| from.contains(&bare(word).as_str())).find_map(|(place, word)| {
            let mut other: Vec<String> = words.iter().map(|w| (*w).to_owned()).collect();
            other[place] = format!("{to}{}", &word[bare(word).len()..]);
            let other = other.concat();
            names.iter().position(|name| *name == other)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str], array: Option<&str>) -> (String, Option<String>) {
        let dims = |_| Ok(vec![2, 2]);
        let chosen = choose(Path::new("x"), names, Wanted { array, ..Wanted::default() }, &dims).unwrap();
        (names[chosen.data].to_owned(), chosen.labels.map(|i| names[i].to_owned()))
    }

    #[test]
    fn labels_go_with_their_samples() {
        let pair = |data: &str, labels: &str| (data.to_owned(), Some(labels.to_owned()));
        let mnist = ["x_test", "x_train", "y_train", "y_test"];
        assert_eq!(chosen(&mnist, None), pair("x_train", "y_train"));
        assert_eq!(chosen(&mnist, Some("x_test")), pair("x_test", "y_test"));
        let medical = ["train_images", "val_images", "train_labels", "val_labels"];
        assert_eq!(chosen(&medical, None), pair("train_images", "train_labels"));
        assert_eq!(chosen(&medical, Some("val_images")), pair("val_images", "val_labels"));
        assert_eq!(chosen(&["data", "target"], None), pair("data", "target"));
        assert_eq!(chosen(&["train/x", "train/y", "test/x", "test/y"], Some("test/x")), pair("test/x", "test/y"));
        assert_eq!(chosen(&["test/x", "test/y", "train/x", "train/y"], None), pair("train/x", "train/y"));
        assert_eq!(chosen(&["a", "b"], Some("b")), ("b".to_owned(), None));
    }

    #[test]
    fn a_file_of_labels_has_them_under_their_names_or_alone() {
        let wanted = Wanted { is_of_labels: true, ..Wanted::default() };
        let of = |names: &[&str]| choose(Path::new("x"), names, wanted, &|_| Ok(vec![2])).map(|chosen| chosen.data);
        assert_eq!(of(&["y"]).unwrap(), 0);
        assert_eq!(of(&["mine"]).unwrap(), 0);
        assert_eq!(of(&["x", "targets"]).unwrap(), 1);
        assert!(of(&["a", "b"]).is_err());
        let told = |names: &[&str]| choose(Path::new("x"), names, wanted, &|_| Ok(vec![2])).unwrap().told;
        assert!(told(&["y"]).is_none() && told(&["y_train", "y_test"]).is_some());
    }
}
