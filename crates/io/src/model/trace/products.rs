//! What is made of products, sums and new borders.

use neartop_core::activation::Activation;
use neartop_core::arithmetic::{Arithmetic, Binary};

use super::values::{Fixed, Live, Part, Traced};
use super::{Result, Tracer, fixed, text};
use crate::model::program::Step;

impl Tracer<'_> {
    /// The first half of x along an axis, times the sigmoid of the second.
    pub(super) fn glu(&mut self, step: &Step, axis: isize) -> Result<Traced> {
        let x = self.live(step, 0)?;
        let axis = fixed::axis(axis, x.dims.len()).map_err(text)?;
        let size = x.sizes(self.samples)[axis];
        let value = self.slice(step, x.clone(), axis, [0, size / 2, 1])?;
        let gate = self.slice(step, x, axis, [size / 2, size - size / 2, 1])?;
        let sigmoid = Activation::named("sigmoid").map_err(text)?;
        let gate = self.activated(step, &sigmoid, gate)?;
        self.broadcast(step, Arithmetic::Binary(Binary::Multiply), vec![Traced::Live(value), Traced::Live(gate)])
    }

    /// `[c f f, h, w]` as `[c, h f, w f]`, or the other way round.
    pub(super) fn shuffle(&mut self, step: &Step, x: Live, factor: usize, is_inverse: bool) -> Result<Live> {
        let sizes = x.sizes(self.samples);
        let [before @ .., channels, height, width] = sizes.as_slice() else { return Err("it is no image".into()) };
        let n = before.len();
        if factor == 0 {
            return Err("it is by a factor of 0".into());
        }
        let inside: Vec<usize> = match is_inverse {
            false => vec![channels / (factor * factor), factor, factor, *height, *width],
            true => vec![*channels, height / factor, factor, width / factor, factor],
        };
        let order: &[usize] = if is_inverse { &[0, 2, 4, 1, 3] } else { &[0, 3, 1, 4, 2] };
        let to: Vec<usize> = match is_inverse {
            false => vec![channels / (factor * factor), height * factor, width * factor],
            true => vec![channels * factor * factor, height / factor, width / factor],
        };
        let order: Vec<_> = (0..n).chain(order.iter().map(|axis| n + axis)).collect();
        self.rearranged(step, x, [&[before, &inside].concat(), &order, &[before, &to].concat()])
    }

    /// The first channel of every group, then the second of each, and so on.
    pub(super) fn deal(&mut self, step: &Step, x: Live, groups: usize) -> Result<Live> {
        let sizes = x.sizes(self.samples);
        let [samples, channels, rest @ ..] = sizes.as_slice() else { return Err("it has no channels".into()) };
        if groups == 0 || !channels.is_multiple_of(groups) {
            return Err(format!("its {channels} channels make no {groups} groups of one size"));
        }
        let inside = [&[*samples, groups, channels / groups], rest].concat();
        let order: Vec<_> = [0, 2, 1].into_iter().chain(3..inside.len()).collect();
        self.rearranged(step, x, [&inside, &order, &sizes])
    }

    /// With other axes, in another order, and with others again. The units stay where they were.
    fn rearranged(&mut self, step: &Step, x: Live, [inside, order, to]: [&[usize]; 3]) -> Result<Live> {
        let layout = self.builder.form(x.value).layout;
        let x = self.reshape(step, x, inside)?;
        let x = self.permute(step, x, order)?;
        let x = self.reshape(step, x, to)?;
        let x = self.with_whole_axes(step, x)?;
        Ok(Live { value: self.read_as(step, x.value, layout)?, ..x })
    }

    /// A product with a vector: with a matrix of one column, whose axis is left out again.
    pub(super) fn product_with_vector(&mut self, step: &Step, x: Traced, vector: &Fixed) -> Result<Traced> {
        let column = Arithmetic::Reshape(vec![vector.tensor.elem_count(), 1]);
        let column = fixed::eval(&column, std::slice::from_ref(vector)).map_err(text)?;
        match x {
            Traced::Live(x) => {
                let product = self.matmul_fixed(step, x, column, false)?;
                let last = product.dims.len().saturating_sub(1);
                self.squeeze(step, product, &[last]).map(Traced::Live)
            }
            Traced::Fixed(x) => {
                let product = fixed::eval(&Arithmetic::MatMul, &[x, column]).map_err(text)?;
                let tensor = product.tensor.squeeze(product.tensor.rank() - 1).map_err(text)?;
                Ok(Traced::Fixed(product.seen(tensor, None)))
            }
        }
    }

    /// Two values whose axes have letters: those that both have and the result has not are summed over.
    pub(super) fn einsum(&mut self, step: &Step, letters: &str) -> Result<Traced> {
        let unknown = || format!("`{letters}` is not known: it is read for two values");
        let plain: String = letters.chars().filter(|letter| !letter.is_whitespace()).collect();
        let (inputs, output) = plain.split_once("->").ok_or_else(unknown)?;
        let (a, b) = inputs.split_once(',').filter(|(_, b)| !b.contains(',')).ok_or_else(unknown)?;
        let values = match step.operands.iter().find_map(|operand| match operand {
            crate::model::program::Operand::List(list) => Some(list.clone()),
            _ => None,
        }) {
            Some(list) => list,
            None => step.operands.clone(),
        };
        let mut taken = values.iter().map(|operand| self.take(Some(operand)));
        let (Some(x), Some(y)) = (taken.next().transpose()?.flatten(), taken.next().transpose()?.flatten()) else {
            return Err(unknown());
        };
        let [a, b, output] = with_letters([(a, x.rank()), (b, y.rank())], output);
        if ![&a, &b, &output].into_iter().all(|text| text.chars().all(char::is_alphabetic)) {
            return Err(unknown());
        }
        match (x, y) {
            (Traced::Live(x), y) => self.contracted(step, (x, &a), (y, &b), &output),
            (x, Traced::Live(y)) => self.contracted(step, (y, &b), (x, &a), &output),
            _ => Err("an einsum of constants is not known".into()),
        }
    }

    fn contracted(
        &mut self,
        step: &Step,
        (x, a): (Live, &str),
        (y, b): (Traced, &str),
        output: &str,
    ) -> Result<Traced> {
        let letters = |such: &dyn Fn(char) -> bool| {
            a.chars().chain(b.chars().filter(|c| !a.contains(*c))).filter(|c| such(*c)).collect::<Vec<char>>()
        };
        let both = letters(&|c| a.contains(c) && b.contains(c) && output.contains(c));
        let summed = letters(&|c| a.contains(c) && b.contains(c) && !output.contains(c));
        let left = letters(&|c| a.contains(c) && !b.contains(c));
        let right = letters(&|c| b.contains(c) && !a.contains(c));
        if left.iter().chain(&right).any(|c| !output.contains(*c)) {
            return Err("an einsum that sums over a letter of one value is not known".into());
        }
        let (x, [shared, rows, _]) = self.grouped(step, x, a, [&both, &left, &summed])?;
        let (product, columns) = match y {
            Traced::Live(y) => {
                let (y, [_, _, columns]) = self.grouped(step, y, b, [&both, &summed, &right])?;
                (self.matmul(step, x, y)?, columns)
            }
            Traced::Fixed(y) => {
                let (y, [_, _, columns]) = grouped_fixed(&y, b, [&both, &summed, &right])?;
                (self.times_fixed(step, x, y)?, columns)
            }
        };
        let apart = [shared, rows, columns].concat();
        let product = self.reshape(step, product, &apart)?;
        let made: Vec<char> = both.into_iter().chain(left).chain(right).collect();
        let order: Option<Vec<_>> = output.chars().map(|c| made.iter().position(|known| *known == c)).collect();
        let order = order.ok_or("an einsum whose result has another letter is not known")?;
        self.permute(step, product, &order).map(Traced::Live)
    }

    /// A value whose axes are ordered by groups of letters: the first group apart, each other as one axis. With the sizes of
    /// each group.
    fn grouped(
        &mut self,
        step: &Step,
        x: Live,
        letters: &str,
        groups: [&[char]; 3],
    ) -> Result<(Live, [Vec<usize>; 3])> {
        let Grouping { order, of, to } = grouping(&x.sizes(self.samples), letters, groups)?;
        let x = self.permute(step, x, &order)?;
        let has_samples = x.dims.iter().flatten().any(|part| *part == Part::Samples);
        match has_samples {
            true => Ok((self.reshape(step, x, &to)?, of)),
            false => Err("a value that is the same for all samples is not known here".into()),
        }
    }

    /// The product with what does not depend on the samples: a dense layer where that is a parameter that is a matrix.
    fn times_fixed(&mut self, step: &Step, x: Live, y: Fixed) -> Result<Live> {
        if !(y.is_trained && y.source.is_some() && y.tensor.rank() == 2) {
            return self.matmul_fixed(step, x, y, false);
        }
        let weight = fixed::eval(&Arithmetic::Permute(vec![1, 0]), &[y]).map_err(text)?;
        self.dense(step, x, weight, None)
    }
}

