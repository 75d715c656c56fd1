//! A node of a network.

use std::sync::Arc;

use crate::activation::Activation;
use crate::fill::Fill;
use crate::init::WeightShape;
use crate::layer::{Counted, Operation, Place, Role, Weight};
use crate::layers::Slot;
use crate::parameters::Parameters;
use crate::shape::{Form, Shape};

use super::surroundings::Surroundings;

/// A value of a network: 0 is its input, and n + 1 is what node n gives.
pub type ValueId = usize;

/// An operation in its place.
#[derive(Debug, Clone)]
pub struct Node {
    pub place: Place,
    pub operation: Arc<dyn Operation>,
    pub inputs: Vec<ValueId>,
    /// What training changes, the weights of what fills a slot excepted; none that are frozen.
    pub weights: Vec<Weight>,
    /// Its place among the nodes whose outputs NEAR counts; none for others.
    pub counted: Option<usize>,
    /// Number of weights before it that start as constants.
    pub(super) constants: usize,
    /// What recipes ask of its place.
    pub surroundings: Surroundings,
    /// Of those of its weights that an earlier node has too, the name here and that node's name.
    pub shared: Vec<(&'static str, String)>,
    /// These nodes, by the name of the weight.
    pub(super) lenders: Vec<(&'static str, Arc<Self>)>,
    /// Weights that neither an initialization nor training changes: those that the model has frozen.
    pub frozen: Parameters,
    /// Its weights and moments in the model that it comes from, if that brings them.
    pub given: Option<Parameters>,
    /// Where it comes from, if it was not written as a layer.
    pub origin: Option<Arc<Origin>>,
}

/// Where a node of a model of other origin comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The module's path, as `encoder.0`; a node that is called several times has it several times.
    pub module: String,
    /// The module whose code has it, where its name does not say so; empty for others.
    pub within: String,
    /// Where it stands in the user's source, or in the file.
    pub source: String,
    /// Of its weights and moments, the names here and in the model.
    pub parameters: Vec<(&'static str, Stored)>,
}

/// What of a model's parameter is a node's weight.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stored {
    /// The path of the parameter.
    pub name: String,
    /// Whether its two axes are the other way round there.
    pub is_transposed: bool,
    /// The first and the number of its rows, if it has only some of them.
    pub rows: Option<[usize; 2]>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        *self.operation == *other.operation && self.place == other.place && self.inputs == other.inputs
    }
}

impl Node {
    /// Its name behind that of the module that it stands in.
    #[must_use]
    pub fn path(&self) -> String {
        match &self.origin {
            Some(origin) if !origin.within.is_empty() => format!("{}.{}", origin.within, self.place.name),
            _ => self.place.name.clone(),
        }
    }

