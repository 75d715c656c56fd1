//! Characters for what is drawn.

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

    /// `text` in at most `width` columns, its end where it is longer.
    #[must_use]
    pub fn fit_end(&self, text: &str, width: usize) -> String {
        let turned = |text: &str| text.chars().rev().collect::<String>();
        turned(&self.fit(&turned(text), width))
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
