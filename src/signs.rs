//! Characters for what is drawn, and texts that are cut to the room there is.

use std::collections::HashMap;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

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
    /// A scrollbar: where the screen is, and the way it can go.
    pub thumb: &'static str,
    pub track: &'static str,
    /// Say that there is more to the left, and to the right.
    pub more: [&'static str; 2],
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
        thumb: "█",
        track: "│",
        more: ["‹", "›"],
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
        thumb: "#",
        track: "|",
        more: ["<", ">"],
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
        let mut text = self.fit(text, width);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(text.width())));
        text
    }

    /// `text` in at most `width` columns, its end where it is longer.
    #[must_use]
    pub fn fit_end(&self, text: &str, width: usize) -> String {
        if text.width() <= width {
            return text.to_owned();
        }
        let mut end = tail(text, width.saturating_sub(1)).to_owned();
        if width > 0 {
            end.insert(0, self.ellipsis);
        }
        end
    }

    /// `text` in at most `width` columns.
    #[must_use]
    pub fn fit(&self, text: &str, width: usize) -> String {
        if text.width() <= width {
            return text.to_owned();
        }
        let mut cut = head(text, width.saturating_sub(1)).to_owned();
        if width > 0 {
            cut.push(self.ellipsis);
        }
        cut
    }

    /// `text` in at most `width` columns, without its middle where it is longer.
    #[must_use]
    pub fn fit_middle(&self, text: &str, width: usize) -> String {
        if text.width() <= width || width < 3 {
            return self.fit(text, width);
        }
        let (first, last) = (head(text, width / 2), tail(text, (width - 1) / 2));
        format!("{first}{}{last}", self.ellipsis)
    }

    /// Each text in at most `width` columns, cut so that different texts look different: at the end, or else in the
    /// middle, or else before the place where they begin to differ.
    #[must_use]
    pub fn apart<T: AsRef<str>>(&self, texts: &[T], width: usize) -> Vec<String> {
        let mut shown: Vec<String> = texts.iter().map(|text| self.fit(text.as_ref(), width)).collect();
        for group in alike(&shown, texts) {
            let middles: Vec<_> = group.iter().map(|at| self.fit_middle(texts[*at].as_ref(), width)).collect();
            let mut whole = shown.clone();
            group.iter().zip(middles).for_each(|(at, middle)| whole[*at] = middle);
            let is_solved = !alike(&whole, texts).iter().any(|others| others.iter().any(|at| group.contains(at)));
            if is_solved {
                shown = whole;
            } else {
                self.tell_apart(&mut shown, texts, &group, 0, width);
            }
        }
        shown
    }

    /// Shows texts from where they begin to differ, behind a few of their first characters.
    fn tell_apart<T: AsRef<str>>(
        &self,
        shown: &mut [String],
        texts: &[T],
        group: &[usize],
        before: usize,
        width: usize,
    ) {
        let common = common(group.iter().map(|at| texts[*at].as_ref()));
        let first = (width / 4).min(6);
        if common <= before.max(first) || width < 4 {
            return;
        }
        for at in group {
            let text = texts[*at].as_ref();
            if text.width() > width {
                let rest = &text[common..];
                // As much of what they share as there is room for.
                let room = width - first - 1;
                let rest = if rest.width() < room { tail(text, room) } else { rest };
                shown[*at] = format!("{}{}{}", head(text, first), self.ellipsis, self.fit(rest, room));
            }
        }
        let groups: Vec<Vec<usize>> =
            alike(shown, texts).into_iter().filter(|g| g.iter().all(|at| group.contains(at))).collect();
        groups.iter().for_each(|group| self.tell_apart(shown, texts, group, common, width));
    }
}

/// The places of texts that look alike and are not.
fn alike<T: AsRef<str>>(shown: &[String], texts: &[T]) -> Vec<Vec<usize>> {
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, text) in shown.iter().enumerate() {
        groups.entry(text).or_default().push(at);
    }
    let is_mixed = |group: &Vec<usize>| group.iter().any(|at| texts[*at].as_ref() != texts[group[0]].as_ref());
    let mut groups: Vec<_> = groups.into_values().filter(is_mixed).collect();
    groups.sort();
    groups
}

/// The bytes that texts have in common from their beginning, whole characters.
fn common<'a>(mut texts: impl Iterator<Item = &'a str>) -> usize {
    let first = texts.next().unwrap_or_default();
    texts.fold(first.len(), |most, text| {
        let same = first[..most].graphemes(true).zip(text.graphemes(true)).take_while(|(a, b)| a == b);
        same.map(|(a, _)| a.len()).sum()
    })
}

/// The beginning of a text, in at most so many columns.
fn head(text: &str, columns: usize) -> &str {
    let mut end = 0;
    for (at, part) in text.grapheme_indices(true) {
        if text[..at + part.len()].width() > columns {
            break;
        }
        end = at + part.len();
    }
    &text[..end]
}

/// The end of a text, in at most so many columns.
fn tail(text: &str, columns: usize) -> &str {
    let mut start = text.len();
    for (at, _) in text.grapheme_indices(true).rev() {
        if text[at..].width() > columns {
            break;
        }
        start = at;
    }
    &text[start..]
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

    #[test]
    fn texts_that_are_cut_can_be_told_apart() {
        let cut = |texts: &[&str], width| Signs::UNICODE.apart(texts, width);
        assert_eq!(cut(&["orthogonal", "lsuv"], 6), ["ortho…", "lsuv"]);
        let gains = ["orthogonal(gain=0.5)", "orthogonal(gain=auto)", "orthogonal"];
        assert_eq!(cut(&gains, 12), ["orthog…=0.5)", "orthog…auto)", "orthogonal"]);
        let cells = [
            "|nor_conv_3x3~0|+|nor_conv_3x3~0|skip_connect~1|+|none~0|none~1|none~2|",
            "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_1x1~1|+|none~0|none~1|none~2|",
            "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|none~2|",
        ];
        let shown = cut(&cells, 16);
        let all: std::collections::BTreeSet<_> = shown.iter().collect();
        assert_eq!(all.len(), 3, "{shown:?}");
        assert!(shown.iter().all(|text| text.width() <= 16), "{shown:?}");
        // The same text looks the same.
        assert_eq!(cut(&["abcdefgh", "abcdefgh"], 4), ["abc…", "abc…"]);
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let flags = "\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7}";
        assert_eq!(Signs::UNICODE.fit(flags, 3), "\u{1f1e9}\u{1f1ea}…");
        assert_eq!(Signs::UNICODE.fit(flags, 2), "…");
        assert_eq!(Signs::UNICODE.fit_end(flags, 3), "…\u{1f1eb}\u{1f1f7}");
        let family = "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} at home";
        assert_eq!(Signs::UNICODE.pad(family, 6), "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} at…");
    }
}
