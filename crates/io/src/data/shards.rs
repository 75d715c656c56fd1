//! A folder of files that are one data set.

use std::path::{Path, PathBuf};

use super::file::{Format, io_error, shown, unreadable};
use super::labels::{from_numbers, from_rows, whole};
use super::names::{Part, entries, name};
use super::{Assumption, DataError, FileAssumption, Labels, Source, Summary};
use neartop_core::network::Shape;

const MOST_SHARDS: usize = 10_000;

/// The files of a data set, in the order of their names, numbers by what they say. Of parts of a data set that which is
/// trained with.
///
/// # Errors
/// If they are of several formats.
pub fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<FileAssumption>), DataError> {
    let inside = entries(folder).map_err(|e| io_error(folder, &e))?;
    let is_data = |path: &PathBuf| path.is_file() && Format::of_name(path).is_some();
    let (mut files, others): (Vec<_>, Vec<_>) = inside.into_iter().partition(is_data);
    files.sort_by_cached_key(|path| by_numbers(&name(path)));
    let mut told = Vec::new();
    if files.iter().any(|path| Part::of(path) == Some(Part::Train))
        && files.iter().any(|path| Part::of(path) == Some(Part::HeldOut))
    {
        let (taken, left): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| Part::of(path) == Some(Part::Train));
        told.push(FileAssumption::Split { taken: name(&taken[0]), left: left.iter().map(|path| name(path)).collect() });
        files = taken;
    }
    if !others.is_empty() {
        told.push(FileAssumption::Skipped { files: vec![("others".to_owned(), others.len())] });
    }
    let format = |path: &PathBuf| Format::of_name(path);
    if let Some(odd) = files.iter().find(|path| format(path) != format(&files[0])) {
        let reason = format!(
            "the files of a folder are read as one data set, but {} and {} are of different formats; give the `path` of \
             one of them",
            name(&files[0]),
            name(odd)
        );
        return Err(unreadable(folder, reason));
    }
    if files.len() > MOST_SHARDS {
        return Err(unreadable(folder, format!("it has {} files, where {MOST_SHARDS} would be many", files.len())));
    }
    if files.len() > 1 {
        told.push(FileAssumption::Shards { files: files.len() });
    }
    Ok((files, told))
}

/// A name with its numbers as numbers, so that 10 comes after 9.
fn by_numbers(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0u64)];
    let mut in_number = false;
    for c in name.chars() {
        if in_number && !c.is_ascii_digit() {
            parts.push((String::new(), 0));
        }
        in_number = c.is_ascii_digit();
        if let Some((text, number)) = parts.last_mut() {
            match c.to_digit(10) {
                Some(digit) => *number = number.saturating_mul(10).saturating_add(u64::from(digit)),
                None => text.push(c),
            }
        }
    }
    parts
}

/// The samples of several files one after the other.
pub struct Shards {
    of: Vec<Box<dyn Source>>,
    /// The first sample of each, and the number of all.
    starts: Vec<usize>,
    assumptions: Vec<Assumption>,
}

impl Shards {
    /// # Errors
    /// If samples of different files are of different shapes.
    pub fn new(of: Vec<Box<dyn Source>>, files: &[PathBuf], told: Vec<FileAssumption>) -> Result<Self, DataError> {
        let mut starts = vec![0];
        for (source, file) in of.iter().zip(files) {
            if source.shape() != of[0].shape() {
                let reason = format!("its samples are {}, but those of others {}", source.shape(), of[0].shape());
                return Err(unreadable(file, reason));
            }
            check_features(&files[0], of[0].as_ref(), file, source.as_ref())?;
            starts.push(starts.last().copied().unwrap_or(0) + source.count());
        }
        let of_all = Assumption::of_all(of.iter().map(|source| source.assumptions()));
        let assumptions = told.into_iter().map(Into::into).chain(of_all).collect();
        Ok(Self { of, starts, assumptions })
    }

    fn each(&self) -> impl Iterator<Item = &dyn Source> {
        self.of.iter().map(AsRef::as_ref)
    }

    /// The rows of each file that has some, counted from its own first.
    fn parts(&self, rows: &[usize]) -> impl Iterator<Item = (&dyn Source, Vec<usize>)> {
        self.each().zip(self.starts.windows(2)).filter_map(move |(source, ends)| {
            let (from, to) = (rows.partition_point(|r| *r < ends[0]), rows.partition_point(|r| *r < ends[1]));
            (from < to).then(|| (source, rows[from..to].iter().map(|row| row - ends[0]).collect()))
        })
    }

