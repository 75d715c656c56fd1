//! Things a preset chooses by name: a name, or a map of one name to its parameters.
//!
//! Activations and initializations are rows of two tables. A row says the name, the parameters with their defaults and
//! limits, and what the thing does; reading, checking, printing and suggesting names is the same for both and lives
//! here.

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};

/// What a parameter accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Domain {
    /// A finite number within the limits, both included.
    Number { min: f64, max: f64 },
    /// A finite number greater than zero.
    Positive,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A positive number, or `auto`: the gain of the candidate's activation.
    Gain,
}

/// Any finite number that single precision can hold.
pub const ANY: Domain = Domain::Number { min: -3e38, max: 3e38 };

/// A parameter of a catalog entry. Without a default it must be given.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    pub name: &'static str,
    pub default: Option<Value>,
    pub domain: Domain,
}

/// The value of a parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Number(f64),
    Word(&'static str),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x}"),
            Self::Word(w) => f.write_str(w),
        }
    }
}

impl Domain {
    /// The value that the number or word stands for, or what would be right instead.
    pub fn admit(&self, given: Given<'_>) -> Result<Value, String> {
        match (self, given) {
            (Self::Number { min, max }, Given::Number(x)) if x.is_finite() && x >= *min && x <= *max => {
                Ok(Value::Number(x))
            }
            (Self::Positive | Self::Gain, Given::Number(x)) if x.is_finite() && x > 0.0 && x <= 3e38 => {
                Ok(Value::Number(x))
            }
            (Self::Gain, Given::Word("auto")) => Ok(Value::Word("auto")),
            (Self::Word(words), Given::Word(w)) if words.contains(&w) => {
                Ok(Value::Word(words.iter().find(|known| **known == w).copied().unwrap_or_default()))
            }
            _ => Err(self.expectation()),
        }
    }

    /// What the parameter accepts, in words.
    #[must_use]
    pub fn expectation(&self) -> String {
        match self {
            d if *d == ANY => "a finite number".to_owned(),
            Self::Number { min, max } => format!("a number from {min} to {max}"),
            Self::Positive => "a number greater than 0".to_owned(),
            Self::Gain => "a number greater than 0, or auto".to_owned(),
            Self::Word(words) => format!("one of {}", words.join(", ")),
        }
    }
}

/// A parameter's value as it stands in a file.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    Number(f64),
    Word(&'a str),
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(x) => write!(f, "{x}"),
            Self::Word(w) => write!(f, "`{}`", w.chars().take(40).collect::<String>().escape_debug()),
        }
    }
}

/// Another name for an entry, with some of its parameters given. Choices are always written by the entry's own name.
#[derive(Debug)]
pub struct Alias {
    pub name: &'static str,
    pub entry: &'static str,
    pub given: &'static [(&'static str, Given<'static>)],
    /// What a user of the name should know; often nothing.
    pub note: &'static str,
}

/// What a name that other libraries use means here.
#[derive(Debug, Clone, Copy)]
pub enum Elsewhere {
    /// It is called so.
    Is(&'static str),
    /// It does not exist, and this is what to know.
    Says(&'static str),
}

/// A row of a catalog.
pub trait Entry: fmt::Debug + Sync + 'static {
    /// What the catalog holds, in the singular: `activation`, `initialization`.
    const WHAT: &'static str;
    /// All rows, in the order in which `all` lists them.
    fn catalog() -> &'static [Self]
    where
        Self: Sized;
    /// Other names of entries.
    #[must_use]
    fn aliases() -> &'static [Alias] {
        &[]
    }
    /// What names of other libraries mean, in small letters and digits only.
    #[must_use]
    fn elsewhere() -> &'static [(&'static str, Elsewhere)] {
        &[]
    }
    fn name(&self) -> &'static str;
    fn params(&self) -> &'static [Param];
    /// Whether `all` includes it.
    fn in_all(&self) -> bool;
    /// A condition between parameters, such as `low < high`.
    fn check(&self, _values: &[Value]) -> Result<(), String> {
        Ok(())
    }
}

/// An entry of a catalog with its parameters.
#[derive(Debug)]
pub struct Choice<E: Entry> {
    entry: &'static E,
    values: Vec<Value>,
}

impl<E: Entry> Clone for Choice<E> {
    fn clone(&self) -> Self {
        Self { entry: self.entry, values: self.values.clone() }
    }
}

impl<E: Entry> PartialEq for Choice<E> {
    fn eq(&self, other: &Self) -> bool {
        self.entry.name() == other.entry.name() && self.values == other.values
    }
}

