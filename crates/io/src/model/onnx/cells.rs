//! Cells of recurrent layers as Keras computes them, told by their numbers.

use neartop_core::kernels::Cell;

/// The most units and features of a cell that is told.
const MOST: usize = 1 << 11;
/// The most weights: of what comes in and of the state, each with a bias.
const WEIGHTS: usize = 4;

/// How far numbers of the same cell may be apart: a body may cast some to single precision.
const TOLERANCE: f64 = 1e-5;

/// What the body of a loop takes.
pub struct Body {
    /// The sizes of what stays the same in all turns.
    pub weights: Vec<Vec<usize>>,
    pub states: usize,
}

/// Numbers in the place of what a turn takes.
pub struct Known {
    pub x: Vec<f64>,
    pub states: Vec<Vec<f64>>,
    pub weights: Vec<Vec<f64>>,
}

/// Which cell a body is, and which of its weights and states is what.
#[derive(Debug, Clone, PartialEq)]
pub struct Roles {
    pub cell: Cell,
    pub units: usize,
    /// The weight of what comes in; none where the sequence is already the product.
    pub x: Option<usize>,
    pub h: usize,
    pub bias_x: Option<usize>,
    pub bias_h: Option<usize>,
    /// The state, and of an LSTM then its cell.
    pub states: Vec<usize>,
}

impl Roles {
    pub fn gates(&self) -> usize {
        gates(self.cell)
    }
}

fn gates(cell: Cell) -> usize {
    match cell {
        Cell::Lstm => 4,
        Cell::Gru => 3,
        Cell::Tanh => 1,
    }
}

/// What a turn makes of known numbers: its states, then what it collects.
type Turn<'t> = dyn Fn(&Known) -> Option<Vec<Vec<f64>>> + 't;

