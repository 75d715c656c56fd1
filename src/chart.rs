//! Points, fit and size as a chart of text.

use ratatui::buffer::Buffer;
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
    draw(&curve.points, fit, size, None, look.ascii, area, &mut buffer);
    text(&buffer, look) + &legend(fit, size, look)
}

/// Draws into a part of a screen. The interval of the size lies along the axis, between two dashed lines.
pub fn draw(
    measured: &[Point],
    fit: Option<Fit>,
    size: Option<f64>,
    interval: Option<(f64, f64)>,
    ascii: bool,
    area: Rect,
    buffer: &mut Buffer,
) {
    let largest = largest(measured, size, interval);
    let right = largest.log10();
    let top = measured.iter().map(Point::relative).fold(1.0, f64::max);
    let mut points = vec![(0.0, 1.0)];
    points.extend(measured.iter().map(|p| ((p.size as f64).log10(), p.relative())));
    let steps = 4 * u32::from(area.width);
    let along = |i: u32| right * f64::from(i) / f64::from(steps);
    let fitted: Vec<_> = fit
        .iter()
        .flat_map(|f| (0..=steps).map(|i| (along(i), f.at(10f64.powf(along(i))))))
        .filter(|(_, r)| (0.0..=top).contains(r))
        .collect();
    let dots = 2 * u32::from(area.height);
    let line_at = |x: f64| (0..=dots).map(move |i| (x.log10(), top * f64::from(i) / f64::from(dots)));
    let upright: Vec<_> = size.into_iter().flat_map(line_at).collect();
    let ends: Vec<_> = interval.iter().flat_map(|(low, high)| [*low, *high]).flat_map(line_at).collect();
    let within: Vec<_> = interval
        .iter()
        .flat_map(|(low, high)| (0..=steps).map(along).filter(|x| (low.log10()..=high.log10()).contains(x)))
        .map(|x| (x, 0.0))
        .collect();
    let set =
        |data, color, marker| Dataset::default().data(data).graph_type(GraphType::Scatter).style(color).marker(marker);
    let fine = if ascii { Marker::Dot } else { Marker::Braille };
    let sets = vec![
        set(&within, INTERVAL, Marker::Dot),
        set(&ends, END, Marker::Dot),
        set(&upright, SIZE, fine),
        set(&fitted, FIT, fine),
        set(&points, POINTS, Marker::Dot),
    ];
    let (x_axis, y_axis) = axes(largest, top);
    Chart::new(sets).x_axis(x_axis).y_axis(y_axis).legend_position(None).render(area, buffer);
    redraw(ascii, area, buffer);
}

/// The largest size on the chart. Both ends of an interval are on it, unless that reaches far beyond.
fn largest(measured: &[Point], size: Option<f64>, interval: Option<(f64, f64)>) -> f64 {
    let largest = measured.last().map_or(1.0, |p| p.size as f64).max(size.unwrap_or(1.0)).max(2.0);
    interval.map_or(largest, |(_, high)| largest.max(1.1 * high.min(4.0 * largest)))
}

fn axes(largest: f64, top: f64) -> (Axis<'static>, Axis<'static>) {
    let right = largest.log10();
    let size = |x: f64| Line::from(format!("{x:.0}"));
    let sizes = [size(1.0), size(10f64.powf(right / 2.0)), size(largest)];
    let part = |x: f64| Line::from(format!("{x:.2}"));
    let parts = [Line::from("0"), part(top / 2.0), part(top)];
    let x_axis = Axis::default().title("size").bounds([0.0, right]).labels(sizes);
    (x_axis, Axis::default().title("relative").bounds([0.0, top]).labels(parts))
}

/// Puts the symbols in place of the dots that the chart drew.
fn redraw(ascii: bool, area: Rect, buffer: &mut Buffer) {
    for position in area.positions() {
        let cell = &mut buffer[position];
        let symbol = if ascii { plain(cell.symbol(), cell.fg) } else { drawn(cell.symbol(), cell.fg) }.to_owned();
        cell.set_symbol(&symbol);
        if cell.fg == END {
            cell.set_fg(INTERVAL);
        }
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
