//! Values of options.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

pub use neartop_core::settings::LearningRate;
use neartop_io::export::Format;
use neartop_study::study::Evidence;
use neartop_study::training::optimizer::Method;

/// Repetitions on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetitions {
    Auto,
    Fixed(u32),
}

pub fn repetitions(text: &str) -> Result<Repetitions, String> {
    match (text, text.parse()) {
        ("auto", _) => Ok(Repetitions::Auto),
        (_, Ok(n)) if (1..=1_000_000).contains(&n) => Ok(Repetitions::Fixed(n)),
        _ => Err("a number from 1 to 1,000,000, or `auto`".to_owned()),
    }
}

/// Whether candidates are halved in training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halving {
    Auto,
    Never,
    By(usize),
}

pub fn format() -> impl TypedValueParser<Value = Format> {
    let names = PossibleValuesParser::new(Format::ALL.map(Format::name));
    names.try_map(|name| Format::ALL.into_iter().find(|format| format.name() == name).ok_or("no format"))
}

pub fn method() -> impl TypedValueParser<Value = Method> {
    let values = Method::ALL.map(|method| PossibleValue::new(method.key()).help(method.about()));
    PossibleValuesParser::new(values)
        .try_map(|key| Method::ALL.into_iter().find(|method| method.key() == key).ok_or("no optimizer"))
}

pub fn evidence() -> impl TypedValueParser<Value = Evidence> {
    let values = Evidence::ALL.map(|evidence| PossibleValue::new(evidence.name()).help(evidence.about()));
    PossibleValuesParser::new(values)
        .try_map(|name| Evidence::ALL.into_iter().find(|evidence| evidence.name() == name).ok_or("no evidence"))
}

pub fn learning_rate(text: &str) -> Result<LearningRate, String> {
    match (text, text.parse::<f64>()) {
        ("auto", _) => Ok(LearningRate::Auto),
        (_, Ok(x)) if x > 0.0 && x.is_finite() => Ok(LearningRate::Fixed(x)),
        _ => Err("`auto`, or a number greater than 0".to_owned()),
    }
}

pub fn time_limit(text: &str) -> Result<String, String> {
    let is_right = text.starts_with(|c: char| c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == ':' || c == '-')
        || text.eq_ignore_ascii_case("unlimited");
    let help = "minutes, [D-]HH:MM:SS or another form that sbatch takes, such as 30 or 2:00:00";
    if is_right { Ok(text.to_owned()) } else { Err(help.to_owned()) }
}

pub fn part(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x < 1.0 => Ok(x),
        _ => Err("a number between 0 and 1, both excluded".to_owned()),
    }
}

pub fn halving(text: &str) -> Result<Halving, String> {
    match (text, text.parse::<usize>()) {
        ("auto", _) => Ok(Halving::Auto),
        ("never", _) => Ok(Halving::Never),
        (_, Ok(n)) if (2..=64).contains(&n) => Ok(Halving::By(n)),
        _ => Err("`auto`, `never`, or a whole number from 2 to 64".to_owned()),
    }
}

pub fn slope_threshold(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x < 1.0 => Ok(x),
        _ => Err("a number between 0 and 1, both excluded".to_owned()),
    }
}

pub fn gibibytes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(x) if x > 0.0 && x.is_finite() => Ok(x),
        _ => Err("a number of GiB greater than 0".to_owned()),
    }
}
