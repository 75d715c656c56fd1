//! What keys do: one table that dispatch, footer, help overlay and command palette read, with the keys that the user's
//! settings put in the place of its own.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Quit,
    Interrupt,
    Suspend,
    Redraw,
    Help,
    Close,
    Accept,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    /// Sort by the column at this place; a second time the other way round.
    SortBy(usize),
    SortLeft,
    SortRight,
    Reverse,
    Filter,
    ClearFilter,
    Pause,
    Freeze,
    Export,
    DetailUp,
    DetailDown,
    ToggleDetail,
    GoToBest,
    Sizes,
    Matrix,
    Inspect,
    Mark,
    ClearMarks,
    Left,
    Right,
    More,
    Less,
    Palette,
    Copy,
    NextTheme,
    ToggleMouse,
    ToggleGuard,
    Space,
    Toggle,
    Edit,
    Undo,
    Redo,
    ScoreDraft,
    SaveDraft,
    Train,
    StopTraining,
    CancelJobs,
    Library,
    OpenPreset,
}

impl Action {
    /// Its name in settings: `go-to-best`.
    #[must_use]
    pub fn name(self) -> String {
        let name = format!("{self:?}");
        let name = name.split('(').next().unwrap_or_default();
        let mut words = String::new();
        for c in name.chars() {
            if c.is_ascii_uppercase() && !words.is_empty() {
                words.push('-');
            }
            words.push(c.to_ascii_lowercase());
        }
        words
    }
}

/// Where keys are pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    Ranking,
    Candidate,
    Matrix,
    Filter,
    Help,
    Export,
    Sizes,
    Palette,
    Space,
    Training,
    Library,
    Prompt,
}

/// A key as the table writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Code(KeyCode),
    /// 1 to 9; the action gets the place, from 0.
    Digit,
}

/// A line of the table.
#[derive(Debug)]
pub struct Binding {
    pub keys: &'static [Key],
    pub action: Action,
    pub contexts: &'static [Context],
    /// What it does, for the help overlay.
    pub help: &'static str,
    /// A word for the footer; empty for keys that it does not show.
    pub hint: &'static str,
}

use Context::{Candidate, Export, Filter, Help, Library, Matrix, Palette, Prompt, Ranking, Sizes, Space, Training};
use Key::{Char, Code, Ctrl, Digit};

const LISTS: &[Context] = &[Ranking, Help, Export, Space, Training, Library];
const TEXTS: &[Context] = &[Filter, Export, Palette, Prompt];
/// What stands alone on the screen.
const VIEWS: &[Context] = &[Ranking, Candidate, Matrix, Space, Training, Library];
/// Those that show candidates.
const SHOWS: &[Context] = &[Ranking, Candidate, Matrix];
const ALL: &[Context] =
    &[Ranking, Candidate, Matrix, Filter, Help, Export, Sizes, Palette, Space, Training, Library, Prompt];

const fn bind(
    keys: &'static [Key],
    action: Action,
    contexts: &'static [Context],
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { keys, action, contexts, help, hint }
}

