//! The selected candidate: every counted layer's effective rank as a bar, of its width.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use unicode_width::UnicodeWidthStr;

use super::pane;
use crate::columns::grouped;
use crate::tui::context::Context;
use crate::tui::theme::Look;
use neartop_core::fill::PLAIN;
use neartop_core::network::Fill;
use neartop_study::report::{LayerReport, layers};
use neartop_study::study::Status;

/// The parts of the pane below its title: what is known of the candidate, and the bars.
pub fn split(area: Rect) -> [Rect; 2] {
    let inside = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
    let facts = match inside.height {
        0..4 => 0,
        4..14 => 1,
        _ => 7,
    };
    ratatui::layout::Layout::vertical([Constraint::Length(facts), Constraint::Min(0)]).areas(inside)
}

pub fn draw(frame: &mut Frame<'_>, area: Rect, cx: &Context, look: &Look) {
    if area.is_empty() {
        return;
    }
    let Some(id) = cx.selected() else {
        frame.render_widget(pane(" no candidate ", look), area);
        return;
    };
    let candidate = cx.study.candidate(id);
    let title = look.signs.fit(&candidate.to_string(), usize::from(area.width.saturating_sub(4)));
    frame.render_widget(pane(format!(" {title} "), look), area);
    let [facts_area, bars_area] = split(area);
    let facts = facts(cx, id, look);
    let facts = if facts_area.height == 1 { vec![facts.into_iter().next().unwrap_or_default()] } else { facts };
    frame.render_widget(Paragraph::new(facts).wrap(Wrap { trim: false }), facts_area);
    let layers = layers(&cx.study, id);
    if layers.is_empty() && cx.study.status(id) != Status::Failed {
        frame.render_widget(Paragraph::new("no repetition is scored yet").style(look.theme.label), bars_area);
        return;
    }
    frame.render_widget(Paragraph::new(bars(&layers, cx.detail_offset, look, bars_area)), bars_area);
}

/// The most important line first: it may be the only one.
pub fn facts<'a>(cx: &Context, id: usize, look: &Look) -> Vec<Line<'a>> {
    let study = &cx.study;
    let candidate = study.candidate(id);
    let label = |text: &'static str| Span::styled(text, look.theme.label);
    let mut lines = Vec::new();
    if let Some(reason) = study.reason(id) {
        lines.push(Line::from(Span::styled(format!("failed: {reason}"), look.theme.bad)));
    }
    lines.extend(score(cx, id, look));
    if let Some(trainability) = study.trainability(id) {
        let (sign, style) = match trainability.is_trainable() {
            true => (look.signs.trains, look.theme.good),
            false => (look.signs.fails, look.theme.warning),
        };
        lines.push(Line::from(vec![
            label("trainability "),
            Span::styled(format!("{sign} {} {:.2}", trainability.verdict.name(), trainability.score), style),
        ]));
    }
    if let Some(remark) = study.remark(id) {
        lines.push(Line::from(Span::styled(remark, look.theme.warning)));
    }
    for (slot, activation) in candidate.fill.as_ref().map(Fill::parts).unwrap_or_default() {
        let of_slot = if slot == PLAIN { String::new() } else { format!("{slot}: ") };
        let name = Span::styled(format!("{of_slot}f(x) = "), look.theme.label);
        lines.push(Line::from(vec![name, Span::raw(activation.entry().formula)]));
    }
    lines.push(Line::from(vec![label("W: "), Span::raw(candidate.init.formula())]));
    lines
}

/// NEAR, over how many repetitions, of how many parameters, and how far behind the best.
fn score<'a>(cx: &Context, id: usize, look: &Look) -> Option<Line<'a>> {
    let study = &cx.study;
    let near = study.near(id)?;
    let label = |text: &'static str| Span::styled(text, look.theme.label);
    let error = |error: Option<f64>| error.map(|e| format!(" {}{e:.2}", look.signs.plus_minus)).unwrap_or_default();
    let mut spans = vec![
        label("NEAR "),
        Span::raw(format!("{:.2}{}", near.mean, error(near.standard_error))),
        label("  repetitions "),
        Span::raw(format!("{} of {}", study.count(id), study.repetitions())),
        label("  parameters "),
        Span::raw(grouped(study.candidate(id).parameters)),
    ];
    if let Some(behind) = cx.table.row_of(id).and_then(|place| cx.table.rows[place].behind_best) {
        spans.extend([label("  behind "), Span::raw(format!("{:.2}{}", behind.mean, error(behind.standard_error)))]);
    }
    Some(Line::from(spans))
}

/// A line for each layer from `offset` on, as many as the area holds.
pub fn bars<'a>(layers: &[LayerReport], offset: usize, look: &Look, area: Rect) -> Vec<Line<'a>> {
    let longest = |text: fn(&LayerReport) -> usize, most: usize| layers.iter().map(text).max().unwrap_or(0).min(most);
    let room = usize::from(area.width);
    let module = longest(|l| l.module.width(), room / 4);
    let kind = longest(|l| l.kind.width() + 1, room / 4);
    let width = longest(|l| l.width.to_string().len(), 10);
    let cells = room.saturating_sub(module + kind + width + 14);
    layers
        .iter()
        .skip(offset)
        .take(usize::from(area.height))
        .map(|layer| {
            // Indented: what an activation made of the layer above.
            let after = layer.is_activation;
            let name = if after { format!(" {}", layer.kind) } else { layer.kind.clone() };
            let style: Style = if after { look.theme.after } else { look.theme.before };
            let share = layer.effective_rank / layer.width.max(1) as f64;
            Line::from(vec![
                // Layers of one block differ at the end of their names.
                Span::styled(
                    look.signs.pad(&look.signs.fit_end(&layer.module, module), module) + " ",
                    look.theme.label,
                ),
                Span::raw(look.signs.pad(&name, kind) + " "),
                Span::styled(look.signs.bar(share, cells), style),
                Span::raw(format!(" {:8.1}", layer.effective_rank)),
                Span::styled(format!(" / {:<width$}", layer.width), look.theme.label),
            ])
        })
        .collect()
}
