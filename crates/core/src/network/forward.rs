//! One forward pass, module by module, watched by a probe.

use candle_core::Tensor;

use super::ops::{self, Statistics};
use super::weights::{BatchNorm, Weights};
use super::{Activation, Graph, Module, Op};

/// Watches a forward pass.
pub trait Probe {
    type Stop: From<candle_core::Error>;

    /// Called with the input `[samples, ...]` of every module that NEAR counts, before it is applied.
    ///
    /// # Errors
    /// Ends the pass.
    fn enter(&mut self, _module: &Module, _input: &Tensor) -> Result<(), Self::Stop> {
        Ok(())
    }

    /// Called with the output `[samples, ...]` of every module that NEAR counts, in order.
    ///
    /// # Errors
    /// Ends the pass.
    fn observe(&mut self, module: &Module, output: &Tensor) -> Result<(), Self::Stop>;

    /// What goes on in place of an output that was observed: itself, unless a probe disturbs it.
    ///
    /// # Errors
    /// Ends the pass.
    fn pass_on(&mut self, output: Tensor) -> Result<Tensor, Self::Stop> {
        Ok(output)
    }
}

/// Passes `input` `[samples, ...]` through `modules` and returns the output of the last.
///
/// # Errors
/// Those of the probe, and those of tensors that do not fit.
pub fn forward<P: Probe>(
    modules: &[Module],
    mut input: Tensor,
    weights: &dyn Weights,
    slot: Option<&Activation>,
    probe: &mut P,
) -> Result<Tensor, P::Stop> {
    for module in modules {
        if module.is_counted() {
            probe.enter(module, &input)?;
        }
        input = apply(module, input, weights, slot, probe)?;
        if module.is_counted() {
            probe.observe(module, &input)?;
            input = probe.pass_on(input)?;
        }
    }
    Ok(input)
}

fn apply<P: Probe>(
    module: &Module,
    input: Tensor,
    weights: &dyn Weights,
    slot: Option<&Activation>,
    probe: &mut P,
) -> Result<Tensor, P::Stop> {
    Ok(match &module.op {
        Op::Linear { .. } | Op::Conv2d(_) => {
            let p = weights.parameters(module, &input)?;
            let Some(weight) = &p.weight else {
                return Err(candle_core::Error::Msg(format!("layer {} has no weight", module.name)).into());
            };
            ops::weighted(module, &input, weight, p.bias.as_ref())?
        }
        Op::BatchNorm => normalize(module, &input, Statistics::Channel, weights)?,
        Op::LayerNorm => normalize(module, &input, Statistics::Sample, weights)?,
        Op::GroupNorm { groups } => normalize(module, &input, Statistics::Groups(*groups), weights)?,
        Op::MaxPool(_) | Op::AvgPool(_) => ops::pool(module, &input)?,
        Op::GlobalAvgPool => ops::global_avg_pool(module, &input)?,
        Op::Flatten => input.flatten_from(1)?,
        Op::Dropout { .. } => input,
        Op::Activation(activation) => activate(module, &input, activation, weights)?,
        Op::Slot => match slot {
            Some(activation) => activate(module, &input, activation, weights)?,
            None => {
                let message = format!("layer {} is an activation that nothing fills", module.name);
                return Err(candle_core::Error::Msg(message).into());
            }
        },
        Op::Softmax(kind) => ops::softmax(&input, *kind)?,
        Op::Zero => input.zeros_like()?,
        Op::FirstChannels { keep } => input.narrow(1, 0, *keep)?,
        Op::Graph(graph) => through_graph(graph, input, weights, slot, probe)?,
    })
}

fn normalize(
    module: &Module,
    input: &Tensor,
    statistics: Statistics,
    weights: &dyn Weights,
) -> candle_core::Result<Tensor> {
    let p = weights.parameters(module, input)?;
    if matches!(module.op, Op::BatchNorm) && p.batch_norm == BatchNorm::Evaluation {
        return ops::normalize_untrained(input);
    }
    ops::normalize(input, statistics, p.weight.as_ref(), p.bias.as_ref())
}

fn activate(
    module: &Module,
    input: &Tensor,
    activation: &Activation,
    weights: &dyn Weights,
) -> candle_core::Result<Tensor> {
    let slope = if activation.has_weight() { weights.parameters(module, input)?.weight } else { None };
    let slope = slope.map(|a| a.to_vec1::<f32>()).transpose()?.and_then(|a| a.first().copied());
    ops::activate(input, activation, slope)
}

fn through_graph<P: Probe>(
    graph: &Graph<Module>,
    input: Tensor,
    weights: &dyn Weights,
    slot: Option<&Activation>,
    probe: &mut P,
) -> Result<Tensor, P::Stop> {
    let mut values = vec![input];
    for vertex in &graph.vertices {
        let branches = vertex
            .edges
            .iter()
            .map(|edge| forward(&edge.through, values[edge.from].clone(), weights, slot, probe))
            .collect::<Result<Vec<_>, _>>()?;
        let merged = ops::merge(vertex.merge, &branches)?;
        values.push(forward(&vertex.then, merged, weights, slot, probe)?);
    }
    let output = values.pop();
    output.ok_or_else(|| candle_core::Error::Msg("an empty graph".to_owned()).into())
}
