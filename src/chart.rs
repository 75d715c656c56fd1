//! Points, fit and size as a chart of text.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Widget};

use neartop_study::width::{Curve, Fit, Point};

/// How text is shown.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub color: bool,
    pub ascii: bool,
}

const WIDTH: u16 = 72;
const HEIGHT: u16 = 16;

const POINTS: Color = Color::Cyan;
const FIT: Color = Color::Yellow;
const SIZE: Color = Color::Green;
const INTERVAL: Color = Color::LightGreen;
/// Where the interval ends; shown in the colour of the interval.
const END: Color = Color::Indexed(10);

/// Draws the relative score over the size, which runs logarithmically.
pub fn render(curve: &Curve, fit: Option<Fit>, size: Option<f64>, look: Look) -> String {
    let area = Rect::new(0, 0, WIDTH, HEIGHT);
    let mut buffer = Buffer::empty(area);
    Drawing { points: &curve.points, fit, size, interval: None }.draw(look.ascii, area, &mut buffer);
    text(&buffer, look) + &legend(fit, size, look)
}

/// What is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    pub points: &'a [Point],
    pub fit: Option<Fit>,
    pub size: Option<f64>,
    /// Of the size: it lies along the axis, between two dashed lines.
    pub interval: Option<(f64, f64)>,
}

/// A cloud of dots.
type Dots = Vec<(f64, f64)>;

impl Drawing<'_> {
    /// Draws into a part of a screen.
    pub fn draw(&self, ascii: bool, area: Rect, buffer: &mut Buffer) {
        let right = self.largest().log10();
        let top = self.points.iter().map(Point::relative).fold(1.0, f64::max);
        let [points, fitted, upright, ends, within] = self.dots(right, top, area);
        let set = |data, color, marker| {
            Dataset::default().data(data).graph_type(GraphType::Scatter).style(color).marker(marker)
        };
        let fine = if ascii { Marker::Dot } else { Marker::Braille };
        let sets = vec![
            set(&within, INTERVAL, Marker::Dot),
            set(&ends, END, Marker::Dot),
            set(&upright, SIZE, fine),
            set(&fitted, FIT, fine),
            set(&points, POINTS, Marker::Dot),
        ];
        let label = |x: f64| Line::from(format!("{x:.0}"));
        let labels = [label(1.0), label(10f64.powf(right / 2.0)), label(self.largest())];
        let x_axis = Axis::default().title("size").bounds([0.0, right]).labels(labels);
        let labels = [Line::from("0"), Line::from(format!("{:.2}", top / 2.0)), Line::from(format!("{top:.2}"))];
        let y_axis = Axis::default().title("relative").bounds([0.0, top]).labels(labels);
        Chart::new(sets).x_axis(x_axis).y_axis(y_axis).legend_position(None).render(area, buffer);
        area.positions().for_each(|position| finish(&mut buffer[position], ascii));
    }

    /// The largest size on the chart. Both ends of an interval are on it, unless it reaches far beyond.
    fn largest(&self) -> f64 {
        let largest = self.points.last().map_or(1.0, |p| p.size as f64).max(self.size.unwrap_or(1.0)).max(2.0);
        self.interval.map_or(largest, |(_, high)| largest.max(1.1 * high.min(4.0 * largest)))
    }

    /// The measured points, the fit, the size upright, the ends of the interval upright, and the interval along the axis.
    fn dots(&self, right: f64, top: f64, area: Rect) -> [Dots; 5] {
        let mut points = vec![(0.0, 1.0)];
        points.extend(self.points.iter().map(|p| ((p.size as f64).log10(), p.relative())));
        let steps = 4 * u32::from(area.width);
        let along = |i: u32| right * f64::from(i) / f64::from(steps);
        let fitted = self.fit.iter().flat_map(|f| (0..=steps).map(|i| (along(i), f.at(10f64.powf(along(i))))));
        let fitted = fitted.filter(|(_, r)| (0.0..=top).contains(r)).collect();
        let dots = 2 * u32::from(area.height);
        let line_at = |x: f64| (0..=dots).map(move |i| (x.log10(), top * f64::from(i) / f64::from(dots)));
        let upright = self.size.into_iter().flat_map(line_at).collect();
        let ends = self.interval.iter().flat_map(|(low, high)| [*low, *high]).flat_map(line_at).collect();
        let within = self
            .interval
            .iter()
            .flat_map(|(low, high)| (0..=steps).map(along).filter(|x| (low.log10()..=high.log10()).contains(x)))
            .map(|x| (x, 0.0))
            .collect();
        [points, fitted, upright, ends, within]
    }
}

/// What a cell shows in the end: its colour told whose dot it is.
fn finish(cell: &mut Cell, ascii: bool) {
    let symbol = if ascii { plain(cell.symbol(), cell.fg) } else { drawn(cell.symbol(), cell.fg) }.to_owned();
    cell.set_symbol(&symbol);
    if cell.fg == END {
        cell.set_fg(INTERVAL);
    }
}

fn legend(fit: Option<Fit>, size: Option<f64>, look: Look) -> String {
    let (point, curve, upright) = if look.ascii { ("o", ".", "|") } else { ("\u{2022}", "\u{2801}", "\u{2847}") };
    let entry = |symbol: &str, color, name: &str| format!("{} {name}", painted(symbol, color, look));
    let mut entries = vec![entry(point, POINTS, "measured")];
    entries.extend(fit.map(|_| entry(curve, FIT, "fit")));
    entries.extend(size.map(|s| entry(upright, SIZE, &format!("size {s:.0}"))));
    format!("      {}\n", entries.join("   "))
}

fn text(buffer: &Buffer, look: Look) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let line: Vec<_> = (0..buffer.area.width).map(|x| &buffer[(x, y)]).collect();
        let end = line.iter().rposition(|cell| cell.symbol() != " ").map_or(0, |last| last + 1);
        for cell in &line[..end] {
            text += &painted(cell.symbol(), cell.fg, look);
        }
        text.push('\n');
    }
    text
}

/// What stands for the dots of an interval: the colour tells whose dot it is.
fn drawn(symbol: &str, color: Color) -> &str {
    match (symbol, color) {
        ("\u{2022}", INTERVAL) => "\u{2501}",
        ("\u{2022}", END) => "\u{250a}",
        (s, _) => s,
    }
}

/// ASCII for what the chart draws: the colour tells whose dot it is.
fn plain(symbol: &str, color: Color) -> &str {
    match (symbol, color) {
        (s, _) if s.is_ascii() => s,
        ("\u{2022}", POINTS) => "o",
        ("\u{2022}", FIT) => ".",
        ("\u{2022}", INTERVAL) => "=",
        ("\u{2022}", END) => ":",
        ("\u{2502}", _) | ("\u{2022}", SIZE) => "|",
        ("\u{2500}", _) => "-",
        ("\u{2514}", _) => "+",
        _ => "?",
    }
}

/// With the terminal's own colour; crossterm would let NO_COLOR overrule `--color always`.
fn painted(symbol: &str, color: Color, look: Look) -> String {
    let code = match color {
        POINTS => 36,
        FIT => 33,
        SIZE => 32,
        _ => 0,
    };
    if look.color && code > 0 && symbol != " " { format!("\u{1b}[{code}m{symbol}\u{1b}[0m") } else { symbol.to_owned() }
}
