//! What watches a batch pass: its ranks, and its twins.

use std::cell::RefCell;

use candle_core::Tensor;

use super::blocks::BlocksProbe;
use super::effective_rank::{Place, RankError, Ranks};
use super::error::{ScoreError, failure};
use super::head::Head;
use super::propagation::{Propagation, PropagationProbe};
use super::rank_matrix::RankMatrices;
use super::result::Score;
use crate::kernels::{memory, with_elements};
use crate::network::forward::{Probe, uneven};
use crate::network::{Network, Node, ValueId};
use crate::parameters::Parameters;

/// Takes the effective rank of every counted output.
#[derive(Clone)]
pub(super) struct RankProbe<'a> {
    pub matrices: RankMatrices<'a>,
    pub ranks: &'a RefCell<Ranks>,
    /// Of every counted output, as far as the pass has come.
    pub places: Vec<Option<Place>>,
    pub head: Head,
    /// Where the rank of the node that was entered is, if its input and weights said it.
    entered: Option<Place>,
}

impl<'a> RankProbe<'a> {
    pub fn new(matrices: RankMatrices<'a>, ranks: &'a RefCell<Ranks>) -> Self {
        Self { matrices, ranks, places: Vec::new(), head: Head::default(), entered: None }
    }

    /// Where the rank of a node's output is.
    pub fn set(&mut self, node: &Node, place: Place) {
        let layer = node.counted.unwrap_or_default();
        if self.places.len() <= layer {
            self.places.resize(layer + 1, None);
        }
        self.places[layer] = Some(place);
    }

    /// After the pass, with the network's output.
    pub fn finish(self, output: &Tensor) -> Result<Unranked, ScoreError> {
        let is_dead = with_elements(output, |y| y.iter().all(|y| *y == 0.0))? && !self.head.starts_at_zero();
        Ok(Unranked { places: self.places.into_iter().flatten().collect(), is_dead, propagation: None })
    }
}

impl Probe for RankProbe<'_> {
    type Stop = ScoreError;

    fn enter(&mut self, node: &Node, input: &Tensor, parameters: &Parameters) -> Result<(), ScoreError> {
        self.head.enter(node, input, input.dim(0)?)?;
        let matrix = self.matrices.of_input(node, input, parameters)?;
        // One that overflows is left to the output.
        self.entered = matrix.and_then(|(matrix, rows, columns)| {
            let place = self.ranks.borrow_mut().add_of_rank(&matrix, rows, columns, node.surroundings.most_rank);
            memory::keep(matrix);
            place.ok()
        });
        Ok(())
    }

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        self.head.observe(node, output)?;
        let most = node.surroundings.most_rank;
        let take = |matrix: &[f32], rows, columns| self.ranks.borrow_mut().add_of_rank(matrix, rows, columns, most);
        let place = match self.entered.take() {
            // Products may have been too small for any number but zero.
            Some(place) if self.matrices.gives(node, output)? => place,
            _ => self.matrices.with_matrix(node, output, take)?,
        };
        self.set(node, place);
        Ok(())
    }
}

/// A score whose ranks may still wait.
pub(super) struct Unranked {
    places: Vec<Place>,
    is_dead: bool,
    pub propagation: Option<Propagation>,
}

impl Unranked {
    /// The score; none while a rank waits.
    pub fn ranked(&self, ranks: &Ranks, network: &Network) -> Option<Result<Score, ScoreError>> {
        let mut effective_ranks = Vec::with_capacity(self.places.len());
        for (layer, place) in self.places.iter().enumerate() {
            match ranks.get(*place)? {
                Ok(rank) => effective_ranks.push(rank),
                Err(error) => return network.counted().get(layer).map(|node| Err(failure(node, error))),
            }
        }
        let last_alive = effective_ranks.iter().rposition(|r| *r > 0.0);
        Some(Ok(Score {
            near: effective_ranks.iter().sum(),
            dead_from: self.is_dead.then(|| last_alive.map_or(0, |last| last + 1)),
            effective_ranks,
            propagation: self.propagation.clone(),
        }))
    }

    /// The score, with an end to all waiting.
    pub fn ranked_now(&self, ranks: &RefCell<Ranks>, network: &Network) -> Result<Score, ScoreError> {
        let mut ranks = ranks.borrow_mut();
        ranks.finish();
        let missing = || candle_core::Error::Msg(RankError::NoConvergence.to_string()).into();
        self.ranked(&ranks, network).unwrap_or_else(|| Err(missing()))
    }
}

/// Takes the ranks of a batch, and watches the twins that pass behind it, if they do.
#[derive(Clone)]
pub(super) struct BatchProbe<'a> {
    /// Samples that are scored.
    pub batch: usize,
    pub ranks: RankProbe<'a>,
    pub propagation: Option<PropagationProbe<'a>>,
    /// Where it looks at the blocks of an architecture.
    pub blocks: Option<BlocksProbe<'a>>,
}

impl Probe for BatchProbe<'_> {
    type Stop = ScoreError;

    fn fill_up(&self, input: &Tensor, samples: usize) -> Result<Tensor, ScoreError> {
        match &self.propagation {
            Some(probe) => probe.fill_up(input, samples),
            None => Err(uneven(input, samples).into()),
        }
    }

    fn enter(&mut self, node: &Node, input: &Tensor, parameters: &Parameters) -> Result<(), ScoreError> {
        self.ranks.enter(node, &input.narrow(0, 0, self.batch)?, parameters)?;
        self.propagation.as_mut().map_or(Ok(()), |probe| probe.enter(node, input, parameters))
    }

    fn keeps_input(&self, node: &Node) -> bool {
        self.propagation.as_ref().is_some_and(|probe| probe.keeps_input(node))
    }

    fn receive(&mut self, node: &Node, output: Tensor) -> Result<Tensor, ScoreError> {
        match &mut self.propagation {
            Some(probe) => probe.receive(node, output),
            None => Ok(output),
        }
    }

    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), ScoreError> {
        self.ranks.observe(node, &output.narrow(0, 0, self.batch)?)?;
        self.blocks.as_mut().map_or(Ok(()), |probe| probe.observe(node, output))?;
        self.propagation.as_mut().map_or(Ok(()), |probe| probe.observe(node, output))
    }

    fn pass_on(&mut self, node: &Node, output: Tensor) -> Result<Tensor, ScoreError> {
        match &mut self.propagation {
            Some(probe) => probe.pass_on(node, output),
            None => Ok(output),
        }
    }

    fn reach(&mut self, value: ValueId, tensor: &Tensor) -> Result<(), ScoreError> {
        self.blocks.as_mut().map_or(Ok(()), |probe| probe.reach(value, tensor))
    }
}