    /// Classes by their names in all files.
    fn merged(&self, labels: &[Labels]) -> Result<Option<(Labels, Vec<String>)>, DataError> {
        let mut names = Vec::new();
        for source in self.each() {
            match source.class_names()? {
                Some(of) => names.push(of),
                None => return Ok(None),
            }
        }
        let mut all: Vec<String> = names.concat();
        match all.iter().map(|name| name.parse::<i64>().ok()).collect::<Option<Vec<_>>>() {
            Some(_) => all.sort_by_cached_key(|name| name.parse::<i64>().unwrap_or(0)),
            None => all.sort_unstable(),
        }
        all.dedup();
        let mut of = Vec::with_capacity(labels.iter().map(Labels::count).sum());
        for (labels, names) in labels.iter().zip(&names) {
            let Labels::Classes { of: own, .. } = labels else { return Ok(None) };
            let places: Vec<_> =
                names.iter().map(|name| all.iter().position(|other| other == name).unwrap_or(0) as u32).collect();
            of.extend(own.iter().filter_map(|class| places.get(*class as usize)).copied());
        }
        Ok(Some((Labels::Classes { of, count: all.len() }, all)))
    }

    fn all_labels(&self) -> Result<Option<Vec<Labels>>, DataError> {
        self.each().map(Source::labels).collect()
    }

    fn all_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        let values: Result<Option<Vec<_>>, _> = self.each().map(Source::label_values).collect();
        Ok(values?.map(|values| values.concat()))
    }
}

/// Refuses files whose features are not the same, in the same order.
fn check_features(first: &Path, one: &dyn Source, file: &Path, other: &dyn Source) -> Result<(), DataError> {
    let ordinal = |source: &dyn Source| {
        let of = source.assumptions().iter().find(|told| matches!(told, Assumption::Ordinal { .. }));
        of.is_some() && file != first
    };
    if ordinal(one) || ordinal(other) {
        let reason = "texts get other places in every file of a folder; write `categories: one_hot`";
        return Err(unreadable(file, reason));
    }
    let (Some(names), Some(others)) = (one.feature_names(), other.feature_names()) else { return Ok(()) };
    let Some(at) = (0..names.len().max(others.len())).find(|at| names.get(*at) != others.get(*at)) else {
        return Ok(());
    };
    let at_place = |names: &[String]| names.get(at).map_or_else(|| "none".to_owned(), |of| format!("`{}`", shown(of)));
    let same = names.iter().all(|of| others.contains(of));
    let hint = match same && names.iter().all(|of| !of.contains('=')) {
        true => "; `columns` names them in one order for all files",
        false => "; make one file of them, or leave the column out by `drop`",
    };
    let reason =
        format!("feature {} is {}, but in {} it is {}{hint}", at + 1, at_place(others), name(first), at_place(names));
    Err(unreadable(file, reason))
}

impl Source for Shards {
    fn count(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }

    fn shape(&self) -> &Shape {
        self.of[0].shape()
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.parts(rows).try_for_each(|(source, rows)| source.read(&rows, take))
    }

    fn read_wide(&self, rows: &[usize], take: &mut dyn FnMut(&[f64])) -> Result<(), DataError> {
        self.parts(rows).try_for_each(|(source, rows)| source.read_wide(&rows, take))
    }

    /// Where a file has looked at its values: then some may have more digits than single precision.
    fn summary(&self) -> Result<Option<Summary>, DataError> {
        let known: Vec<_> = self.each().map(Source::summary).collect::<Result<_, _>>()?;
        if known.iter().all(Option::is_none) {
            return Ok(None);
        }
        let mut all = Summary::new(self.shape().elements());
        for (source, known) in self.each().zip(known) {
            match known {
                Some(summary) => all.merge(&summary),
                None => source.scan_features(&mut |first, width, values| {
                    for row in values.chunks_exact(width.max(1)) {
                        all.add_part(first, &row.iter().copied().map(f64::from).collect::<Vec<_>>());
                    }
                })?,
            }
        }
        Ok(Some(all))
    }

    fn scan(&self, take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        self.each().try_for_each(|source| source.scan(take))
    }

    fn scan_features(&self, take: &mut dyn FnMut(usize, usize, &[f32])) -> Result<(), DataError> {
        self.each().try_for_each(|source| source.scan_features(take))
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        let Some(labels) = self.all_labels()? else { return Ok(None) };
        if labels.iter().all(|of| matches!(of, Labels::Classes { .. }))
            && let Some((labels, _)) = self.merged(&labels)?
        {
            return Ok(Some(labels));
        }
        let width = match labels.first() {
            Some(Labels::Several { width, .. }) => *width,
            _ => 1,
        };
        let Some(values) = self.all_values()? else {
            return Err(DataError::Invalid("the files of the folder have labels of different kinds".to_owned()));
        };
        let classes = labels.iter().all(|of| matches!(of, Labels::Classes { .. }));
        match whole(&values).filter(|_| classes && width == 1) {
            Some(numbers) => Ok(Some(from_numbers(&numbers))),
            None => Ok(Some(from_rows(values, width))),
        }
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        self.all_values()
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        let Some(labels) = self.all_labels()? else { return Ok(None) };
        Ok(self.merged(&labels)?.map(|(_, names)| names))
    }

    fn label_names(&self) -> Vec<String> {
        self.of[0].label_names()
    }

    fn feature_names(&self) -> Option<&[String]> {
        self.of[0].feature_names()
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
