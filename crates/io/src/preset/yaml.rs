//! YAML as a tree that remembers where it stands: the only code that calls the YAML library.

mod limits;
mod merges;
mod place;
mod text;

use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny};
use serde_yaml::Value;

use neartop_core::catalog::nearest;

use place::{Locate, Step};

pub use place::Place;
pub use text::{SyntaxError, is_control, printable, without_mark};

/// What is wrong in a document, where, and what would be right.
#[derive(Debug, Clone)]
pub struct Problem {
    pub place: Place,
    pub message: String,
    pub help: Option<String>,
}

impl Problem {
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Parses a document.
pub fn parse(text: &str) -> Result<Value, SyntaxError> {
    limits::check(text)?;
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let value = match documents.next() {
        Some(document) => Value::deserialize(document).map_err(|e| syntax_error(&e, text))?,
        None => Value::Null,
    };
    for (place, document) in (1..).zip(documents) {
        // What a last `---` begins is empty.
        if !matches!(Option::<IgnoredAny>::deserialize(document), Ok(None)) {
            let other = serde_yaml::Deserializer::from_str(text).nth(place);
            let found = other.and_then(|other| Locate { steps: &[], at_key: false }.deserialize(other).err());
            return Err(SyntaxError {
                message: "a preset is one YAML document, but here are several".to_owned(),
                at: found.and_then(|e| e.location()).map(|l| (l.line(), l.column())),
            });
        }
    }
    merges::put_in(value).map_err(|steps| SyntaxError {
        message: "`<<` takes in a map, or a list of maps".to_owned(),
        at: Place { steps, at_key: false }.locate(text),
    })
}

fn syntax_error(error: &serde_yaml::Error, text: &str) -> SyntaxError {
    let at = error.location().map(|l| (l.line(), l.column()));
    let line = at.and_then(|(line, _)| text.lines().nth(line.saturating_sub(1))).unwrap_or_default();
    let message = error.to_string();
    // The library ends its messages with the position, which is shown apart.
    let message = match message.split(" at line ").next().unwrap_or(&message) {
        message if message.contains("cannot start any token") && line.trim_start_matches(' ').starts_with('\t') => {
            "YAML is indented by spaces, and here is a tab".to_owned()
        }
        message => message.to_owned(),
    };
    SyntaxError { message, at }
}

/// Writes a value as YAML.
pub fn print(value: &Value) -> String {
    serde_yaml::to_string(value).unwrap_or_default()
}

/// A node of a document with its place.
#[derive(Clone)]
pub struct Node<'a> {
    value: &'a Value,
    pub place: Place,
}

