//! ```text
//! neartop 0.1.0  Digits MLP  64 > 128 > * > 10
//! recommended  tanh with orthogonal  NEAR 161.53 ±0.34  17,226 parameters
//! ████████▌         52%   2163/4160 scores   0:04 elapsed   0:03 left   0 failed
//! chunks  3 pending, 4 running, 5 done   job 17
//! ```
//!
//! The last line is there where the run is on a cluster.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr;

use crate::cluster::states::States;
use crate::columns::grouped;
use crate::tui::context::{Context, Phase};
use crate::tui::theme::Look;
use crate::tui::widgets::clock;
use neartop_study::study::Evidence;

/// `behind` is how far work is that goes on in views that are hidden.
pub fn draw(frame: &mut Frame<'_>, area: Rect, behind: String, cx: &Context, look: &Look) {
    let width = usize::from(area.width);
    let mut lines = vec![network(cx, look, width), best(cx, look, width), progress(behind, cx, look, width)];
    lines.extend(cx.chunks.as_ref().map(|states| chunks(states, look, width)));
    frame.render_widget(Paragraph::new(lines), area);
}

fn network<'a>(cx: &Context, look: &Look, width: usize) -> Line<'a> {
    let preset = &cx.study.space.preset;
    let program = concat!("neartop ", env!("CARGO_PKG_VERSION"));
    let room = width.saturating_sub(program.len() + 4);
    let name = look.signs.fit(&preset.name, room.saturating_sub(12).max(room / 2));
    let summary = look.signs.fit_middle(preset.network.summary(), room.saturating_sub(name.width()));
    Line::from(vec![
        Span::styled(program, look.theme.title),
        Span::raw("  "),
        Span::styled(name, look.theme.header),
        Span::raw("  "),
        Span::styled(summary, look.theme.label),
    ])
}

/// The recommended candidate: a number stands there as a whole or not at all, and the name has what they leave.
fn best<'a>(cx: &Context, look: &Look, width: usize) -> Line<'a> {
    let evidence = cx.table.advice.as_ref().map_or(Evidence::Signals, |id| cx.study.evidence_of(*id));
    let label = match evidence {
        Evidence::Signals => "recommended  ",
        Evidence::Steps => "recommended by first steps  ",
        Evidence::Training => "recommended by training  ",
    };
    let label = Span::styled(label, look.theme.label);
    let room = width.saturating_sub(label.width());
    let id = match &cx.table.advice {
        Ok(id) => *id,
        Err(why) => {
            return Line::from(vec![label, Span::styled(look.signs.fit(&why.to_string(), room), look.theme.label)]);
        }
    };
    let candidate = cx.study.candidate(id);
    let name = candidate.to_string();
    let near = cx.study.near(id).map(|near| {
        let error = near.standard_error.map(|e| format!(" {}{e:.2}", look.signs.plus_minus)).unwrap_or_default();
        [format!("  NEAR {:.2}", near.mean), error]
    });
    let parts = near.into_iter().flatten().chain([format!("  {} parameters", grouped(candidate.parameters))]);
    let mut numbers = String::new();
    for (part, least) in parts.zip(NAME) {
        if numbers.width() + part.width() + name.width().min(least) > room {
            break;
        }
        numbers += &part;
    }
    let name = look.signs.fit_middle(&name, room.saturating_sub(numbers.width()));
    Line::from(vec![label, Span::styled(name, look.theme.good), Span::raw(numbers)])
}

/// Columns of the screen that a name has before its NEAR, the error and the parameters come in.
const NAME: [usize; 3] = [25, 25, 50];

fn progress<'a>(behind: String, cx: &Context, look: &Look, width: usize) -> Line<'a> {
    let tally = cx.study.tally();
    let share = if tally.total == 0 { 1.0 } else { tally.done as f64 / tally.total as f64 };
    let state = match cx.phase {
        Phase::Scoring => match cx.time_left() {
            // A race ends before that wherever candidates drop out of it.
            Some(left) if cx.study.race().is_some() => format!("at most {} left", clock(left)),
            Some(left) => format!("{} left", clock(left)),
            None => "starting".to_owned(),
        },
        Phase::Paused => "paused".to_owned(),
        Phase::Done => "done".to_owned(),
    };
    let failed = format!("{} failed", tally.failed);
    let percent = (share * 100.0).floor();
    let text = match width {
        0..70 => format!(" {percent:.0}%  {}  {state}  ", clock(cx.elapsed)),
        _ => {
            format!(" {percent:3.0}%  {}/{} scores  {} elapsed  {state}  ", tally.done, tally.total, clock(cx.elapsed))
        }
    };
    let cells = width.saturating_sub(text.len() + failed.len() + behind.len()).clamp(4, 40);
    let state_style = if cx.phase == Phase::Paused { look.theme.warning } else { look.theme.header };
    let failed_style = if tally.failed > 0 { look.theme.bad } else { look.theme.label };
    Line::from(vec![
        Span::styled(look.signs.bar(share, cells), look.theme.good),
        Span::styled(text, state_style),
        Span::styled(failed, failed_style),
        Span::styled(behind, look.theme.after),
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
