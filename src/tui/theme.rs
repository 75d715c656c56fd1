//! Colours and signs. Every colour has a sign or an attribute beside it, so that nothing is lost without colours.

use ratatui::style::{Color, Modifier, Style};

/// A theme that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// The terminal's own 16 colours.
    #[default]
    Terminal,
    Dark,
    Light,
    Monochrome,
}

impl ThemeName {
    pub const ALL: [Self; 4] = [Self::Terminal, Self::Dark, Self::Light, Self::Monochrome];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Monochrome => "monochrome",
        }
    }

    fn theme(self) -> Theme {
        match self {
            Self::Terminal => Theme::terminal(),
            Self::Dark => Theme::dark(),
            Self::Light => Theme::light(),
            Self::Monochrome => Theme::monochrome(),
        }
    }
}

use super::capabilities::{Capabilities, Depth};
pub use crate::signs::Signs;

/// How the screen looks.
#[derive(Debug, Clone)]
pub struct Look {
    pub theme: Theme,
    pub signs: Signs,
    name: ThemeName,
    depth: Depth,
    ascii: bool,
}

impl Look {
    /// How it looks in a terminal that can show everything.
    #[must_use]
    pub fn new(color: bool, ascii: bool) -> Self {
        let depth = if color { Depth::True } else { Depth::None };
        Self::with_depth(depth, ascii)
    }

    #[must_use]
    fn with_depth(depth: Depth, ascii: bool) -> Self {
        let signs = if ascii { Signs::ASCII } else { Signs::UNICODE };
        let name = ThemeName::default();
        Self { theme: name.theme(), name, signs, depth, ascii }.with_theme(name)
    }

    /// How it looks in this terminal, where colours are `wanted` and the theme is not the one that it begins with.
    #[must_use]
    pub fn of(capabilities: &Capabilities, wanted: bool, ascii: bool, theme: ThemeName) -> Self {
        let depth = if wanted { capabilities.depth } else { Depth::None };
        let is_own = theme == ThemeName::Terminal && capabilities.is_light && depth > Depth::Sixteen;
        Self::with_depth(depth, ascii || !capabilities.is_unicode).with_theme(if is_own {
            ThemeName::Light
        } else {
            theme
        })
    }

    /// The same in another theme; without colours there is only one, and 16 colours are the terminal's own.
    #[must_use]
    pub fn with_theme(self, name: ThemeName) -> Self {
        let name = match self.depth {
            Depth::None => ThemeName::Monochrome,
            Depth::Sixteen if name != ThemeName::Monochrome => ThemeName::Terminal,
            _ => name,
        };
        Self { theme: name.theme().in_depth(self.depth), name, ..self }
    }

    /// The same in the theme after this one.
    #[must_use]
    pub fn with_next_theme(self) -> Self {
        let at = ThemeName::ALL.iter().position(|name| *name == self.name).unwrap_or(0);
        let after = ThemeName::ALL.iter().cycle().skip(at + 1).take(ThemeName::ALL.len());
        let mut next = self.clone();
        for name in after {
            next = self.clone().with_theme(*name);
            if next.name == *name {
                break;
            }
        }
        next
    }

    /// The theme, where there is a choice.
    #[must_use]
    pub fn chosen(&self) -> Option<ThemeName> {
        (self.depth > Depth::Sixteen).then_some(self.name)
    }

    #[must_use]
    pub fn theme_name(&self) -> &'static str {
        self.name.name()
    }

    #[must_use]
    pub fn has_colors(&self) -> bool {
        self.depth != Depth::None
    }

    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }
}

/// Styles by meaning.
#[derive(Debug, Clone)]
pub struct Theme {
    pub title: Style,
    pub label: Style,
    pub border: Style,
    pub header: Style,
    pub sorted: Style,
    pub selected: Style,
    pub good: Style,
    pub warning: Style,
    pub bad: Style,
    /// Ranks before an activation.
    pub before: Style,
    /// Ranks after an activation.
    pub after: Style,
    pub key: Style,
    /// Backgrounds of a heat map from the least to the largest value; empty without colours.
    ramp: &'static [u8],
}

/// Dark blue over grey to yellow: lightness rises all the way, so that no kind of colour blindness hides an order.
const RAMP: &[u8] = &[17, 18, 24, 60, 66, 102, 108, 144, 179, 185, 221, 227];

impl Theme {
    /// The terminal's own 16 colours: of these the ones that can be read on the background of all common palettes. Bright
    /// black is the background itself in some, and dark blue and red are hardly lighter than black in others.
    #[must_use]
    pub fn terminal() -> Self {
        let fg = |color| Style::new().fg(color);
        Self {
            title: fg(Color::Cyan).add_modifier(Modifier::BOLD),
            label: Style::new(),
            border: Style::new(),
            header: Style::new().add_modifier(Modifier::BOLD),
            sorted: fg(Color::Cyan).add_modifier(Modifier::BOLD),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            good: fg(Color::Green),
            warning: fg(Color::Yellow),
            bad: fg(Color::LightRed),
            before: fg(Color::LightBlue),
            after: fg(Color::Yellow),
            key: fg(Color::Cyan),
            ramp: RAMP,
        }
    }

