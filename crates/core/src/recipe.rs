//! What a candidate's weights start from: an initialization for all dense layers and convolutions, or a recipe, which
//! says it by kind of layer and by place.

mod bundled;
mod parts;

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::catalog::{Entry, Given, suggest};
use crate::init::{BiasInit, InitKind, Initializer};

pub use bundled::{BUNDLED, Bundled};
pub use parts::OUTPUT;
pub use parts::{Depth, PLACES, Recipe};
pub(crate) use parts::{EMBEDDING, NORM, RECURRENT, RESIDUAL_OUTPUT};

/// What presets and reports call the weights that a model brings.
pub const AS_GIVEN: &str = "as_given";

/// A candidate's initialization.
#[derive(Debug, Clone, PartialEq)]
pub enum Init {
    /// The same for all dense layers and convolutions.
    One(Initializer),
    Recipe(Arc<Recipe>),
    /// The weights that a model brings.
    AsGiven,
}

impl Init {
    /// The initialization of this name, recipes apart.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static InitKind> {
        Initializer::find(name)
    }

    /// The initialization with the given parameters; the others keep their defaults.
    ///
    /// # Errors
    /// Says which parameter is unknown, missing or out of its domain, and what would be right.
    pub fn new(entry: &'static InitKind, given: &[(&str, Given<'_>)]) -> Result<Self, String> {
        Initializer::new(entry, given).map(Self::One)
    }

    /// The initialization of this name with its defaults, or the bundled recipe.
    ///
    /// # Errors
    /// If there is none, or a parameter has no default.
    pub fn named(name: &str) -> Result<Self, String> {
        match bundled::find(name) {
            Some(recipe) => Ok(Self::Recipe(Arc::new(recipe))),
            None => Initializer::named(name).map(Self::One),
        }
    }

    /// What `all` stands for: every initialization that can do something useful with its defaults, and no recipe.
    #[must_use]
    pub fn all() -> Vec<Self> {
        Initializer::all().into_iter().map(Self::One).collect()
    }

    /// The bundled recipe of this name.
    #[must_use]
    pub fn recipe(name: &str) -> Option<Self> {
        bundled::find(name).map(|recipe| Self::Recipe(Arc::new(recipe)))
    }

    /// What to write in place of a name that is unknown.
    #[must_use]
    pub fn suggest(name: &str) -> Option<String> {
        let aliases = InitKind::aliases().iter().map(|alias| alias.name);
        let names = InitKind::catalog().iter().map(Entry::name).chain(aliases);
        suggest(name, names.chain(BUNDLED.iter().map(|recipe| recipe.name)), InitKind::elsewhere())
    }

    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::One(init) => init.name(),
            Self::Recipe(recipe) => &recipe.name,
            Self::AsGiven => AS_GIVEN,
        }
    }

    /// The initialization of all dense layers and convolutions; none of a recipe.
    #[must_use]
    pub fn one(&self) -> Option<&Initializer> {
        match self {
            Self::One(init) => Some(init),
            Self::Recipe(_) | Self::AsGiven => None,
        }
    }

    /// The number called `name`; NaN for a parameter that is no number or does not exist.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        self.one().map_or(f64::NAN, |init| init.number(name))
    }

    /// The formula as people write it; what a recipe consists of.
    #[must_use]
    pub fn formula(&self) -> String {
        match self {
            Self::One(init) => init.entry().formula.to_owned(),
            Self::Recipe(recipe) => match recipe.about {
                Some(about) => about.to_owned(),
                None => {
                    let parts = recipe.parts.iter().map(|(key, init)| format!("{key} {init}"));
                    let bias = recipe.bias.iter().map(|init| format!("bias {init}"));
                    let gains = (!recipe.gains.is_empty()).then(|| "a gain for each layer".to_owned());
                    parts.chain(bias).chain(gains).collect::<Vec<_>>().join(", ")
                }
            },
            Self::AsGiven => "the weights that the model brings".to_owned(),
        }
    }

    /// Whether weights depend on the data that reach their layer.
    #[must_use]
    pub fn looks_at_data(&self) -> bool {
        self.any(Initializer::looks_at_data)
    }

    /// Whether some weights may start at zero, biases apart.
    #[must_use]
    pub fn may_start_at_zero(&self) -> bool {
        match self {
            Self::One(init) => init.is_zero(),
            Self::Recipe(recipe) => recipe.parts.iter().any(|(_, init)| init.is_zero()),
            Self::AsGiven => true,
        }
    }

    /// Whether weights depend on the candidate's activation, by its gain or by the data that reach the layer.
    #[must_use]
    pub fn depends_on_activation(&self) -> bool {
        self.any(|init| init.looks_at_data() || init.takes_gain())
    }

    fn any(&self, what: impl Fn(&Initializer) -> bool) -> bool {
        match self {
            Self::One(init) => what(init),
            Self::Recipe(recipe) => recipe.initializers().any(what),
            Self::AsGiven => false,
        }
    }
}

impl From<Initializer> for Init {
    fn from(init: Initializer) -> Self {
        Self::One(init)
    }
}

/// The name; of an initialization with the parameters that differ from their defaults.
impl fmt::Display for Init {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(init) => init.fmt(f),
            Self::Recipe(recipe) => f.pad(&recipe.name),
            Self::AsGiven => f.pad(AS_GIVEN),
        }
    }
}

/// As in a preset: a name, a map of one name to its parameters, or a recipe.
impl Serialize for Init {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(init) => init.serialize(serializer),
            Self::AsGiven => serializer.serialize_str(AS_GIVEN),
            Self::Recipe(recipe) if recipe.about.is_some() => serializer.serialize_str(&recipe.name),
            Self::Recipe(recipe) => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("recipe", &recipe.name)?;
                for (key, init) in &recipe.parts {
                    map.serialize_entry(key, init)?;
                }
                if let Some(bias) = &recipe.bias {
                    map.serialize_entry("bias", &AsBias(bias))?;
                }
                if !recipe.gains.is_empty() {
                    map.serialize_entry("gains", &Gains(&recipe.gains))?;
                }
                map.end()
            }
        }
    }
}

/// Factors of weights by layer, as a map.
#[derive(Debug, Clone, Copy)]
pub struct Gains<'a>(pub &'a [(String, f64)]);

impl Serialize for Gains<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(layer, gain)| (layer, gain)))
    }
}

/// The initialization of biases as presets write it: PyTorch's default is `fan_in_uniform`.
#[derive(Debug)]
pub struct AsBias<'a>(pub &'a Initializer);

impl Serialize for AsBias<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.name() {
            "torch_default" => serializer.serialize_str("fan_in_uniform"),
            "constant" => BiasInit::Constant(self.0.number("value")).serialize(serializer),
            _ => self.0.serialize(serializer),
        }
    }
}
