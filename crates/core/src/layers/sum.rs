//! The sum of several values.

use super::conv2d::Conv2d;
use super::convolution::Padding;
use crate::dispatch::dispatch;
use candle_core::{Device, Error, Result as Computed, Tensor};
use pulp::{Simd, WithSimd};

use crate::activation::Activation;
use crate::differentiable::Pass;
use crate::kernels::{Source, is_one_zero, with_elements_of};
use crate::layer::{Block, Cost, Counted, Kind, Make, Operation, Place, Scaling, Short, Trial, Value, Weight};
use crate::parameters::Parameters;
use crate::shape::Form;

pub static KIND: Kind = Kind {
    name: "sum",
    about: "The sum of values of one shape.",
    params: &[],
    short: Short::Never,
    example: "sum",
    make: Make::Layer(|_| Sum.into()),
    trials: || {
        let conv = Conv2d { padding: Padding::Same, ..Conv2d::new(4, 3) };
        vec![Trial::new(&[4, 6, 5], vec![Block::residual(vec![conv.into()], Vec::new()).into()])]
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum;

impl Operation for Sum {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn values(&self) -> Vec<Value> {
        Vec::new()
    }

    fn summary(&self) -> String {
        KIND.name.to_owned()
    }

    fn output(&self, inputs: &[Form]) -> Result<Form, String> {
        let other = inputs.iter().find(|form| **form != inputs[0]);
        match other {
            None => Ok(inputs[0].clone()),
            Some(other) => Err(apart(&inputs[0], other)),
        }
    }

    fn weights(&self, _: &[Form], _: Option<&Activation>) -> Vec<Weight> {
        Vec::new()
    }

    fn counted<'a>(&'a self, _: Option<&'a Activation>) -> Counted<'a> {
        Counted::No
    }

    fn is_by_sample(&self) -> bool {
        true
    }

    fn scaling(&self, _: Option<&Activation>) -> Scaling {
        Scaling::Changes
    }

    fn passes_units(&self) -> bool {
        false
    }

    fn cost(&self, _: &Place) -> Cost {
        Cost::NOTHING
    }

    fn forward(
        &self,
        _: &Place,
        inputs: &[Tensor],
        parameters: &Parameters,
        _: Option<&Activation>,
    ) -> Computed<Tensor> {
        add(inputs, parameters)
    }

    fn most_rank(&self, _: &Place, inputs: &[usize]) -> usize {
        inputs.iter().sum()
    }

    fn makes_anew(&self) -> bool {
        true
    }

    fn differentiable(&self, _: &Place, inputs: &[Tensor], _: &mut dyn Pass) -> Computed<Tensor> {
        match inputs {
            [first, rest @ ..] => rest.iter().try_fold(first.clone(), |sum, term| sum + term),
            [] => Err(nothing()),
        }
    }
}

/// On the calling thread: candle would ask all cores.
fn add(inputs: &[Tensor], parameters: &Parameters) -> Computed<Tensor> {
    let [input, ..] = inputs else { return Err(nothing()) };
    let terms: Vec<_> = inputs.iter().filter(|term| !is_one_zero(term)).cloned().collect();
    let (first, rest) = terms.split_first().unwrap_or((input, &[]));
    let source = if is_one_zero(input) { Source::from(first) } else { parameters.source(input) };
    let sum = with_elements_of(rest, |terms| {
        let mut start = 0;
        source.in_blocks(AT_A_TIME, |sum| {
            dispatch(Add { sum, terms, start });
            start += AT_A_TIME;
        })
    })??;
    Tensor::from_vec(sum, first.dims(), &Device::Cpu)
}

/// Elements that stay in the nearest cache while one term is added after the other.
const AT_A_TIME: usize = 4096;

/// Adds what lies from `start` on in every term.
struct Add<'a> {
    sum: &'a mut [f32],
    terms: &'a [&'a [f32]],
    start: usize,
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (sums, sums_rest) = S::as_mut_simd_f32s(self.sum);
        for term in self.terms {
            let term = &term[self.start..][..S::F32_LANES * sums.len() + sums_rest.len()];
            let (terms, terms_rest) = S::as_simd_f32s(term);
            for (sum, x) in sums.iter_mut().zip(terms) {
                *sum = simd.add_f32s(*sum, *x);
            }
            for (sum, x) in sums_rest.iter_mut().zip(terms_rest) {
                *sum += x;
            }
        }
    }
}

fn nothing() -> Error {
    Error::Msg("there is nothing to add".to_owned())
}

/// That values cannot be merged.
pub(super) fn apart(a: &Form, b: &Form) -> String {
    format!("its branches give {a} and {b}, which cannot be put together")
}
