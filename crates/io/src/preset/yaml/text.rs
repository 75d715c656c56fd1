//! Text of documents, and what is wrong with it before it is one.

/// A syntax error.
#[derive(Debug)]
pub struct SyntaxError {
    pub message: String,
    /// Line and column, from 1.
    pub at: Option<(usize, usize)>,
}

/// The text without the byte order mark that some editors put before it.
pub fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Text from a document that is safe to print.
pub fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if is_control(c) { c.escape_debug().collect() } else { vec![c] }).collect()
}

/// Whether a character can make a terminal show other than what is written: control characters, and those that turn the
/// direction of writing.
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