impl Body {
    /// What is what in the body, and for all that it collects whether that is the state.
    pub fn roles(&self, turn: &Turn) -> Option<(Roles, Vec<bool>)> {
        let mut made: Vec<(usize, Known, Vec<Vec<f64>>)> = Vec::new();
        for roles in self.candidates() {
            let features = roles.x.map_or(roles.gates() * roles.units, |at| self.weights[at][0]);
            let key = features << 16 | roles.units;
            if !made.iter().any(|(known, ..)| *known == key) {
                let known = self.known(features, roles.units);
                let Some(values) = turn(&known) else { continue };
                made.push((key, known, values));
            }
            let (_, known, values) = made.iter().find(|(known, ..)| *known == key)?;
            let expected = roles.turn(known);
            let is_same = |a: &[f64], b: &[f64]| {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= TOLERANCE * (1.0 + b.abs()))
            };
            let state = |at: usize| values.get(roles.states[at]);
            if (0..expected.len()).all(|at| state(at).is_some_and(|made| is_same(made, &expected[at]))) {
                let collects = values.iter().skip(self.states).map(|one| is_same(one, &expected[0])).collect();
                return Some((roles, collects));
            }
        }
        None
    }

    /// All that fit by their sizes.
    fn candidates(&self) -> Vec<Roles> {
        let mut found = Vec::new();
        let all = 0..self.weights.len();
        let optional = || std::iter::once(None).chain(all.clone().map(Some));
        let cells: &[(Cell, Vec<usize>)] = match self.states {
            1 => &[(Cell::Gru, vec![0]), (Cell::Tanh, vec![0])],
            2 => &[(Cell::Lstm, vec![0, 1]), (Cell::Lstm, vec![1, 0])],
            _ => return found,
        };
        if self.weights.len() > WEIGHTS {
            return found;
        }
        for (cell, states) in cells {
            for h in all.clone() {
                let [units, wide] = self.weights[h][..] else { continue };
                if wide != gates(*cell) * units || units > MOST {
                    continue;
                }
                let is_matrix = |at: usize| matches!(self.weights[at][..], [features, own] if own == wide && (1..=MOST).contains(&features));
                let is_vector = |at: usize| {
                    let own = &self.weights[at];
                    own.last() == Some(&wide) && own.iter().product::<usize>() == wide && at != h
                };
                for x in optional().filter(|x| x.is_none_or(is_matrix) && *x != Some(h)) {
                    let vectors = || optional().filter(|one| one.is_none_or(is_vector) && (one.is_none() || *one != x));
                    for (bias_x, bias_h) in vectors().flat_map(|one| vectors().map(move |other| (one, other))) {
                        let used = [Some(h), x, bias_x, bias_h];
                        let is_once = bias_x.is_none() || bias_x != bias_h;
                        if is_once && all.clone().all(|at| used.contains(&Some(at))) {
                            let (cell, states) = (*cell, states.clone());
                            found.push(Roles { cell, units, x, h, bias_x, bias_h, states });
                        }
                    }
                }
            }
        }
        found
    }

    fn known(&self, features: usize, units: usize) -> Known {
        let numbers = |count: usize, seed: f64, size: f64| {
            (0..count).map(|at| ((at as f64 + 0.37) * (seed + 0.7134) * 1.618).sin() * size).collect::<Vec<_>>()
        };
        let weight = |(at, dims): (usize, &Vec<usize>)| {
            let size = if dims.len() > 1 { 1.5 / (dims[0] as f64).sqrt() } else { 0.6 };
            numbers(dims.iter().product(), 3.1 + at as f64 * 1.37, size)
        };
        Known {
            x: numbers(features, 1.3, 0.9),
            states: (0..self.states).map(|at| numbers(units, 2.2 + at as f64 * 0.91, 0.8)).collect(),
            weights: self.weights.iter().enumerate().map(weight).collect(),
        }
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl Roles {
    /// What the cell makes of its states.
    fn turn(&self, known: &Known) -> Vec<Vec<f64>> {
        let h = &known.states[self.states[0]];
        let bias = |at: Option<usize>, gate: usize| at.map_or(0.0, |at| known.weights[at][gate]);
        let wide = self.gates() * self.units;
        let product = |x: &[f64], weight: usize, column: usize| -> f64 {
            x.iter().zip(known.weights[weight].iter().skip(column).step_by(wide)).map(|(x, w)| x * w).sum()
        };
        let from_x: Vec<f64> = (0..wide)
            .map(|at| match self.x {
                Some(weight) => product(&known.x, weight, at) + bias(self.bias_x, at),
                None => known.x[at] + bias(self.bias_x, at),
            })
            .collect();
        let from_h: Vec<f64> = (0..wide).map(|at| product(h, self.h, at) + bias(self.bias_h, at)).collect();
        let gate = |which: usize, at: usize| from_x[which * self.units + at] + from_h[which * self.units + at];
        let all = |of: &dyn Fn(usize) -> f64| (0..self.units).map(of).collect::<Vec<_>>();
        match self.cell {
            Cell::Tanh => vec![all(&|at| gate(0, at).tanh())],
            Cell::Gru => vec![all(&|at| {
                let (z, r) = (sigmoid(gate(0, at)), sigmoid(gate(1, at)));
                let last = 2 * self.units + at;
                z * h[at] + (1.0 - z) * (from_x[last] + r * from_h[last]).tanh()
            })],
            Cell::Lstm => {
                let before = &known.states[self.states[1]];
                let cell = all(&|at| sigmoid(gate(1, at)) * before[at] + sigmoid(gate(0, at)) * gate(2, at).tanh());
                let state = all(&|at| sigmoid(gate(3, at)) * cell[at].tanh());
                vec![state, cell]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that is a cell with its weights in another order.
    fn told(roles: &Roles, weights: &[&[usize]]) -> Option<(Roles, Vec<bool>)> {
        let weights = weights.iter().map(|dims| dims.to_vec()).collect();
        let body = Body { weights, states: roles.states.len() };
        body.roles(&|known| {
            let made = roles.turn(known);
            let by_place = (0..made.len()).map(|at| {
                let place = roles.states.iter().position(|state| *state == at);
                place.map(|place| made[place].clone()).unwrap_or_default()
            });
            Some(by_place.chain([made[0].clone()]).collect())
        })
    }

    /// A bias of both sums is the same in either, but for a GRU.
    #[test]
    fn cells_are_told_by_their_numbers() {
        let lstm =
            Roles { cell: Cell::Lstm, units: 3, x: Some(2), h: 0, bias_x: None, bias_h: Some(1), states: vec![1, 0] };
        assert_eq!(told(&lstm, &[&[3, 12], &[12], &[3, 12]]), Some((lstm.clone(), vec![true])));
        let gru = Roles { cell: Cell::Gru, units: 3, x: None, h: 0, bias_x: None, bias_h: Some(1), states: vec![0] };
        assert_eq!(told(&gru, &[&[3, 9], &[9]]), Some((gru.clone(), vec![true])));
        let rnn =
            Roles { cell: Cell::Tanh, units: 3, x: Some(0), h: 1, bias_x: None, bias_h: Some(2), states: vec![0] };
        let found = told(&rnn, &[&[5, 3], &[3, 3], &[3]]).map(|(roles, _)| (roles.cell, roles.x, roles.h));
        assert_eq!(found, Some((Cell::Tanh, Some(0), 1)));
        let body = Body { weights: vec![vec![3, 12]], states: 2 };
        assert_eq!(body.roles(&|known| Some(known.states.clone())), None);
    }
}
