//! Values of YAML that are written.

use serde_yaml::{Mapping, Value};

/// A map with these entries, those without a value left out.
pub fn map<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    let entries = entries.into_iter().filter_map(|(key, value)| Some((Value::from(key), value?)));
    Value::Mapping(Mapping::from_iter(entries))
}

/// A value as YAML.
pub fn value(of: impl serde::Serialize) -> Option<Value> {
    serde_yaml::to_value(of).ok()
}

/// `value`, unless it is the default.
pub fn unless<T: PartialEq + serde::Serialize>(of: T, default: T) -> Option<Value> {
    if of == default { None } else { value(of) }
}

/// A map with these entries.
pub fn map_of(entries: Vec<(&str, Value)>) -> Value {
    Value::Mapping(entries.into_iter().map(|(key, value)| (Value::from(key), value)).collect())
}
