//! What data a preset is for.

use std::path::{Path, PathBuf};

use super::lines::{Line, choice, item, key, quoted};
use crate::run::Failure;
use neartop_core::network::Shape;
use neartop_io::data::{
    ArraySpec, Categories, Column, ColumnKind, Columns, DataError, DataFrom, FileSpec, Given, Labels, LabelsFrom,
    Missing, Source, TableSpec, advise, is_data_file, labels_are_a_file, open,
};
use neartop_io::preset::printable;

/// What was found out of some data.
pub struct Found {
    pub shape: Shape,
    pub samples: usize,
    pub output: Output,
    /// The names of some features.
    features: String,
    /// As the preset writes them, and what they are.
    labels: Option<(String, String)>,
    /// The names that `labels` gives.
    label_names: Vec<String>,
    /// Of a table, its columns and how they are read.
    table: Option<(Vec<Column>, TableSpec)>,
    /// Of images that are of different sizes, what they all get.
    size: Option<(usize, usize)>,
    /// What is to be said of classes whose names hardly differ.
    alike: Option<String>,
}

/// Height and width of images that have none in common.
const SIZE: (usize, usize) = (64, 64);

/// What the network is to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// There are no labels.
    Open,
    Binary,
    Classes(usize),
    Numbers(usize),
    YesNo(usize),
}

/// More whole numbers than classes have names.
const MOST_CLASSES: usize = 20;

/// Names that are written out.
const MOST_NAMES: usize = 6;

/// Values that are all looked at.
const MOST_VALUES: usize = 1 << 24;

/// Opens the data.
///
/// # Errors
/// If they cannot be read.
pub fn look(path: &Path, labels: &[String]) -> Result<Found, Failure> {
    let fail = |error: DataError| Failure::Run(error.to_string());
    let advice = advise(path).map_err(fail)?;
    let (columns, guessed) = advice.map_or((None, None), |advice| (Some(advice.columns), advice.label));
    let names = match (labels, &guessed) {
        ([], Some(name)) => vec![unquoted(name)],
        (labels, _) => labels.to_vec(),
    };
    let mut table = columns.map(|columns| {
        let spec = table(&columns, &names);
        (columns, spec)
    });
    let file = FileSpec {
        path: path.to_owned(),
        labels: of_names(path, &names),
        table: table.as_ref().map(|(_, spec)| spec.clone()).unwrap_or_default(),
        ..FileSpec::default()
    };
    let Opened { source, size, given } = match (labelled(file.clone()), &mut table) {
        (Err(error), Some((_, spec))) => {
            // As a table, numbers may also be decimals or texts. A label that is missing cannot be filled.
            let mut ways = [Missing::Mean, Missing::Drop].into_iter().filter_map(|missing| {
                spec.missing = missing;
                labelled(FileSpec { table: spec.clone(), ..file.clone() }).ok()
            });
            ways.next().ok_or_else(|| fail(error))?
        }
        (read, _) => read.map_err(fail)?,
    };
    let how = match (labels, &guessed) {
        ([], Some(_)) => "by its name; ",
        _ => "",
    };
    let labels = given.as_ref().filter(|_| !names.is_empty()).map(|given| {
        let quoted: Vec<_> = names.iter().map(|name| quoted(name)).collect();
        let text = if let [name] = quoted.as_slice() { name.clone() } else { format!("[{}]", quoted.join(", ")) };
        (text, format!("{how}{}", describe(given)))
    });
    Ok(Found {
        shape: channels_first(source.shape()),
        samples: source.count(),
        output: given.as_ref().map_or(Output::Open, output),
        features: features(source.as_ref()),
        labels,
        label_names: names,
        table,
        size,
        alike: given.as_ref().and_then(Given::remark),
    })
}

/// Data with their labels, and the size of images that are of different ones.
struct Opened {
    source: Box<dyn Source>,
    size: Option<(usize, usize)>,
    given: Option<Given>,
}

/// Opens a file with its labels; images that are of different sizes with one for all.
fn labelled(file: FileSpec) -> Result<Opened, DataError> {
    let (source, size) = match looked_at(file.clone()) {
        Ok(source) => (source, None),
        Err(error) => {
            let arrays = ArraySpec { size: Some(SIZE), ..file.arrays.clone() };
            (looked_at(FileSpec { arrays, ..file }).map_err(|_| error)?, Some(SIZE))
        }
    };
    let given = Given::of(source.as_ref())?;
    Ok(Opened { source, size, given })
}

/// Opens a file, and looks at all of its values if that takes no long reading: what a run would refuse is refused now.
fn looked_at(file: FileSpec) -> Result<Box<dyn Source>, DataError> {
    let source = open(&DataFrom::File(file))?;
    let is_short = source.count().saturating_mul(source.shape().elements()) <= MOST_VALUES;
    if is_short && source.summary()?.is_none() {
        source.scan(&mut |_| {})?;
    }
    Ok(source)
}

