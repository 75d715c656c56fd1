//! Layers that fix how they start.

use std::sync::Arc;

use candle_core::{Result as Computed, Tensor};

use super::{Block, Cost, Counted, Edge, Kind, Layer, Make, Operation, Place, Scaling, Through, Value, Weight};
use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::init::OwnInit;
use crate::parameters::Parameters;
use crate::shape::Form;

/// The kinds of the parts of blocks that are started with their block.
const PARTS: [&str; 2] = ["projection", "recurrence"];

impl Layer {
    /// The same layer, started so whatever the candidate's initialization says. Of a block, all projections and recurrences.
    #[must_use]
    pub fn with_own_init(self, own: OwnInit) -> Self {
        match self {
            Self::Operation(layer) => Self::Operation(Arc::new(Started { layer, own })),
            Self::Block(block) => block.started(&own).into(),
        }
    }

    /// How it starts whatever the candidate's initialization says, where it fixes that.
    #[must_use]
    pub fn own_init(&self) -> Option<&OwnInit> {
        match self {
            Self::Operation(operation) => operation.own_init(),
            Self::Block(block) => {
                let edges = block.vertices.iter().flat_map(|vertex| &vertex.edges);
                edges.filter_map(Edge::part).find_map(|part| part.own_init())
            }
        }
    }

    /// The same layer with another number of units, where it is written with one.
    #[must_use]
    pub fn resized(&self, units: usize) -> Option<Self> {
        self.size()?;
        let operation = self.operation()?;
        let arguments = operation.arguments().with("out", Value::Whole(units as u64));
        let resized = match arguments.kind.make {
            Make::Layer(make) => make(&arguments),
            Make::Repeat(_) => return None,
        };
        Some(match operation.own_init() {
            Some(own) => resized.with_own_init(own.clone()),
            None => resized,
        })
    }
}

impl Block {
    fn started(mut self, own: &OwnInit) -> Self {
        for edge in self.vertices.iter_mut().flat_map(|vertex| &mut vertex.edges) {
            if let Some(part) = edge.part() {
                let started = Started { layer: Arc::clone(part), own: own.clone() };
                edge.through = Through::One(Layer::Operation(Arc::new(started)));
            }
        }
        self
    }
}

impl Edge {
    /// The projection or recurrence along it.
    fn part(&self) -> Option<&Arc<dyn Operation>> {
        match &self.through {
            Through::One(Layer::Operation(part)) if PARTS.contains(&part.kind().name) => Some(part),
            _ => None,
        }
    }
}

impl OwnInit {
    /// Checks that a layer with these weights can start so.
    ///
    /// # Errors
    /// Says which key fits no weight.
    pub(crate) fn check(&self, weights: &[Weight]) -> Result<(), String> {
        for (key, what, init) in [("init", "weight", &self.weight), ("bias_init", "bias", &self.bias)] {
            let Some(init) = init else { continue };
            let mut started = weights.iter().filter(|weight| weight.is_bias() == (key == "bias_init")).peekable();
            if started.peek().is_none() {
                return Err(format!("it has no {what} that `{key}` could start"));
            }
            if started.any(|weight| init.needs() > weight.offers()) {
                return Err(format!("its {what} cannot start by {init}"));
            }
        }
        Ok(())
    }
}

/// A layer that fixes how it starts. In all else it is that layer.
#[derive(Debug)]
struct Started {
    layer: Arc<dyn Operation>,
    own: OwnInit,
}

impl Operation for Started {
    fn kind(&self) -> &'static Kind {
        self.layer.kind()
    }

    fn values(&self) -> Vec<Value> {
        self.layer.values()
    }

    fn name(&self) -> &'static str {
        self.layer.name()
    }

    fn summary(&self) -> String {
        self.layer.summary()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        self.layer.output(inputs)
    }

    fn weights(&self, inputs: &[Form], slot: Option<&Activation>) -> Vec<Weight> {
        self.layer.weights(inputs, slot)
    }

    fn counted<'a>(&'a self, slot: Option<&'a Activation>) -> Counted<'a> {
        self.layer.counted(slot)
    }

    fn is_by_sample(&self) -> bool {
        self.layer.is_by_sample()
    }

    fn scaling(&self, slot: Option<&Activation>) -> Scaling {
        self.layer.scaling(slot)
    }

    fn passes_units(&self) -> bool {
        self.layer.passes_units()
    }

    fn cost(&self, place: &Place) -> Cost {
        self.layer.cost(place)
    }

    fn forward(
        &self,
        place: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        slot: Option<&Activation>,
    ) -> Computed<Tensor> {
        self.layer.forward(place, inputs, parameters, slot)
    }

    fn makes_anew(&self) -> bool {
        self.layer.makes_anew()
    }

    fn is_dense(&self, place: &Place) -> bool {
        self.layer.is_dense(place)
    }

    fn most_rank(&self, place: &Place, inputs: &[usize]) -> usize {
        self.layer.most_rank(place, inputs)
    }

    fn differentiable(&self, place: &Place, inputs: &[Tensor], pass: &mut dyn Pass) -> Computed<Tensor> {
        self.layer.differentiable(place, inputs, pass)
    }

    fn fixed_start(&self) -> Option<(&dyn Operation, &OwnInit)> {
        // Of several, the outermost counts.
        let layer = self.layer.fixed_start().map_or(&*self.layer, |(layer, _)| layer);
        Some((layer, &self.own))
    }
}