/// Every key; in a context the first line that matches counts.
pub static BINDINGS: &[Binding] = &[
    bind(&[Ctrl('c')], Action::Interrupt, ALL, "", "break off"),
    bind(&[Ctrl('z')], Action::Suspend, ALL, "", "suspend to the shell; `fg` comes back"),
    bind(&[Ctrl('l')], Action::Redraw, ALL, "", "draw the screen anew"),
    bind(&[Code(KeyCode::Up), Char('k')], Action::Up, &[Ranking, Matrix, Help, Space, Training, Library], "", "up"),
    bind(
        &[Code(KeyCode::Down), Char('j')],
        Action::Down,
        &[Ranking, Matrix, Help, Space, Training, Library],
        "",
        "down",
    ),
    bind(&[Code(KeyCode::Up), Ctrl('p')], Action::Up, &[Palette], "", "the command above"),
    bind(
        &[Code(KeyCode::Down), Code(KeyCode::Tab), Ctrl('n')],
        Action::Down,
        &[Palette],
        "choose",
        "the command below",
    ),
    bind(&[Code(KeyCode::Up)], Action::Up, &[Export], "", "previous format"),
    bind(&[Code(KeyCode::Down), Code(KeyCode::Tab)], Action::Down, &[Export], "format", "next format"),
    bind(&[Code(KeyCode::PageUp), Ctrl('b')], Action::PageUp, LISTS, "", "a page up"),
    bind(&[Code(KeyCode::PageDown), Ctrl('f')], Action::PageDown, LISTS, "", "a page down"),
    bind(
        &[Code(KeyCode::Home), Char('g')],
        Action::First,
        &[Ranking, Help, Space, Training, Library],
        "",
        "to the first line",
    ),
    bind(
        &[Code(KeyCode::End), Char('G')],
        Action::Last,
        &[Ranking, Help, Space, Training, Library],
        "",
        "to the last line",
    ),
    bind(&[Char('b')], Action::GoToBest, SHOWS, "", "select the recommended candidate"),
    bind(&[Code(KeyCode::Up), Char('k')], Action::Up, &[Candidate], "", "the layer before"),
    bind(&[Code(KeyCode::Down), Char('j')], Action::Down, &[Candidate], "layer", "the next layer"),
    bind(&[Code(KeyCode::Home), Char('g')], Action::First, &[Candidate], "", "the first layer"),
    bind(&[Code(KeyCode::End), Char('G')], Action::Last, &[Candidate], "", "the last layer"),
    bind(&[Code(KeyCode::Left), Char('h')], Action::Left, &[Candidate], "", "the candidate before in the ranking"),
    bind(
        &[Code(KeyCode::Right), Char('l')],
        Action::Right,
        &[Candidate],
        "candidate",
        "the next candidate of the ranking",
    ),
    bind(&[Code(KeyCode::Left), Char('h')], Action::Left, &[Matrix], "", "to the left"),
    bind(&[Code(KeyCode::Right), Char('l')], Action::Right, &[Matrix], "", "to the right"),
    bind(&[Code(KeyCode::Home), Char('0')], Action::First, &[Matrix], "", "to the first column"),
    bind(&[Code(KeyCode::End), Char('$')], Action::Last, &[Matrix], "", "to the last column"),
    bind(&[Code(KeyCode::Tab), Char('v')], Action::More, &[Matrix], "quantity", "the next quantity"),
    bind(&[Code(KeyCode::BackTab), Char('V')], Action::Less, &[Matrix], "", "the quantity before"),
    bind(&[Digit], Action::SortBy(0), &[Ranking], "", "sort by that column; again: the other way round"),
    bind(
        &[Char('<'), Code(KeyCode::Left), Char('h')],
        Action::SortLeft,
        &[Ranking],
        "",
        "sort by the column to the left",
    ),
    bind(
        &[Char('>'), Code(KeyCode::Right), Char('l')],
        Action::SortRight,
        &[Ranking],
        "",
        "sort by the column to the right",
    ),
    bind(&[Char('r')], Action::Reverse, &[Ranking], "", "turn the order round"),
    bind(
        &[Char('/'), Code(KeyCode::F(4))],
        Action::Filter,
        &[Ranking],
        "filter",
        "filter: words, -words that must not be there, verdicts",
    ),
    bind(
        &[Char(' '), Code(KeyCode::Insert)],
        Action::Mark,
        SHOWS,
        "",
        "mark a candidate, to compare another with it or train it",
    ),
    bind(&[Char('U')], Action::ClearMarks, SHOWS, "", "take all marks away"),
    bind(&[Char('p')], Action::Pause, VIEWS, "", "pause scoring, or go on"),
    bind(&[Char('X')], Action::CancelJobs, VIEWS, "", "end the jobs of a run on a cluster; press it twice"),
    bind(&[Char('f')], Action::Freeze, &[Ranking], "", "freeze the order of the rows, or let them move"),
    bind(&[Char('e')], Action::Export, SHOWS, "export", "export the selected candidate"),
    bind(
        &[Char('s')],
        Action::Space,
        &[Ranking, Candidate, Matrix],
        "search",
        "change the search: what is scored stays",
    ),
    bind(&[Char('t')], Action::Train, SHOWS, "train", "train the marked candidates, or the best"),
    bind(&[Char('t')], Action::Train, &[Training], "train again", "train again: the marked candidates, or the best"),
    bind(&[Char('o')], Action::Library, &[Ranking, Candidate, Matrix, Space, Training], "", "open another preset"),
    bind(&[Code(KeyCode::Enter)], Action::OpenPreset, &[Library], "open", "score this preset"),
    bind(&[Code(KeyCode::Esc), Char('q')], Action::Close, &[Library], "ranking", "back to the ranking"),
    bind(&[Char('x')], Action::StopTraining, &[Training], "stop", "end the training; what it said stays"),
    bind(&[Char('c'), Code(KeyCode::Enter)], Action::Inspect, &[Training], "candidate", "the candidate in full"),
    bind(&[Char('e')], Action::Export, &[Training], "export", "export the chosen candidate"),
    bind(
        &[Code(KeyCode::Esc), Char('q')],
        Action::Close,
        &[Training],
        "ranking",
        "back to the ranking; training goes on",
    ),
    bind(&[Char(' '), Char('x')], Action::Toggle, &[Space], "switch", "switch the choice on or off"),
    bind(
        &[Code(KeyCode::Enter)],
        Action::Edit,
        &[Space],
        "edit",
        "edit the line, or add a choice with other parameters",
    ),
    bind(
        &[Char('+'), Char('='), Code(KeyCode::Right), Char('l')],
        Action::More,
        &[Space],
        "",
        "a larger number, or switch",
    ),
    bind(&[Char('-'), Code(KeyCode::Left), Char('h')], Action::Less, &[Space], "", "a smaller number, or switch"),
    bind(&[Char('u')], Action::Undo, &[Space], "undo", "take the last change back"),
    bind(&[Ctrl('r')], Action::Redo, &[Space], "", "make the change again"),
    bind(&[Char('r')], Action::ScoreDraft, &[Space], "run", "score the changed search"),
    bind(&[Char('W')], Action::SaveDraft, &[Space], "save", "save the search as a preset"),
    bind(
        &[Code(KeyCode::Esc), Char('q'), Char('s')],
        Action::Close,
        &[Space],
        "ranking",
        "back to the ranking; changes are kept until they are scored",
    ),
    bind(&[Char('c'), Code(KeyCode::Enter)], Action::Inspect, &[Ranking, Matrix], "candidate", "the candidate in full"),
    bind(
        &[Char('m')],
        Action::Matrix,
        &[Ranking, Candidate],
        "matrix",
        "activations against initializations as a heat map",
    ),
    bind(&[Char('w')], Action::Sizes, SHOWS, "", "layer sizes of the network with the selected candidate"),
    bind(
        &[Code(KeyCode::Left), Char('h'), Code(KeyCode::Up), Char('k')],
        Action::Left,
        &[Sizes],
        "",
        "the layer before",
    ),
    bind(
        &[Code(KeyCode::Right), Char('l'), Code(KeyCode::Down), Char('j')],
        Action::Right,
        &[Sizes],
        "layer",
        "the next layer",
    ),
    bind(&[Char('+'), Char('=')], Action::More, &[Sizes], "threshold up", "a higher threshold"),
    bind(&[Char('-')], Action::Less, &[Sizes], "down", "a lower threshold"),
    bind(&[Code(KeyCode::Esc), Char('q'), Char('w')], Action::Close, &[Sizes], "close", "close the sizes"),
    bind(&[Char('d')], Action::ToggleDetail, SHOWS, "", "show or hide the layers"),
    bind(&[Char('K'), Char('[')], Action::DetailUp, SHOWS, "", "scroll the layers up"),
    bind(&[Char('J'), Char(']')], Action::DetailDown, SHOWS, "", "scroll the layers down"),
    bind(&[Code(KeyCode::Esc), Char('q'), Char('m')], Action::Close, &[Matrix], "ranking", "back to the ranking"),
    bind(
        &[Code(KeyCode::Esc), Char('q'), Char('c'), Code(KeyCode::Enter)],
        Action::Close,
        &[Candidate],
        "ranking",
        "back to the ranking",
    ),
    bind(&[Char('y')], Action::Copy, SHOWS, "", "copy the selected candidate as a preset to the clipboard"),
    bind(&[Ctrl('y')], Action::Copy, &[Export], "", "copy the preview to the clipboard"),
    bind(&[Char('T')], Action::ToggleGuard, VIEWS, "", "recommend only what will train, or any"),
    bind(&[Char('L')], Action::NextTheme, VIEWS, "", "the next theme"),
    bind(&[Char('M')], Action::ToggleMouse, VIEWS, "", "let the program have the mouse, or the terminal"),
    bind(&[Char(':')], Action::Palette, VIEWS, "", "find a command by its name"),
    bind(&[Char('?'), Code(KeyCode::F(1))], Action::Help, VIEWS, "help", "this help"),
    bind(&[Code(KeyCode::Esc)], Action::ClearFilter, &[Ranking], "", "clear the filter"),
    bind(&[Char('q'), Code(KeyCode::F(10))], Action::Quit, &[Ranking], "quit", "leave"),
    bind(
        &[Code(KeyCode::Esc), Char('q'), Char('?'), Code(KeyCode::F(1)), Code(KeyCode::Enter)],
        Action::Close,
        &[Help],
        "close",
        "close the help",
    ),
    bind(&[Code(KeyCode::Enter)], Action::Accept, TEXTS, "accept", "accept"),
    bind(&[Code(KeyCode::Up), Code(KeyCode::Down)], Action::Accept, &[Filter], "", "accept, and go back to the table"),
    bind(&[Code(KeyCode::Esc)], Action::Close, TEXTS, "cancel", "cancel"),
];

