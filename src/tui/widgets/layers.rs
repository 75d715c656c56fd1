//! The selected candidate: every counted layer's effective rank as a bar, of its width.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use unicode_width::UnicodeWidthStr;

use super::seen::Seen;
use super::{inside_pane, pane, repair};
use crate::columns::grouped;
use crate::tui::context::Context;
use crate::tui::theme::Look;
use neartop_core::fill::PLAIN;
use neartop_core::network::{Fill, Node};
use neartop_io::preset::printable;
use neartop_study::report::{LayerReport, layers};
use neartop_study::study::Status;

/// Cells that a bar has at least, where names are long.
const LEAST_BAR: usize = 10;

/// The parts of the pane below its title: what is known of the candidate in so many lines, and the bars.
fn split(area: Rect, lines: u16, layers: usize) -> [Rect; 2] {
    let inside = inside_pane(area);
    let facts = match inside.height {
        0..4 => 0,
        4..14 => lines.min(1),
        // What the bars leave, or half of it where there are many.
        height => lines.min(height.saturating_sub(layers as u16).max(height / 2)),
    };
    ratatui::layout::Layout::vertical([Constraint::Length(facts), Constraint::Min(0)]).areas(inside)
}

/// Layers of the selected candidate that the pane shows at a time.
#[must_use]
pub fn rows(cx: &Context, area: Rect) -> usize {
    let Some(id) = cx.selected() else { return 0 };
    let lines = wrapped(&all_facts(cx, id, &Look::new(false, false), area.width), area.width);
    usize::from(split(area, lines, cx.study.effective_ranks(id).len())[1].height)
}

/// The facts, and the whole name where the title has no room for it.
fn all_facts<'a>(cx: &Context, id: usize, look: &Look, width: u16) -> Vec<Line<'a>> {
    let mut lines = facts(cx, id, look);
    let name = cx.study.candidate(id).to_string();
    if name.width() > title_room(width) {
        lines.insert(lines.len().min(1), Line::from(Span::styled(name, look.theme.header)));
    }
    lines
}

/// Columns of a pane's title for a name, beside the position.
#[must_use]
pub fn title_room(width: u16) -> usize {
    usize::from(width.saturating_sub(12))
}

/// Lines that texts take in a width.
#[must_use]
pub fn wrapped(lines: &[Line<'_>], width: u16) -> u16 {
    let width = usize::from(width).max(1);
    let of_one = |line: &Line<'_>| {
        let text: String = line.iter().map(|span| span.content.as_ref()).collect();
        let (mut lines, mut at) = (1, 0);
        for word in text.split_inclusive(' ') {
            let (whole, bare) = (word.width(), word.trim_end().width());
            if at > 0 && at + bare > width {
                (lines, at) = (lines + 1, 0);
            }
            // A word that is longer than a line goes on in the next.
            lines += (bare.saturating_sub(1) / width) as u16;
            at += if bare > width { whole % width } else { whole };
        }
        lines
    };
    lines.iter().map(of_one).sum()
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
    let title = look.signs.fit_middle(&candidate.to_string(), title_room(area.width));
    frame.render_widget(pane(format!(" {title} "), look), area);
    let layers = layers(&cx.study, id);
    let facts = all_facts(cx, id, look, area.width);
    let [facts_area, bars_area] = split(area, wrapped(&facts, area.width), layers.len());
    let facts = if facts_area.height == 1 { vec![facts.into_iter().next().unwrap_or_default()] } else { facts };
    frame.render_widget(Paragraph::new(facts).wrap(Wrap { trim: false }), facts_area);
    if layers.is_empty() && cx.study.status(id) != Status::Failed {
        frame.render_widget(Paragraph::new("no repetition is scored yet").style(look.theme.label), bars_area);
        return;
    }
    let offset = cx.detail_offset.min(layers.len().saturating_sub(usize::from(bars_area.height)));
    let seen = Seen { offset, count: layers.len(), chosen: None };
    let room = seen.room(bars_area);
    frame.render_widget(Paragraph::new(bars(&layers, offset, look, room)), room);
    if !bars_area.is_empty() {
        seen.draw(frame, area, bars_area, look);
    }
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
            Span::raw(study.phrase_of_rate(id)),
        ]));
    }
    lines.extend(repair::lines(cx, id, look));
    lines.extend(recommended(cx, id, look));
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

/// Of the recommended candidate: why, and which may be as good.
fn recommended<'a>(cx: &Context, id: usize, look: &Look) -> Vec<Line<'a>> {
    if cx.table.advice != Ok(id) {
        return Vec::new();
    }
    let line = |text: String| Line::from(vec![Span::styled("recommended ", look.theme.label), Span::raw(text)]);
    let reasons = &cx.table.reasons;
    let equivalent = reasons.equivalent(&cx.study, id).map(|phrase| Line::from(phrase.to_owned()));
    std::iter::once(line(reasons.why.clone())).chain(equivalent).collect()
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

/// A node's path, and where the user's source has it: `encoder.0, net.py:12`. In one line, or in as many as there may be.
#[must_use]
pub fn place_of(node: &Node, width: usize, lines: usize, look: &Look) -> Vec<String> {
    let (path, source) = (printable(&node.path()), printable(node.source().unwrap_or_default()));
    let file = source.rsplit('/').next().unwrap_or_default();
    match (path.width() + 2 + source.width() <= width, lines) {
        _ if source.is_empty() => vec![look.signs.fit_middle(&path, width)],
        (true, _) => vec![format!("{path}, {source}")],
        (false, 0 | 1) => {
            let path = look.signs.fit_middle(&path, width.saturating_sub(file.width() + 2));
            vec![look.signs.fit(&format!("{path}, {file}"), width)]
        }
        (false, _) => vec![look.signs.fit_middle(&path, width), look.signs.fit_end(&source, width)],
    }
}

/// A line for each layer from `offset` on, as many as the area holds.
pub fn bars<'a>(layers: &[LayerReport], offset: usize, look: &Look, area: Rect) -> Vec<Line<'a>> {
    let longest = |text: fn(&LayerReport) -> usize, most: usize| layers.iter().map(text).max().unwrap_or(0).min(most);
    let room = usize::from(area.width);
    let kind = longest(|l| l.kind.width() + 1, room / 3);
    let width = longest(|l| l.width.to_string().len(), 10);
    let rest = room.saturating_sub(kind + width + 14);
    let module = longest(|l| l.module.width(), rest.saturating_sub(LEAST_BAR).max(room / 4));
    let cells = rest.saturating_sub(module);
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
