//! Text from files in messages.

/// Text from a file with its control characters escaped.
pub fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}

/// The begin of a text from a file, for messages.
pub fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let begin: String = text.chars().take(40).collect();
    if begin.len() < text.len() { shown(&begin) + "..." } else { shown(&begin) }
}
