//! The command palette: every action of a view, found by words of its name or what it does, with its keys.

use crossterm::event::{Event, KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Code, Ctrl};
use crate::tui::keymap::shared::{EVERYWHERE, TEXT};
use crate::tui::keymap::{Action, Bound, bind};
use crate::tui::terms::Terms;
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::list::List;
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{scrolled, window, window_area};

const WIDTH: u16 = 100;

static ABOUT: About = About {
    name: "palette",
    opens: Action::PALETTE,
    opener: None,
    tab: None,
    is_window: true,
    keys: &[
        EVERYWHERE,
        &[
            bind(&[Code(KeyCode::Up), Ctrl('p')], Action::UP, "", "the command above"),
            bind(&[Code(KeyCode::Down), Code(KeyCode::Tab), Ctrl('n')], Action::DOWN, "choose", "the command below"),
        ],
        TEXT,
    ],
};

/// The palette: the words that are typed, and the chosen one of the commands that have them.
#[derive(Debug, Default)]
pub struct Palette {
    words: Input,
    list: List,
}

impl View for Palette {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, _cx: &mut Context) -> Opened {
        *self = Self::default();
        Opened::Shown(None)
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let found = self.found(cx);
        let count = found.len().max(1);
        let chosen = self.list.line.min(count - 1);
        match action {
            Action::UP => self.list.line = (chosen + count - 1) % count,
            Action::DOWN => self.list.line = (chosen + 1) % count,
            Action::ACCEPT => {
                let action = found.get(chosen)?.binding.action;
                cx.close();
                cx.then(action);
            }
            _ => {}
        }
        None
    }

    fn write(&mut self, key: KeyEvent) {
        self.words.handle_event(&Event::Key(key));
        self.list.line = 0;
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        let count = self.found(cx).len();
        let height = usize::from(lines_area(area, cx).height).max(1);
        // The chosen one is the last that there is room for.
        self.list.offset = (self.list.line.min(count.saturating_sub(1)) + 1).saturating_sub(height);
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        let line = self.list.row_at(lines_area(area, cx), at)?;
        let count = self.found(cx).len();
        (line < count && self.list.click(line)).then_some(Action::ACCEPT)
    }

    fn text(&mut self) -> Option<&mut Input> {
        Some(&mut self.words)
    }

    fn is_written(&self) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let inside = window(frame, "commands", window_at(area, cx), look);
        let room = usize::from(inside.width).saturating_sub(2);
        let scroll = self.words.visual_scroll(room);
        let typed = scrolled(self.words.value(), scroll);
        let mut lines = vec![Line::from(vec![Span::styled(":", look.theme.key), Span::raw(typed)])];
        let found = self.found(cx);
        let height = usize::from(inside.height).saturating_sub(1).max(1);
        let chosen = self.list.line.min(found.len().saturating_sub(1));
        let commands = found.iter().enumerate().skip(self.list.offset).take(height);
        lines.extend(commands.map(|(place, command)| line(command, place == chosen, inside.width, look)));
        if found.is_empty() {
            lines.push(Line::from(Span::styled(" no command has these words", look.theme.warning)));
        }
        frame.render_widget(Paragraph::new(lines), inside);
        let seen = Seen { offset: self.list.offset, count: found.len(), chosen: Some(chosen) };
        seen.draw_in_window(frame, window_at(area, cx), lines_area(area, cx), look);
        let column = 1 + self.words.visual_cursor().saturating_sub(scroll);
        let column = (column as u16).min(inside.width.saturating_sub(1));
        frame.set_cursor_position(Position::new(inside.x + column, inside.y));
    }
}

impl Palette {
    /// The commands of the view below whose name and description the search lets through.
    fn found<'a>(&self, cx: &'a Context) -> Vec<&'a Bound> {
        let terms = Terms::new(self.words.value());
        let has_all = |line: &&Bound| terms.admit(&format!("{} {}", line.binding.action.name(), line.binding.help));
        // A column is named by a digit, which a command here does not have.
        let takes_digit = |line: &&Bound| matches!(line.binding.action, Action::SORT_BY | Action::PALETTE);
        cx.keymap.bound(cx.shown).iter().filter(|line| !takes_digit(line)).filter(has_all).collect()
    }
}

/// Where the window stands.
fn window_at(area: Rect, cx: &Context) -> Rect {
    window_area(area, WIDTH, cx.keymap.bound(cx.shown).len() as u16 + 3)
}

/// Where the commands stand, below what is typed.
fn lines_area(area: Rect, cx: &Context) -> Rect {
    let inside = Block::bordered().inner(window_at(area, cx));
    Rect { y: inside.y + inside.height.min(1), height: inside.height.saturating_sub(1), ..inside }
}

fn line<'a>(command: &Bound, is_chosen: bool, width: u16, look: &Look) -> Line<'a> {
    let name = command.binding.action.name();
    let keys = look.signs.pad(&command.labels(), 14);
    let help = look.signs.fit(command.binding.help, usize::from(width).saturating_sub(33));
    let style = if is_chosen { look.theme.selected } else { look.theme.header };
    Line::from(vec![
        Span::styled(format!(" {name:<16}"), style),
        Span::styled(format!(" {keys} "), look.theme.key),
        Span::raw(help),
    ])
}
