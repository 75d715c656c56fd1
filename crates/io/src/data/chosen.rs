//! Columns of a file that are features.

use super::{Columns, DataError};

/// The places of the columns that are features, but for one of labels; `find` gives the place of a name, or what is wrong.
///
/// # Errors
/// If a column is not there.
pub fn features(
    columns: Option<&Columns>,
    names: &[&str],
    label: Option<usize>,
    find: &dyn Fn(&str, &str) -> Result<usize, DataError>,
) -> Result<Vec<usize>, DataError> {
    let place = |key: &str, asked: &String| {
        let by_place = asked.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
        let by_place = by_place.filter(|place| *place < names.len() && !names.contains(&asked.as_str()));
        by_place.map_or_else(|| find(asked, key), Ok)
    };
    let all = |key: &str, asked: &[String]| asked.iter().map(|name| place(key, name)).collect::<Result<Vec<_>, _>>();
    // The index that pandas writes is no feature.
    let usual = (0..names.len()).filter(|i| !names[*i].starts_with("__index_level_"));
    let mut features: Vec<_> = match columns.unwrap_or(&Columns::All) {
        Columns::All => usual.collect(),
        Columns::Only(asked) => all("columns", asked)?,
        Columns::Without(asked) => {
            let without = all("drop", asked)?;
            usual.filter(|column| !without.contains(column)).collect()
        }
    };
    features.retain(|column| Some(*column) != label);
    Ok(features)
}
