//! What a document is refused for before it is read: YAML allows more than a preset needs, and some of it is dangerous.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::text::{SyntaxError, printable};

/// The most values, long texts counted several times, that a document may have once its aliases are put in.
const MOST_VALUES: usize = 1 << 20;

const TOO_LARGE: &str = "with its aliases put in, the document is too large for a preset";
/// The library's parser takes time by the square of the depth, long before it refuses it.
const MOST_DEPTH: usize = 1000;

/// Where brackets, or lists begun on one line, are nested deeper than any preset. Brackets in texts count too, which
/// matters to no text that has less than a thousand more opening ones than closing.
fn too_deep(text: &str) -> Option<(usize, usize)> {
    let mut open = 0usize;
    for (line, content) in text.lines().enumerate() {
        let starts = content.chars().take_while(|c| matches!(c, '-' | '?' | ' ')).filter(|c| *c != ' ').count();
        // A line of dashes alone is no list.
        if starts > MOST_DEPTH && (content.contains("- -") || content.contains("? ?")) {
            return Some((line + 1, 1));
        }
        for (column, c) in content.chars().enumerate() {
            match c {
                '[' | '{' => open += 1,
                ']' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > MOST_DEPTH {
                return Some((line + 1, column + 1));
            }
        }
    }
    None
}

/// Refuses control characters, tags, numbers beyond 64 bits, keys that stand twice, and aliases that make the document
/// grow beyond measure. Nothing of the document is kept, so this takes no memory to speak of.
pub fn check(text: &str) -> Result<(), SyntaxError> {
    let forbidden = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}');
    if let Some((before, c)) = text.find(forbidden).and_then(|i| Some((text.get(..i)?, text.get(i..)?.chars().next()?)))
    {
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let message = format!("the control character {} must not stand in a preset", c.escape_debug());
        return Err(SyntaxError { message, at: Some((line, column)) });
    }
    if let Some((line, column)) = too_deep(text) {
        let message = format!("values are nested more than {MOST_DEPTH} deep");
        return Err(SyntaxError { message, at: Some((line, column)) });
    }
    let (left, refusal) = (Cell::new(MOST_VALUES), RefCell::new(None));
    let document = serde_yaml::Deserializer::from_str(text).next();
    let result = document.map(|document| Values { left: &left, refusal: &refusal }.deserialize(document));
    match (result, refusal.take()) {
        (Some(Err(error)), Some(message)) => {
            Err(SyntaxError { message, at: error.location().map(|l| (l.line(), l.column())) })
        }
        // The library counts too, and by fewer.
        (Some(Err(error)), None) if error.to_string().contains("repetition limit exceeded") => {
            Err(SyntaxError { message: TOO_LARGE.to_owned(), at: error.location().map(|l| (l.line(), l.column())) })
        }
        // Other errors are found again by reading.
        _ => Ok(()),
    }
}

/// Walks through a document, aliases put in.
#[derive(Clone, Copy)]
struct Values<'a> {
    left: &'a Cell<usize>,
    /// Why the document is refused.
    refusal: &'a RefCell<Option<String>>,
}

impl Values<'_> {
    fn refuse<E: Error>(self, message: String) -> E {
        *self.refusal.borrow_mut() = Some(message);
        E::custom("refused")
    }

    fn count<E: Error>(self, values: usize) -> Result<(), E> {
        self.left.set(self.left.get().saturating_sub(values));
        match self.left.get() {
            0 => Err(self.refuse(TOO_LARGE.to_owned())),
            _ => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.count(1)?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while map.next_key_seed(Key { values: self, seen: &mut seen })?.is_some() {
            map.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        Err(self.refuse("tags have no meaning in a preset: leave out the word that starts with `!`".to_owned()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.count(text.len() / 16)
    }

    fn visit_i128<E: Error>(self, n: i128) -> Result<(), E> {
        Err(self.refuse(format!("the number {n} is too far from zero")))
    }

    fn visit_u128<E: Error>(self, n: u128) -> Result<(), E> {
        Err(self.refuse(format!("the number {n} is too large")))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}

/// A key of a map, a text that is none of those before it.
struct Key<'a, 'b> {
    values: Values<'a>,
    seen: &'b mut HashSet<String>,
}

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let values = self.values;
        values.count(1)?;
        deserializer.deserialize_any(self).inspect_err(|_| {
            values.refusal.borrow_mut().get_or_insert_with(|| "a key must be a text".to_owned());
        })
    }
}

impl<'de> Visitor<'de> for Key<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        self.values.count(key.len() / 16)?;
        match self.seen.insert(key.to_owned()) {
            true => Ok(()),
            false => Err(self.values.refuse(format!("the key `{}` stands here twice", printable(key)))),
        }
    }
}
