//! The presets that the program carries, and the tables they refer to.

/// A preset of the folder `presets/`.
#[derive(Debug)]
pub struct Bundled {
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! bundle {
    ($($name:literal),* $(,)?) => {
        &[$(Bundled { name: $name, text: include_str!(concat!("../../../../presets/", $name, ".yaml")) }),*]
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
        "nasbench101-published"
    ]
}

macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../../../presets/nas/", $name)))),*]
    };
}

/// The tables of the folder `presets/nas/`, by their names.
static TABLES: &[(&str, &str)] = tables!["nats-tss.csv", "nats-sss.csv", "nasbench101.csv"];

/// The text of a bundled table, or the names that there are.
pub fn bundled_table(name: &str) -> Result<&'static str, Vec<&'static str>> {
    let found = TABLES.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| TABLES.iter().map(|(known, _)| *known).collect())
}