/// The name that stands in a preset.
fn unquoted(name: &str) -> String {
    serde_json::from_str(name).unwrap_or_else(|_| name.to_owned())
}

fn of_names(path: &Path, names: &[String]) -> Option<LabelsFrom> {
    match names {
        [] => None,
        [name] if labels_are_a_file(path) || (is_data_file(Path::new(name)) && Path::new(name).is_file()) => {
            Some(LabelsFrom::File(PathBuf::from(name)))
        }
        names => Some(LabelsFrom::Names(names.to_vec())),
    }
}

/// How to read a table: without what is no feature, texts as categories, gaps filled.
fn table(columns: &[Column], labels: &[String]) -> TableSpec {
    let is_label = |column: &&Column| labels.contains(&unquoted(&column.name));
    let others: Vec<_> = columns.iter().filter(|column| !is_label(column)).collect();
    let useless: Vec<_> = others.iter().filter(|column| column.kind.is_useless()).map(|c| unquoted(&c.name)).collect();
    let kept = || others.iter().filter(|column| !column.kind.is_useless());
    TableSpec {
        columns: if useless.is_empty() { Columns::All } else { Columns::Without(useless) },
        missing: match kept().any(|column| column.missing > 0) {
            true => Missing::Mean,
            false => Missing::Error,
        },
        categories: match kept().any(|column| matches!(column.kind, ColumnKind::Categories(_))) {
            true => Categories::OneHot,
            false => Categories::Error,
        },
        ..TableSpec::default()
    }
}

/// Images whose last size looks like channels are turned.
fn channels_first(shape: &Shape) -> Shape {
    match shape.0[..] {
        [height, width, channels @ (1 | 3 | 4)] if !matches!(height, 1 | 3 | 4) => Shape(vec![channels, height, width]),
        _ => shape.clone(),
    }
}

fn features(source: &dyn Source) -> String {
    let Some(names) = source.feature_names() else { return String::new() };
    let some: Vec<_> = names.iter().take(MOST_NAMES).map(|name| printable(name)).collect();
    some.join(", ") + if names.len() > MOST_NAMES { ", ..." } else { "" }
}

/// What a network should give for these labels.
fn output(given: &Given) -> Output {
    match &given.labels {
        Labels::Classes { count: 2, .. } => Output::Binary,
        Labels::Classes { count, .. } if given.numbers.is_some() && *count > MOST_CLASSES => Output::Numbers(1),
        Labels::Classes { count, .. } => Output::Classes(*count),
        Labels::Values(_) => Output::Numbers(1),
        Labels::Several { of, width } => {
            let is_yes_or_no = of.iter().all(|x| *x == 0.0 || *x == 1.0);
            match is_yes_or_no {
                true if of.chunks_exact(*width).all(|row| row.iter().sum::<f32>() == 1.0) => Output::Classes(*width),
                true => Output::YesNo(*width),
                false => Output::Numbers(*width),
            }
        }
    }
}

fn describe(given: &Given) -> String {
    const MOST: usize = 5;
    match (&given.labels, output(given)) {
        (Labels::Classes { count, .. }, Output::Binary | Output::Classes(_)) => {
            let names = given.names.clone().unwrap_or_default();
            let some: Vec<_> = names.iter().take(MOST).map(|name| printable(name)).collect();
            let more = if names.len() > MOST { ", ..." } else { "" };
            format!("{count} classes: {}{more}", some.join(", "))
        }
        (_, Output::Numbers(1)) => "numbers".to_owned(),
        (_, Output::Numbers(n)) => format!("{n} numbers for each sample"),
        (_, Output::Classes(n)) => format!("{n} classes, one column for each"),
        (_, Output::YesNo(n)) => format!("{n} answers of yes or no"),
        _ => String::new(),
    }
}

/// What was decided of the data, for those who do not read the preset.
pub fn remarks(found: &Found) -> Vec<String> {
    let labels = found.labels.iter().map(|(names, what)| format!("labels {names}, {what}"));
    let table = found.table.iter().flat_map(|(columns, spec)| {
        let has_gaps = columns.iter().any(|column| column.missing > 0 && !column.kind.is_useless());
        let left_out = match &spec.columns {
            Columns::Without(names) => Some(format!("left out are the columns {}", names.join(", "))),
            _ => None,
        };
        let gaps = match spec.missing {
            Missing::Mean if has_gaps => Some("gaps are filled with the mean of their column".to_owned()),
            Missing::Drop => Some("samples with gaps are left out, since labels are missing too".to_owned()),
            _ => None,
        };
        let texts = spec.categories == Categories::OneHot;
        let texts = texts.then(|| "a column of texts becomes one for each text (one_hot)".to_owned());
        [left_out, gaps, texts].into_iter().flatten()
    });
    let (height, width) = SIZE;
    let size = found.size.map(|_| format!("the images are of different sizes and all become {height} x {width}"));
    let alike = found.alike.clone();
    labels.chain(table).chain(size).chain(alike).map(|remark| printable(&format!("data: {remark}"))).collect()
}

