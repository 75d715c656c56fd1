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
    "\u{2212}", "nat", "#null!", "#value!", "#div/0!", "#na", "(null)", "\\n",
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
    // Spreadsheets and encyclopedias write a minus of its own.
    let text = decode(cell.trim_ascii());
    let text = if text.contains('\u{2212}') { text.replace('\u{2212}', "-") } else { text };
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

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Whether a text is a month of a year: 2024-01, 31 Jan 2024, January 31, 2024, Jan-24.
fn is_month(text: &str) -> bool {
    let parts: Vec<_> = text.split([' ', '-', '/', '.', ',']).filter(|part| !part.is_empty()).collect();
    let is_whole = |part: &&str| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
    let is_name = |part: &&str| {
        let part = part.to_ascii_lowercase();
        part.len() >= 3 && MONTHS.iter().any(|month| month.starts_with(&part))
    };
    match parts.as_slice() {
        [year, month] if is_whole(year) && is_whole(month) => {
            let (year, month): (u32, u32) = (year.parse().unwrap_or(0), month.parse().unwrap_or(0));
            text.len() == 7 && (1900..2100).contains(&year) && (1..=12).contains(&month) && !text.contains(['.', ','])
        }
        parts => {
            let names = parts.iter().filter(|part| is_name(part)).count();
            names == 1 && (2..=3).contains(&parts.len()) && parts.iter().all(|part| is_name(part) || is_whole(part))
        }
    }
}

/// Whether a number is a day of the years 1900 to 2099, as 20240131.
pub fn is_day(x: f64) -> bool {
    if !(19_000_101.0..=20_991_231.0).contains(&x) || x.fract() != 0.0 {
        return false;
    }
    let day = x as u64;
    (1..=12).contains(&(day / 100 % 100)) && (1..=31).contains(&(day % 100))
}

/// What to do about a text that is a number but for how it is written, after a semicolon.
pub fn rewritten(cell: &str, decimal: u8) -> Option<String> {
    marked(cell, decimal).or_else(|| Some(format!("; {}", otherwise(cell, decimal)?)))
}

/// The same of a number with marks between thousands, another decimal mark, or signs beside it.
pub fn marked(cell: &str, decimal: u8) -> Option<String> {
    let (other, name) = if decimal == b'.' { (b',', ",") } else { (b'.', ".") };
    let marks = |c: char| matches!(c, ',' | '.' | '\'' | '_' | '\u{a0}' | '\u{202f}' | ' ');
    let bare = cell.trim_matches(|c: char| matches!(c, '%' | '$' | '€' | '£' | '¥') || c.is_whitespace());
    let (whole, part) = match bare.rfind(['.', ',']) {
        Some(at) if bare[at + 1..].len() != 3 || bare[at..].starts_with(decimal as char) => bare.split_at(at),
        _ => (bare, ""),
    };
    let groups: Vec<_> = whole.trim_start_matches(['-', '+']).split(marks).collect();
    let is_whole = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_grouped = groups.len() > 1
        && groups.iter().all(is_whole)
        && groups[0].len() <= 3
        && !groups[0].starts_with('0')
        && groups[1..].iter().all(|group| group.len() == 3)
        && (part.is_empty() || is_whole(&&part[1..]));
    if is_grouped {
        let may_be_decimal = part.is_empty() && groups.len() == 2 && whole.contains(other as char);
        let or =
            if may_be_decimal { format!("; `decimal: \"{name}\"` if it is a decimal mark") } else { String::new() };
        return Some(format!("; write numbers without marks between thousands{or}"));
    }
    if matches!(read(cell.as_bytes(), other), Cell::Number(_)) {
        return Some(format!("; `decimal: \"{name}\"` reads it as a number"));
    }
    let is_number = bare.len() < cell.trim().len() && matches!(read(bare.as_bytes(), decimal), Cell::Number(_));
    is_number.then(|| "; write numbers without signs of currencies or per cent".to_owned())
}

