//! What a cell of a table says.

/// What a cell says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    Number(f64),
    /// The number is finite, but not so in single precision, or not at all.
    Infinite,
    Missing,
    Text,
}

/// How people write that there is no value, beside nothing at all; in lower case.
const MISSING: &[&str] = &[
    "?", "na", "n/a", "#n/a", "nan", "-nan", "1.#qnan", "<na>", "null", "nil", "none", "missing", "-", "--", ".",
    "nat", "#null!", "#value!", "#div/0!", "#na", "(null)", "\\n",
];
const LONGEST_MISSING: usize = 8;

/// Whether a cell has no value.
pub fn is_missing(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    let is = |mark: &&str| cell.eq_ignore_ascii_case(mark.as_bytes());
    cell.is_empty() || (cell.len() <= LONGEST_MISSING && MISSING.iter().any(is))
}

/// Whether a label is missing: `none` and `-` may be names of classes.
pub fn is_missing_label(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    cell.is_empty()
        || ["?", "nan", "<na>", "null", "#n/a"].iter().any(|mark| cell.eq_ignore_ascii_case(mark.as_bytes()))
}

/// What a cell says, with a point or a comma as decimal mark.
pub fn read(cell: &[u8], decimal: u8) -> Cell {
    let cell = cell.trim_ascii();
    if let Some(x) = simple(cell, decimal) {
        return Cell::Number(x);
    }
    if is_missing(cell) {
        return Cell::Missing;
    }
    match text(cell, decimal).parse::<f64>() {
        Ok(x) if (x as f32).is_finite() => Cell::Number(x),
        Ok(_) => Cell::Infinite,
        Err(_) => Cell::Text,
    }
}

/// A cell as text that is a number with a decimal point if it is one with the mark.
fn text(cell: &[u8], decimal: u8) -> String {
    let text = decode(cell.trim_ascii());
    match decimal {
        b',' if !text.contains('.') && text.matches(',').count() == 1 => text.replace(',', "."),
        // What would be a number with a point is a text here: `1.234` may be a thousand.
        b',' if text.contains('.') => format!("{text} "),
        _ => text,
    }
}

/// A label as text, a number with a decimal point.
pub fn label(cell: &[u8], decimal: u8) -> String {
    match read(cell, decimal) {
        Cell::Number(_) => text(cell, decimal),
        _ => decode(cell.trim_ascii()),
    }
}

/// Text in UTF-8, or else in Windows-1252.
pub fn decode(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

fn windows_1252(byte: u8) -> char {
    const UPPER: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
        '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}', '\u{2019}',
        '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}', '\u{161}', '\u{203a}',
        '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    match byte {
        0x80..=0x9f => UPPER[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

/// A number of at most 19 digits with a value below 2^53 once the mark is left out: the quotient of two numbers that double
/// precision holds exactly, which is rounded once, as it should be.
fn simple(cell: &[u8], decimal: u8) -> Option<f64> {
    const POWERS: [f64; 20] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19];
    let (negative, digits) = match cell {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    let (mut value, mut seen, mut after) = (0u64, 0, None);
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + u64::from(byte - b'0');
                seen += 1;
            }
            byte if *byte == decimal && after.is_none() => after = Some(seen),
            _ => return None,
        }
    }
    if seen == 0 || value >= 1 << 53 {
        return None;
    }
    let x = value as f64 / POWERS[seen - after.unwrap_or(seen)];
    Some(if negative { -x } else { x })
}

/// The number in single precision, rounded once. Of what stands halfway between two numbers of single precision it cannot
/// be told whether it was rounded to there, so the text decides.
pub fn single(x: f64, cell: &[u8], decimal: u8) -> f32 {
    const HALFWAY: u64 = 1 << 28;
    if x.to_bits() & (2 * HALFWAY - 1) == HALFWAY {
        return text(cell, decimal).parse().unwrap_or(x as f32);
    }
    x as f32
}

/// Whether a text looks like a date or a time: 2024-01-31, 31.01.2024, 1/31/24, 2024-01-31T10:00, 10:00:00.
pub fn is_date(text: &str) -> bool {
    let text = text.trim();
    let parts = |text: &str, mark: char| {
        let parts: Vec<&str> = text.split(mark).collect();
        let whole = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        (parts.len() == 3 && parts.iter().all(whole)).then_some(())
    };
    let is_day = |day: &str| ['-', '/', '.'].iter().any(|mark| parts(day, *mark).is_some());
    let is_time = |time: &str| {
        let begin = time.split(['.', '+', 'Z', ' ']).next().unwrap_or_default();
        let parts: Vec<_> = begin.split(':').collect();
        matches!(parts.len(), 2 | 3) && parts.iter().all(|p| p.len() <= 2 && p.parse::<u8>().is_ok())
    };
    match text.split_once(['T', ' ']) {
        Some((day, time)) => is_day(day) && is_time(time),
        None => is_day(text) || is_time(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_standard_library() {
        let texts =
            ["0", "-0", "1.5", "-12.25", "0.1", "3.", ".5", "9007199254740993", "1e5", "-1E-3", "+7", "123456789.125"];
        for text in texts {
            let expected: f64 = text.parse().unwrap();
            let Cell::Number(x) = read(text.as_bytes(), b'.') else { panic!("{text}") };
            assert_eq!(x.to_bits(), expected.to_bits(), "{text}");
            assert_eq!(single(x, text.as_bytes(), b'.').to_bits(), text.parse::<f32>().unwrap().to_bits(), "{text}");
        }
        // Just above halfway between two numbers of single precision, and halfway in double precision.
        let text = "1.00000005960464477539062500001";
        let Cell::Number(x) = read(text.as_bytes(), b'.') else { panic!() };
        assert_eq!(single(x, text.as_bytes(), b'.'), text.parse::<f32>().unwrap());
        assert_ne!(single(x, text.as_bytes(), b'.'), x as f32);
        assert_eq!(read(b"1,5", b','), Cell::Number(1.5));
        assert_eq!(read(b"1.234,5", b','), Cell::Text);
        assert_eq!(read(b"1.5", b','), Cell::Text);
        assert_eq!(read(b"1e39", b'.'), Cell::Infinite);
        assert_eq!(read(b"inf", b'.'), Cell::Infinite);
        assert_eq!(read(b" NaN ", b'.'), Cell::Missing);
        assert_eq!(read(b"1-2", b'.'), Cell::Text);
    }

    #[test]
    fn dates_are_known() {
        for text in ["2024-01-31", "31.1.2024", "1/31/24", "2024-01-31T10:00:00Z", "2024-01-31 10:00", "10:00:00"] {
            assert!(is_date(text), "{text}");
        }
        for text in ["1.2.3.4", "A/5", "12-34", "a:b", "2024"] {
            assert!(!is_date(text), "{text}");
        }
    }
}
