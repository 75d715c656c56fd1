//! ```text
//! neartop 0.1.0  Digits MLP  64 > 128 > * > 10
//! recommended  tanh with orthogonal  NEAR 161.53 ±0.34  17,226 parameters
//! ████████▌         52%   2163/4160 scores   0:04 elapsed   0:03 left   0 failed
//! chunks  3 pending, 4 running, 5 done   job 17
//! ```
//!
//! The last line is there where the run is on a cluster.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::cluster::states::States;
use crate::tui::app::{App, Phase, View};
use crate::tui::column::grouped;
use crate::tui::theme::Look;

pub fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, look: &Look) {
    let width = usize::from(area.width);
    let mut lines = vec![network(app, look), best(app, look, width), progress(app, look, width)];
    lines.extend(app.chunks.as_ref().map(|states| chunks(states, look, width)));
    frame.render_widget(Paragraph::new(lines), area);
}

fn network<'a>(app: &App, look: &Look) -> Line<'a> {
    let preset = &app.study.space.preset;
    Line::from(vec![
        Span::styled(concat!("neartop ", env!("CARGO_PKG_VERSION")), look.theme.title),
        Span::raw("  "),
        Span::styled(preset.name.clone(), look.theme.header),
        Span::raw("  "),
        Span::styled(preset.network.summary().to_owned(), look.theme.label),
    ])
}

fn best<'a>(app: &App, look: &Look, width: usize) -> Line<'a> {
    let label = Span::styled("recommended  ", look.theme.label);
    let id = match &app.advice {
        Ok(id) => *id,
        Err(why) => return Line::from(vec![label, Span::styled(why.clone(), look.theme.label)]),
    };
    let candidate = app.study.candidate(id);
    // What stands behind it has room, however long its name is.
    let name = look.signs.fit(&candidate.to_string(), width.saturating_sub(53).max(25));
    let mut spans = vec![label, Span::styled(name, look.theme.good)];
    if let Some(near) = app.study.near(id) {
        let error = near.standard_error.map(|e| format!(" {}{e:.2}", look.signs.plus_minus)).unwrap_or_default();
        spans.push(Span::raw(format!("  NEAR {:.2}{error}", near.mean)));
    }
    spans.push(Span::raw(format!("  {} parameters", grouped(candidate.parameters))));
    Line::from(spans)
}

fn progress<'a>(app: &App, look: &Look, width: usize) -> Line<'a> {
    let tally = app.study.tally();
    let share = if tally.total == 0 { 1.0 } else { tally.done as f64 / tally.total as f64 };
    let state = match app.phase {
        Phase::Scoring => match app.time_left() {
            Some(left) => format!("{} left", clock(left)),
            None => "starting".to_owned(),
        },
        Phase::Paused => "paused".to_owned(),
        Phase::Done => "done".to_owned(),
    };
    let failed = format!("{} failed", tally.failed);
    let percent = (share * 100.0).floor();
    let text = match width {
        0..70 => format!(" {percent:.0}%  {}  {state}  ", clock(app.elapsed)),
        _ => {
            format!(" {percent:3.0}%  {}/{} scores  {} elapsed  {state}  ", tally.done, tally.total, clock(app.elapsed))
        }
    };
    // Training that goes on behind another view; its own view tells more.
    let training = app.finalists.as_ref().filter(|_| app.view != View::Training);
    let training = training.and_then(|finalists| finalists.progress(app.now));
    let training = training.map(|(share, left)| match left {
        Some(left) if width >= 100 => format!("  training {share} %, {} left", clock(left)),
        _ => format!("  training {share} %"),
    });
    let training = training.unwrap_or_default();
    let cells = width.saturating_sub(text.len() + failed.len() + training.len()).clamp(4, 40);
    let state_style = if app.phase == Phase::Paused { look.theme.warning } else { look.theme.header };
    let failed_style = if tally.failed > 0 { look.theme.bad } else { look.theme.label };
    Line::from(vec![
        Span::styled(look.signs.bar(share, cells), look.theme.good),
        Span::styled(text, state_style),
        Span::styled(failed, failed_style),
        Span::styled(training, look.theme.after),
    ])
}

fn chunks<'a>(states: &States, look: &Look, width: usize) -> Line<'a> {
    let jobs = states.jobs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let jobs = match states.jobs.len() {
        0 => String::new(),
        1 => format!("   job {jobs}"),
        _ => format!("   jobs {jobs}"),
    };
    let text = look.signs.fit(&(states.in_words() + &jobs), width.saturating_sub(8));
    let style = if states.failed + states.cancelled > 0 { look.theme.bad } else { look.theme.header };
    Line::from(vec![Span::styled("chunks  ", look.theme.label), Span::styled(text, style)])
}

/// Minutes and seconds, or hours, minutes and seconds.
pub fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}
