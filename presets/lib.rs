//! The presets that neartop carries, as texts, with the tables and measurements that they refer to.
//!
//! `neartop-io` reads them; nothing here knows what they mean.
//!
//! ```
//! let preset = &neartop_presets::bundled()[0];
//! assert_eq!(preset.name, "digits-mlp");
//! assert!(preset.text.contains("network:"));
//! ```

#![warn(clippy::unwrap_used, clippy::expect_used)]

/// A preset of this folder.
#[derive(Debug)]
pub struct Bundled {
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! bundle {
    ($($name:literal),* $(,)?) => {
        &[$(Bundled { name: $name, text: include_str!(concat!($name, ".yaml")) }),*]
    };
}

/// The bundled presets; the first is the default.
#[must_use]
pub fn bundled() -> &'static [Bundled] {
    bundle![
        "digits-mlp",
        "deep-mlp",
        "fashion-mnist",
        "small-cnn",
        "residual-cnn",
        "airfoil",
        "layer-size",
        "ppo-actor-critic",
        "ddpg-actor",
        "nerf-mlp",
        "tcn",
        "unet-small",
        "densenet-32",
        "mobilenetv2-32",
        "convnext-32",
        "resnet18-torchvision",
        "vit-32",
        "gpt-small",
        "swiglu-block",
        "lstm-classifier",
        "nats-tss",
        "nats-sss",
        "nasbench101",
        "nasbench101-published",
        "transnas-micro"
    ]
}

macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("nas/", $name)))),*]
    };
}

/// The tables of the folder `nas/`, by their names.
static TABLES: &[(&str, &str)] = tables!["nats-tss.csv", "nats-sss.csv", "nasbench101.csv", "transnas-micro.csv"];

/// The text of a bundled table, or the names that there are.
pub fn bundled_table(name: &str) -> Result<&'static str, Vec<&'static str>> {
    let found = TABLES.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| TABLES.iter().map(|(known, _)| *known).collect())
}

/// 1,503 measurements of the noise of airfoils, as CSV with a header; the last column is the sound pressure level.
///
/// "Airfoil Self-Noise" (T. Brooks, D. Pope, M. Marcolini, NASA 1989; UCI Machine Learning Repository, CC BY 4.0).
pub static AIRFOIL: &str = include_str!("data/airfoil.csv");