impl<E: Entry> Choice<E> {
    /// The entry of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static E> {
        E::catalog().iter().find(|e| e.name() == name)
    }

    /// The entry of this name or alias, and the alias.
    #[must_use]
    pub fn resolve(name: &str) -> Option<(&'static E, Option<&'static Alias>)> {
        if let Some(entry) = Self::find(name) {
            return Some((entry, None));
        }
        let alias = E::aliases().iter().find(|alias| alias.name == name)?;
        Some((Self::find(alias.entry)?, Some(alias)))
    }

    /// What to write in place of a name that is unknown.
    #[must_use]
    pub fn suggest(name: &str) -> Option<String> {
        let names = E::catalog().iter().map(Entry::name).chain(E::aliases().iter().map(|alias| alias.name));
        suggest(name, names, E::elsewhere())
    }

    /// The entry with the given parameters; the others keep their defaults.
    ///
    /// # Errors
    /// Says which parameter is unknown, missing or out of its domain, and what would be right.
    pub fn new(entry: &'static E, given: &[(&str, Given<'_>)]) -> Result<Self, String> {
        let params = entry.params();
        for (name, _) in given {
            if !params.iter().any(|p| p.name == *name) {
                let known: Vec<_> = params.iter().map(|p| p.name).collect();
                return Err(match known.as_slice() {
                    [] => format!("{} has no parameters", entry.name()),
                    known => format!("{} has no parameter `{name}`, only {}", entry.name(), known.join(", ")),
                });
            }
        }
        let values = params
            .iter()
            .map(|p| match given.iter().find(|(name, _)| *name == p.name) {
                Some((_, value)) => p
                    .domain
                    .admit(*value)
                    .map_err(|expected| format!("`{}` of {} must be {expected}, not {value}", p.name, entry.name())),
                None => p.default.ok_or_else(|| format!("{} needs its parameter `{}`", entry.name(), p.name)),
            })
            .collect::<Result<Vec<_>, _>>()?;
        entry.check(&values)?;
        Ok(Self { entry, values })
    }

    /// The entry of this name with its defaults.
    ///
    /// # Errors
    /// If there is none, or a parameter has no default.
    pub fn named(name: &str) -> Result<Self, String> {
        let entry = Self::find(name).ok_or_else(|| format!("no {} is called `{name}`", E::WHAT))?;
        Self::new(entry, &[])
    }

    /// What `all` stands for: every entry that can do something useful with its defaults.
    #[must_use]
    pub fn all() -> Vec<Self> {
        E::catalog().iter().filter(|e| e.in_all()).filter_map(|e| Self::new(e, &[]).ok()).collect()
    }

    #[must_use]
    pub fn entry(&self) -> &'static E {
        self.entry
    }

    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry.name()
    }

    /// Every parameter with its value, in the catalog's order.
    pub fn params(&self) -> impl Iterator<Item = (&'static str, Value)> + '_ {
        self.entry.params().iter().zip(&self.values).map(|(p, v)| (p.name, *v))
    }

    /// The parameters that differ from their defaults.
    pub fn changed(&self) -> impl Iterator<Item = (&'static str, Value)> + '_ {
        self.entry
            .params()
            .iter()
            .zip(&self.values)
            .filter(|(p, v)| p.default.as_ref() != Some(*v))
            .map(|(p, v)| (p.name, *v))
    }

    /// The number called `name`; NaN for a parameter that is no number or does not exist.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        match self.param(name) {
            Some(Value::Number(x)) => x,
            _ => f64::NAN,
        }
    }

    /// The word called `name`; empty for a parameter that is no word or does not exist.
    #[must_use]
    pub fn word(&self, name: &str) -> &'static str {
        match self.param(name) {
            Some(Value::Word(w)) => w,
            _ => "",
        }
    }

    /// The values that are numbers, in the catalog's order.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        self.values
            .iter()
            .filter_map(|v| match v {
                Value::Number(x) => Some(*x),
                Value::Word(_) => None,
            })
            .collect()
    }

    fn param(&self, name: &str) -> Option<Value> {
        self.params().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// `template` with every `{parameter}` replaced by its value.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        self.params().fold(template.to_owned(), |text, (name, value)| {
            let value = match value {
                Value::Number(x) => format!("{x:?}"),
                Value::Word(w) => w.to_owned(),
            };
            text.replace(&format!("{{{name}}}"), &value)
        })
    }
}

/// The name, with the parameters that differ from their defaults: `leaky_relu(negative_slope=0.1)`.
impl<E: Entry> fmt::Display for Choice<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let changed: Vec<_> = self.changed().map(|(name, value)| format!("{name}={value}")).collect();
        let text = match changed.as_slice() {
            [] => self.name().to_owned(),
            changed => format!("{}({})", self.name(), changed.join(", ")),
        };
        f.pad(&text)
    }
}

/// As in a preset: the name, or a map of the name to the parameters that differ from their defaults.
impl<E: Entry> Serialize for Choice<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.changed().next().is_none() {
            return serializer.serialize_str(self.name());
        }
        struct Params<'a, E: Entry>(&'a Choice<E>);
        impl<E: Entry> Serialize for Params<'_, E> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in self.0.changed() {
                    match value {
                        Value::Number(x) => map.serialize_entry(name, &x)?,
                        Value::Word(w) => map.serialize_entry(name, w)?,
                    }
                }
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(self.name(), &Params(self))?;
        map.end()
    }
}

/// What to write in place of an unknown name: the same in another spelling, what other libraries call so, or else the
/// nearest of those that are known.
#[must_use]
pub fn suggest<'a>(
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    elsewhere: &[(&str, Elsewhere)],
) -> Option<String> {
    let known: Vec<_> = known.into_iter().collect();
    let bare = squash(name);
    let same = || known.iter().find(|k| squash(k) == bare).copied();
    let told = || elsewhere.iter().find(|(other, _)| *other == bare).map(|(_, means)| *means);
    let near = match (same(), told()) {
        (None, Some(Elsewhere::Says(what))) => return Some(what.to_owned()),
        (None, Some(Elsewhere::Is(entry))) => Some(entry),
        (Some(same), _) => Some(same),
        (None, None) => nearest(name, known.iter().copied()),
    };
    near.map(|near| format!("did you mean `{near}`?"))
}

/// A name without what spellings differ in: `HeNormal`, `he-normal` and `he_normal_` are `henormal`.
fn squash(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The known name nearest to `name`, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |s: &str| s.to_lowercase().replace(['-', ' '], "_");
    let name = fold(name);
    known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(&name, &fold(k)), strsim::jaro_winkler(&name, k), k))
        .filter(|(edits, similarity, k)| {
            // `kaiming` means one of the names that start so.
            let begun = name.len() > 2 && k.starts_with(&name);
            *edits <= 1 + k.len() / 4 || *similarity > 0.9 || begun
        })
        .min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)))
        .map(|(_, _, k)| k)
}
