//! One forward pass, node by node, watched by a probe.

use std::sync::Arc;

use candle_core::Tensor;

use super::graph::{Network, Part};
use super::node::{Node, ValueId};
use crate::fill::Fill;
use crate::kernels::{is_one_zero, recycle};
use crate::parameters::Parameters;
use crate::weights::Weights;

/// Watches a forward pass.
pub trait Probe {
    type Stop: From<candle_core::Error>;

    /// Called with an input of a node that has fewer samples than another of its inputs, as where a probe has added some on the
    /// way: the input with as many as `samples`.
    ///
    /// # Errors
    /// Ends the pass.
    fn fill_up(&self, input: &Tensor, samples: usize) -> Result<Tensor, Self::Stop> {
        Err(uneven(input, samples).into())
    }

    /// Called with the input `[samples, ...]` and the parameters of every node that NEAR counts, before it is applied.
    ///
    /// # Errors
    /// Ends the pass.
    fn enter(&mut self, _node: &Node, _input: &Tensor, _parameters: &Parameters) -> Result<(), Self::Stop> {
        Ok(())
    }

    /// Whether it holds on to an input that it [entered](Self::enter) until the output has gone on. Otherwise the output may get
    /// that memory.
    fn keeps_input(&self, _node: &Node) -> bool {
        false
    }

    /// What counts as the output of a node that NEAR counts: itself, unless a probe disturbs it.
    ///
    /// # Errors
    /// Ends the pass.
    fn receive(&mut self, _node: &Node, output: Tensor) -> Result<Tensor, Self::Stop> {
        Ok(output)
    }

    /// Called with the output `[samples, ...]` of every node that NEAR counts.
    ///
    /// # Errors
    /// Ends the pass.
    fn observe(&mut self, node: &Node, output: &Tensor) -> Result<(), Self::Stop>;

    /// What goes on in place of an output that was observed: itself, unless a probe disturbs it.
    ///
    /// # Errors
    /// Ends the pass.
    fn pass_on(&mut self, _node: &Node, output: Tensor) -> Result<Tensor, Self::Stop> {
        Ok(output)
    }

    /// Called with the value that every node has made, as it goes on.
    ///
    /// # Errors
    /// Ends the pass.
    fn reach(&mut self, _value: ValueId, _tensor: &Tensor) -> Result<(), Self::Stop> {
        Ok(())
    }
}

/// The values of a network that a pass has reached and that are still needed.
#[derive(Clone)]
pub struct Values(Vec<Option<Value>>);

#[derive(Clone)]
struct Value {
    tensor: Tensor,
    memory: Memory,
}

/// Where a value lies.
#[derive(Clone, Default)]
struct Memory {
    /// A mark of every value made in this pass where it may lie, so that their counts say who else may lie there.
    marks: Vec<Arc<()>>,
    /// Whether it was made anew, so that nothing but values with its mark can lie there.
    is_new: bool,
}

impl Memory {
    fn new() -> Self {
        Self { marks: vec![Arc::default()], is_new: true }
    }

    /// That of what may be a view of any of these.
    fn of_view(inputs: Vec<Self>) -> Self {
        Self { marks: inputs.into_iter().flat_map(|memory| memory.marks).collect(), is_new: false }
    }

    /// Whether nothing lies there but the value of the one who asks.
    fn is_spare(&self) -> bool {
        self.is_new && self.marks.iter().all(|mark| Arc::strong_count(mark) == 1)
    }
}

impl Values {
    /// A pass before its first node.
    #[must_use]
    pub fn of_input(network: &Network, input: Tensor) -> Self {
        let mut values = Self::of_nothing(network);
        values.set(0, input);
        values
    }

    /// A pass without any value.
    #[must_use]
    pub fn of_nothing(network: &Network) -> Self {
        Self(vec![None; network.nodes.len() + 1])
    }

    /// A value that is still needed. A later pass may use its memory again.
    ///
    /// # Errors
    /// If it was not reached.
    pub fn get(&self, value: ValueId) -> candle_core::Result<&Tensor> {
        self.find(value).map(|value| &value.tensor)
    }

    fn find(&self, value: ValueId) -> candle_core::Result<&Value> {
        let found = self.0.get(value).and_then(Option::as_ref);
        found.ok_or_else(|| candle_core::Error::Msg(format!("value {value} of the network is not there")))
    }

    pub fn set(&mut self, value: ValueId, tensor: Tensor) {
        self.0[value] = Some(Value { tensor, memory: Memory::default() });
    }

    pub fn remove(&mut self, value: ValueId) {
        self.0[value] = None;
    }

    /// The same with every tensor replaced.
    ///
    /// # Errors
    /// Those of `f`.
    pub fn map(&self, f: impl Fn(&Tensor) -> candle_core::Result<Tensor>) -> candle_core::Result<Self> {
        let mapped = |value: &Value| {
            let memory = Memory::of_view(vec![value.memory.clone()]);
            Ok(Value { tensor: f(&value.tensor)?, memory })
        };
        let values = self.0.iter().map(|value| value.as_ref().map(mapped).transpose());
        values.collect::<candle_core::Result<_>>().map(Self)
    }
}