    /// Where it stands in the user's source, or in the file, if it was not written as a layer.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.origin.as_ref().map(|origin| origin.source.as_str()).filter(|source| !source.is_empty())
    }

    /// As in `nn.Sequential.state_dict()`: `0`, or `4.body.1` inside a residual.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.place.name
    }

    /// The path of the module that it is, which several nodes of a model of other origin may share; else its name.
    #[must_use]
    pub fn module(&self) -> &str {
        self.origin.as_ref().map_or(&self.place.name, |origin| &origin.module)
    }

    /// What reports call it: the kind in presets, the activation's name, or `activation` for a slot.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.operation.name()
    }

    /// The shape of the first input.
    #[must_use]
    pub fn input(&self) -> &Shape {
        self.place.input()
    }

    #[must_use]
    pub fn output(&self) -> &Shape {
        &self.place.output.shape
    }

    /// Number of units of its output: the columns of its rank matrix.
    #[must_use]
    pub fn units(&self) -> usize {
        self.place.output.units()
    }

    /// What it takes to score so many samples, roughly, in multiply-adds. The rank of an n x n matrix takes about 4 n^3.
    #[must_use]
    pub(super) fn effort(&self, samples: usize) -> u128 {
        let passing = self.operation.cost(&self.place).multiply_adds.saturating_mul(samples as u128);
        let rows = samples.saturating_mul(self.place.output.rows());
        let rank = match self.counted {
            Some(_) if self.is_narrow(rows) => self.place.inputs[0].units(),
            Some(_) => self.units().min(rows),
            None => 0,
        };
        passing.saturating_add((rank as u128).saturating_pow(3).saturating_mul(4))
    }

    /// Whether so many rows of its output are those of its input by weights, with so few inputs that it takes less time to rank
    /// these.
    #[must_use]
    pub fn is_narrow(&self, rows: usize) -> bool {
        let inputs = self.place.inputs.first().map_or(0, Form::units);
        self.operation.is_dense(&self.place) && inputs.saturating_mul(2) <= self.units().min(rows)
    }

    #[must_use]
    pub fn is_slot(&self) -> bool {
        self.slot().is_some()
    }

    /// The name of the slot that it is; none for others.
    #[must_use]
    pub fn slot(&self) -> Option<&str> {
        self.operation.as_kind::<Slot>().map(|slot| slot.0.as_str())
    }

    /// What of `fill` fills this slot; none where it is none.
    #[must_use]
    pub fn filled<'a>(&self, fill: Option<&'a Fill>) -> Option<&'a Activation> {
        fill?.of(self.slot()?)
    }

    /// Whether NEAR counts its output as that of an activation.
    #[must_use]
    pub fn is_activation(&self) -> bool {
        matches!(self.operation.counted(None), Counted::Activation(_))
    }

    /// The elementwise activation that it applies, with `fill` in the slots.
    #[must_use]
    pub fn activation<'a>(&'a self, fill: Option<&'a Fill>) -> Option<&'a Activation> {
        match self.operation.counted(self.filled(fill)) {
            Counted::Activation(activation) => activation,
            Counted::Weighted | Counted::No => None,
        }
    }

    /// Whether it is a layer with matrices or kernels, be they its own, another layer's or frozen. Norms, embeddings and
    /// activations are none.
    #[must_use]
    pub fn has_matrices(&self) -> bool {
        let weights = self.operation.weights(&self.place.inputs, None);
        weights.iter().any(|weight| matches!(weight.role, Role::Drawn(_)))
    }

    /// The shape of the first weight that is drawn; none where there is none.
    #[must_use]
    pub fn drawn(&self) -> Option<&WeightShape> {
        self.weights.iter().find_map(|weight| match &weight.role {
            Role::Drawn(shape) => Some(shape),
            Role::Own(..) | Role::Bias(_) | Role::Constant(_) | Role::Kept => None,
        })
    }

    /// The number of the first weight that is drawn, by whatever law; none where there is none.
    #[must_use]
    pub fn first_drawn(&self) -> Option<usize> {
        self.weights.iter().find_map(|weight| match &weight.role {
            Role::Drawn(shape) | Role::Own(shape, _) => Some(shape.index),
            Role::Bias(_) | Role::Constant(_) | Role::Kept => None,
        })
    }

    /// The place of a weight among those that start as constants; none of any other.
    #[must_use]
    pub fn place_among_constants(&self, weight: &Weight) -> Option<usize> {
        let mut constants = self.weights.iter().filter(|weight| matches!(weight.role, Role::Constant(_)));
        Some(self.constants + constants.position(|other| other.name == weight.name)?)
    }

    /// Whether a bias belongs to its drawn weight.
    #[must_use]
    pub fn has_bias(&self) -> bool {
        self.weights.iter().any(|weight| matches!(weight.role, Role::Bias(_)))
    }

    /// What training changes, with `fill` in the slots.
    #[must_use]
    pub fn weights_with(&self, fill: Option<&Fill>) -> Vec<Weight> {
        match self.is_slot() {
            true => self.operation.weights(&self.place.inputs, self.filled(fill)),
            false => self.weights.clone(),
        }
    }

    /// The earlier node that has this weight first, and the weight as it is there; none where it is this node's own.
    #[must_use]
    pub fn lender(&self, weight: &str) -> Option<(&Self, &Weight)> {
        let (_, lender) = self.lenders.iter().find(|(name, _)| *name == weight)?;
        Some((lender, lender.weights.iter().find(|own| own.name == weight)?))
    }

    /// The earlier node whose weight this one is; none where it is this node's own.
    #[must_use]
    pub fn owner(&self, weight: &str) -> Option<&str> {
        self.shared.iter().find(|(name, _)| *name == weight).map(|(_, owner)| owner.as_str())
    }

    /// Number of trained parameters, with `fill` in the slots.
    #[must_use]
    pub fn parameters(&self, fill: Option<&Fill>) -> u64 {
        match self.is_slot() {
            true => self.weights_with(fill).iter().map(Weight::elements).sum(),
            false => self.weights.iter().filter(|weight| self.owner(weight.name).is_none()).map(Weight::elements).sum(),
        }
    }
}
