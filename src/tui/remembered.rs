//! What the app remembers from run to run: the theme, and what the ranking is sorted by.

use std::path::{Path, PathBuf};

use etcetera::{BaseStrategy, choose_base_strategy};

use super::theme::ThemeName;
use crate::run::files::write_file;
use neartop_io::preset::read_document;

/// How the ranking is sorted: the title of the column, and whether the largest come first.
pub type Sorting = (String, bool);

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    pub theme: Option<ThemeName>,
    pub sorting: Option<Sorting>,
}

impl Remembered {
    /// Where it is kept: beside the study, in the XDG state directory. None where there is no home.
    #[must_use]
    pub fn path() -> Option<PathBuf> {
        let base = choose_base_strategy().ok()?;
        let state = base.state_dir().unwrap_or_else(|| base.data_dir());
        Some(state.join("neartop").join("screen.yaml"))
    }

    /// What was remembered last. What cannot be read is nothing: nobody wrote it by hand.
    #[must_use]
    pub fn load(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        Self::parse(&text)
    }

    fn parse(text: &str) -> Self {
        let read = read_document(text, "screen.yaml", |node| {
            let word = |key: &str| node.at(key).and_then(|node| node.as_str().map(str::to_owned));
            let largest = node.at("largest_first").is_some_and(|node| node.boolean("the order").unwrap_or(false));
            let theme = word("theme").and_then(|name| ThemeName::ALL.into_iter().find(|theme| theme.name() == name));
            Ok(Self { theme, sorting: word("sort").map(|title| (title, largest)) })
        });
        read.unwrap_or_default()
    }

    /// Keeps it; where that is not possible, the next run begins as the program does.
    pub fn save(&self, path: &Path) {
        let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        let written =
            folder.map_err(|e| e.to_string()).and_then(|()| write_file(path, &self.text()).map_err(|e| e.to_string()));
        if let Err(error) = written {
            tracing::warn!(%error, "the look of the screen is not remembered");
        }
    }

    fn text(&self) -> String {
        let mut text = "# What the app remembers; settings are in config.yaml.\n".to_owned();
        if let Some(theme) = self.theme {
            text += &format!("theme: {}\n", theme.name());
        }
        if let Some((title, largest_first)) = &self.sorting {
            text += &format!("sort: \"{title}\"\nlargest_first: {largest_first}\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("neartop").join("screen.yaml");
        assert_eq!(Remembered::load(&path), Remembered::default());
        let all = [
            Remembered::default(),
            Remembered { theme: Some(ThemeName::Light), sorting: Some(("#".to_owned(), false)) },
            Remembered { theme: None, sorting: Some(("NEAR".to_owned(), true)) },
        ];
        for remembered in all {
            remembered.save(&path);
            assert_eq!(Remembered::load(&path), remembered);
        }
        std::fs::write(&path, "theme: [\n").unwrap();
        assert_eq!(Remembered::load(&path), Remembered::default());
        std::fs::write(&path, "theme: pink\nsort: 3\n").unwrap();
        assert_eq!(Remembered::load(&path), Remembered::default());
    }
}
