//! Lines of YAML with comments.

use neartop_io::preset::printable;

/// A line: what stands there, and what is said of it.
pub struct Line {
    text: String,
    comment: String,
}

/// A key with its value, so many levels below the root.
pub fn key(level: usize, key: &str, value: &str, comment: &str) -> Line {
    item(level, &format!("{key}: {value}"), comment)
}

/// Anything, so many levels below the root.
pub fn item(level: usize, text: &str, comment: &str) -> Line {
    Line { text: format!("{}{text}", "  ".repeat(level)), comment: printable(comment) }
}

/// A line that is a comment alone.
pub fn comment(text: &str) -> Line {
    item(0, &format!("# {text}"), "")
}

/// A key that is not in force, with what it would mean.
pub fn choice(level: usize, key: &str, value: &str, comment: &str) -> Line {
    item(level, &printable(&format!("# {key}: {value}")), comment)
}

/// A key of the root with what is below it.
pub fn section(name: &str, lines: Vec<Line>) -> Vec<Line> {
    std::iter::once(item(0, &format!("{name}:"), "")).chain(lines).collect()
}

/// A text as YAML: as it is where that can mean nothing else.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ' ');
    let is_path = |c: char| c.is_alphabetic() || matches!(c, '/' | '.');
    let is_word = text.starts_with(is_path) && !text.ends_with(' ') && text.chars().all(is_plain);
    let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let is_place = !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    match is_place || is_word && !reserved.contains(&text.to_lowercase().as_str()) {
        true => text.to_owned(),
        false => serde_json::to_string(text).unwrap_or_default(),
    }
}

/// The lines, with comments side by side where they are short enough.
pub fn text(lines: &[Line]) -> String {
    const LONGEST: usize = 34;
    let width = lines.iter().filter(|line| !line.comment.is_empty()).map(|line| line.text.chars().count());
    let width = width.filter(|width| *width <= LONGEST).max().unwrap_or(0);
    let line = |line: &Line| match line.comment.is_empty() {
        true => format!("{}\n", line.text),
        false => format!("{:<width$}  # {}\n", line.text, line.comment),
    };
    lines.iter().map(line).collect()
}
