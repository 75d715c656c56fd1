//! The table: every key, where it counts, and what it does there.

use crossterm::event::KeyCode;

use super::Key::{self, Char, Code, Ctrl, Digit};
use super::action::Action;

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

const LISTS: &[Context] = &[Ranking, Help, Export, Space, Training, Library];
const TEXTS: &[Context] = &[Filter, Export, Palette, Prompt];
/// What stands alone on the screen.
const VIEWS: &[Context] = &[Ranking, Candidate, Matrix, Space, Training, Library];
/// Those that show candidates.
const SHOWS: &[Context] = &[Ranking, Candidate, Matrix];
pub(super) const ALL: &[Context] =
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
        &[Ranking, Space, Training, Library, Help],
        "filter",
        "filter: words that must occur, -words that must not",
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
    bind(&[Char('t')], Action::Train, &[Training], "train again", "train again: the marked candidates, or the best"),
    bind(&[Code(KeyCode::Enter)], Action::OpenPreset, &[Library], "open", "score this preset, or open this study"),
    bind(&[Char('f')], Action::Folder, &[Library], "folder", "look for presets in another folder"),
    bind(
        &[Char('D'), Code(KeyCode::Delete)],
        Action::DeleteStudy,
        &[Library],
        "delete",
        "delete this study with all that is recorded of it; press it twice",
    ),
    bind(&[Code(KeyCode::Esc), Char('q')], Action::Close, &[Library], "ranking", "back to the ranking"),
    bind(&[Char('x')], Action::StopTraining, &[Training], "stop", "end the training; what it said stays"),
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
    bind(&[Char('t'), Code(KeyCode::Enter)], Action::Threshold, &[Sizes], "threshold", "write a threshold"),
    bind(&[Char('g')], Action::PickLayer, &[Sizes], "layer by number", "write the number of a layer"),
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
        &[Code(KeyCode::F(10))],
        Action::Quit,
        &[Candidate, Matrix, Space, Training, Library],
        "",
        "leave the program",
    ),
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
    bind(
        &[Char('s')],
        Action::Space,
        &[Ranking, Candidate, Matrix, Training, Library],
        "search",
        "change the search: what is scored stays",
    ),
    bind(
        &[Char('t')],
        Action::Train,
        &[Ranking, Candidate, Matrix, Space, Library],
        "train",
        "train the marked candidates, or the best",
    ),
    bind(
        &[Char('o')],
        Action::Library,
        &[Ranking, Candidate, Matrix, Space, Training],
        "",
        "open another preset, or an earlier study",
    ),
    bind(&[Char('c'), Code(KeyCode::Enter)], Action::Inspect, &[Training], "candidate", "the candidate in full"),
    bind(&[Char('c')], Action::Inspect, &[Space, Library], "", "the selected candidate in full"),
    bind(&[Char('c'), Code(KeyCode::Enter)], Action::Inspect, &[Ranking, Matrix], "candidate", "the candidate in full"),
    bind(
        &[Char('m')],
        Action::Matrix,
        &[Ranking, Candidate, Space, Training, Library],
        "matrix",
        "activations against initializations as a heat map",
    ),
    bind(&[Char('w')], Action::Sizes, VIEWS, "", "layer sizes of the network with the selected candidate"),
];
