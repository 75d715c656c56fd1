//! What is searched for, in every list alike: words that must occur, and words after a minus that must not; `=word` for a
//! whole word, `|` between what may stand for one another. In the ranking columns are compared too: `near>150`,
//! `params<20k`, `activation=relu`, `marked`.

use crate::columns::{Column, Value};

/// Columns by other names than their titles.
const ALIASES: [(&str, &str); 6] = [
    ("params", "parameters"),
    ("multiply_adds", "multiply-adds"),
    ("rank", "#"),
    ("init", "initialization"),
    ("accuracy", "trained"),
    ("score", "near"),
];

/// A search, read from what the user wrote. Large and small letters are the same.
#[derive(Default)]
pub struct Terms {
    /// One of these must be right, and all in it.
    ways: Vec<Vec<Term>>,
}

/// Why a search cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsError {
    #[error("there is no column `{0}`")]
    NoColumn(String),
    #[error("a number is to follow `{0}`")]
    NoNumber(String),
}

struct Term {
    is_wanted: bool,
    what: What,
}

enum What {
    /// Occurs somewhere.
    Part(String),
    /// Occurs as a whole word.
    Word(String),
    Marked,
    /// A column has such a value.
    Value(&'static Column, Comparison, Value),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    AtLeast,
    AtMost,
    More,
    Less,
    Same,
}

/// What is known of a row that a search is compared with.
pub trait Facts {
    fn words(&self) -> String;
    fn value(&self, column: &Column) -> Value;
    fn is_marked(&self) -> bool;
}

/// A text has words only.
impl Facts for &str {
    fn words(&self) -> String {
        (*self).to_owned()
    }

    fn value(&self, _column: &Column) -> Value {
        Value::Missing
    }

    fn is_marked(&self) -> bool {
        false
    }
}

impl Terms {
    /// A search for words.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let word = |text: &str| Ok(of_word(text));
        Self::read(text, word).unwrap_or_default()
    }

    /// A search among rows with these columns.
    ///
    /// # Errors
    /// If a column is compared that is not there, or with no number.
    pub fn of_columns(text: &str, columns: &[&'static Column]) -> Result<Self, TermsError> {
        Self::read(text, |text| match (text, compared(text, columns)?) {
            (_, Some(what)) => Ok(what),
            ("marked", None) => Ok(What::Marked),
            (text, None) => Ok(of_word(text)),
        })
    }

    fn read(text: &str, what: impl Fn(&str) -> Result<What, TermsError>) -> Result<Self, TermsError> {
        let mut ways = vec![Vec::new()];
        for part in text.to_lowercase().split_whitespace() {
            let (is_wanted, part) = part.strip_prefix('-').map_or((true, part), |rest| (false, rest));
            match part {
                "|" => ways.push(Vec::new()),
                "" => {}
                part => ways.last_mut().into_iter().try_for_each(|way| {
                    way.push(Term { is_wanted, what: what(part)? });
                    Ok(())
                })?,
            }
        }
        // What is still to be written does not let all through.
        ways.retain(|way: &Vec<Term>| !way.is_empty());
        Ok(Self { ways })
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ways.is_empty()
    }

    /// Whether a text has all that must occur and nothing that must not.
    #[must_use]
    pub fn admit(&self, text: &str) -> bool {
        self.is_empty() || self.admit_row(&text)
    }

    /// The same of a row.
    #[must_use]
    pub fn admit_row(&self, row: &dyn Facts) -> bool {
        let words = row.words().to_lowercase();
        let admits = |term: &Term| term.is_wanted == term.what.is_true(&words, row);
        self.is_empty() || self.ways.iter().any(|way| way.iter().all(admits))
    }
}

impl What {
    fn is_true(&self, words: &str, row: &dyn Facts) -> bool {
        match self {
            Self::Part(part) => words.contains(part),
            Self::Word(word) => {
                // A name with parameters is several words, and may be written as a whole.
                let is_end = |c: char| !(c.is_alphanumeric() || c == '_');
                words.match_indices(word).any(|(at, word)| {
                    words[..at].chars().next_back().is_none_or(is_end)
                        && words[at + word.len()..].chars().next().is_none_or(is_end)
                })
            }
            Self::Marked => row.is_marked(),
            Self::Value(column, comparison, wanted) => match (row.value(column), wanted) {
                (Value::Number(a), Value::Number(b)) => comparison.holds(a, *b),
                (Value::Text(a), Value::Text(b)) => a.to_lowercase() == *b,
                _ => false,
            },
        }
    }
}

impl Comparison {
    /// As they are written, the longer ones first.
    const ALL: [(&str, Self); 5] =
        [(">=", Self::AtLeast), ("<=", Self::AtMost), (">", Self::More), ("<", Self::Less), ("=", Self::Same)];

    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::AtLeast => a >= b,
            Self::AtMost => a <= b,
            Self::More => a > b,
            Self::Less => a < b,
            Self::Same => a == b,
        }
    }
}