/// The letters of two values of so many axes and of a result, with letters of their own in place of the dots: where these stand for
/// different numbers of axes, for the last of them.
fn with_letters([(a, rank_a), (b, rank_b)]: [(&str, usize); 2], output: &str) -> [String; 3] {
    const DOTS: &str = "...";
    let more = |text: &str, rank: usize| match text.contains(DOTS) {
        true => rank.saturating_sub(text.chars().count() - DOTS.len()),
        false => 0,
    };
    let (more_a, more_b) = (more(a, rank_a), more(b, rank_b));
    let most = more_a.max(more_b);
    [(a, more_a), (b, more_b), (output, most)].map(|(text, count)| {
        let letters: String = ('\u{3b1}'..='\u{3c9}').take(most).skip(most - count).collect();
        text.replacen(DOTS, &letters, 1)
    })
}

/// How the axes of a value are ordered by groups of letters.
struct Grouping {
    order: Vec<usize>,
    /// The sizes of each group.
    of: [Vec<usize>; 3],
    /// The first group apart, each other as one axis.
    to: Vec<usize>,
}

fn grouping(sizes: &[usize], letters: &str, groups: [&[char]; 3]) -> Result<Grouping> {
    let place = |c: &char| letters.chars().position(|known| known == *c);
    let order: Option<Vec<_>> = groups.iter().flat_map(|group| group.iter()).map(place).collect();
    let order = order.filter(|order| order.len() == sizes.len()).ok_or("its letters do not fit its axes")?;
    let of = groups.map(|group| group.iter().filter_map(|c| sizes.get(place(c)?).copied()).collect::<Vec<_>>());
    let to = of[0].iter().copied().chain([of[1].iter().product(), of[2].iter().product()]).collect();
    Ok(Grouping { order, of, to })
}

/// A constant in the same way. What is a matrix as it should be stays the parameter that it is.
fn grouped_fixed(y: &Fixed, letters: &str, groups: [&[char]; 3]) -> Result<(Fixed, [Vec<usize>; 3])> {
    let Grouping { order, of, to } = grouping(y.tensor.dims(), letters, groups)?;
    let mut made = y.clone();
    if !order.is_sorted() {
        made = fixed::eval(&Arithmetic::Permute(order), &[made]).map_err(text)?;
    }
    if made.tensor.dims() != to {
        made = fixed::eval(&Arithmetic::Reshape(to), &[made]).map_err(text)?;
    }
    Ok((made, of))
}
