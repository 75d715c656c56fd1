//! Activations and initializations to switch on and off: the catalog, and what has parameters.

use std::sync::Arc;

use neartop_core::network::Init;
use neartop_core::recipe::{BUNDLED, Recipe};
use neartop_io::preset::{Listed, PresetError, parse_choice};

/// The catalog, and what a preset has beside it.
pub fn all_and<C: Listed>(chosen: &[C]) -> Vec<C> {
    let mut all = C::all();
    chosen.iter().for_each(|choice| add(&mut all, choice));
    all
}

/// The same of initializations, with the recipes that come with the program. Recipes stand below the rest.
pub fn inits_and(chosen: &[Init]) -> Vec<Init> {
    let mut all = Init::all();
    all.extend(BUNDLED.iter().filter_map(|recipe| Init::recipe(recipe.name)));
    chosen.iter().for_each(|choice| add_init(&mut all, choice));
    all
}

/// Puts an initialization behind those of its name, and a recipe behind the others.
pub fn add_init(all: &mut Vec<Init>, choice: &Init) {
    add(all, choice);
    all.sort_by_key(|init| matches!(init, Init::Recipe(_)));
}

/// Puts a choice behind those of its name.
pub fn add<C: Listed>(all: &mut Vec<C>, choice: &C) {
    if !all.contains(choice) {
        let place = all.iter().rposition(|one| one.name() == choice.name()).map_or(all.len(), |last| last + 1);
        all.insert(place, choice.clone());
    }
}

/// Puts a choice into a search or takes it out; the rest keep their order, new ones come where the list has them. One that
/// is shown by the same name, as recipes may be, makes way.
pub fn switch<C: Listed>(search: &mut Vec<C>, choice: &C, all: &[C]) -> bool {
    match search.iter().position(|one| one == choice) {
        Some(place) => {
            search.remove(place);
        }
        None => {
            make_way(search, choice);
            let place = |one: &C| all.iter().position(|other| other == one);
            let at = search.iter().position(|one| place(one) > place(choice)).unwrap_or(search.len());
            search.insert(at, choice.clone());
        }
    }
    !search.is_empty()
}

/// Takes what is shown by the name of a choice out of a search: tables would not tell them apart.
pub fn make_way<C: Listed>(search: &mut Vec<C>, choice: &C) {
    search.retain(|one| one.to_string() != choice.to_string());
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

/// An initialization as a text to edit: a bundled recipe with its parts, where they say all of it.
pub fn init_as_text(init: &Init) -> String {
    if let Init::Recipe(recipe) = init {
        let text = as_yaml(&Init::Recipe(Arc::new(Recipe { about: None, ..Recipe::clone(recipe) })));
        if parsed(&text).is_ok_and(|read| matches!(read, Init::Recipe(read) if draws_alike(&read, recipe))) {
            return text;
        }
    }
    as_yaml(init)
}

/// Whether two recipes draw the same, whatever they are called.
fn draws_alike(one: &Recipe, other: &Recipe) -> bool {
    let what = |recipe: &Recipe| {
        (recipe.depth, recipe.draws_gates_together, recipe.bias.clone(), recipe.gains.clone(), recipe.parts.len())
    };
    what(one) == what(other) && one.parts.iter().all(|(key, init)| other.part(key) == Some(init))
}

/// A choice as a preset writes it in one line.
pub fn as_yaml(choice: &impl serde::Serialize) -> String {
    let json = serde_json::to_string(choice).unwrap_or_default();
    // Between quotes are words, also in what was escaped.
    let parts = json.split('"').enumerate();
    let part = |(place, part): (usize, &str)| match place % 2 {
        0 => part.replace(':', ": ").replace(',', ", "),
        _ if is_plain(part) => part.to_owned(),
        _ => format!("\"{part}\""),
    };
    parts.map(part).collect()
}

/// Whether a word means itself in YAML without quotes.
fn is_plain(word: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let means_other = ["true", "false", "null", "yes", "no", "on", "off"].contains(&word.to_ascii_lowercase().as_str());
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(is_letter) && !means_other
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

    #[test]
    fn recipes_are_written_in_full_and_read_again() {
        let mut in_full = 0;
        for init in BUNDLED.iter().filter_map(|recipe| Init::recipe(recipe.name)) {
            let text = init_as_text(&init);
            let read: Init = parsed(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            in_full += usize::from(text.starts_with("{recipe: "));
            assert_eq!(read.to_string(), init.to_string());
        }
        assert!(in_full >= 2, "{in_full}");
        let own: Init = parsed("{recipe: 'my no. 1', linear: orthogonal, bias: {constant: 0.5}}").unwrap();
        assert_eq!(init_as_text(&own), "{recipe: \"my no. 1\", linear: orthogonal, bias: {constant: 0.5}}");
        assert_eq!(parsed::<Init>(&init_as_text(&own)).unwrap(), own);
    }

    #[test]
    fn two_of_one_name_are_not_searched_at_once() {
        let bundled = Init::recipe("ppo").unwrap();
        let own: Init = parsed("{recipe: ppo, linear: orthogonal}").unwrap();
        let all = inits_and(std::slice::from_ref(&own));
        let mut search = vec![bundled.clone()];
        assert!(switch(&mut search, &own, &all) && search == [own]);
        assert!(switch(&mut search, &bundled, &all) && search == [bundled]);
    }
}
