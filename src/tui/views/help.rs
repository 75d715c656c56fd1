//! The keys of the view, and what the columns mean.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::columns::Column;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{ENDS, EVERYWHERE, FILTER, LINES, PAGES};
use crate::tui::keymap::{Action, bind};
use crate::tui::terms::Terms;
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::list::{List, moved};
use crate::tui::widgets::{window, window_area};

const WIDTH: u16 = 78;

static ABOUT: About = About {
    name: "help",
    opens: Action::HELP,
    opener: None,
    tab: None,
    is_window: true,
    keys: &[
        EVERYWHERE,
        LINES,
        PAGES,
        ENDS,
        FILTER,
        &[bind(
            &[Code(KeyCode::Esc), Char('q'), Char('?'), Code(KeyCode::F(1)), Code(KeyCode::Enter)],
            Action::CLOSE,
            "close",
            "close the help",
        )],
    ],
};

/// The help: a text that is scrolled, and filtered by words.
#[derive(Debug, Default)]
pub struct Help {
    pub list: List,
}

impl View for Help {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn open(&mut self, _again: bool, _cx: &mut Context) -> Opened {
        *self = Self::default();
        Opened::Shown(None)
    }

    fn act(&mut self, action: Action, _key: KeyEvent, cx: &mut Context) -> Option<Effect> {
        // Without the frame and the footer.
        let page = usize::from(cx.size.height.saturating_sub(3));
        let furthest = self.lines(cx, &Look::new(false, true)).len().saturating_sub(page);
        let offset = self.list.offset.min(furthest);
        self.list.offset = moved(action, offset, page, furthest + 1).unwrap_or(offset);
        None
    }

    fn filter<'a>(&'a self, _cx: &'a Context) -> Option<&'a Filter> {
        Some(&self.list.filter)
    }

    fn filter_mut<'a>(&'a mut self, _cx: &'a mut Context) -> Option<&'a mut Filter> {
        Some(&mut self.list.filter)
    }

    fn filtered(&mut self, _cx: &mut Context) {
        self.list.offset = 0;
    }

    fn keeps_filter(&self) -> bool {
        true
    }

    fn draw(&self, frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
        let lines = self.lines(cx, look);
        let title = match self.list.filter.value() {
            "" => "help".to_owned(),
            words => look.signs.fit(&format!("help, filter: {words}"), usize::from(WIDTH.min(area.width) - 4)),
        };
        let at = window_area(area, WIDTH, lines.len().max(1) as u16 + 2);
        let inside = window(frame, &title, at, look);
        frame.render_widget(Paragraph::new(lines).scroll((self.list.offset as u16, 0)), inside);
    }
}

impl Help {
    fn lines<'a>(&self, cx: &Context, look: &Look) -> Vec<Line<'a>> {
        let terms = Terms::new(self.list.filter.value());
        let key = |keys: String, help: &str| {
            Line::from(vec![Span::styled(format!(" {keys:<18}"), look.theme.key), Span::raw(help.to_owned())])
        };
        let bound = cx.keymap.bound(cx.shown).iter();
        let bound =
            bound.filter(|b| terms.admit(&format!("{} {} {}", b.labels(), b.binding.action.name(), b.binding.help)));
        let mut lines: Vec<_> = bound.map(|b| key(b.labels(), b.binding.help)).collect();
        lines.push(Line::default());
        let has_words = |column: &Column| terms.admit(&format!("{} {}", column.title, column.help));
        for (place, column) in cx.table.columns.iter().enumerate().filter(|(_, column)| has_words(column)) {
            lines.push(key(format!("{} {}", place + 1, column.title), column.help));
        }
        lines
    }
}
