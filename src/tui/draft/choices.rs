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

/// A choice from what the user wrote: as in a preset, or as the screen writes it.
pub fn parsed<C: Listed>(text: &str) -> Result<C, PresetError> {
    let text = text.trim();
    let as_preset = text.ends_with(')').then(|| as_preset(text)).flatten();
    parse_choice(as_preset.as_deref().unwrap_or(text), "the text")
}

/// `name(a=1, b=other(c=2))` as `{name: {a: 1, b: {other: {c: 2}}}}`; none where the brackets do not fit together.
fn as_preset(text: &str) -> Option<String> {
    let Some((name, rest)) = text.split_once('(') else {
        return (!text.is_empty() && !text.contains([')', '='])).then(|| text.trim().to_owned());
    };
    let inner = rest.strip_suffix(')')?;
    let parameter = |part: &str| {
        let (key, value) = part.split_once('=')?;
        Some(format!("{}: {}", key.trim(), as_preset(value.trim())?))
    };
    let parameters = parts(inner)?.into_iter().map(parameter).collect::<Option<Vec<_>>>()?;
    let name = name.trim();
    Some(if parameters.is_empty() { name.to_owned() } else { format!("{{{name}: {{{}}}}}", parameters.join(", ")) })
}

/// What stands between the commas that are in no brackets.
fn parts(text: &str) -> Option<Vec<&str>> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(&text[start..]);
    }
    (depth == 0).then_some(parts)
}

/// A choice as a preset writes it in one line.
pub fn as_yaml(choice: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(choice).unwrap_or_default();
    json.replace('"', "").replace(':', ": ").replace(',', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use neartop_core::network::{Activation, Init};

    #[test]
    fn choices_are_read_as_the_screen_writes_them() {
        let leaky: Activation = parsed("leaky_relu(negative_slope=0.4)").unwrap();
        assert_eq!(leaky, parsed("{leaky_relu: {negative_slope: 0.4}}").unwrap());
        assert_eq!(parsed::<Activation>(&leaky.to_string()).unwrap(), leaky);
        let normal: Init = parsed(" normal( mean = 0.5 , std=0.1 ) ").unwrap();
        assert_eq!(parsed::<Init>(&normal.to_string()).unwrap(), normal);
        assert_eq!(parsed::<Activation>("relu()").unwrap(), parsed("relu").unwrap());
        let wrong = parsed::<Activation>("leaky_relu(slope=0.4)").unwrap_err().to_string();
        assert!(wrong.contains("slope"), "{wrong}");
        for wrong in ["leaky_relu(", "leaky_relu(0.4)", "leaky_relu(negative_slope=)", "relu)"] {
            assert!(parsed::<Activation>(wrong).is_err(), "{wrong}");
        }
    }
}