impl<'a> Node<'a> {
    pub fn root(value: &'a Value) -> Self {
        Self { value, place: Place::default() }
    }

    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { place: self.place.clone(), message: message.into(), help: None }
    }

    /// A problem with the key that leads here.
    pub fn key_problem(&self, message: impl Into<String>) -> Problem {
        let mut problem = self.problem(message);
        problem.place.at_key = true;
        problem
    }

    fn expected(&self, what: &str) -> Problem {
        self.problem(format!("expected {what}, found {}", describe(self.value)))
    }

    /// A map whose keys are among `known`.
    pub fn map(&self, what: &str, known: &[&str]) -> Result<Map<'a>, Problem> {
        let Value::Mapping(mapping) = self.value else {
            return Err(self.expected(&format!("{what}: a map with {}", known.join(", "))));
        };
        let mut entries = Vec::with_capacity(mapping.len());
        for (key, value) in mapping {
            let Value::String(key) = key else {
                return Err(self.problem(format!("{} is no key of {what}", describe(key))));
            };
            // A place for anchors, which says nothing itself.
            if key.starts_with("x-") {
                continue;
            }
            let node = Node { value, place: self.place.below(Step::Key(key.clone())) };
            if !known.contains(&key.as_str()) {
                let problem = node.key_problem(format!("{what} has no key `{}`", printable(key)));
                return Err(match nearest(key, known.iter().copied()) {
                    Some(near) => problem.help(format!("did you mean `{near}`?")),
                    None => problem.help(format!("its keys are {}", known.join(", "))),
                });
            }
            entries.push((key.as_str(), node));
        }
        Ok(Map { node: self.clone(), what: what.to_owned(), entries })
    }

    /// A name, or a map of one name to its parameters.
    pub fn named(&self, what: &str) -> Result<(&'a str, Option<Node<'a>>), Problem> {
        match self.value {
            Value::String(name) => Ok((name, None)),
            Value::Mapping(mapping) => match mapping.iter().next() {
                Some((Value::String(name), value)) if mapping.len() == 1 => {
                    Ok((name, Some(Node { value, place: self.place.below(Step::Key(name.clone())) })))
                }
                _ => Err(self.problem(format!("{what} is a name, or a map of one name to its parameters"))),
            },
            _ => Err(self.expected(&format!("{what}: a name, or a map of one name to its parameters"))),
        }
    }

    /// What stands under a key, if this is a map that has it.
    pub fn at(&self, key: &str) -> Option<Self> {
        let value = self.value.get(key)?;
        Some(Node { value, place: self.place.below(Step::Key(key.to_owned())) })
    }

    /// What stands here, in a few words.
    pub fn found(&self) -> String {
        describe(self.value)
    }

    /// The value on one line, as YAML.
    pub fn text_of(&self) -> String {
        printable(serde_json::to_string(self.value).unwrap_or_default().trim_matches('"'))
    }

    /// All texts and keys here and below.
    pub fn words(&self) -> Vec<&'a str> {
        let mut words = Vec::new();
        let mut left = vec![self.value];
        while let Some(value) = left.pop() {
            match value {
                Value::String(text) => words.push(text.as_str()),
                Value::Sequence(items) => left.extend(items.iter().rev()),
                Value::Mapping(mapping) => {
                    words.extend(mapping.keys().filter_map(Value::as_str));
                    left.extend(mapping.values());
                }
                _ => {}
            }
        }
        words
    }

    /// All entries of a map, whatever their keys.
    pub fn entries(&self, what: &str) -> Result<Vec<(&'a str, Node<'a>)>, Problem> {
        let Value::Mapping(mapping) = self.value else { return Err(self.expected(what)) };
        mapping
            .iter()
            .map(|(key, value)| match key {
                Value::String(key) => {
                    Ok((key.as_str(), Node { value, place: self.place.below(Step::Key(key.clone())) }))
                }
                _ => Err(self.expected(what)),
            })
            .collect()
    }

    pub fn list(&self, what: &str) -> Result<Vec<Node<'a>>, Problem> {
        let Value::Sequence(items) = self.value else { return Err(self.expected(what)) };
        let item = |(i, value)| Node { value, place: self.place.below(Step::Item(i)) };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// Whether nothing is written here.
    pub fn is_empty(&self) -> bool {
        self.value.is_null()
    }

    pub fn is_list(&self) -> bool {
        self.value.is_sequence()
    }

    pub fn is_map(&self) -> bool {
        self.value.is_mapping()
    }

    pub fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    pub fn as_number(&self) -> Option<f64> {
        self.value.as_f64()
    }

    /// A text without control characters.
    pub fn text(&self, what: &str) -> Result<&'a str, Problem> {
        let text = self.value.as_str().ok_or_else(|| self.expected(&format!("{what}: a text")))?;
        match text.chars().find(|c| is_control(*c) && !matches!(c, '\n' | '\t')) {
            Some(c) => Err(self.problem(format!("{what} must not contain the control character {}", c.escape_debug()))),
            None => Ok(text),
        }
    }

    pub fn boolean(&self, what: &str) -> Result<bool, Problem> {
        self.value.as_bool().ok_or_else(|| self.expected(&format!("{what}: true or false")))
    }

    /// A whole number within the limits, both included.
    pub fn whole(&self, what: &str, least: u64, most: u64) -> Result<u64, Problem> {
        let limits = if most == u64::MAX { format!("from {least}") } else { format!("from {least} to {most}") };
        let expectation = format!("{what}: a whole number {limits}");
        match self.value.as_u64() {
            Some(n) if (least..=most).contains(&n) => Ok(n),
            _ => Err(self.expected(&expectation)),
        }
    }

    pub fn size(&self, what: &str) -> Result<usize, Problem> {
        Ok(self.whole(what, 1, MOST_SIZE)? as usize)
    }

    /// A number within the limits, both included.
    pub fn number(&self, what: &str, least: f64, most: f64) -> Result<f64, Problem> {
        match self.value.as_f64() {
            Some(x) if x >= least && x <= most => Ok(x),
            _ => Err(self.expected(&format!("{what}: a number from {least} to {most}"))),
        }
    }
}

/// The largest size of a layer that a preset may ask for.
const MOST_SIZE: u64 = 1 << 31;

/// A map whose keys are known.
pub struct Map<'a> {
    pub node: Node<'a>,
    what: String,
    entries: Vec<(&'a str, Node<'a>)>,
}

impl<'a> Map<'a> {
    pub fn get(&self, key: &str) -> Option<&Node<'a>> {
        self.entries.iter().find(|(k, _)| *k == key).map(|(_, node)| node)
    }

    pub fn need(&self, key: &str) -> Result<&Node<'a>, Problem> {
        self.get(key).ok_or_else(|| self.lacks(key))
    }

    /// That a key is missing.
    pub fn lacks(&self, key: &str) -> Problem {
        self.node.problem(format!("{} needs the key `{key}`", self.what))
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(b) => format!("`{b}`"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(s) => format!("the text `{}`", printable(&s.chars().take(40).collect::<String>())),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "a map".to_owned(),
        Value::Tagged(_) => "a tag".to_owned(),
    }
}
