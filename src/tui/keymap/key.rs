//! Keys: how they are written, and which events they are.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use Key::{Char, Code, Ctrl};

/// A key as the table writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Code(KeyCode),
    /// 1 to 9; the action gets the place, from 0.
    Digit,
}

impl Key {
    pub(super) fn matches(self, event: &KeyEvent) -> bool {
        // Esc and a key in quick succession reach the program as that key with Alt: nobody meant the key alone.
        if event.modifiers.contains(KeyModifiers::ALT) {
            return false;
        }
        let control = event.modifiers.contains(KeyModifiers::CONTROL);
        match (self, event.code) {
            (Self::Char(wanted), KeyCode::Char(c)) => !control && c == wanted,
            (Self::Ctrl(wanted), KeyCode::Char(c)) => control && c.to_ascii_lowercase() == wanted,
            (Self::Code(wanted), code) => !control && code == wanted,
            (Self::Digit, KeyCode::Char(c)) => !control && ('1'..='9').contains(&c),
            _ => false,
        }
    }

    /// The key as people write it.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Char(' ') => "Space".to_owned(),
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{}", c.to_ascii_uppercase()),
            Self::Code(code) => code.to_string(),
            Self::Digit => "1-9".to_owned(),
        }
    }

    /// The key that settings name: a character, `ctrl-x`, or a name such as `enter` or `f5`; none where there is no such
    /// key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut chars = text.chars();
        if let (Some(c), None) = (chars.next(), chars.next()) {
            return (!c.is_control()).then_some(if c == ' ' { Char(' ') } else { Char(c) });
        }
        let name = text.to_ascii_lowercase().replace(['-', '_', ' '], "");
        if let Some(c) = name.strip_prefix("ctrl").or_else(|| name.strip_prefix('^')) {
            let mut chars = c.chars();
            return match (chars.next(), chars.next()) {
                (Some(c), None) if c.is_ascii_lowercase() => Some(Ctrl(c)),
                _ => None,
            };
        }
        if let Some(n) = name.strip_prefix('f').and_then(|n| n.parse().ok()) {
            return (1..=12).contains(&n).then_some(Code(KeyCode::F(n)));
        }
        let code = match name.as_str() {
            "space" => return Some(Char(' ')),
            "enter" | "return" => KeyCode::Enter,
            "esc" | "escape" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backtab" | "shifttab" => KeyCode::BackTab,
            "backspace" => KeyCode::Backspace,
            "delete" | "del" => KeyCode::Delete,
            "insert" | "ins" => KeyCode::Insert,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pageup" | "pgup" => KeyCode::PageUp,
            "pagedown" | "pgdown" | "pgdn" => KeyCode::PageDown,
            _ => return None,
        };
        Some(Code(code))
    }
}
