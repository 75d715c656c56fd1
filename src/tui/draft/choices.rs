//! Activations and initializations to switch on and off: the catalog, and what has parameters.

use neartop_core::catalog::{Choice, Entry};
use neartop_io::preset::{PresetError, parse_choice};

/// The catalog, and what a preset has beside it.
pub fn all_and<E: Entry>(chosen: &[Choice<E>]) -> Vec<Choice<E>> {
    let mut all = Choice::all();
    chosen.iter().for_each(|choice| add(&mut all, choice));
    all
}

/// Puts a choice behind those of its name.
pub fn add<E: Entry>(all: &mut Vec<Choice<E>>, choice: &Choice<E>) {
    if !all.contains(choice) {
        let place = all.iter().rposition(|one| one.name() == choice.name()).map_or(all.len(), |last| last + 1);
        all.insert(place, choice.clone());
    }
}

/// Puts a choice into a search or takes it out; the rest keep their order, new ones come where the list has them.
pub fn switch<E: Entry>(search: &mut Vec<Choice<E>>, choice: &Choice<E>, all: &[Choice<E>]) -> bool {
    match search.iter().position(|one| one == choice) {
        Some(place) => {
            search.remove(place);
        }
        None => {
            let place = |one: &Choice<E>| all.iter().position(|other| other == one);
            let at = search.iter().position(|one| place(one) > place(choice)).unwrap_or(search.len());
            search.insert(at, choice.clone());
        }
    }
    !search.is_empty()
}

pub fn parsed<E: Entry>(text: &str) -> Result<Choice<E>, PresetError> {
    parse_choice(text, "the text")
}

/// A choice as a preset writes it in one line.
pub fn as_yaml<E: Entry>(choice: &Choice<E>) -> String {
    let json = serde_json::to_string(choice).unwrap_or_default();
    json.replace('"', "").replace(':', ": ").replace(',', ", ")
}
