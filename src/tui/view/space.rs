//! The search itself: sizes, depth, repetitions, seed, and what of activations and initializations is switched on.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::pane;
use crate::tui::app::App;
use crate::tui::draft::{Draft, Item};
use crate::tui::theme::Look;
use crate::width::targets;

pub fn draw(frame: &mut Frame<'_>, area: Rect, draft: &Draft, app: &App, look: &Look) {
    let preset = &draft.preset;
    let candidates = preset.search.activations.len().max(1) * preset.search.inits.len();
    let state = match (draft.is_changed(), &preset.search.architectures) {
        (false, _) => "as it is scored".to_owned(),
        (true, Some(_)) => "changed".to_owned(),
        (true, None) => format!("changed, {candidates} candidates: {} scores them", key_of(app)),
    };
    let title = format!(" search{}{}{}{state} ", look.signs.separator, preset.network.summary(), look.signs.separator);
    let block = pane(look.signs.fit(&title, usize::from(area.width)), look);
    let inside = block.inner(area);
    frame.render_widget(block, area);

    let items = draft.items();
    let mut lines = Vec::new();
    let mut chosen = 0;
    let mut head = "";
    for (place, item) in items.iter().enumerate() {
        let section = match item {
            Item::Size(_) | Item::Depth => "network",
            Item::Repetitions | Item::Seed => "score",
            Item::Activation(_) => "activations",
            Item::Init(_) => "initializations",
        };
        if section != head {
            head = section;
            lines.push(Line::from(Span::styled(section, look.theme.header)));
        }
        if place == draft.line {
            chosen = lines.len();
        }
        lines.push(line(draft, item, place == draft.line, look));
    }
    let height = usize::from(inside.height).max(1);
    let first = chosen.saturating_sub(height / 2).min(lines.len().saturating_sub(height));
    frame.render_widget(Paragraph::new(lines.split_off(first)), inside);
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
        Item::Activation(activation) => (
            format!("  {mark} {activation:<24}", activation = activation.to_string()),
            activation.entry().formula.to_owned(),
        ),
        Item::Init(init) => (format!("  {mark} {init:<24}", init = init.to_string()), init.entry().formula.to_owned()),
    };
    let style = if is_chosen { look.theme.selected } else { ratatui::style::Style::new() };
    Line::from(vec![Span::styled(text, style), Span::styled(format!("  {note}"), look.theme.label)])
}
