//! How networks will be trained: `train: {task: ..., optimizer: ..., learning_rate: ...}`.

use serde_yaml::Value;

use super::choices::word;
use super::values::{map, value};
use super::yaml::{Node, Problem};
use neartop_core::settings::{LearningRate, Method, TaskKind, Train};

/// The largest learning rate that a preset may ask for.
const MOST_RATE: f64 = 1000.0;

/// What a preset says of training.
pub fn read_train(node: &Node<'_>) -> Result<Train, Problem> {
    let map = node.map("train", &["task", "optimizer", "learning_rate"])?;
    let tasks: Vec<_> = std::iter::once("auto").chain(TaskKind::ALL.map(TaskKind::name)).collect();
    let asked = map.get("task").map(|node| word(node, "the task", &tasks)).transpose()?;
    let task = TaskKind::ALL.into_iter().find(|kind| Some(kind.name()) == asked);
    let optimizer = map.get("optimizer").map(|node| word(node, "the optimizer", &Method::ALL.map(Method::key)));
    let asked = optimizer.transpose()?;
    let method = Method::ALL.into_iter().find(|method| Some(method.key()) == asked);
    let learning_rate = map.get("learning_rate").map(read_rate).transpose()?;
    Ok(Train { task, method, learning_rate })
}

fn read_rate(node: &Node<'_>) -> Result<LearningRate, Problem> {
    if node.as_str() == Some("auto") {
        return Ok(LearningRate::Auto);
    }
    let rate = node.number("the learning rate", 0.0, MOST_RATE);
    match rate.map_err(|problem| problem.help("a number, or `auto`"))? {
        rate if rate > 0.0 => Ok(LearningRate::Fixed(rate)),
        _ => Err(node.problem("the learning rate must be greater than 0")),
    }
}

/// The same as YAML; none where nothing is said.
pub fn write_train(train: &Train) -> Option<Value> {
    let rate = train.learning_rate.and_then(|rate| match rate {
        LearningRate::Auto => value("auto"),
        LearningRate::Fixed(rate) => value(rate),
    });
    let parts =
        [("task", train.task.and_then(value)), ("optimizer", train.method.and_then(value)), ("learning_rate", rate)];
    parts.iter().any(|(_, value)| value.is_some()).then(|| map(parts))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::preset::Preset;

    #[test]
    fn what_is_said_of_training_is_read_and_written() {
        let parse = |text: &str| {
            let network = "network: {input: 4, layers: [linear: 2]}\n";
            Preset::parse(&(network.to_owned() + text), "train.yaml", Path::new("")).unwrap()
        };
        assert_eq!(parse("").train, Train::default());
        let preset = parse("train: {task: regression, optimizer: sgd, learning_rate: 0.05}");
        let train = Train {
            task: Some(TaskKind::Regression),
            method: Some(Method::Sgd),
            learning_rate: Some(LearningRate::Fixed(0.05)),
        };
        assert_eq!(preset.train, train);
        let auto = parse("train: {learning_rate: auto}");
        assert_eq!(auto.train, Train { learning_rate: Some(LearningRate::Auto), ..Train::default() });
        for preset in [preset, auto] {
            let again = Preset::parse(&preset.to_yaml(), "again.yaml", Path::new("")).unwrap();
            assert_eq!(again.train, preset.train);
            assert_eq!(again.definition(), preset.definition());
        }
    }
}