fn of_word(text: &str) -> What {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match text.strip_prefix('=').or(quoted).filter(|word| !word.is_empty()) {
        Some(word) => What::Word(word.to_owned()),
        None => What::Part(text.to_owned()),
    }
}

/// A comparison with a column; none where it is a word, which may have an `=` in it.
fn compared(text: &str, columns: &[&'static Column]) -> Result<Option<What>, TermsError> {
    let written = |(sign, comparison)| Some((text.split_once(sign)?, comparison));
    let Some(((name, value), comparison)) = Comparison::ALL.into_iter().find_map(written) else { return Ok(None) };
    let named = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, title)| title);
    let titled = |column: &&&'static Column| {
        let title = column.title.to_lowercase();
        title == named || !named.is_empty() && title.starts_with(named)
    };
    let column = columns.iter().find(titled);
    match (column, comparison) {
        (None, Comparison::Same) => Ok(None),
        (None, _) => Err(TermsError::NoColumn(name.to_owned())),
        (Some(column), Comparison::Same) if column.is_text => {
            Ok(Some(What::Value(column, comparison, Value::Text(value.to_owned()))))
        }
        (Some(column), _) => {
            let number =
                number(value).ok_or_else(|| TermsError::NoNumber(text[..text.len() - value.len()].to_owned()))?;
            Ok(Some(What::Value(column, comparison, Value::Number(number))))
        }
    }
}

/// A number, in thousands or millions where it ends with `k` or `m`.
fn number(text: &str) -> Option<f64> {
    let (digits, factor) = match text.strip_suffix('k').map(|rest| (rest, 1e3)) {
        Some(found) => found,
        None => text.strip_suffix('m').map_or((text, 1.0), |rest| (rest, 1e6)),
    };
    let number: f64 = digits.replace(',', "").parse().ok()?;
    number.is_finite().then_some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_must_occur_and_those_after_a_minus_must_not() {
        let admits = |terms: &str, text| Terms::new(terms).admit(text);
        assert!(admits("", "anything") && admits(" - ", "anything"));
        assert!(admits("RELU orth", "relu with orthogonal") && !admits("relu kaiming", "relu with orthogonal"));
        assert!(!admits("relu -orth", "ReLU with Orthogonal") && admits("relu -leaky", "relu with zeros"));
    }

    #[test]
    fn whole_words_and_one_or_the_other() {
        let admits = |terms: &str, text| Terms::new(terms).admit(text);
        assert!(admits("=relu", "relu with orthogonal") && !admits("=relu", "leaky_relu with orthogonal"));
        assert!(admits("\"relu\"", "relu(x) with lsuv") && !admits("-=relu", "relu with lsuv"));
        assert!(admits("relu | tanh", "tanh with lsuv") && !admits("relu | tanh orth", "tanh with lsuv"));
        assert!(!admits("relu |", "tanh with lsuv"), "the other is still to be written");
        // Names of cells have bars in them.
        assert!(admits("|none~0|", "|none~0|+|none~0|none~1|"));
        assert!(admits("slope=0.4", "leaky_relu(negative_slope=0.4) with lsuv"));
    }

    #[test]
    fn numbers_have_thousands() {
        assert_eq!(["20k", "1.5m", "17,226", "1e3"].map(number), [20e3, 1.5e6, 17_226.0, 1000.0].map(Some));
        assert_eq!(["", "k", "x", "nan", "inf"].map(number), [None; 5]);
    }
}
