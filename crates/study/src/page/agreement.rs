//! NEAR beside known values.

use super::chart::{Chart, Frame};
use super::text::{fixed, grouped};
use crate::study::{Agreement, Study};

/// Points that are drawn at the most.
const MOST: usize = 4000;

/// How well NEAR agrees with known values.
pub struct Comparison {
    /// What the known value is called.
    pub value: String,
    pub summary: String,
    pub choice: Option<String>,
    pub chart: Chart,
}

impl Comparison {
    /// None where there is nothing to compare.
    pub fn new(study: &Study, choice: Option<usize>) -> Option<Self> {
        let Agreement { spearman, kendall, n } = study.agreement()?;
        let value = study.space.preset.truth.as_ref()?.value.clone();
        let both = |id: usize| Some((study.near(id)?.mean, study.truth(id)?));
        let points: Vec<_> = (0..study.space.candidates.len()).filter_map(both).collect();
        let highest = points.iter().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
        let summary = format!(
            "Spearman’s correlation {spearman:.3}, Kendall’s {kendall:.3}, over {} candidates with known values.",
            grouped(n as u64)
        );
        let marked = choice.and_then(both);
        let text = |known: f64| {
            format!(
                "The recommended candidate’s known value is {}; the highest is {}.",
                fixed(known, 2),
                fixed(highest, 2)
            )
        };
        let step = points.len().div_ceil(MOST).max(1);
        let drawn: Vec<_> = points.iter().copied().step_by(step).collect();
        let every = if step > 1 { format!(" One in {step} is drawn.") } else { String::new() };
        let frame = Frame::of("NEAR", &value, drawn.iter().copied().chain(marked));
        let description = format!("A point for each candidate: NEAR to the right, {value} upwards. {summary}{every}");
        let mut chart = Chart::new("agreement-chart", &format!("NEAR and {value}"), &description, frame);
        chart.add_dots(&drawn);
        chart.mark(marked, "recommended");
        Some(Self { value, summary: summary + &every, choice: marked.map(|(_, known)| text(known)), chart })
    }
}