/// The section `data`.
pub fn write(path: &Path, found: &Found) -> Vec<Line> {
    let text = path.to_string_lossy();
    let of = format!("{} samples; relative to this preset", found.samples);
    let mut lines = vec![key(1, "path", &quoted(&text), &of)];
    lines.push(match &found.labels {
        Some((names, what)) => key(1, "labels", names, what),
        None if found.output == Output::Open => {
            choice(1, "labels", "NAME", "what is to be learnt; only training needs it")
        }
        None if path.is_dir() => item(1, "# labels: the names of the folders", ""),
        None => choice(1, "labels", "NAME", "found by themselves; this names others"),
    });
    if let Some((height, width)) = found.size {
        lines.push(key(1, "size", &format!("[{height}, {width}]"), "height and width; the images have several"));
    }
    if let Some((columns, spec)) = &found.table {
        let is_label = |column: &&Column| found.label_names.contains(&unquoted(&column.name));
        let features: Vec<_> = columns.iter().filter(|column| !is_label(column)).cloned().collect();
        lines.extend(write_table(&features, spec));
        if !is_columnar(path) {
            lines.push(choice(1, "header", "true", "whether the first line names the columns"));
        }
    }
    let scale = match found.shape.0.as_slice() {
        [_] => "standardize_features",
        _ => "standardize",
    };
    lines.push(key(1, "scale", scale, "none | unit | standardize | standardize_features"));
    lines
}

/// Whether its columns have their names, so that there is no line of them.
fn is_columnar(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["parquet", "pq", "arrow", "feather", "ipc"].contains(&extension.to_ascii_lowercase().as_str())
}

fn write_table(columns: &[Column], spec: &TableSpec) -> Vec<Line> {
    let named = |such: &dyn Fn(&Column) -> bool| -> Vec<&str> {
        columns.iter().filter(|column| such(column)).map(|column| column.name.as_str()).collect()
    };
    let dropped = |column: &Column| match &spec.columns {
        Columns::Without(names) => names.contains(&unquoted(&column.name)),
        _ => false,
    };
    let why = |text: &str, names: Vec<&str>| match names.is_empty() {
        true => None,
        false => Some(format!("{text}: {}", names.join(", "))),
    };
    let reasons = [
        why("an id", named(&|c| dropped(c) && c.kind == ColumnKind::Id)),
        why("differs in nearly every sample", named(&|c| dropped(c) && c.kind == ColumnKind::Different)),
        why("dates", named(&|c| dropped(c) && c.kind == ColumnKind::Dates)),
        why("without a value", named(&|c| dropped(c) && c.kind == ColumnKind::Empty)),
        why("neither numbers nor texts", named(&|c| dropped(c) && c.kind == ColumnKind::Unreadable)),
    ];
    let reasons: Vec<_> = reasons.into_iter().flatten().collect();
    let drop = named(&dropped);
    let texts = named(&|c| !dropped(c) && matches!(c.kind, ColumnKind::Categories(_)));
    let gaps = named(&|c| !dropped(c) && c.missing > 0);
    let all: Vec<_> = named(&|c| !dropped(c)).into_iter().take(3).collect();
    vec![
        match drop.is_empty() {
            true => choice(1, "drop", "[NAME]", "leaves columns out"),
            false => key(1, "drop", &format!("[{}]", drop.join(", ")), &reasons.join("; ")),
        },
        choice(1, "columns", &format!("[{}]", all.join(", ")), "in place of `drop`: these alone are features"),
        match spec.missing {
            Missing::Error => {
                choice(1, "missing", "mean", "no cell is without a value; drop | mean | median | {value: 0}")
            }
            Missing::Drop => key(1, "missing", "drop", "some labels are missing"),
            _ if gaps.is_empty() => {
                key(1, "missing", "mean", "no cell is without a value; drop | mean | median | {value: 0}")
            }
            _ => key(1, "missing", "mean", &format!("drop | mean | median | {{value: 0}}; gaps: {}", gaps.join(", "))),
        },
        match spec.categories {
            Categories::Error => choice(1, "categories", "one_hot", "no column holds texts; one_hot | ordinal"),
            _ => key(1, "categories", "one_hot", &format!("one_hot | ordinal; texts: {}", texts.join(", "))),
        },
    ]
}

impl Found {
    /// What goes in, for a comment.
    pub fn input(&self) -> &str {
        &self.features
    }
}
