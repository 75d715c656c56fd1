//! What a user settles once for all runs: `neartop/config.yaml` in the XDG configuration directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keymap::{Key, Keymap};
use super::notice::of_preset;
use super::remembered::{Remembered, Sorting};
use super::theme::ThemeName;
use super::views;
use crate::columns::titles;
use etcetera::{BaseStrategy, choose_base_strategy};
use neartop_core::catalog::nearest;
use neartop_io::preset::yaml::{Node, Problem};
use neartop_io::preset::{PresetError, printable, read_document, read_text, word};

/// Settings of the app.
#[derive(Debug, Clone)]
pub struct Settings {
    pub theme: ThemeName,
    pub mouse: bool,
    pub ascii: bool,
    pub keymap: Keymap,
    /// Titles of the columns of the ranking; all that say something where there are none.
    pub columns: Vec<String>,
    /// How the ranking was sorted last.
    pub sorting: Option<Sorting>,
    /// What is wrong in the file, a line for each.
    pub troubles: Vec<String>,
}

/// What can be settled.
const KEYS: [&str; 5] = ["theme", "mouse", "ascii", "keys", "columns"];

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeName::default(),
            mouse: false,
            ascii: false,
            keymap: views::keymap(),
            columns: Vec::new(),
            sorting: None,
            troubles: Vec::new(),
        }
    }
}

impl Settings {
    /// Where the settings are looked for; none where there is no home.
    #[must_use]
    pub fn path() -> Option<PathBuf> {
        Some(choose_base_strategy().ok()?.config_dir().join("neartop").join("config.yaml"))
    }

    /// The settings of the user, and those of the program where they say nothing, or something wrong: that is told in
    /// the app, and keeps nobody out of it.
    #[must_use]
    pub fn load() -> Self {
        let remembered = Remembered::path().map(|path| Remembered::load(&path)).unwrap_or_default();
        let theme = remembered.theme.unwrap_or_default();
        let settings = Self { theme, sorting: remembered.sorting, ..Self::default() };
        let Some(path) = Self::path().filter(|path| path.exists()) else { return settings };
        // Where it is is known, and what is wrong in it has more room.
        let name = path.file_name().map_or_else(String::new, |name| name.display().to_string());
        let (mut settings, wrong) = match read_text(&path, &name) {
            Ok(text) => settings.with(&text, &name),
            Err(error) => (settings, vec![error]),
        };
        settings.troubles = wrong.iter().map(of_preset).collect();
        settings
    }

    /// Settings from a text; `file` names it in errors.
    ///
    /// # Errors
    /// The first that is wrong in it, and where.
    pub fn parse(text: &str, file: &str) -> Result<Self, PresetError> {
        let (settings, wrong) = Self::default().with(text, file);
        wrong.into_iter().next().map_or(Ok(settings), Err)
    }

    /// These with what a text says, and what is wrong in it.
    fn with(mut self, text: &str, file: &str) -> (Self, Vec<PresetError>) {
        let names = |node: &Node<'_>| match node.is_empty() {
            true => Ok(Vec::new()),
            false => {
                let entries = node.entries(&format!("the settings: a map with {}", KEYS.join(", ")))?;
                Ok(entries.into_iter().map(|(name, _)| name.to_owned()).collect())
            }
        };
        let names: Vec<String> = match read_document(text, file, names) {
            Ok(names) => names,
            Err(error) => return (self, vec![error]),
        };
        let take = |name: String| read_document(text, file, |node| self.take(node, &name)).err();
        let wrong = names.into_iter().filter_map(take).collect();
        (self, wrong)
    }

    /// Takes in what a key says.
    fn take(&mut self, node: &Node<'_>, name: &str) -> Result<(), Problem> {
        let Some(node) = node.at(name) else { return Ok(()) };
        match name {
            "theme" => {
                let name = word(&node, "the theme", &ThemeName::ALL.map(ThemeName::name))?;
                self.theme = ThemeName::ALL.into_iter().find(|theme| theme.name() == name).unwrap_or_default();
            }
            "mouse" => self.mouse = node.boolean("`mouse`")?,
            "ascii" => self.ascii = node.boolean("`ascii`")?,
            "keys" => self.keymap = read_keys(&node)?,
            "columns" => self.columns = read_columns(&node)?,
            name => {
                let problem = node.key_problem(format!("there is no setting `{}`", printable(name)));
                return Err(match nearest(name, KEYS) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("settings are {}", KEYS.join(", "))),
                });
            }
        }
        Ok(())
    }
}

