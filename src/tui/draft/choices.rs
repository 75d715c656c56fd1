//! Activations and initializations to switch on and off: the catalog, and what has parameters.

use neartop_io::preset::{Listed, PresetError, parse_choice};

/// The catalog, and what a preset has beside it.
pub fn all_and<C: Listed>(chosen: &[C]) -> Vec<C> {
    let mut all = C::all();
    chosen.iter().for_each(|choice| add(&mut all, choice));
    all
}

/// Puts a choice behind those of its name.
pub fn add<C: Listed>(all: &mut Vec<C>, choice: &C) {
    if !all.contains(choice) {
        let place = all.iter().rposition(|one| one.name() == choice.name()).map_or(all.len(), |last| last + 1);
        all.insert(place, choice.clone());
    }
}

/// Puts a choice into a search or takes it out; the rest keep their order, new ones come where the list has them.
pub fn switch<C: Listed>(search: &mut Vec<C>, choice: &C, all: &[C]) -> bool {
    match search.iter().position(|one| one == choice) {
        Some(place) => {
            search.remove(place);
        }
        None => {
            let place = |one: &C| all.iter().position(|other| other == one);
            let at = search.iter().position(|one| place(one) > place(choice)).unwrap_or(search.len());
            search.insert(at, choice.clone());
        }
    }
    !search.is_empty()
}

pub fn parsed<C: Listed>(text: &str) -> Result<C, PresetError> {
    parse_choice(text, "the text")
}

/// A choice as a preset writes it in one line.
pub fn as_yaml(choice: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(choice).unwrap_or_default();
    json.replace('"', "").replace(':', ": ").replace(',', ", ")
}
