//! Lines over two axes, in braille, or in letters where only ASCII is wanted.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Axis, Chart, Dataset, GraphType};
use unicode_width::UnicodeWidthStr;

use crate::tui::theme::Look;

/// A line or a cloud of points.
pub struct Series<'a> {
    pub name: &'a str,
    pub points: &'a [(f64, f64)],
    pub style: Style,
    pub is_line: bool,
}

/// An axis: its ends and what stands there.
pub struct Scale {
    pub low: f64,
    pub high: f64,
    pub labels: [String; 2],
}

impl Scale {
    /// An axis whose ends say their own numbers.
    #[must_use]
    pub fn plain(low: f64, high: f64) -> Self {
        // An axis of no length would put all points outside.
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, low + 0.5) };
        Self { low, high, labels: [short(low), short(high)] }
    }
}

/// A number in few characters.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".to_owned(),
        a if (0.01..10_000.0).contains(&a) => {
            let text = format!("{x:.2}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{x:.0e}"),
    }
}

/// Draws a title with the names of the series in their styles, and below it the chart; nothing where there is no room.
pub fn draw(frame: &mut Frame<'_>, area: Rect, title: &str, series: &[Series<'_>], x: &Scale, y: &Scale, look: &Look) {
    if area.height < 6 || area.width < 16 {
        return;
    }
    let heading = Rect { height: 1, ..area };
    frame.render_widget(legend(title, series, usize::from(area.width), look), heading);

    let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
    // Which series a cell belongs to is read from its colour, which is then made what the theme wants.
    let marks: Vec<_> = (0..series.len()).map(|place| Color::Indexed(place as u8)).collect();
    let sets = series.iter().zip(&marks).map(|(one, mark)| {
        let kind = if one.is_line { GraphType::Line } else { GraphType::Scatter };
        let marker = if look.is_ascii() || !one.is_line { Marker::Dot } else { Marker::Braille };
        Dataset::default().data(one.points).graph_type(kind).marker(marker).style(*mark)
    });
    let axis = |scale: &Scale| {
        let [low, high] = scale.labels.clone();
        Axis::default().bounds([scale.low, scale.high]).labels([Line::from(low), Line::from(high)])
    };
    let chart = Chart::new(sets.collect()).x_axis(axis(x)).y_axis(axis(y)).legend_position(None);
    frame.render_widget(chart, area);
    let buffer = frame.buffer_mut();
    for position in area.positions() {
        let cell = &mut buffer[position];
        let place = marks.iter().position(|mark| *mark == cell.fg);
        if let Some(place) = place {
            if look.is_ascii() && !cell.symbol().is_ascii() {
                cell.set_symbol(sign(place, look));
            }
            cell.set_style(Style::reset().patch(series[place].style));
        } else if look.is_ascii() && !cell.symbol().is_ascii() {
            let line = if cell.symbol() == "\u{2502}" { "|" } else { "-" };
            cell.set_symbol(line);
        }
    }
}

/// A title with the names of the series; where there is no room for both, the names, which tell the lines apart.
fn legend<'a>(title: &str, series: &[Series<'_>], width: usize, look: &Look) -> Line<'a> {
    let named = || series.iter().enumerate().filter(|(_, s)| !s.name.is_empty());
    let names = |gap: &str| -> Vec<Span<'a>> {
        named().map(|(at, s)| Span::styled(format!(" {}{gap}{}", sign(at, look), s.name), s.style)).collect()
    };
    let taken = |names: &[Span<'_>]| names.iter().map(Span::width).sum::<usize>();
    let wide = names(" ");
    if title.width() + 2 + taken(&wide) <= width || wide.is_empty() {
        let title = format!(" {} ", look.signs.fit(title, width.saturating_sub(2)));
        return std::iter::once(Span::styled(title, look.theme.label)).chain(wide).collect();
    }
    if taken(&wide) <= width { wide.into() } else { names("").into() }
}

fn sign(place: usize, look: &Look) -> &'static str {
    const LETTERS: [&str; 4] = ["o", "x", "*", "+"];
    if look.is_ascii() { LETTERS[place % LETTERS.len()] } else { "\u{2022}" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, 1.5, -2.0, 419.068, 1e-6].map(short), ["0", "1.5", "-2", "419.07", "1e-6"]);
    }

    #[test]
    fn an_axis_has_a_length() {
        let scale = Scale::plain(2.0, 2.0);
        assert!(scale.low < 2.0 && scale.high > 2.0);
    }
}
