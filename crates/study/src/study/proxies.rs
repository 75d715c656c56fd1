//! What may order architectures beside NEAR, and how well each agrees with the known values.

use serde::{Serialize, Serializer};

use super::Study;
use super::agreement::{Agreement, ranks};
use crate::space::Candidate;
use neartop_core::network::{Network, Node};
use neartop_core::score::blocks::Blocks;

/// A number that may order architectures: higher is better.
pub struct Proxy {
    pub name: &'static str,
    /// None where it is not known.
    of: fn(&Facts<'_>) -> Option<f64>,
}

/// What a proxy is made of.
struct Facts<'a> {
    candidate: &'a Candidate,
    network: &'a Network,
    near: f64,
    /// Mean effective rank and width of every counted layer.
    layers: Vec<(f64, f64)>,
    /// None in studies of before, and without a look at signals.
    blocks: Option<&'a Blocks>,
}

/// The proxies, in the order of reports.
pub static PROXIES: &[Proxy] = &[
    Proxy { name: "near", of: |facts| Some(facts.near) },
    Proxy { name: "near_relative", of: |facts| Some(facts.layers.iter().map(|(rank, width)| rank / width).sum()) },
    Proxy { name: ENTROPY, of: |facts| Some(facts.layers.iter().map(|(rank, _)| rank.max(1.0).ln()).sum()) },
    Proxy { name: "parameters", of: |facts| Some(facts.candidate.parameters as f64) },
    Proxy { name: LIVE_PARAMETERS, of: |facts| Some(facts.live_parameters() as f64) },
    Proxy { name: "multiply_adds", of: |facts| Some(facts.candidate.multiply_adds as f64) },
    Proxy { name: LN_WIDTH, of: |facts| Some(facts.network.ln_width()) },
    Proxy { name: BLOCK_ENTROPY, of: |facts| facts.blocks.map(Blocks::block_entropy) },
    Proxy { name: "progressivity", of: |facts| facts.blocks.map(Blocks::progressivity) },
    Proxy { name: LAST_ENTROPY, of: |facts| facts.blocks.map(Blocks::last_entropy) },
    Proxy { name: "meco", of: |facts| facts.blocks.map(|blocks| blocks.correlations.iter().sum()) },
    Proxy { name: MECO_BY_WIDTH, of: |facts| facts.meco_by_width() },
    // A singular kernel has a determinant of 0.
    Proxy { name: "naswot", of: |facts| facts.blocks.map(|blocks| blocks.ln_kernel.unwrap_or(f64::NEG_INFINITY)) },
];

const ENTROPY: &str = "entropy";
const LIVE_PARAMETERS: &str = "live_parameters";
const LN_WIDTH: &str = "ln_width";
const BLOCK_ENTROPY: &str = "block_entropy";
const LAST_ENTROPY: &str = "last_entropy";
const MECO_BY_WIDTH: &str = "meco_by_width";

/// The sum over some proxies of ln of the candidate's rank from the lowest, as a part of all.
pub const AGGREGATE: &str = "aggregate";
/// The proxies of the aggregate; `docs/nas.md` says how they were chosen.
const AGGREGATED: [&str; 5] = [ENTROPY, LIVE_PARAMETERS, LN_WIDTH, BLOCK_ENTROPY, MECO_BY_WIDTH];
/// One more where most candidates tell more classes apart than what their last block gives has channels: its room is short then.
const OF_MANY_CLASSES: &str = LAST_ENTROPY;

impl Facts<'_> {
    fn live_parameters(&self) -> u64 {
        self.network.live_parameters(self.candidate.fill.as_ref())
    }

    fn meco_by_width(&self) -> Option<f64> {
        let activations = self.network.counted().into_iter().filter(|node| node.is_activation());
        let of_layer = |(least, node): (&f64, &Node)| least * node.units() as f64;
        Some(self.blocks?.correlations.iter().zip(activations).map(of_layer).sum())
    }
}

/// Candidates that top-k regret and nDCG look at: a tenth of all, so many at the most.
const MOST_AT_TOP: usize = 10;

