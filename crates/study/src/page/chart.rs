//! Charts as SVG: lines that can be told apart without colour, and points.

use std::fmt::Write as _;

use askama::Template;

/// Units of the drawing.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 330.0;
/// The room of the axes: left, right, above, below.
const ROOM: [f64; 4] = [64.0, 34.0, 14.0, 50.0];
/// Between the numbers at the ends of lines.
const LEAST_GAP: f64 = 15.0;

/// A chart with axes.
#[derive(Template)]
#[template(path = "chart.svg", whitespace = "minimize")]
pub struct Chart {
    id: &'static str,
    title: String,
    description: String,
    frame: Frame,
    lines: Vec<Curve>,
    /// A path of points.
    dots: String,
    marks: Vec<Mark>,
}

/// A line with a number at its end.
struct Curve {
    points: String,
    /// What it looks like.
    style: usize,
    label: String,
    end: (f64, f64),
    label_y: f64,
}

/// A point that is pointed out.
struct Mark {
    at: (f64, f64),
    label: String,
    label_y: f64,
    /// Whether the label stands to the left.
    is_left: bool,
}

/// The axes.
pub struct Frame {
    x: Axis,
    y: Axis,
}

struct Axis {
    title: String,
    low: f64,
    high: f64,
    ticks: Vec<Tick>,
}

struct Tick {
    at: f64,
    label: String,
}

impl Frame {
    /// Axes that hold all of these points.
    pub fn of(x: &str, y: &str, points: impl Iterator<Item = (f64, f64)> + Clone) -> Self {
        let xs = points.clone().map(|point| point.0);
        Self { x: Axis::of(x, xs, true), y: Axis::of(y, points.map(|point| point.1), false) }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (round(self.x.at(x, true)), round(self.y.at(y, false)))
    }
}

fn round(x: f64) -> f64 {
    (10.0 * x).round() / 10.0
}

impl Axis {
    fn of(title: &str, values: impl Iterator<Item = f64>, across: bool) -> Self {
        let finite = values.filter(|x| x.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(x), h.max(x)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        let spread = if high > low { high - low } else { low.abs().max(1.0) };
        let step = step(spread / 5.0);
        let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
        let high = if high > low { high } else { low + step };
        let mut axis = Self { title: title.to_owned(), low, high, ticks: Vec::new() };
        let digits = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        let count = ((high - low) / step).round() as usize;
        axis.ticks = (0..=count)
            .map(|tick| low + tick as f64 * step)
            .map(|value| Tick { at: round(axis.at(value, across)), label: format!("{value:.digits$}") })
            .collect();
        axis
    }

    fn at(&self, value: f64, across: bool) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let [left, right, above, below] = ROOM;
        match across {
            true => left + share * (WIDTH - left - right),
            false => HEIGHT - below - share * (HEIGHT - above - below),
        }
    }
}

/// The next of 1, 2, 5, 10, ... times a power of ten.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let unit = [1.0, 2.0, 5.0].into_iter().find(|unit| unit * power >= least).unwrap_or(10.0);
    unit * power
}

impl Chart {
    pub fn new(id: &'static str, title: &str, description: &str, frame: Frame) -> Self {
        let (title, description) = (title.to_owned(), description.to_owned());
        Self { id, title, description, frame, lines: Vec::new(), dots: String::new(), marks: Vec::new() }
    }

    pub fn title(&self) -> &str {
        &self.title
    }

    /// A line through these points, which ends in its label.
    pub fn add_line(&mut self, points: &[(f64, f64)], style: usize, label: &str) {
        let placed: Vec<_> = points.iter().map(|point| self.frame.at(*point)).collect();
        let Some(end) = placed.last().copied() else { return };
        let points: Vec<_> = placed.iter().map(|(x, y)| format!("{x},{y}")).collect();
        self.lines.push(Curve { points: points.join(" "), style, label: label.to_owned(), end, label_y: end.1 });
    }

    /// Moves labels apart.
    pub fn settle(&mut self) {
        let mut order: Vec<usize> = (0..self.lines.len()).filter(|at| !self.lines[*at].label.is_empty()).collect();
        order.sort_by(|a, b| self.lines[*a].end.1.total_cmp(&self.lines[*b].end.1));
        let mut least = ROOM[2];
        for at in &order {
            self.lines[*at].label_y = self.lines[*at].end.1.max(least);
            least = self.lines[*at].label_y + LEAST_GAP;
        }
        let mut most = HEIGHT - ROOM[3];
        for at in order.iter().rev() {
            self.lines[*at].label_y = self.lines[*at].label_y.min(most);
            most = self.lines[*at].label_y - LEAST_GAP;
        }
    }

    /// Points, all alike.
    pub fn add_dots(&mut self, points: &[(f64, f64)]) {
        for point in points {
            let (x, y) = self.frame.at(*point);
            // Writing to a string does not fail. A line of no length has round ends.
            let _ = write!(self.dots, "M{x} {y}h0");
        }
    }

    /// Points one out.
    pub fn mark(&mut self, point: Option<(f64, f64)>, label: &str) {
        if let Some(at) = point.map(|point| self.frame.at(point)) {
            let label_y = if at.1 < HEIGHT / 2.0 { at.1 + 22.0 } else { at.1 - 14.0 };
            self.marks.push(Mark { at, label: label.to_owned(), label_y, is_left: at.0 > WIDTH / 2.0 });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_that_hold_all_points() {
        let labels = |values: &[f64]| {
            let axis = Axis::of("x", values.iter().copied(), true);
            axis.ticks.into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(labels(&[0.3, 9.7]), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(&[0.912, 0.948]), ["0.91", "0.92", "0.93", "0.94", "0.95"]);
        assert_eq!(labels(&[]).first().map(String::as_str), Some("0.0"));
        assert!(labels(&[7.0]).len() >= 2);
        assert!(labels(&[f64::NAN, f64::INFINITY, 1.0, 3.0]).len() >= 3);
    }

    #[test]
    fn labels_stand_apart() {
        let frame = Frame::of("x", "y", [(0.0, 0.0), (1.0, 1.0)].into_iter());
        let mut chart = Chart::new("c", "title", "description", frame);
        for y in [0.5, 0.5, 0.51, 0.0, 0.0] {
            chart.add_line(&[(0.0, 0.0), (1.0, y)], 0, "1");
        }
        chart.settle();
        let mut heights: Vec<_> = chart.lines.iter().map(|line| line.label_y).collect();
        heights.sort_by(f64::total_cmp);
        assert!(heights.windows(2).all(|pair| pair[1] - pair[0] >= LEAST_GAP - 1e-9), "{heights:?}");
        assert!(heights[4] <= HEIGHT - ROOM[3]);
    }
}
