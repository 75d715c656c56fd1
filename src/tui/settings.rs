//! What a user settles once for all runs: `neartop/config.yaml` in the XDG configuration directory.

use std::collections::BTreeMap;
use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

use super::keymap::{Key, Keymap};
use super::theme::ThemeName;
use super::views;
use crate::columns::titles;
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
}

impl Default for Settings {
    fn default() -> Self {
        let (theme, keymap) = (ThemeName::default(), views::keymap());
        Self { theme, mouse: false, ascii: false, keymap, columns: Vec::new() }
    }
}

impl Settings {
    /// Where the settings are looked for; none where there is no home.
    #[must_use]
    pub fn path() -> Option<PathBuf> {
        Some(choose_base_strategy().ok()?.config_dir().join("neartop").join("config.yaml"))
    }

    /// The settings of the user; those of the program where there is no file.
    ///
    /// # Errors
    /// What is wrong in the file, and where.
    pub fn load() -> Result<Self, PresetError> {
        match Self::path() {
            Some(path) if path.exists() => {
                let name = path.display().to_string();
                Self::parse(&read_text(&path, &name)?, &name)
            }
            _ => Ok(Self::default()),
        }
    }

    /// Settings from a text; `file` names it in errors.
    ///
    /// # Errors
    /// What is wrong in it, and where.
    pub fn parse(text: &str, file: &str) -> Result<Self, PresetError> {
        read_document(text, file, read)
    }
}

fn read(node: &Node<'_>) -> Result<Settings, Problem> {
    let map = node.map("the settings", &["theme", "mouse", "ascii", "keys", "columns"])?;
    let flag = |key: &str| map.get(key).map_or(Ok(false), |node| node.boolean(&format!("`{key}`")));
    let names = ThemeName::ALL.map(ThemeName::name);
    let theme = map.get("theme").map(|node| word(node, "the theme", &names)).transpose()?;
    let theme = theme.and_then(|name| ThemeName::ALL.into_iter().find(|t| t.name() == name)).unwrap_or_default();
    let keymap = map.get("keys").map(read_keys).transpose()?.unwrap_or_else(views::keymap);
    let columns = map.get("columns").map(read_columns).transpose()?.unwrap_or_default();
    Ok(Settings { theme, mouse: flag("mouse")?, ascii: flag("ascii")?, keymap, columns })
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
}