/// Where weights come from and what fills the slots.
#[derive(Clone, Copy)]
pub struct Filling<'a> {
    pub weights: &'a dyn Weights,
    pub fill: Option<&'a Fill>,
    /// The first samples of what passes, which are a batch: a batch norm that trains takes their statistics for all. Without,
    /// all are.
    pub batch: Option<usize>,
}

/// Passes `input` `[samples, ...]` through a network and returns its output.
///
/// # Errors
/// Those of the probe, and those of tensors that do not fit.
pub fn forward<P: Probe>(
    network: &Network,
    input: Tensor,
    weights: &dyn Weights,
    fill: Option<&Fill>,
    probe: &mut P,
) -> Result<Tensor, P::Stop> {
    let mut values = Values::of_input(network, input);
    forward_part(network, &network.whole(), &mut values, Filling { weights, fill, batch: None }, probe)?;
    Ok(values.get(network.output_value())?.clone())
}

/// Passes values through a part of a network. A value is dropped after its last use, unless the part keeps it.
///
/// # Errors
/// Those of the probe, and those of tensors that do not fit.
pub fn forward_part<P: Probe>(
    network: &Network,
    part: &Part,
    values: &mut Values,
    filling: Filling<'_>,
    probe: &mut P,
) -> Result<(), P::Stop> {
    let mut uses = vec![0usize; network.nodes.len() + 1];
    for value in part.nodes.iter().flat_map(|node| &network.nodes[*node].inputs).chain(&part.kept) {
        uses[*value] += 1;
    }
    for at in &part.nodes {
        let node = &network.nodes[*at];
        let inputs = node.inputs.iter().map(|value| values.find(*value).cloned()).collect::<Result<Vec<_>, _>>()?;
        for value in &node.inputs {
            uses[*value] -= 1;
            if uses[*value] == 0 {
                values.remove(*value);
            }
        }
        let (mut tensors, memories): (Vec<_>, Vec<_>) =
            inputs.into_iter().map(|input| (input.tensor, input.memory)).unzip();
        let mut spare: Vec<_> = memories.iter().map(Memory::is_spare).collect();
        fill_up(&mut tensors, &mut spare, probe)?;
        let tensor = through(node, tensors, &spare, filling, probe)?;
        let memory = match node.operation.makes_anew() {
            true => Memory::new(),
            false => Memory::of_view(memories),
        };
        probe.reach(at + 1, &tensor)?;
        values.0[at + 1] = Some(Value { tensor, memory });
    }
    Ok(())
}

/// Why a value cannot join others of so many samples.
pub fn uneven(value: &Tensor, samples: usize) -> candle_core::Error {
    candle_core::Error::Msg(format!("values of {:?} and of {samples} samples meet", value.dims().first()))
}

/// Gives all inputs of a node as many samples; the memory of those that had fewer is then theirs alone.
fn fill_up<P: Probe>(inputs: &mut [Tensor], spare: &mut [bool], probe: &P) -> Result<(), P::Stop> {
    let [_, _, ..] = inputs else { return Ok(()) };
    let counts = inputs.iter().map(|input| input.dim(0)).collect::<candle_core::Result<Vec<_>>>()?;
    let most = counts.iter().copied().max().unwrap_or_default();
    for ((input, spare), count) in inputs.iter_mut().zip(spare).zip(counts) {
        if count < most {
            *input = probe.fill_up(input, most)?;
            *spare = !is_one_zero(input);
        }
    }
    Ok(())
}

/// What a node makes of its inputs; nothing else needs the memory of those that are `spare`.
fn through<P: Probe>(
    node: &Node,
    inputs: Vec<Tensor>,
    spare: &[bool],
    filling: Filling<'_>,
    probe: &mut P,
) -> Result<Tensor, P::Stop> {
    // A batch norm of a model has moments, though it may have no weights.
    let has_weights = !node.weights.is_empty()
        || node.given.is_some()
        || (node.is_slot() && !node.weights_with(filling.fill).is_empty());
    let mut parameters = match has_weights {
        true => filling.weights.parameters(node, &inputs)?,
        false => Parameters::default(),
    };
    if node.counted.is_some() {
        probe.enter(node, &inputs[0], &parameters)?;
    }
    parameters.batch = filling.batch;
    let is_free = node.counted.is_none() || !probe.keeps_input(node);
    parameters.input_is_spare = is_free && spare.first().is_some_and(|is_spare| *is_spare);
    let output = node.operation.forward(&node.place, &inputs, &parameters, node.filled(filling.fill))?;
    if is_free && node.operation.makes_anew() {
        inputs.iter().zip(spare).filter(|(_, is_spare)| **is_spare).try_for_each(|(input, _)| recycle(input))?;
    }
    drop(inputs);
    if node.counted.is_none() {
        return Ok(output);
    }
    let output = probe.receive(node, output)?;
    probe.observe(node, &output)?;
    probe.pass_on(node, output)
}
