//! The presets that the program carries.

/// A preset of the folder `presets/`.
#[derive(Debug)]
pub struct Bundled {
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! bundle {
    ($($name:literal),* $(,)?) => {
        &[$(Bundled { name: $name, text: include_str!(concat!("../../presets/", $name, ".yaml")) }),*]
    };
}

/// The bundled presets; the first is the default.
#[must_use]
pub fn bundled() -> &'static [Bundled] {
    bundle!["digits-mlp", "deep-mlp", "fashion-mnist"]
}