    /// Colours of its own for a dark background: those of Okabe and Ito, which colour-blind people tell apart.
    #[must_use]
    pub fn dark() -> Self {
        Self::of_palette([
            Color::Rgb(86, 180, 233),
            Color::Rgb(140, 140, 150),
            Color::Rgb(0, 190, 140),
            Color::Rgb(240, 228, 66),
            Color::Rgb(230, 120, 60),
            Color::Rgb(230, 159, 0),
        ])
    }

    /// The same, darker, for a light background.
    #[must_use]
    pub fn light() -> Self {
        Self::of_palette([
            Color::Rgb(0, 90, 150),
            Color::Rgb(105, 105, 115),
            Color::Rgb(0, 110, 80),
            Color::Rgb(140, 95, 0),
            Color::Rgb(170, 60, 0),
            Color::Rgb(160, 95, 0),
        ])
    }

    fn of_palette([accent, faint, good, warning, bad, after]: [Color; 6]) -> Self {
        let fg = |color| Style::new().fg(color);
        Self {
            title: fg(accent).add_modifier(Modifier::BOLD),
            label: fg(faint),
            border: fg(faint),
            sorted: fg(accent).add_modifier(Modifier::BOLD),
            good: fg(good),
            warning: fg(warning),
            bad: fg(bad),
            before: fg(accent),
            after: fg(after),
            key: fg(accent),
            ..Self::terminal()
        }
    }

    /// Attributes only.
    #[must_use]
    pub fn monochrome() -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            title: bold,
            label: plain,
            border: plain,
            header: bold,
            sorted: bold.add_modifier(Modifier::UNDERLINED),
            selected: plain.add_modifier(Modifier::REVERSED),
            good: plain,
            warning: bold,
            bad: bold,
            before: plain,
            after: plain,
            key: bold,
            ramp: &[],
        }
    }

    /// All styles of words and lines.
    #[must_use]
    pub fn styles(&self) -> [Style; 12] {
        let Self { title, label, border, header, sorted, selected, good, warning, bad, before, after, key, .. } = self;
        [title, label, border, header, sorted, selected, good, warning, bad, before, after, key].map(|style| *style)
    }

    /// The same with as many colours as there are.
    fn in_depth(mut self, depth: Depth) -> Self {
        if depth < Depth::Indexed {
            self.ramp = &[];
        }
        if depth == Depth::Indexed {
            let Self { title, label, border, header, sorted, selected, good, warning, bad, before, after, key, .. } =
                &mut self;
            for style in [title, label, border, header, sorted, selected, good, warning, bad, before, after, key] {
                style.fg = style.fg.map(indexed);
            }
        }
        self
    }

    /// A cell of a heat map; `share` runs from 0, the least value, to 1, the largest.
    #[must_use]
    pub fn heat(&self, share: f64) -> Style {
        let Some(last) = self.ramp.len().checked_sub(1) else { return Style::new() };
        let step = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
        let ink = if 2 * step > last { 16 } else { 231 };
        Style::new().fg(Color::Indexed(ink)).bg(Color::Indexed(self.ramp[step.min(last)]))
    }
}

/// The nearest of the 256 colours whose values are known: those of the cube, and the greys.
fn indexed(color: Color) -> Color {
    let Color::Rgb(red, green, blue) = color else { return color };
    let of_cube = |index: u8| {
        let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
        [index / 36, index / 6 % 6, index % 6].map(level)
    };
    let value = |index: u8| if index < 232 { of_cube(index - 16) } else { [8 + 10 * (index - 232); 3] };
    let distance = |index: &u8| -> i32 {
        let parts = value(*index).into_iter().zip([red, green, blue]);
        parts.map(|(a, b)| (i32::from(a) - i32::from(b)).pow(2)).sum()
    };
    Color::Indexed((16..=255).min_by_key(distance).unwrap_or(16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_become_those_that_there_are() {
        assert_eq!(indexed(Color::Rgb(0, 0, 0)), Color::Indexed(16));
        assert_eq!(indexed(Color::Rgb(86, 180, 233)), Color::Indexed(74));
        assert_eq!(indexed(Color::Rgb(140, 140, 150)), Color::Indexed(246));
        let of = |depth| Look::with_depth(depth, false).with_theme(ThemeName::Dark);
        assert_eq!(of(Depth::Indexed).theme.good.fg, Some(Color::Indexed(36)));
        assert_eq!(of(Depth::Sixteen).theme_name(), "terminal");
        assert_eq!(of(Depth::Sixteen).theme.heat(1.0), Style::new());
        assert_eq!(of(Depth::None).with_next_theme().theme_name(), "monochrome");
        assert_eq!(of(Depth::Sixteen).with_next_theme().theme_name(), "monochrome");
    }
}
