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

/// Characters for what is drawn.
#[derive(Debug, Clone)]
pub struct Signs {
    /// Parts of a bar's last cell, from nothing to full.
    pub bar: &'static [&'static str],
    /// Heights from the least to the largest.
    pub levels: &'static [&'static str],
    pub ascending: &'static str,
    pub descending: &'static str,
    pub plus_minus: &'static str,
    /// Marks a candidate that is tied with the best.
    pub tied: &'static str,
    /// Stand for a candidate that will train, and for one that will not.
    pub trains: &'static str,
    pub fails: &'static str,
    /// Marks a candidate that the user picked out.
    pub marked: &'static str,
    pub ellipsis: char,
    pub separator: &'static str,
    pub border: ratatui::symbols::border::Set<'static>,
}

impl Signs {
    pub const UNICODE: Self = Self {
        bar: &[" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
        levels: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
        ascending: "▲",
        descending: "▼",
        plus_minus: "±",
        tied: "≈",
        trains: "✓",
        fails: "✗",
        marked: "●",
        ellipsis: '…',
        separator: " · ",
        border: ratatui::symbols::border::ROUNDED,
    };
    pub const ASCII: Self = Self {
        bar: &[" ", "#"],
        levels: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        ascending: "^",
        descending: "v",
        plus_minus: "+-",
        tied: "~",
        trains: "+",
        fails: "x",
        marked: "*",
        ellipsis: '.',
        separator: " | ",
        border: ratatui::symbols::border::Set {
            top_left: "+",
            top_right: "+",
            bottom_left: "+",
            bottom_right: "+",
            vertical_left: "|",
            vertical_right: "|",
            horizontal_top: "-",
            horizontal_bottom: "-",
        },
    };

    /// A bar of `cells` cells, filled up to `share` of them, blanks behind it.
    #[must_use]
    pub fn bar(&self, share: f64, cells: usize) -> String {
        let steps = self.bar.len() - 1;
        let filled = (share.clamp(0.0, 1.0) * (cells * steps) as f64).round() as usize;
        let cell = |i: usize| self.bar[filled.saturating_sub(i * steps).min(steps)];
        (0..cells).map(cell).collect()
    }

    /// The sign for a share between 0 and 1.
    #[must_use]
    pub fn level(&self, share: f64) -> &'static str {
        let last = self.levels.len() - 1;
        self.levels[((share.clamp(0.0, 1.0) * last as f64).round() as usize).min(last)]
    }

    /// A number for each value as a row of heights, between the least and the largest of them.
    #[must_use]
    pub fn sparkline(&self, values: &[f64]) -> String {
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
        let share = |x: &f64| if high > low { (x - low) / (high - low) } else { 0.5 };
        values.iter().map(|x| self.level(share(x))).collect()
    }

    /// `text` in exactly `width` columns, blanks behind it.
    #[must_use]
    pub fn pad(&self, text: &str, width: usize) -> String {
        use unicode_width::UnicodeWidthStr;
        let mut text = self.fit(text, width);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(text.width())));
        text
    }

    /// `text` in at most `width` columns.
    #[must_use]
    pub fn fit(&self, text: &str, width: usize) -> String {
        use unicode_width::UnicodeWidthChar;
        let columns = |c: char| c.width().unwrap_or(0);
        if text.chars().map(columns).sum::<usize>() <= width {
            return text.to_owned();
        }
        let mut left = width.saturating_sub(1);
        let mut cut: String = text
            .chars()
            .take_while(|c| {
                let fits = columns(*c) <= left;
                left = left.saturating_sub(columns(*c));
                fits
            })
            .collect();
        if width > 0 {
            cut.push(self.ellipsis);
        }
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share() {
        assert_eq!(Signs::UNICODE.bar(0.5, 4), "██  ");
        assert_eq!(Signs::UNICODE.bar(0.53, 4), "██▏ ");
        assert_eq!(Signs::UNICODE.bar(7.0, 2), "██");
        assert_eq!(Signs::ASCII.bar(0.5, 4), "##  ");
        assert_eq!(Signs::ASCII.bar(f64::NAN, 2), "  ");
    }

    #[test]
    fn texts_are_cut_by_columns() {
        assert_eq!(Signs::UNICODE.fit("orthogonal", 10), "orthogonal");
        assert_eq!(Signs::UNICODE.fit("orthogonal", 5), "orth…");
        assert_eq!(Signs::UNICODE.fit("日本語", 4), "日…");
        assert_eq!(Signs::ASCII.fit("ab", 0), "");
        assert_eq!(Signs::UNICODE.pad("日本語", 8), "日本語  ");
        assert_eq!(Signs::UNICODE.pad("日本語", 4), "日… ");
        // A letter and an accent that has no column of its own.
        assert_eq!(Signs::UNICODE.pad("e\u{301}", 3), "e\u{301}  ");
    }
}
