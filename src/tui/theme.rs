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

pub use crate::signs::Signs;

/// How the screen looks.
#[derive(Debug, Clone)]
pub struct Look {
    pub theme: Theme,
    pub signs: Signs,
    name: ThemeName,
    color: bool,
    ascii: bool,
}

impl Look {
    #[must_use]
    pub fn new(color: bool, ascii: bool) -> Self {
        let name = if color { ThemeName::Terminal } else { ThemeName::Monochrome };
        Self { theme: name.theme(), name, signs: if ascii { Signs::ASCII } else { Signs::UNICODE }, color, ascii }
    }

    /// The same in another theme; without colours there is only one.
    #[must_use]
    pub fn with_theme(self, name: ThemeName) -> Self {
        let name = if self.color { name } else { ThemeName::Monochrome };
        Self { theme: name.theme(), name, ..self }
    }

    /// The same in the theme after this one.
    #[must_use]
    pub fn with_next_theme(self) -> Self {
        let at = ThemeName::ALL.iter().position(|name| *name == self.name).unwrap_or(0);
        self.with_theme(ThemeName::ALL[(at + 1) % ThemeName::ALL.len()])
    }

    #[must_use]
    pub fn theme_name(&self) -> &'static str {
        self.name.name()
    }

    #[must_use]
    pub fn has_colors(&self) -> bool {
        self.color
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
    /// The terminal's own 16 colours.
    #[must_use]
    pub fn terminal() -> Self {
        let fg = |color| Style::new().fg(color);
        Self {
            title: fg(Color::Cyan).add_modifier(Modifier::BOLD),
            label: fg(Color::DarkGray),
            border: fg(Color::DarkGray),
            header: Style::new().add_modifier(Modifier::BOLD),
            sorted: fg(Color::Cyan).add_modifier(Modifier::BOLD),
            selected: Style::new().add_modifier(Modifier::REVERSED),
            good: fg(Color::Green),
            warning: fg(Color::Yellow),
            bad: fg(Color::Red),
            before: fg(Color::Blue),
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

    /// A cell of a heat map; `share` runs from 0, the least value, to 1, the largest.
    #[must_use]
    pub fn heat(&self, share: f64) -> Style {
        let Some(last) = self.ramp.len().checked_sub(1) else { return Style::new() };
        let step = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
        let ink = if 2 * step > last { 16 } else { 231 };
        Style::new().fg(Color::Indexed(ink)).bg(Color::Indexed(self.ramp[step.min(last)]))
    }
}
