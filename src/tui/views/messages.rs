//! Every notice of this run of the app with its time, the newest last: what the footer showed can be read again.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr;

use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{ENDS, EVERYWHERE, FILTER, LEAVE, LINES, PAGES, PROGRAM, RUN};
use crate::tui::keymap::{Action, bind};
use crate::tui::notice::Notice;
use crate::tui::terms::Terms;
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::list::List;
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{clock, filtered_title, inside_pane, pane};
const MESSAGES: Action = Action("messages");

static ABOUT: About = About {
    name: "messages",
    opens: MESSAGES,
    opener: Some(bind(&[Char('n')], MESSAGES, "", "what was said so far, to be read again")),
    tab: None,
    is_window: false,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        FILTER,
        RUN,
        &[bind(&[Code(KeyCode::Esc), Char('q'), Char('n')], Action::CLOSE, "ranking", "back to the ranking")],
        PROGRAM,
        LEAVE,
    ],
};

/// The view of what was said.
#[derive(Debug, Default)]
pub struct Messages {
    list: List,
}

impl View for Messages {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    /// The newest is chosen.
    fn open(&mut self, _again: bool, cx: &mut Context) -> Opened {
        self.list.line = self.shown(cx).len().saturating_sub(1);
        Opened::Shown(None)
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        let count = self.shown(cx).len();
        self.list.go(action, cx.page(), count);
        None
    }

    fn settle(&mut self, area: Rect, cx: &mut Context) {
        let count = self.shown(cx).len();
        self.list.clamp(count);
        let [room, _] = areas(inside_pane(area), Seen { offset: 0, count, chosen: None });
        self.list.settle(self.list.line, usize::from(room.height), count, 0);
    }

    fn click(&mut self, at: Position, area: Rect, cx: &mut Context) -> Option<Action> {
        let line = self.list.row_at(inside_pane(area), at)?;
        if line < self.shown(cx).len() {
            self.list.click(line);
        }
        None
    }

    fn filter<'a>(&'a self, _cx: &'a Context) -> Option<&'a Filter> {
        Some(&self.list.filter)
    }

    fn filter_mut<'a>(&'a mut self, _cx: &'a mut Context) -> Option<&'a mut Filter> {
        Some(&mut self.list.filter)
    }

    fn keeps_filter(&self) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let title = filtered_title(" messages ".to_owned(), self.list.filter.value(), look);
        let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        let shown = self.shown(cx);
        if shown.is_empty() {
            let text = if cx.said.is_empty() { "nothing was said yet" } else { "nothing has these words" };
            frame.render_widget(Paragraph::new(text).style(look.theme.label), inside);
            return;
        }
        let seen = Seen { offset: self.list.offset, count: shown.len(), chosen: Some(self.list.line) };
        let [room, whole] = areas(inside, seen);
        let text = shown.get(self.list.line).map_or("", |(_, notice)| notice.text.as_str());
        // One that is cut is read below.
        if !whole.is_empty() && text.width() > usize::from(room.width).saturating_sub(9) {
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: true }).style(look.theme.header), whole);
        }
        let line = |(place, (time, notice)): (usize, &(Duration, Notice))| {
            let style = match (place == self.list.line, notice.is_error) {
                (true, _) => look.theme.selected,
                (_, true) => look.theme.bad,
                _ => ratatui::style::Style::new(),
            };
            let text = look.signs.fit(&notice.text, usize::from(room.width).saturating_sub(9));
            Line::from(vec![
                Span::styled(format!("{:>7}  ", clock(*time)), look.theme.label),
                Span::styled(text, style),
            ])
        };
        let lines = shown.into_iter().enumerate().skip(self.list.offset).take(usize::from(room.height)).map(line);
        frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), room);
        seen.draw(frame, area, Rect { width: inside.width, ..room }, look);
    }
}

/// The list, and below it the chosen message as a whole, where there is room.
fn areas(inside: Rect, seen: Seen) -> [Rect; 2] {
    let whole = if inside.height >= 10 { 3 } else { 0 };
    let [list, whole] = Layout::vertical([Constraint::Min(0), Constraint::Length(whole)]).areas(inside);
    [seen.room(list), whole]
}

impl Messages {
    /// The notices that the filter lets through.
    fn shown<'a>(&self, cx: &'a Context) -> Vec<&'a (Duration, Notice)> {
        let terms = Terms::new(self.list.filter.value());
        cx.said.iter().filter(|(_, notice)| terms.admit(&notice.text)).collect()
    }
}
