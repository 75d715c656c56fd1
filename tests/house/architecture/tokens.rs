//! Rust source as words and signs with their lines: no comments, strings as one sign, tests left out.

use std::ops::RangeInclusive;

/// A word, a sign, or `""` for a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    /// From 1.
    pub line: usize,
}

/// A file without its tests.
#[derive(Debug, Default)]
pub struct Source {
    pub tokens: Vec<Token>,
    /// Lines of the file, less those of its tests.
    pub lines: usize,
    /// Modules that are there for tests only, in files of their own.
    pub test_modules: Vec<String>,
}

impl Source {
    pub fn read(text: &str) -> Self {
        let mut source = Self { lines: text.lines().count(), ..Self::default() };
        let all = tokens(text);
        let mut at = 0;
        while at < all.len() {
            let Some(item) = test_item(&all, at) else {
                source.tokens.push(all[at].clone());
                at += 1;
                continue;
            };
            let words: Vec<&str> = all[item.clone()].iter().map(|token| token.text.as_str()).collect();
            if let [.., "mod", name, ";"] = words[..] {
                source.test_modules.push(name.to_owned());
            }
            source.lines -= all[*item.end()].line + 1 - all[*item.start()].line;
            at = item.end() + 1;
        }
        source
    }
}

/// The item at `at`, its attributes included, if it is for tests only.
fn test_item(all: &[Token], at: usize) -> Option<RangeInclusive<usize>> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let is_mark = |at: usize| MARK.iter().enumerate().all(|(i, sign)| all.get(at + i).is_some_and(|t| t.text == *sign));
    is_mark(at).then(|| at..=end_of_item(all, at + MARK.len()))
}

/// Where an item that begins at `at` ends: at its first `;`, or the end of its first block.
pub fn end_of_item(all: &[Token], at: usize) -> usize {
    let mut depth = 0usize;
    for (place, token) in all.iter().enumerate().skip(at) {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "}" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return place;
                }
            }
            ";" if depth == 0 => return place,
            _ => {}
        }
    }
    all.len().saturating_sub(1)
}

/// Cuts text into tokens.
fn tokens(text: &str) -> Vec<Token> {
    let mut reader = Reader { rest: text, line: 1, tokens: Vec::new() };
    while let Some(next) = reader.rest.chars().next() {
        reader.step(next);
    }
    reader.tokens
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn step(&mut self, next: char) {
        let rest = self.rest;
        if next.is_whitespace() {
            self.skip(next.len_utf8());
        } else if rest.starts_with("//") {
            self.skip(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.skip(comment(rest));
        } else if let Some(length) = string(rest).or_else(|| character(rest)) {
            self.push("\"\"", length);
        } else if next.is_alphanumeric() || next == '_' {
            let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            self.push(&rest[..length], length);
        } else if rest.starts_with("::") {
            self.push("::", 2);
        } else {
            self.push(&rest[..next.len_utf8()], next.len_utf8());
        }
    }

    fn push(&mut self, text: &str, length: usize) {
        self.tokens.push(Token { text: text.to_owned(), line: self.line });
        self.skip(length);
    }

    fn skip(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at(length);
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }
}

/// The length of a comment that begins with `/*`; comments nest.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    loop {
        let Some(next) = text[at..].find(['/', '*']) else { return text.len() };
        at += next;
        if text[at..].starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if text[at..].starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
}

/// The length of a string at the beginning, of any kind.
fn string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r"].into_iter().find(|prefix| text.starts_with(prefix)).unwrap_or("");
    let hashes = text[prefix.len()..].bytes().take_while(|byte| *byte == b'#').count();
    let start = prefix.len() + hashes;
    if !text[start..].starts_with('"') || hashes > 0 && !prefix.ends_with('r') {
        return None;
    }
    let body = &text[start + 1..];
    let length = if prefix.ends_with('r') {
        let end = format!("\"{}", "#".repeat(hashes));
        body.find(&end).map_or(body.len(), |at| at + end.len())
    } else {
        quoted(body, b'"')
    };
    Some(start + 1 + length)
}

/// The length of a character at the beginning; none for a lifetime.
fn character(text: &str) -> Option<usize> {
    let prefix = usize::from(text.starts_with("b'"));
    let body = text[prefix..].strip_prefix('\'')?;
    let mut chars = body.chars();
    let first = chars.next()?;
    (first == '\\' || chars.next() == Some('\'')).then(|| prefix + 1 + quoted(body, b'\''))
}

/// The length up to and with the closing mark.
fn quoted(body: &str, mark: u8) -> usize {
    let mut is_escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            byte if byte == mark => return at + 1,
            _ => {}
        }
    }
    body.len()
}

#[test]
fn comments_strings_and_tests_are_left_out() {
    let text = "fn a<'x>() { /* { /* */ */ let s = \"}\\\"}\"; let c = '}'; let r = br#\"\"}\"#; } // }\n\
                #[cfg(test)]\nmod tests { fn b() {} }\nstruct C;\n#[cfg(test)]\nmod more;\n";
    let source = Source::read(text);
    let words: Vec<_> = source.tokens.iter().map(|token| token.text.as_str()).collect();
    let expected = "fn a < ' x > ( ) { let s = \"\" ; let c = \"\" ; let r = \"\" ; } struct C ;";
    assert_eq!(words.join(" "), expected);
    assert_eq!((source.lines, source.test_modules), (2, vec!["more".to_owned()]));
}
