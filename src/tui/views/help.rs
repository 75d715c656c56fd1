//! The keys of the view, and what the columns mean.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::columns::Column;
use crate::tui::context::Context;
use crate::tui::effect::Effect;
use crate::tui::keymap::Key::{Char, Code};
use crate::tui::keymap::shared::{ENDS, EVERYWHERE, FILTER, LINES, PAGES};
use crate::tui::keymap::{Action, Bound, bind};
use crate::tui::terms::Terms;
use crate::tui::theme::Look;
use crate::tui::view::{About, Opened, View};
use crate::tui::widgets::filter::Filter;
use crate::tui::widgets::list::{List, moved};
use crate::tui::widgets::seen::Seen;
use crate::tui::widgets::{window, window_area};

/// Columns of the screen for a column of the help, and how many there are at most.
const WIDTH: u16 = 76;
const MOST: u16 = 2;

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
        let furthest = self.lines(cx, &Look::new(false, true), cx.size.width).len().saturating_sub(page);
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
        let lines = self.lines(cx, look, area.width);
        let width = (columns(area.width) * WIDTH + 2).min(area.width);
        let title = match self.list.filter.value() {
            "" => "help".to_owned(),
            words => look.signs.fit(&format!("help, filter: {words}"), usize::from(width.saturating_sub(16))),
        };
        let at = window_area(area, width, lines.len().max(1) as u16 + 2);
        let inside = window(frame, &title, at, look);
        let seen = Seen { offset: self.list.offset, count: lines.len(), chosen: None };
        frame.render_widget(Paragraph::new(lines).scroll((self.list.offset as u16, 0)), inside);
        seen.draw_in_window(frame, at, inside, look);
    }
}

/// Columns of the help that stand side by side.
fn columns(width: u16) -> u16 {
    (width.saturating_sub(2) / WIDTH).clamp(1, MOST)
}

/// What keys are about, in the order of the help: how to get out first.
const TOPICS: [&str; 6] = ["leave", "move", "this view", "run", "other views", "program"];

/// What is written into a filter.
const SEARCHES: [(&str, &str); 5] = [
    ("relu -leaky", "has the first, and not the second"),
    ("=relu", "has it as a whole word"),
    ("relu | tanh", "has one or the other"),
    ("near>150", "in the ranking: a column compared by > >= < <= or =; 20k, 1.5m"),
    ("marked", "in the ranking: those that are marked"),
];

/// Place of an action's topic.
fn topic(action: Action, cx: &Context) -> usize {
    match action {
        Action::QUIT | Action::CLOSE | Action::INTERRUPT | Action::SUSPEND => 0,
        Action::UP | Action::DOWN | Action::PAGE_UP | Action::PAGE_DOWN => 1,
        Action::FIRST | Action::LAST | Action::LEFT | Action::RIGHT | Action::GO_TO_BEST => 1,
        Action::PAUSE | Action::CANCEL_JOBS | Action::STOP_TRAINING => 3,
        Action::NEXT_THEME | Action::TOGGLE_MOUSE | Action::TOGGLE_GUARD | Action::REDRAW => 5,
        action if cx.openers.contains(&action) => 4,
        _ => 2,
    }
}

impl Help {
    /// All lines, in as many columns as there is room for.
    fn lines<'a>(&self, cx: &Context, look: &Look, width: u16) -> Vec<Line<'a>> {
        let blocks = self.blocks(cx, look);
        if columns(width) < 2 {
            return blocks.concat();
        }
        let all: usize = blocks.iter().map(Vec::len).sum();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for block in blocks {
            let side = if right.is_empty() && 2 * left.len() + block.len() <= all + 2 { &mut left } else { &mut right };
            side.extend(block);
        }
        let height = left.len().max(right.len());
        let mut right = right.into_iter();
        left.resize(height, Line::default());
        left.into_iter().map(|line| beside(line, right.next().unwrap_or_default(), look)).collect()
    }

    /// The lines of each topic that the filter lets through, below its name.
    fn blocks<'a>(&self, cx: &Context, look: &Look) -> Vec<Vec<Line<'a>>> {
        let terms = Terms::new(self.list.filter.value());
        let mut blocks: Vec<Vec<Line<'_>>> = TOPICS.iter().map(|_| Vec::new()).collect();
        let bound = cx.keymap.bound(cx.shown).iter();
        let words = |b: &Bound| format!("{} {} {}", b.labels(), b.binding.action.name(), b.binding.help);
        for b in bound.filter(|b| terms.admit(&words(b))) {
            blocks[topic(b.binding.action, cx)].extend(lines(&b.labels(), b.binding.help, look));
        }
        let has_words = |column: &Column| terms.admit(&format!("{} {}", column.title, column.help));
        let columns = cx.table.columns.iter().enumerate().filter(|(_, column)| has_words(column));
        let digit = |place| cx.table.digit(place).map(|digit| digit.to_string()).unwrap_or_default();
        let searches = SEARCHES.iter().filter(|(text, help)| terms.admit(&format!("filter {text} {help}")));
        blocks.push(searches.flat_map(|(text, help)| lines(text, help, look)).collect());
        let columns = columns.flat_map(|(at, c)| lines(&format!("{:1} {}", digit(at), c.title), c.help, look));
        blocks.push(columns.collect());
        let names = TOPICS.into_iter().chain(["what a filter takes", "columns, by their digits"]);
        let named = names.zip(blocks).filter(|(_, lines)| !lines.is_empty());
        named.map(|(name, lines)| [vec![Line::from(Span::styled(name, look.theme.header))], lines].concat()).collect()
    }
}

/// Keys and what they do, over as many lines as that takes.
fn lines<'a>(keys: &str, help: &'static str, look: &Look) -> Vec<Line<'a>> {
    let mut texts = vec![String::new()];
    for word in help.split(' ') {
        match texts.last_mut() {
            Some(text) if text.is_empty() => text.push_str(word),
            Some(text) if text.width() + 1 + word.width() <= usize::from(WIDTH) - 20 => *text += &format!(" {word}"),
            _ => texts.push(word.to_owned()),
        }
    }
    let keys = std::iter::once(keys).chain(std::iter::repeat(""));
    let line = |(keys, text): (&str, String)| {
        Line::from(vec![Span::styled(format!(" {} ", look.signs.pad(keys, 17)), look.theme.key), Span::raw(text)])
    };
    keys.zip(texts).map(line).collect()
}

/// Two lines side by side.
fn beside<'a>(left: Line<'a>, right: Line<'a>, look: &Look) -> Line<'a> {
    let blank = usize::from(WIDTH).saturating_sub(left.width());
    let between = Span::styled(" ".repeat(blank), look.theme.border);
    left.spans.into_iter().chain([between]).chain(right.spans).collect()
}