impl Key {
    fn matches(self, event: &KeyEvent) -> bool {
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match (self, event.code) {
            (Self::Char(wanted), KeyCode::Char(c)) => !control && c == wanted,
            (Self::Ctrl(wanted), KeyCode::Char(c)) => control && c.to_ascii_lowercase() == wanted,
            (Self::Code(wanted), code) => !control && code == wanted,
            (Self::Digit, KeyCode::Char(c)) => !control && ('1'..='9').contains(&c),
            _ => false,
        }
    }

    /// The key as people write it.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Char(' ') => "Space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Code(code) => code.to_string(),
            Self::Digit => "1-9".to_owned(),
        }
    }

    /// The key that settings name: a character, `ctrl-x`, or a name such as `enter` or `f5`; none where there is no such
    /// key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return (!c.is_control()).then_some(if c == ' ' { Char(' ') } else { Char(c) });
        }
        let name = text.to_ascii_lowercase().replace(['-', '_', ' '], "");
        if let Some(c) = name.strip_prefix("ctrl").or_else(|| name.strip_prefix('^')) {
            let mut chars = c.chars();
            return match (chars.next(), chars.next()) {
                (Some(c), None) if c.is_ascii_lowercase() => Some(Ctrl(c)),
                _ => None,
            };
        }
        if let Some(n) = name.strip_prefix('f').and_then(|n| n.parse().ok()) {
            return (1..=12).contains(&n).then_some(Code(KeyCode::F(n)));
        }
        let code = match name.as_str() {
            "space" => return Some(Char(' ')),
            "enter" | "return" => KeyCode::Enter,
            "esc" | "escape" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backtab" | "shifttab" => KeyCode::BackTab,
            "backspace" => KeyCode::Backspace,
            "delete" | "del" => KeyCode::Delete,
            "insert" | "ins" => KeyCode::Insert,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pageup" | "pgup" => KeyCode::PageUp,
            "pagedown" | "pgdown" | "pgdn" => KeyCode::PageDown,
            _ => return None,
        };
        Some(Code(code))
    }
}

