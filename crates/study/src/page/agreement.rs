//! NEAR beside known values.

use super::chart::{Chart, Frame};
use super::text::{fixed, grouped};
use crate::study::{Agreement, ByProxy, ProxyAgreement, Study};

/// Points that are drawn at the most.
const MOST: usize = 4000;

/// How well NEAR agrees with known values.
pub struct Comparison {
    /// What the known value is called.
    pub value: String,
    pub summary: String,
    pub choice: Option<String>,
    /// Of NEAR and of what else may order architectures.
    pub proxies: Vec<Proxy>,
    pub chart: Chart,
}

/// How well something that orders architectures agrees with the known values.
pub struct Proxy {
    pub name: &'static str,
    pub spearman: String,
    pub kendall: String,
    pub regret: String,
    pub ndcg: String,
    pub top: usize,
}

impl Proxy {
    fn new((name, agreement): (&'static str, ProxyAgreement)) -> Self {
        let ProxyAgreement { agreement: Agreement { spearman, kendall, .. }, top, regret, ndcg } = agreement;
        let [spearman, kendall, ndcg] = [spearman, kendall, ndcg].map(|x| fixed(x, 3));
        Self { name, spearman, kendall, regret: fixed(regret, 2), ndcg, top }
    }
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
        let proxies = study.proxies().and_then(|proxies| proxies.agreement(study));
        let proxies = proxies.map(|ByProxy(all)| all.into_iter().map(Proxy::new).collect()).unwrap_or_default();
        let choice = marked.map(|(_, known)| text(known));
        Some(Self { value, summary: summary + &every, choice, proxies, chart })
    }
}
