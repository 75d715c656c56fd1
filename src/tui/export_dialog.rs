//! Where the selected candidate is exported to, and as what.

use std::path::PathBuf;

use crossterm::event::{Event, KeyEvent};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::app::Effect;
use super::keymap::Action;
use neartop_io::export::Format;
use neartop_study::export;
use neartop_study::study::Study;

/// The state of the dialog.
#[derive(Debug)]
pub struct ExportDialog {
    pub candidate: usize,
    /// Place in [`Format::ALL`].
    pub format: usize,
    pub path: Input,
    /// What would be written, or why it cannot be.
    pub preview: Result<String, String>,
    /// The file exists, and accepting once more replaces it.
    pub confirm: bool,
    pub scroll: usize,
}

impl ExportDialog {
    #[must_use]
    pub fn new(study: &Study, candidate: usize) -> Self {
        let mut dialog = Self {
            candidate,
            format: 0,
            path: Input::default(),
            preview: Ok(String::new()),
            confirm: false,
            scroll: 0,
        };
        dialog.choose(study, 0);
        dialog
    }

    #[must_use]
    pub fn chosen(&self) -> Format {
        Format::ALL[self.format]
    }

    /// Takes a key in; closing is the application's.
    pub fn key(&mut self, action: Option<Action>, key: KeyEvent, study: &Study) -> Option<Effect> {
        let count = Format::ALL.len();
        match action {
            Some(Action::Up) => self.choose(study, (self.format + count - 1) % count),
            Some(Action::Down) => self.choose(study, (self.format + 1) % count),
            Some(Action::PageUp) => self.scroll_by(10, false),
            Some(Action::PageDown) => self.scroll_by(10, true),
            Some(Action::Accept) => return self.accept(),
            _ => {
                self.path.handle_event(&Event::Key(key));
                self.confirm = false;
            }
        }
        None
    }

    /// Scrolls the preview, no further than its last line.
    pub fn scroll_by(&mut self, lines: usize, down: bool) {
        let last = self.preview.as_ref().map_or(0, |text| text.lines().count()).saturating_sub(1);
        self.scroll = if down { (self.scroll + lines).min(last) } else { self.scroll.saturating_sub(lines) };
    }

    fn accept(&self) -> Option<Effect> {
        let text = self.preview.as_ref().ok()?.clone();
        let path = self.path.value().trim();
        (!path.is_empty()).then(|| Effect::Write { path: PathBuf::from(path), text, replace: self.confirm })
    }

    /// Another format: its preview, and the path with its extension.
    fn choose(&mut self, study: &Study, format: usize) {
        self.format = format;
        self.preview = export::render(study, self.candidate, self.chosen()).map_err(|e| e.to_string());
        let name = match self.path.value().rsplit_once('.') {
            Some((stem, _)) => stem.trim_end_matches("_keras").to_owned(),
            None => stem(study, self.candidate),
        };
        // Two formats share an extension, and the second must not replace the first.
        let suffix = if self.chosen() == Format::Keras { "_keras" } else { "" };
        self.path = Input::new(format!("{name}{suffix}.{}", self.chosen().extension()));
        self.confirm = false;
        self.scroll = 0;
    }
}

/// A file name for a candidate, with all that tells it from the others: `digits_mlp-tanh-orthogonal_gain_auto`.
fn stem(study: &Study, candidate: usize) -> String {
    let c = study.candidate(candidate);
    let (architecture, activation) =
        (c.architecture.as_ref().map(ToString::to_string), c.activation.as_ref().map(ToString::to_string));
    let parts = [Some(study.space.preset.name.clone()), architecture, activation, Some(c.init.to_string())];
    let clean = |part: String| {
        let words = part.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("_")
    };
    let parts = parts.into_iter().flatten().map(clean).filter(|part| !part.is_empty());
    // File systems take 255 bytes, and an extension is to come.
    parts.collect::<Vec<_>>().join("-").chars().take(200).collect()
}
