//! Images that a table lists with their labels.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};

use super::listing::every_image;
use crate::data::containers::LABELS;
use crate::data::file::{Stored, excerpt, io_error, shown, unreadable};
use crate::data::labels::Texts;
use crate::data::{DataError, FileAssumption};
use std::io::Read;

const MOST_TABLE: u64 = 1 << 30;

/// The images that a table lists, in its order.
pub struct Listed {
    pub files: Vec<PathBuf>,
    pub labels: Texts,
    pub told: Vec<FileAssumption>,
}

/// Images by their names: whole, without their folders, and without their endings.
struct Known {
    files: Vec<PathBuf>,
    by_name: HashMap<String, Option<usize>>,
}

impl Known {
    fn of(root: &Path) -> Result<Self, DataError> {
        let files = every_image(root)?;
        let mut by_name = HashMap::new();
        for (i, file) in files.iter().enumerate() {
            let whole = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
            let bare = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let stem = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let mut names = vec![whole, bare, stem];
            names.dedup();
            for name in names {
                // Two images of one name are none.
                by_name
                    .entry(name)
                    .and_modify(|of: &mut Option<usize>| *of = of.filter(|of| *of == i))
                    .or_insert(Some(i));
            }
        }
        Ok(Self { files, by_name })
    }

    fn find(&self, cell: &str) -> Option<usize> {
        let cell = cell.trim().trim_start_matches("./");
        let last = cell.rsplit(['/', '\\']).next().unwrap_or_default();
        [cell, last].iter().find_map(|name| self.by_name.get(*name).copied().flatten())
    }
}

/// Reads a table of the names of images and their labels.
///
/// # Errors
/// If it cannot be told which columns these are, or an image is not there.
pub fn listed(root: &Path, table: &Path) -> Result<Listed, DataError> {
    let known = Known::of(root)?;
    let mut bytes = Vec::new();
    let stored = Stored::open(table)?;
    stored.stream()?.take(MOST_TABLE).read_to_end(&mut bytes).map_err(|e| io_error(table, &e))?;
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}');
    let line = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b';', b'\t'].into_iter().find(|d| line.as_bytes().contains(d)).unwrap_or(b',');
    let mut reader = ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(text.as_bytes());
    let records: Vec<_> =
        reader.records().collect::<Result<_, _>>().map_err(|e| unreadable(table, shown(&e.to_string())))?;
    let columns = Columns::of(table, &records, &known)?;
    let (mut files, mut labels) = (Vec::with_capacity(records.len()), Texts::default());
    let mut listed: HashMap<usize, Vec<&str>> = HashMap::new();
    for (i, record) in records.iter().enumerate().skip(usize::from(columns.header)) {
        let cell = record.get(columns.file).unwrap_or_default();
        let Some(file) = known.find(cell) else {
            let reason = format!("line {}: no image `{}` is in {}", i + 1, excerpt(cell.as_bytes()), root.display());
            return Err(unreadable(table, reason));
        };
        let label = record.get(columns.label).unwrap_or_default().trim();
        if label.is_empty() {
            return Err(unreadable(table, format!("line {}: the label is empty", i + 1)));
        }
        listed.entry(file).or_default().push(label);
        files.push(known.files[file].clone());
        labels.push(label);
    }
    let mut told = vec![FileAssumption::Listed { file: columns.names.0, label: columns.names.1 }];
    let missing = known.files.len().saturating_sub(listed.len());
    told.extend((missing > 0).then_some(FileAssumption::Unlisted { images: missing }));
    let repeated: Vec<_> = listed.values().filter(|labels| labels.len() > 1).collect();
    let differing = repeated.iter().filter(|labels| labels.iter().any(|label| *label != labels[0])).count();
    told.extend((!repeated.is_empty()).then_some(FileAssumption::Repeated { images: repeated.len(), differing }));
    Ok(Listed { files, labels, told })
}

/// Which columns name files and labels.
struct Columns {
    file: usize,
    label: usize,
    header: bool,
    names: (String, String),
}

impl Columns {
    fn of(table: &Path, records: &[StringRecord], known: &Known) -> Result<Self, DataError> {
        let fail = |reason: &str| Err(unreadable(table, reason));
        let Some(first) = records.first() else { return fail("it is empty") };
        let names_image = |record: &StringRecord| record.iter().position(|cell| known.find(cell).is_some());
        let header = names_image(first).is_none();
        let Some(file) = names_image(if header { records.get(1).unwrap_or(first) } else { first }) else {
            return fail(
                "its first lines name no image of the folder, so it cannot be told which column holds the names",
            );
        };
        let name = |i: usize| match header {
            true => first.get(i).unwrap_or_default().trim().to_owned(),
            false => (i + 1).to_string(),
        };
        let others: Vec<_> = (0..first.len()).filter(|i| *i != file).collect();
        let usual = ["class", "category", "breed", "species", "diagnosis"];
        let is_usual = |i: &&usize| {
            let name = name(**i).to_ascii_lowercase();
            LABELS.iter().chain(&usual).any(|known| known.eq_ignore_ascii_case(&name))
        };
        let label = match others.as_slice() {
            [only] => *only,
            others => match others.iter().filter(is_usual).collect::<Vec<_>>().as_slice() {
                [label] => **label,
                _ => {
                    return fail(
                        "it cannot be told which column holds the labels; leave a column of names and one of labels",
                    );
                }
            },
        };
        Ok(Self { file, label, header, names: (name(file), name(label)) })
    }
}
