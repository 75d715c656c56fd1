//! The search itself: sizes, depth, repetitions, seed, and what of activations and initializations is switched on.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pane;
use crate::tui::app::App;
use crate::tui::draft::{Draft, Item};
use crate::tui::theme::Look;
use neartop_study::width::targets;

pub fn draw(frame: &mut Frame<'_>, area: Rect, draft: &Draft, app: &App, look: &Look) {
    let preset = &draft.preset;
    let candidates = preset.search.activations.len().max(1) * preset.search.inits.len();
    let state = match (draft.is_changed(), &preset.search.architectures) {
        (false, _) => "as it is scored".to_owned(),
        (true, Some(_)) => "changed".to_owned(),
        (true, None) => format!("changed, {candidates} candidates: {} scores them", key_of(app)),
    };
    let mut title =
        format!(" search{}{}{}{state} ", look.signs.separator, preset.network.summary(), look.signs.separator);
    if !draft.filter.value().is_empty() {
        title += &format!("{} filter: {} ", look.signs.separator.trim(), draft.filter.value());
    }
    let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
    let inside = block.inner(area);
    frame.render_widget(block, area);

    let items = draft.items();
    if items.is_empty() {
        frame.render_widget(Paragraph::new("no line has these words").style(look.theme.label), inside);
        return;
    }
    let rows = rows(draft, &items).0.into_iter().skip(draft.offset).take(usize::from(inside.height));
    let lines = rows.map(|row| match row {
        Row::Head(section) => Line::from(Span::styled(section, look.theme.header)),
        Row::Item(place) => line(draft, &items[place], place == draft.line, look),
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()), inside);
}

/// A line of the screen.
#[derive(Clone, Copy)]
enum Row {
    Head(&'static str),
    /// Place among the items.
    Item(usize),
}

/// All lines, and the place of the chosen one among them.
fn rows(draft: &Draft, items: &[Item]) -> (Vec<Row>, usize) {
    let mut rows = Vec::new();
    let mut chosen = 0;
    let mut head = "";
    for (place, item) in items.iter().enumerate() {
        if item.section() != head {
            head = item.section();
            rows.push(Row::Head(head));
        }
        if place == draft.line {
            chosen = rows.len();
        }
        rows.push(Row::Item(place));
    }
    (rows, chosen)
}

/// The first line on the screen, so that the chosen one is on it too.
pub fn offset(draft: &Draft, area: Rect) -> usize {
    let inside = pane("", &Look::new(false, true)).inner(area);
    let (rows, chosen) = rows(draft, &draft.items());
    super::scrolled_to(draft.offset, chosen, inside.height, rows.len())
}

/// The line of the draft at a place of the screen.
pub fn line_at(draft: &Draft, area: Rect, at: Position) -> Option<usize> {
    let inside = pane("", &Look::new(false, true)).inner(area);
    let row = usize::from(at.y.checked_sub(inside.y)?);
    match rows(draft, &draft.items()).0.get(draft.offset + row) {
        Some(Row::Item(place)) => Some(*place),
        _ => None,
    }
}

/// The key that scores the draft.
fn key_of(app: &App) -> String {
    use crate::tui::keymap::{Action, Context};
    let mut lines = app.keymap.bound(Context::Space);
    let run = lines.find(|line| line.binding.action == Action::ScoreDraft);
    run.and_then(|line| line.keys.first()).map_or_else(String::new, |key| key.label())
}

fn line<'a>(draft: &Draft, item: &Item, is_chosen: bool, look: &Look) -> Line<'a> {
    let preset = &draft.preset;
    let mark = if draft.is_on(item) { "[x]" } else { "[ ]" };
    let (text, note) = match item {
        Item::Size(layer) => match targets(&preset.layers).get(*layer) {
            Some(target) => {
                let name = format!("layer {}  {}", target.index, target.kind);
                (format!("  {name:<20} {}", target.width), String::new())
            }
            None => (String::new(), String::new()),
        },
        Item::Depth => (format!("  {:<20} {}", "hidden layers", draft.depth()), String::new()),
        Item::Repetitions => {
            let text = match preset.auto {
                Some(auto) => format!("auto, {} to {}", auto.least, preset.repetitions),
                None => preset.repetitions.to_string(),
            };
            (format!("  {:<20} {text}", "repetitions"), String::new())
        }
        Item::Seed => (format!("  {:<20} {}", "seed", preset.seed), String::new()),
        Item::Activation(activation) => {
            (format!("  {mark} {}", look.signs.pad(&activation.to_string(), 24)), activation.entry().formula.to_owned())
        }
        Item::Init(init) => {
            (format!("  {mark} {}", look.signs.pad(&init.to_string(), 32)), init.entry().formula.to_owned())
        }
    };
    let style = if is_chosen { look.theme.selected } else { ratatui::style::Style::new() };
    Line::from(vec![Span::styled(text, style), Span::styled(format!("  {note}"), look.theme.label)])
}
