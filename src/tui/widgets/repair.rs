//! How a candidate that will not train could be made to.

use ratatui::text::{Line, Span};

use crate::tui::context::Context;
use crate::tui::keymap::Action;
use crate::tui::repairs::{factors, ways};
use crate::tui::theme::Look;
use neartop_study::repair::is_repairable;
use neartop_study::study::Repair;

/// What is known of that; of a candidate that has a chance, which key looks for it.
#[must_use]
pub fn lines<'a>(cx: &Context, id: usize, look: &Look) -> Vec<Line<'a>> {
    if cx.study.trainability(id).is_none_or(|t| t.is_trainable()) {
        return Vec::new();
    }
    let label = Span::styled("repair ", look.theme.label);
    let told = |text: String| vec![Line::from(vec![label.clone(), Span::styled(text, look.theme.label)])];
    if let Some(repair) = cx.study.repair(id) {
        return ways(repair).into_iter().map(|way| found(label.clone(), way, look)).collect();
    }
    if cx.repair_sought == Some(id) {
        return told(format!("is being looked for{}", look.signs.ellipsis));
    }
    if let Some(why) = cx.study.no_repair(id) {
        return told(why.to_string());
    }
    let key = cx.keymap.label(cx.shown, Action::REPAIR);
    match is_repairable(cx.study.candidate(id)) && !key.is_empty() {
        true => told(format!("{key} looks for factors that make it train")),
        false => Vec::new(),
    }
}

fn found<'a>(label: Span<'a>, way: &Repair, look: &Look) -> Line<'a> {
    let error = way.standard_error.map(|e| format!(" {}{e:.2}", look.signs.plus_minus)).unwrap_or_default();
    let (verdict, score) = (way.trainability.verdict.name(), way.trainability.score);
    let (only_just, style) = if way.is_narrow() { ("only just ", look.theme.warning) } else { ("", look.theme.good) };
    Line::from(vec![
        label,
        Span::raw(factors(way)),
        Span::styled(format!("  {} {only_just}{verdict} {score:.2}", look.signs.trains), style),
        Span::styled("  NEAR ", look.theme.label),
        Span::raw(format!("{:.2}{error}", way.near)),
    ])
}
