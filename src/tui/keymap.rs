//! What keys do: one table that dispatch, footer and help overlay read.

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

use Context::{Candidate, Export, Filter, Help, Matrix, Ranking, Sizes};
use Key::{Char, Code, Ctrl, Digit};

const LISTS: &[Context] = &[Ranking, Help, Export];
const TEXTS: &[Context] = &[Filter, Export];
/// What stands alone on the screen.
const VIEWS: &[Context] = &[Ranking, Candidate, Matrix];
const ALL: &[Context] = &[Ranking, Candidate, Matrix, Filter, Help, Export, Sizes];

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
    bind(&[Code(KeyCode::Up), Char('k')], Action::Up, &[Ranking, Matrix, Help], "", "up"),
    bind(&[Code(KeyCode::Down), Char('j')], Action::Down, &[Ranking, Matrix, Help], "", "down"),
    bind(&[Code(KeyCode::Up)], Action::Up, &[Export], "", "previous format"),
    bind(&[Code(KeyCode::Down), Code(KeyCode::Tab)], Action::Down, &[Export], "format", "next format"),
    bind(&[Code(KeyCode::PageUp), Ctrl('b')], Action::PageUp, LISTS, "", "a page up"),
    bind(&[Code(KeyCode::PageDown), Ctrl('f')], Action::PageDown, LISTS, "", "a page down"),
    bind(&[Code(KeyCode::Home), Char('g')], Action::First, &[Ranking, Help], "", "to the first line"),
    bind(&[Code(KeyCode::End), Char('G')], Action::Last, &[Ranking, Help], "", "to the last line"),
    bind(&[Char('b')], Action::GoToBest, VIEWS, "", "select the best candidate"),
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
    bind(&[Digit], Action::SortBy(0), &[Ranking], "sort", "sort by that column; again: the other way round"),
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
        "filter: words that must be there, -words that must not",
    ),
    bind(
        &[Char(' '), Code(KeyCode::Insert)],
        Action::Mark,
        VIEWS,
        "mark",
        "mark the selected candidate; beside a marked one another is compared",
    ),
    bind(&[Char('U')], Action::ClearMarks, VIEWS, "", "take all marks away"),
    bind(&[Char('p')], Action::Pause, VIEWS, "pause", "pause scoring, or go on"),
    bind(&[Char('f')], Action::Freeze, &[Ranking], "", "freeze the order of the rows, or let them move"),
    bind(&[Char('e')], Action::Export, VIEWS, "export", "export the selected candidate"),
    bind(&[Char('c'), Code(KeyCode::Enter)], Action::Inspect, &[Ranking, Matrix], "candidate", "the candidate in full"),
    bind(
        &[Char('m')],
        Action::Matrix,
        &[Ranking, Candidate],
        "matrix",
        "activations against initializations as a heat map",
    ),
    bind(&[Char('w')], Action::Sizes, VIEWS, "sizes", "layer sizes of the network with the selected candidate"),
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
    bind(&[Char('d')], Action::ToggleDetail, VIEWS, "", "show or hide the layers"),
    bind(&[Char('K'), Char('[')], Action::DetailUp, VIEWS, "", "scroll the layers up"),
    bind(&[Char('J'), Char(']')], Action::DetailDown, VIEWS, "", "scroll the layers down"),
    bind(&[Code(KeyCode::Esc), Char('q'), Char('m')], Action::Close, &[Matrix], "ranking", "back to the ranking"),
    bind(
        &[Code(KeyCode::Esc), Char('q'), Char('c'), Code(KeyCode::Enter)],
        Action::Close,
        &[Candidate],
        "ranking",
        "back to the ranking",
    ),
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
}

/// What an event asks for in a context.
#[must_use]
pub fn lookup(context: Context, event: &KeyEvent) -> Option<Action> {
    let binding = bound(context).find(|b| b.keys.iter().any(|key| key.matches(event)))?;
    Some(match (binding.action, event.code) {
        (Action::SortBy(_), KeyCode::Char(digit)) => Action::SortBy(digit.to_digit(10)? as usize - 1),
        (action, _) => action,
    })
}

/// The lines of the table that count in a context.
pub fn bound(context: Context) -> impl Iterator<Item = &'static Binding> {
    BINDINGS.iter().filter(move |b| b.contexts.contains(&context))
}

impl Binding {
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
        for &context in ALL {
            let keys: Vec<_> = bound(context).flat_map(|b| b.keys).collect();
            for (i, key) in keys.iter().enumerate() {
                assert!(!keys[i + 1..].contains(key), "{} in {context:?}", key.label());
            }
        }
    }

    #[test]
    fn digits_name_columns() {
        let press = |c| lookup(Ranking, &KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        assert_eq!(press('1'), Some(Action::SortBy(0)));
        assert_eq!(press('9'), Some(Action::SortBy(8)));
        assert_eq!(press('0'), None);
    }
}