fn read_columns(node: &Node<'_>) -> Result<Vec<String>, Problem> {
    let titles = titles();
    let read = |node: &Node<'_>| match node.as_str() {
        // What the column was called before.
        Some("trains") => Ok("trainability".to_owned()),
        _ => word(node, "a column", &titles).map(str::to_owned),
    };
    node.list("`columns`")?.iter().map(read).collect()
}

fn read_keys(node: &Node<'_>) -> Result<Keymap, Problem> {
    let keymap = views::keymap();
    let names = keymap.action_names();
    let mut changes = BTreeMap::new();
    for (name, given) in node.entries("`keys`")? {
        if !names.contains(&name) {
            let problem = given.key_problem(format!("there is no action `{}`", printable(name)));
            return Err(match nearest(name, names.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!("actions are {}", names.join(", "))),
            });
        }
        let given = if given.is_list() { given.list("the keys")? } else { vec![given] };
        let key = |node: &Node<'_>| {
            let text = node.text("a key")?;
            let unknown = || node.problem(format!("there is no key `{}`", printable(text)));
            let help = "a character, `ctrl-x`, or a name such as `space`, `enter`, `tab`, `up`, `page-down`, `f5`";
            Key::parse(text).ok_or_else(|| unknown().help(help))
        };
        changes.insert(name.to_owned(), given.iter().map(key).collect::<Result<Vec<_>, _>>()?);
    }
    keymap.with(&changes).map_err(|error| {
        let entries = node.entries("`keys`").unwrap_or_default();
        let blamed = entries.into_iter().find(|(key, _)| *key == error.action());
        blamed.map_or_else(|| node.problem(error.to_string()), |(_, node)| node.problem(error.to_string()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use neartop_io::preset::PresetError;

    fn problem(text: &str) -> String {
        match Settings::parse(text, "config.yaml") {
            Err(PresetError::Invalid(error)) => format!("{}: {error}", error.place),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn settings_are_read() {
        let text = "theme: light\nmouse: true\nkeys: {pause: [f5, ctrl-p], mark: x}\n";
        let settings = Settings::parse(text, "config.yaml").unwrap();
        assert_eq!((settings.theme, settings.mouse, settings.ascii), (ThemeName::Light, true, false));
        let columns = Settings::parse("columns: [NEAR, parameters]\n", "config.yaml").unwrap().columns;
        assert_eq!(columns, ["NEAR", "parameters"]);
        assert_eq!(Settings::parse("columns: [trains]\n", "config.yaml").unwrap().columns, ["trainability"]);
        assert_eq!(Settings::parse("{}", "config.yaml").unwrap().theme, ThemeName::Terminal);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(problem("theme: pink\n"), "config.yaml:1:8: the theme cannot be `pink`");
        assert_eq!(problem("keys:\n  paws: p\n"), "config.yaml:2:3: there is no action `paws`");
        assert_eq!(problem("keys:\n  pause: hyper\n"), "config.yaml:2:10: there is no key `hyper`");
        assert_eq!(problem("keys:\n  pause: e\n"), "config.yaml:2:10: `e` would mean both pause and export");
        assert!(problem("mous: true\n").contains("mous"));
        assert_eq!(problem("columns: [NEAR, eror]\n"), "config.yaml:1:17: a column cannot be `eror`");
    }

    #[test]
    fn what_is_wrong_leaves_the_rest_as_it_is() {
        for empty in ["", "# theme: dark\n", "---\n", "# a\n\n# b\n"] {
            assert!(Settings::parse(empty, "config.yaml").is_ok(), "{empty:?}");
        }
        let text = "them: dark\nmouse: true\ntheme: pink\ncolumns: [error, NEAR]\n";
        let (settings, wrong) = Settings::default().with(text, "config.yaml");
        assert_eq!((settings.theme, settings.mouse), (ThemeName::Terminal, true));
        assert_eq!(settings.columns, ["error", "NEAR"]);
        let told: Vec<_> = wrong.iter().map(of_preset).collect();
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], "config.yaml:1:1: there is no setting `them`; did you mean `theme`?");
        assert!(told[1].starts_with("config.yaml:3:8: the theme cannot be `pink`"), "{}", told[1]);
        let (_, wrong) = Settings::default().with("theme: [\n", "config.yaml");
        assert_eq!(wrong.len(), 1);
    }
}
