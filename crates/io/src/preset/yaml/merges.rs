//! `<<`: the entries of another map, where a map has none of its own by their names.

use serde_yaml::{Mapping, Value};

use super::place::Step;

const MERGE: &str = "<<";

/// The value with all merges put in, from the innermost on. Merged values were counted as aliases before.
///
/// # Errors
/// The way to a `<<` that holds something else than maps.
pub fn put_in(value: Value) -> Result<Value, Vec<Step>> {
    Ok(match value {
        Value::Sequence(items) => {
            let item = |(at, item)| put_in(item).map_err(|steps| begun(Step::Item(at), steps));
            Value::Sequence(items.into_iter().enumerate().map(item).collect::<Result<_, _>>()?)
        }
        Value::Mapping(mapping) => Value::Mapping(merged(mapping)?),
        other => other,
    })
}

fn merged(mapping: Mapping) -> Result<Mapping, Vec<Step>> {
    let mut own = Mapping::with_capacity(mapping.len());
    let mut others = Vec::new();
    for (key, value) in mapping {
        let name = key.as_str().unwrap_or_default().to_owned();
        let value = put_in(value).map_err(|steps| begun(Step::Key(name.clone()), steps))?;
        match (name.as_str(), value) {
            (MERGE, Value::Mapping(other)) => others.push(other),
            (MERGE, Value::Sequence(list)) => {
                for item in list {
                    let Value::Mapping(other) = item else { return Err(vec![Step::Key(name)]) };
                    others.push(other);
                }
            }
            (MERGE, _) => return Err(vec![Step::Key(name)]),
            (_, value) => drop(own.insert(key, value)),
        }
    }
    // Those that come first go before.
    for (key, value) in others.into_iter().flatten() {
        own.entry(key).or_insert(value);
    }
    Ok(own)
}

fn begun(first: Step, mut rest: Vec<Step>) -> Vec<Step> {
    rest.insert(0, first);
    rest
}