/// The same of what a category may be called too.
pub fn otherwise(cell: &str, decimal: u8) -> Option<&'static str> {
    const QUOTES: [char; 7] = ['\'', '"', '`', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}'];
    let cell = cell.trim();
    let is_number = |text: &str| matches!(read(text.as_bytes(), decimal), Cell::Number(_));
    Some(match cell.as_bytes() {
        _ if is_number(cell) => return None,
        _ if is_number(&cell.replacen(['d', 'D'], "e", 1)) => "write exponents with e, as 1e3",
        _ if is_number(cell.trim_matches(QUOTES)) => "write numbers without quotes, or with \"",
        [b'(', inner @ .., b')'] if is_number(&decode(inner)) => "write negative numbers with a minus sign",
        [b'<' | b'>', rest @ ..] if is_number(&decode(rest)) => "write a number in place of a bound",
        _ => return None,
    })
}

/// Whether a text looks like a date or a time: 2024-01-31, 31.01.2024, 1/31/24, 2024-01, 31 Jan 2024, 2024-01-31T10:00,
/// 10:00:00.
pub fn is_date(text: &str) -> bool {
    let text = text.trim();
    let parts = |text: &str, mark: char| {
        let parts: Vec<&str> = text.split(mark).collect();
        let whole = |part: &&str| (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        (parts.len() == 3 && parts.iter().all(whole)).then_some(())
    };
    let is_full = |day: &str| ['-', '/', '.'].iter().any(|mark| parts(day, *mark).is_some());
    let is_time = |time: &str| {
        let begin = time.split(['.', '+', 'Z', ' ']).next().unwrap_or_default();
        let parts: Vec<_> = begin.split(':').collect();
        matches!(parts.len(), 2 | 3) && parts.iter().all(|p| p.len() <= 2 && p.parse::<u8>().is_ok())
    };
    match text.split_once(['T', ' ']) {
        Some((day, time)) if is_full(day) && is_time(time) => true,
        _ => is_full(text) || is_time(text) || is_month(text),
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
        assert_eq!(read("\u{2212}2.5e\u{2212}1".as_bytes(), b'.'), Cell::Number(-0.25));
        assert_eq!(read("\u{2212}".as_bytes(), b'.'), Cell::Missing);
        assert_eq!(read(b" NaN ", b'.'), Cell::Missing);
        assert_eq!(read(b"1-2", b'.'), Cell::Text);
    }

    #[test]
    fn dates_are_known() {
        let dates = ["2024-01-31", "31.1.2024", "1/31/24", "2024-01-31T10:00:00Z", "2024-01-31 10:00", "10:00:00"];
        let months = ["2024-01", "2024/12", "31 Jan 2024", "January 31, 2024", "Jan-24", "1-may-2024"];
        for text in dates.into_iter().chain(months) {
            assert!(is_date(text), "{text}");
        }
        for text in
            ["1.2.3.4", "A/5", "12-34", "a:b", "2024", "1234-56", "2024-13", "may", "mar 1 b", "2024.01", "decal 2"]
        {
            assert!(!is_date(text), "{text}");
        }
        assert!([20_240_131.0, 19_991_231.0].into_iter().all(is_day));
        assert!(![20_241_301.0, 20_240_132.0, 20_240_131.5, 12_345_678.0, 20_240_100.0].into_iter().any(is_day));
    }

    #[test]
    fn numbers_that_are_written_otherwise_are_known() {
        let advice = |cell, decimal| rewritten(cell, decimal).unwrap_or_default();
        for cell in ["11,404.2", "1,234", "-12,345,678", "1 234", "1'234.5", "$1,234.50", "1.234.567"] {
            assert!(advice(cell, b'.').contains("thousands"), "{cell}");
        }
        assert!(advice("11.404,2", b',').contains("thousands"));
        assert!(advice("0,126", b'.').contains("decimal: \",\""));
        assert!(advice("1.5", b',').contains("decimal: \".\""));
        assert!(advice("1.0377D+01", b'.').contains("1e3") && advice("(3.2)", b'.').contains("minus"));
        assert!(advice("<0.5", b'.').contains("bound") && advice("\u{2019}7\u{2019}", b'.').contains("quotes"));
        assert!(advice("12.5%", b'.').contains("per cent") && advice("$3", b'.').contains("currencies"));
        for cell in ["a", "d", "D5", "(a)", "<", "'a'", "0x1F", "1-2", "", "12a", "1,2,3"] {
            assert_eq!(rewritten(cell, b'.'), None, "{cell}");
        }
    }
}
