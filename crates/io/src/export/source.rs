//! Source code, line by line.

/// The text of a source file.
#[derive(Debug, Default)]
pub struct Source {
    text: String,
    depth: usize,
}

impl Source {
    /// A line at the current depth; an empty one without spaces.
    pub fn line(&mut self, line: impl AsRef<str>) {
        let line = line.as_ref();
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n("    ", self.depth));
            self.text += line;
        }
        self.text.push('\n');
    }

    /// A line, if there is one.
    pub fn line_if(&mut self, line: Option<String>) {
        line.into_iter().for_each(|line| self.line(line));
    }

    /// Several lines, each with its own spaces after those of the current depth.
    pub fn block(&mut self, text: &str) {
        text.lines().for_each(|line| self.line(line));
    }

    /// Whatever `inner` writes, one step deeper.
    pub fn indent<R>(&mut self, inner: impl FnOnce(&mut Self) -> R) -> R {
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }
}

/// Text that stays within the line of a comment, in Python and in Rust: whatever ends a line, controls a terminal or
/// turns the direction of writing is spelt out.
pub fn comment(text: &str) -> String {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars().flat_map(|c| if harmful(c) { c.escape_unicode().collect() } else { vec![c] }).collect()
}

/// Whether the code has this word.
pub fn mentions(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .any(|(at, _)| !code[..at].ends_with(is_part) && !code[at + word.len()..].starts_with(is_part))
}

/// `relu_squared` as the name of a class: `ReluSquared`.
pub fn camel_case(name: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    name.split('_').map(capital).collect()
}

/// `128, 64`
pub fn list(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
    sizes.join(", ")
}

/// A tuple of sizes in Python: `(3, 8, 8)`, `(10,)`.
pub fn tuple(sizes: &[usize]) -> String {
    let sizes: Vec<_> = sizes.iter().map(usize::to_string).collect();
    if sizes.len() == 1 { format!("({},)", sizes[0]) } else { format!("({})", sizes.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_cannot_be_left() {
        assert_eq!(comment("a\nb\r\u{2028}\u{202e}\"'"), "a\\u{a}b\\u{d}\\u{2028}\\u{202e}\"'");
    }

    #[test]
    fn words_are_whole() {
        assert!(mentions("x = Scale(1)(x)", "Scale") && mentions("Scale", "Scale"));
        assert!(!mentions("LayerScale(1) + Scale_2 + Scales", "Scale"));
    }

    #[test]
    fn names_of_classes() {
        assert_eq!(camel_case("relu_squared_2"), "ReluSquared2");
    }
}
