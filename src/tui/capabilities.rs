//! What the terminal can show, as far as its environment says.

/// How many colours a terminal has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Depth {
    None,
    /// The terminal's own 16, whose values nobody knows.
    Sixteen,
    /// The 256 of xterm.
    Indexed,
    #[default]
    True,
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    pub depth: Depth,
    /// Whether characters beyond ASCII are shown.
    pub is_unicode: bool,
    /// Whether the cursor can be moved, without which there is no screen.
    pub has_screen: bool,
    /// Whether the background is light, where that is known.
    pub is_light: bool,
}

impl Capabilities {
    /// Those of the terminal that this process runs in.
    #[must_use]
    pub fn detect() -> Self {
        Self::of(&|name| std::env::var(name).ok())
    }

    /// Those of the terminal with these environment variables.
    #[must_use]
    pub fn of(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let terminal = get("TERM").unwrap_or_default().to_lowercase();
        Self {
            depth: depth(&terminal, get),
            is_unicode: terminal != "linux" && !terminal.starts_with("vt") && is_unicode(get),
            has_screen: terminal != "dumb",
            is_light: is_light(get),
        }
    }
}

fn depth(terminal: &str, get: &dyn Fn(&str) -> Option<String>) -> Depth {
    const FULL: [&str; 6] = ["alacritty", "foot", "ghostty", "kitty", "rio", "wezterm"];
    let colors = get("COLORTERM").unwrap_or_default().to_lowercase();
    match terminal {
        "dumb" => Depth::None,
        "linux" => Depth::Sixteen,
        name if name.starts_with("vt") => Depth::None,
        _ if colors == "truecolor" || colors == "24bit" => Depth::True,
        name if name.contains("direct") || FULL.iter().any(|full| name.contains(full)) => Depth::True,
        name if name.contains("256color") => Depth::Indexed,
        "" if cfg!(windows) => Depth::True,
        _ => Depth::Sixteen,
    }
}

/// Whether the locale writes UTF-8. Where no locale is set, as in containers, nearly every terminal does.
fn is_unicode(get: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(get).find(|value| !value.is_empty());
    set.is_none_or(|locale| {
        let locale = locale.to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// `COLORFGBG`, which some terminals set, ends with the number of the background.
fn is_light(get: &dyn Fn(&str) -> Option<String>) -> bool {
    let background = get("COLORFGBG").and_then(|value| value.rsplit(';').next().and_then(|n| n.parse::<u8>().ok()));
    matches!(background, Some(7 | 15))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Capabilities {
        Capabilities::of(&|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_environment_says_how_many_colours_there_are() {
        let depths = [
            (&[("TERM", "xterm-256color")][..], Depth::Indexed),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")], Depth::True),
            (&[("TERM", "xterm-kitty")], Depth::True),
            (&[("TERM", "screen")], Depth::Sixteen),
            (&[("TERM", "linux"), ("COLORTERM", "truecolor")], Depth::Sixteen),
            (&[("TERM", "vt220")], Depth::None),
            (&[("TERM", "dumb")], Depth::None),
        ];
        for (variables, depth) in depths {
            assert_eq!(of(variables).depth, depth, "{variables:?}");
        }
        assert!(!of(&[("TERM", "dumb")]).has_screen && of(&[("TERM", "xterm")]).has_screen);
        assert!(of(&[("COLORFGBG", "0;15")]).is_light && !of(&[("COLORFGBG", "15;0")]).is_light);
        assert!(!of(&[]).is_light && of(&[("COLORFGBG", "0;default;15")]).is_light);
    }

    #[test]
    fn the_locale_says_whether_there_is_more_than_ascii() {
        assert!(of(&[("LANG", "de_DE.UTF-8")]).is_unicode && of(&[("LANG", "C.utf8")]).is_unicode);
        assert!(!of(&[("LANG", "C")]).is_unicode && !of(&[("LC_ALL", "POSIX"), ("LANG", "de_DE.UTF-8")]).is_unicode);
        assert!(of(&[]).is_unicode && of(&[("LC_ALL", ""), ("LANG", "en_US.UTF-8")]).is_unicode);
        assert!(!of(&[("TERM", "linux"), ("LANG", "en_US.UTF-8")]).is_unicode);
    }
}
