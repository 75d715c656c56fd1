//! The screen of a terminal as SVG.

use std::fmt::Write as _;

use vt100::{Color, Screen};

/// Pixels of a cell.
const CELL: (f64, f64) = (8.4, 18.0);
const MARGIN: f64 = 14.0;
const FONT: &str = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace";
const PAPER: &str = "#16181d";
const INK: &str = "#d8dce3";
/// The terminal's own 16 colours, as this terminal has them.
const COLORS: [&str; 16] = [
    "#3b4048", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#abb2bf", "#7f8794", "#ef7d86",
    "#a9d48a", "#f5d08b", "#72bfff", "#d689ed", "#67c7d3", "#ffffff",
];

/// How a run of cells looks.
#[derive(Clone, PartialEq)]
struct Style {
    ink: String,
    paper: Option<String>,
    bold: bool,
    underlined: bool,
}

fn style(cell: &vt100::Cell) -> Style {
    let mut ink = color(cell.fgcolor()).unwrap_or_else(|| INK.to_owned());
    let mut paper = color(cell.bgcolor());
    if cell.inverse() {
        let behind = paper.unwrap_or_else(|| PAPER.to_owned());
        paper = Some(std::mem::replace(&mut ink, behind));
    }
    Style { ink, paper, bold: cell.bold(), underlined: cell.underline() }
}

fn color(color: Color) -> Option<String> {
    match color {
        Color::Default => None,
        Color::Idx(n @ 0..16) => Some(COLORS[usize::from(n)].to_owned()),
        // A cube with 6 steps of each colour, then 24 greys: as xterm has them.
        Color::Idx(n @ 16..232) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * u32::from(step) };
            let n = n - 16;
            Some(format!("#{:02x}{:02x}{:02x}", level(n / 36), level(n / 6 % 6), level(n % 6)))
        }
        Color::Idx(n) => {
            let grey = 8 + 10 * (u32::from(n) - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}

/// The picture of a screen.
pub fn svg(screen: &Screen, title: &str) -> String {
    let (lines, columns) = screen.size();
    let (width, height) = (2.0 * MARGIN + f64::from(columns) * CELL.0, 2.0 * MARGIN + f64::from(lines) * CELL.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>neartop: {title}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n\
         <g font-family=\"{FONT}\" font-size=\"14\">\n"
    );
    for y in 0..lines {
        let mut x = 0;
        while x < columns {
            let Some(first) = screen.cell(y, x) else { break };
            let wanted = style(first);
            let (start, mut text) = (x, String::new());
            while let Some(cell) = screen.cell(y, x).filter(|cell| style(cell) == wanted) {
                text += if cell.has_contents() { cell.contents() } else { " " };
                x += 1;
                if x == columns {
                    break;
                }
            }
            run(&mut svg, &wanted, &text, (start, y), x - start);
        }
    }
    svg + "</g>\n</svg>\n"
}

/// A run of cells of one style.
fn run(svg: &mut String, style: &Style, text: &str, (x, y): (u16, u16), cells: u16) {
    let (left, top) = (MARGIN + f64::from(x) * CELL.0, MARGIN + f64::from(y) * CELL.1);
    let width = f64::from(cells) * CELL.0;
    if let Some(paper) = &style.paper {
        // A little more than its cells, so that no seam shows.
        let _ = writeln!(
            svg,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{paper}\"/>",
            width + 0.3,
            CELL.1 + 0.3
        );
    }
    let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
    let line = if style.underlined { " text-decoration=\"underline\"" } else { "" };
    let mut at = 0;
    while at < cells {
        let rest: String = text.chars().skip(usize::from(at)).collect();
        let Some(first) = rest.chars().next() else { return };
        let left = left + f64::from(at) * CELL.0;
        if first == ' ' {
            at += 1;
            continue;
        }
        if let Some(shape) = shape(first, left, top) {
            let _ = writeln!(svg, "<path d=\"{shape}\" fill=\"{}\"/>", style.ink);
            at += 1;
            continue;
        }
        // A word for itself, and as long as its cells, so that columns stand below each other whatever font is there.
        let word: String = rest.chars().take_while(|c| *c != ' ' && shape(*c, 0.0, 0.0).is_none()).collect();
        let count = word.chars().count();
        let length = count as f64 * CELL.0;
        let escaped = word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            svg,
            "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
             fill=\"{}\"{weight}{line}>{escaped}</text>",
            top + 13.5,
            style.ink
        );
        at += count as u16;
    }
}

/// The outline of a block, a line or a pattern of dots, which fonts draw with seams between them.
fn shape(c: char, left: f64, top: f64) -> Option<String> {
    let (width, height) = CELL;
    let rect = |x: f64, y: f64, w: f64, h: f64| format!("M{:.1} {:.1}h{w:.1}v{h:.1}h{:.1}z", left + x, top + y, -w);
    let (middle, center) = (width / 2.0 - 0.5, height / 2.0 - 0.5);
    Some(match c {
        // From an eighth of a cell's height to the whole cell, and from the whole width down to an eighth of it.
        '\u{2581}'..='\u{2588}' => {
            let share = f64::from(c as u32 - 0x2580) / 8.0;
            rect(0.0, height * (1.0 - share), width + 0.2, height * share)
        }
        '\u{2589}'..='\u{258f}' => rect(0.0, 0.0, width * f64::from(0x2590 - c as u32) / 8.0, height),
        '\u{2500}' => rect(0.0, center, width + 0.2, 1.0),
        '\u{2502}' => rect(middle, 0.0, 1.0, height),
        '\u{2514}' => rect(middle, 0.0, 1.0, center) + &rect(middle, center, width - middle, 1.0),
        '\u{2801}'..='\u{28ff}' => {
            // Bits of the dots, the left column downwards, then the right one; the lowest row came later.
            const DOTS: [(u32, u32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
            let bits = c as u32 - 0x2800;
            let dots = DOTS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
            let dot = |(x, y): (u32, u32)| {
                let (x, y) = ((0.5 + f64::from(x)) * width / 2.0, (0.5 + f64::from(y)) * height / 4.0);
                rect(x - 1.0, y - 1.0, 2.0, 2.0)
            };
            dots.map(|(_, place)| dot(*place)).collect()
        }
        _ => return None,
    })
}