/// A line of the table with the keys that count for it.
#[derive(Debug, Clone)]
pub struct Bound {
    pub binding: &'static Binding,
    pub keys: Vec<Key>,
}

/// The table with the user's keys.
#[derive(Debug, Clone)]
pub struct Keymap {
    lines: Vec<Bound>,
}

impl Default for Keymap {
    fn default() -> Self {
        let bound = |binding: &'static Binding| Bound { binding, keys: binding.keys.to_vec() };
        Self { lines: BINDINGS.iter().map(bound).collect() }
    }
}

impl Keymap {
    /// The table with other keys for some actions, by the name of the action.
    ///
    /// # Errors
    /// If an action has no such name, or a key would mean two things in one place: the name, and what is wrong.
    pub fn with(changes: &BTreeMap<String, Vec<Key>>) -> Result<Self, (String, String)> {
        let mut keymap = Self::default();
        for (name, keys) in changes {
            let lines = keymap.lines.iter_mut().filter(|line| line.binding.action.name() == *name);
            let changed = lines.map(|line| line.keys.clone_from(keys)).count();
            if changed == 0 {
                return Err((name.clone(), format!("there is no action `{}`", crate::preset::printable(name))));
            }
        }
        match keymap.clash(changes) {
            Some(clash) => Err(clash),
            None => Ok(keymap),
        }
    }