/// Something for every proxy, the aggregate last. Written as a map.
#[derive(Debug, Clone, PartialEq)]
pub struct ByProxy<T>(pub Vec<(&'static str, T)>);

impl<T: Serialize> Serialize for ByProxy<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// How well a proxy agrees with the known values, of which higher ones are better.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProxyAgreement {
    #[serde(flatten)]
    pub agreement: Agreement,
    /// The number of candidates that a user would look at.
    pub top: usize,
    /// How far the best of these is behind the best of all.
    pub regret: f64,
    /// Normalized discounted cumulative gain of these, known values scaled to [0, 1] (Järvelin & Kekäläinen 2002).
    pub ndcg: f64,
}

/// The proxies of the candidates of a study that have a score.
#[derive(Debug, Clone)]
pub struct Proxies {
    ids: Vec<usize>,
    /// By proxy, the aggregate last, and there by candidate.
    values: Vec<(&'static str, Vec<f64>)>,
    /// The proxies of the aggregate; none without it.
    pub aggregated: Option<Vec<&'static str>>,
}

impl Study {
    /// The proxies of all candidates with a score; none where no architectures are ranked.
    #[must_use]
    pub fn proxies(&self) -> Option<Proxies> {
        if !self.space.has_architectures() {
            return None;
        }
        let scored = |id: &usize| self.near(*id).is_some();
        let ids: Vec<_> = (0..self.space.candidates.len()).filter(scored).collect();
        let mut columns = vec![Vec::with_capacity(ids.len()); PROXIES.len()];
        let mut with_many_classes = 0;
        for id in &ids {
            let network = self.space.network_of(*id);
            with_many_classes += usize::from(network.gives_more_than_its_blocks());
            let widths = network.counted().into_iter().map(|node| node.units() as f64);
            let layers = self.effective_ranks(*id).into_iter().zip(widths).collect();
            let near = self.near(*id).map_or(f64::NAN, |near| near.mean);
            let (candidate, blocks) = (self.candidate(*id), self.records[*id].blocks.as_ref());
            let facts = Facts { candidate, network: &network, near, layers, blocks };
            PROXIES.iter().zip(&mut columns).for_each(|(proxy, column)| column.push((proxy.of)(&facts)));
        }
        // One that is not known of every candidate compares none of them.
        let known = |(proxy, column): (&Proxy, Vec<_>)| Some((proxy.name, column.into_iter().collect::<Option<_>>()?));
        let mut values: Vec<(_, Vec<_>)> = PROXIES.iter().zip(columns).filter_map(known).collect();
        let aggregated = aggregated(with_many_classes > ids.len() / 2);
        let aggregate = aggregate(&values, &aggregated, ids.len());
        let aggregated = aggregate.is_some().then_some(aggregated);
        values.extend(aggregate.map(|aggregate| (AGGREGATE, aggregate)));
        Some(Proxies { ids, values, aggregated })
    }
}

fn aggregated(has_many_classes: bool) -> Vec<&'static str> {
    AGGREGATED.into_iter().chain(has_many_classes.then_some(OF_MANY_CLASSES)).collect()
}

/// The aggregate by candidate; none where one of its proxies is not known.
fn aggregate(values: &[(&'static str, Vec<f64>)], aggregated: &[&str], count: usize) -> Option<Vec<f64>> {
    let mut sums = vec![0.0; count];
    for wanted in aggregated {
        let (_, values) = values.iter().find(|(name, _)| name == wanted)?;
        sums.iter_mut().zip(ranks(values)).for_each(|(sum, rank)| *sum += (rank / count as f64).ln());
    }
    Some(sums)
}

impl Proxies {
    /// Those of a candidate; none without a score.
    #[must_use]
    pub fn of(&self, id: usize) -> Option<ByProxy<f64>> {
        let at = self.ids.binary_search(&id).ok()?;
        Some(ByProxy(self.values.iter().map(|(name, values)| (*name, values[at])).collect()))
    }

    /// How well each agrees with the known values; none without these. A proxy that is the same for all has no agreement.
    #[must_use]
    pub fn agreement(&self, study: &Study) -> Option<ByProxy<ProxyAgreement>> {
        let known: Vec<_> = self.ids.iter().enumerate().filter_map(|(at, id)| Some((at, study.truth(*id)?))).collect();
        let truths: Vec<_> = known.iter().map(|(_, truth)| *truth).collect();
        let agreement = |(name, values): &(&'static str, Vec<f64>)| {
            let values: Vec<_> = known.iter().map(|(at, _)| values[*at]).collect();
            Some((*name, ProxyAgreement::of(&values, &truths)?))
        };
        let all: Vec<_> = self.values.iter().filter_map(agreement).collect();
        (!all.is_empty()).then_some(ByProxy(all))
    }
}

impl ProxyAgreement {
    fn of(values: &[f64], truths: &[f64]) -> Option<Self> {
        let agreement = Agreement::of(values, truths)?;
        let top = (agreement.n / 10).clamp(1, MOST_AT_TOP);
        let by = |of: &[f64]| {
            let mut order: Vec<_> = (0..agreement.n).collect();
            order.sort_by(|a, b| of[*b].total_cmp(&of[*a]));
            order.truncate(top);
            order.into_iter().map(|at| truths[at]).collect::<Vec<_>>()
        };
        let (found, ideal) = (by(values), by(truths));
        let least = truths.iter().copied().fold(f64::INFINITY, f64::min);
        let best = |of: &[f64]| of.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = best(&ideal) - least;
        let gain = |truth: &f64| ((truth - least) / range).exp2() - 1.0;
        let discounted = |of: &[f64]| of.iter().zip(2u32..).map(|(t, place)| gain(t) / f64::from(place).log2()).sum();
        let [of_found, of_ideal]: [f64; 2] = [discounted(&found), discounted(&ideal)];
        Some(Self { agreement, top, regret: best(&ideal) - best(&found), ndcg: of_found / of_ideal })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values by scikit-learn's ndcg_score(k=2) of 2^relevance - 1.
    #[test]
    fn regret_and_gain_are_of_the_top() {
        let truths: Vec<_> = (0..20).map(f64::from).collect();
        let same = ProxyAgreement::of(&truths, &truths).unwrap();
        assert_eq!((same.top, same.regret, same.ndcg), (2, 0.0, 1.0));
        let mut values = truths.clone();
        values.swap(19, 10);
        values.swap(18, 9);
        let other = ProxyAgreement::of(&values, &truths).unwrap();
        assert_eq!((other.top, other.regret), (2, 9.0));
        let relevance = |truth: f64| (truth / 19.0).exp2() - 1.0;
        let third = 3f64.log2();
        let wanted = (relevance(10.0) + relevance(9.0) / third) / (relevance(19.0) + relevance(18.0) / third);
        assert!((other.ndcg - wanted).abs() < 1e-12);
    }

    #[test]
    fn an_aggregate_sums_logarithms_of_ranks() {
        let mut values: Vec<_> = AGGREGATED.iter().map(|name| (*name, vec![7.0, 7.0])).collect();
        values[0].1 = vec![3.0, 1.0];
        values.push(("parameters", vec![1.0, 2.0]));
        let tied = 4.0 * 0.75f64.ln();
        let sums = aggregate(&values, &AGGREGATED, 2).unwrap();
        assert!((sums[0] - tied).abs() < 1e-12 && (sums[1] - tied - 0.5f64.ln()).abs() < 1e-12);
        assert_eq!(aggregate(&values[1..], &AGGREGATED, 2), None);
    }

    #[test]
    fn many_classes_bring_the_last_entropy_into_the_aggregate() {
        // Ranks from the lowest: 1 2 3 4, 4 3 2 1, 1.5 1.5 3.5 3.5, 2.5 of all, 2 1 4 3; of the last entropy 4 1 2 3.
        let values = vec![
            (ENTROPY, vec![0.1, 0.2, 0.3, 0.4]),
            (LIVE_PARAMETERS, vec![40.0, 30.0, 20.0, 10.0]),
            (LN_WIDTH, vec![5.0, 5.0, 6.0, 6.0]),
            (BLOCK_ENTROPY, vec![7.0; 4]),
            (MECO_BY_WIDTH, vec![-3.0, -4.0, -1.0, -2.0]),
            (LAST_ENTROPY, vec![3.9, 0.0, 1.5, 2.0]),
        ];
        // Products of the ranks, over 4 to the power of their number.
        for (has_many_classes, products) in [(false, [30.0, 22.5, 210.0, 105.0]), (true, [120.0, 22.5, 420.0, 315.0])] {
            let members = aggregated(has_many_classes);
            let all: f64 = if has_many_classes { 4096.0 } else { 1024.0 };
            let sums = aggregate(&values, &members, 4).unwrap();
            for (sum, product) in sums.iter().zip(products) {
                assert!((sum - (product / all).ln()).abs() < 1e-12, "{members:?}: {sum}");
            }
        }
        assert_eq!(aggregate(&values[..5], &aggregated(true), 4), None);
    }
}
