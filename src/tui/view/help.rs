//! The keys of the view, and what the columns mean.

use ratatui::Frame;
use ratatui::layout::Size;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::window;
use crate::tui::app::{App, Help, View};
use crate::tui::column::Column;
use crate::tui::keymap::Keymap;
use crate::tui::terms::Terms;
use crate::tui::theme::Look;

const WIDTH: u16 = 78;

/// The furthest that the help scrolls on a screen, and a page of it.
#[must_use]
pub fn extent(screen: Size, view: View, keymap: &Keymap, columns: &[&Column], help: &Help) -> (usize, usize) {
    let lines = lines(view, keymap, columns, help, &Look::new(false, true)).len();
    // Without the frame and the footer.
    let page = usize::from(screen.height.saturating_sub(3));
    (lines.saturating_sub(page), page)
}

pub fn draw(frame: &mut Frame<'_>, help: &Help, app: &App, look: &Look) {
    let lines = lines(app.view, &app.keymap, &app.columns, help, look);
    let title = match help.words.value() {
        "" => "help".to_owned(),
        words => look.signs.fit(&format!("help, filter: {words}"), usize::from(WIDTH.min(frame.area().width) - 4)),
    };
    let inside = window(frame, &title, WIDTH, lines.len().max(1) as u16 + 2, look);
    frame.render_widget(Paragraph::new(lines).scroll((help.scroll as u16, 0)), inside);
}

fn lines<'a>(view: View, keymap: &Keymap, columns: &[&Column], help: &Help, look: &Look) -> Vec<Line<'a>> {
    let terms = Terms::new(help.words.value());
    let key = |keys: String, help: &str| {
        Line::from(vec![Span::styled(format!(" {keys:<18}"), look.theme.key), Span::raw(help.to_owned())])
    };
    let bound = keymap
        .bound(view.context())
        .filter(|b| terms.admit(&format!("{} {} {}", b.labels(), b.binding.action.name(), b.binding.help)));
    let mut lines: Vec<_> = bound.map(|b| key(b.labels(), b.binding.help)).collect();
    lines.push(Line::default());
    let has_words = |column: &Column| terms.admit(&format!("{} {}", column.title, column.help));
    for (place, column) in columns.iter().enumerate().filter(|(_, column)| has_words(column)) {
        lines.push(key(format!("{} {}", place + 1, column.title), column.help));
    }
    lines
}