    fn clash(&self, changes: &BTreeMap<String, Vec<Key>>) -> Option<(String, String)> {
        for &context in ALL {
            let lines: Vec<_> = self.bound(context).collect();
            for (i, one) in lines.iter().enumerate() {
                for other in &lines[i + 1..] {
                    let key = one.keys.iter().find(|key| other.keys.contains(key));
                    let names = [one.binding.action.name(), other.binding.action.name()];
                    let Some(key) = key.filter(|_| names[0] != names[1]) else { continue };
                    let blamed = names.iter().find(|name| changes.contains_key(*name)).unwrap_or(&names[0]);
                    let message = format!("`{}` would mean both {} and {}", key.label(), names[0], names[1]);
                    return Some((blamed.clone(), message));
                }
            }
        }
        None
    }

    /// What an event asks for in a context.
    #[must_use]
    pub fn lookup(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        let line = self.bound(context).find(|line| line.keys.iter().any(|key| key.matches(event)))?;
        Some(match (line.binding.action, event.code) {
            (Action::SortBy(_), KeyCode::Char(digit)) => Action::SortBy(digit.to_digit(10)? as usize - 1),
            (action, _) => action,
        })
    }

    /// The lines that count in a context.
    pub fn bound(&self, context: Context) -> impl Iterator<Item = &Bound> {
        self.lines.iter().filter(move |line| line.binding.contexts.contains(&context))
    }
}

/// The names of all actions that settings can give keys to.
#[must_use]
pub fn action_names() -> Vec<String> {
    let mut names: Vec<_> = BINDINGS.iter().map(|b| b.action.name()).collect();
    names.sort();
    names.dedup();
    names
}

impl Bound {
    /// Its keys as people write them.
    #[must_use]
    pub fn labels(&self) -> String {
        self.keys.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_context() {
        let keymap = Keymap::default();
        for &context in ALL {
            let keys: Vec<_> = keymap.bound(context).flat_map(|b| &b.keys).collect();
            for (i, key) in keys.iter().enumerate() {
                assert!(!keys[i + 1..].contains(key), "{} in {context:?}", key.label());
            }
        }
    }

    #[test]
    fn digits_name_columns() {
        let keymap = Keymap::default();
        let press = |c| keymap.lookup(Ranking, &KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        assert_eq!(press('1'), Some(Action::SortBy(0)));
        assert_eq!(press('9'), Some(Action::SortBy(8)));
        assert_eq!(press('0'), None);
    }

    #[test]
    fn settings_change_keys() {
        let change = |name: &str, keys: &[&str]| {
            let keys = keys.iter().map(|k| Key::parse(k).expect("a key")).collect();
            Keymap::with(&BTreeMap::from([(name.to_owned(), keys)]))
        };
        let keymap = change("pause", &["ctrl-p", "F5"]).unwrap();
        let press = |code, modifiers| keymap.lookup(Ranking, &KeyEvent::new(code, modifiers));
        assert_eq!(press(KeyCode::Char('p'), KeyModifiers::CONTROL), Some(Action::Pause));
        assert_eq!(press(KeyCode::F(5), KeyModifiers::NONE), Some(Action::Pause));
        assert_eq!(press(KeyCode::Char('p'), KeyModifiers::NONE), None);
        assert_eq!(change("paws", &["p"]).unwrap_err().0, "paws");
        let (name, message) = change("pause", &["e"]).unwrap_err();
        assert_eq!((name.as_str(), message.as_str()), ("pause", "`e` would mean both pause and export"));
    }

    #[test]
    fn keys_have_names() {
        let known =
            [("a", Char('a')), ("G", Char('G')), ("space", Char(' ')), ("Ctrl-X", Ctrl('x')), ("^x", Ctrl('x'))];
        for (text, key) in known {
            assert_eq!(Key::parse(text), Some(key), "{text}");
        }
        assert_eq!(Key::parse("page-up"), Some(Code(KeyCode::PageUp)));
        assert_eq!(["", "ctrl-", "f13", "hyper"].map(Key::parse), [None; 4]);
    }
}
