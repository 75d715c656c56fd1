//! NPZ, a zip of arrays of numpy.

use std::path::Path;

use super::DataError;
use super::array_source::{ArraySource, LabelsAt};
use super::containers::{Wanted, choose};
use super::file::{Stored, excerpt, shown, unreadable};
use super::npy::{read_header, texts};
use super::zipped::{MOST_ENTRIES, archive, failed, member};

/// Finds the samples, and the labels, in an NPZ file.
pub fn open(path: &Path, wanted: Wanted<'_>) -> Result<ArraySource, DataError> {
    let stored = Stored::open(path)?;
    if !stored.head()?.starts_with(b"PK") || stored.plain_length().is_none() {
        return Err(unreadable(
            path,
            format!(
                "it is no NPZ file: that is a zip and begins with PK, this one with `{}`",
                excerpt(&stored.head()?)
            ),
        ));
    }
    let mut archive = archive(path)?;
    let mut arrays = Vec::new();
    for i in 0..archive.len().min(MOST_ENTRIES) {
        let entry = archive.by_index_raw(i).map_err(|e| failed(path, e))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let Some(name) = name.strip_suffix(".npy") else { continue };
        if let Some(member) = member(path, &entry, name, stored.plain_length().unwrap_or(0))? {
            arrays.push((name.to_owned(), stored.member(&member)));
        }
    }
    // Headers are read only of arrays that could be asked for, so that an odd one beside them is no hindrance.
    let dims = |i: usize| Ok(read_header(arrays[i].1.clone(), "an array")?.dims);
    let names: Vec<_> = arrays.iter().map(|(name, _)| name.as_str()).collect();
    if wanted.array.is_none() && ["data", "shape", "format"].iter().all(|name| names.contains(name)) {
        let python = "numpy.save(\"dense.npy\", scipy.sparse.load_npz(FILE).toarray())";
        return Err(unreadable(path, format!("it is a sparse matrix of SciPy; write a dense one: {python}")));
    }
    let chosen = choose(path, &names, wanted, &dims)?;
    let array = |i: usize| read_header(arrays[i].1.clone(), &format!("its array `{}`", shown(names[i])));
    let labels = match chosen.labels {
        Some(i) => match texts(&arrays[i].1)? {
            Some(texts) => LabelsAt::Texts(texts),
            None => LabelsAt::Array(Box::new(array(i)?)),
        },
        None => LabelsAt::Nowhere,
    };
    Ok(ArraySource::new(array(chosen.data)?, labels).telling(chosen.told))
}
