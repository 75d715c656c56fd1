//! Places in documents, and where they are in the text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A step from a node to one below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Item(usize),
}

/// Where something stands in a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub steps: Vec<Step>,
    /// The last key itself rather than its value.
    pub at_key: bool,
}

impl Place {
    /// The value under these keys.
    pub fn of_keys(keys: &[&str]) -> Self {
        Self { steps: keys.iter().map(|key| Step::Key((*key).to_owned())).collect(), at_key: false }
    }

    pub fn below(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { steps, at_key: false }
    }

    /// Line and column, from 1, of this place in the document. A place that is absent stands where its nearest present
    /// ancestor does.
    pub fn locate(&self, text: &str) -> Option<(usize, usize)> {
        let mut place = self.clone();
        loop {
            let seed = Locate { steps: &place.steps, at_key: place.at_key };
            if let Err(error) = seed.deserialize(serde_yaml::Deserializer::from_str(text)) {
                return error.location().map(|l| (l.line(), l.column()));
            }
            place.steps.pop()?;
            place.at_key = false;
        }
    }
}

/// Fails at the place it looks for, so that the library says where that is.
pub struct Locate<'a> {
    pub steps: &'a [Step],
    pub at_key: bool,
}

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the place that is looked for")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((step, below)) = self.steps.split_first() else { return Err(found()) };
        let Step::Key(wanted) = step else { return Ok(()) };
        let stop = self.at_key && below.is_empty();
        while let Some(is_it) = map.next_key_seed(LocateKey { wanted, stop })? {
            if is_it {
                map.next_value_seed(Locate { steps: below, at_key: self.at_key })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((step, below)) = self.steps.split_first() else { return Err(found()) };
        let Step::Item(wanted) = step else { return Ok(()) };
        for _ in 0..*wanted {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        seq.next_element_seed(Locate { steps: below, at_key: self.at_key })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar()
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.scalar()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar()
    }
}

impl Locate<'_> {
    fn scalar<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.steps.is_empty() { Err(found()) } else { Ok(()) }
    }
}

struct LocateKey<'a> {
    wanted: &'a str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for LocateKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for LocateKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        match key == self.wanted {
            true if self.stop => Err(found()),
            is_it => Ok(is_it),
        }
    }
}

fn found<E: serde::de::Error>() -> E {
    E::custom("found")
}
