//! What is learnt, as labels and network say.

use neartop_core::settings::TaskKind;
use neartop_io::data::{Given, Labels};

use super::super::TrainingError;

/// The kind of a task, and the labels as it takes them: classes for classifications of either kind, else numbers.
pub fn decide(given: Given, outputs: usize, asked: Option<TaskKind>) -> Result<(TaskKind, Labels), TrainingError> {
    let kind = match asked {
        Some(kind) => kind,
        None => follows(&given, outputs)?,
    };
    let wrong = |needs| TrainingError::Task { kind: kind.name(), needs };
    let labels = match kind {
        TaskKind::Classification => {
            let (of, count) = classes(given.labels).ok_or_else(|| match (asked, outputs) {
                (None, outputs) => TrainingError::Values { outputs },
                _ => wrong("classes: whole numbers, words, or a row with a single 1"),
            })?;
            if count > outputs || outputs < 2 {
                return Err(TrainingError::Outputs { classes: count, outputs });
            }
            Labels::Classes { of, count }
        }
        TaskKind::Binary => {
            let (of, count) = classes(given.labels).ok_or_else(|| wrong("two classes"))?;
            if outputs != 1 {
                return Err(wrong("a network with one output"));
            }
            if count > 2 {
                return Err(wrong("two classes"));
            }
            Labels::Classes { of, count }
        }
        TaskKind::MultiLabel => match given.labels {
            Labels::Several { of, width } if width == outputs && is_yes_or_no(&of) => Labels::Several { of, width },
            _ => return Err(wrong("a label of 0 or 1 for each output")),
        },
        TaskKind::Regression => {
            let count = given.labels.count().max(1);
            let of = given.numbers.ok_or_else(|| wrong("numbers"))?;
            match of.len() / count {
                1 if outputs == 1 => Labels::Values(of),
                width if width == outputs => Labels::Several { of, width },
                width => return Err(TrainingError::Targets { width, outputs }),
            }
        }
    };
    match &labels {
        Labels::Classes { count: 1, .. } => Err(TrainingError::OneClass),
        _ => Ok((kind, labels)),
    }
}

/// The kind of task that labels and network say.
fn follows(given: &Given, outputs: usize) -> Result<TaskKind, TrainingError> {
    match (&given.labels, outputs) {
        (Labels::Classes { count: ..=2, .. }, 1) => Ok(TaskKind::Binary),
        (Labels::Classes { count, .. }, 1) if given.numbers.is_none() => {
            Err(TrainingError::Outputs { classes: *count, outputs })
        }
        (Labels::Classes { .. } | Labels::Values(_), 1) => Ok(TaskKind::Regression),
        (Labels::Classes { .. }, _) => Ok(TaskKind::Classification),
        (Labels::Values(_), _) => Err(TrainingError::Values { outputs }),
        (Labels::Several { width, .. }, _) if *width != outputs => {
            Err(TrainingError::Targets { width: *width, outputs })
        }
        (Labels::Several { of, width }, _) if is_one_hot(of, *width) => Ok(TaskKind::Classification),
        (Labels::Several { of, .. }, _) if is_yes_or_no(of) => Ok(TaskKind::MultiLabel),
        (Labels::Several { .. }, _) => Ok(TaskKind::Regression),
    }
}

fn classes(labels: Labels) -> Option<(Vec<u32>, usize)> {
    match labels {
        Labels::Classes { of, count } => Some((of, count)),
        Labels::Several { of, width } if is_one_hot(&of, width) => {
            let class = |row: &[f32]| row.iter().position(|x| *x == 1.0).unwrap_or(0) as u32;
            Some((of.chunks_exact(width).map(class).collect(), width))
        }
        Labels::Several { .. } | Labels::Values(_) => None,
    }
}

fn is_yes_or_no(of: &[f32]) -> bool {
    of.iter().all(|x| *x == 0.0 || *x == 1.0)
}

/// Whether each row has a single 1, and zeros.
fn is_one_hot(of: &[f32], width: usize) -> bool {
    is_yes_or_no(of) && width > 1 && of.chunks_exact(width).all(|row| row.iter().sum::<f32>() == 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(labels: Labels, numbers: Option<Vec<f32>>) -> Given {
        Given { labels, numbers, names: None, columns: Vec::new() }
    }

    #[test]
    fn tasks_follow_from_labels_and_outputs() {
        let two = || given(Labels::Classes { of: vec![0, 1, 1], count: 2 }, Some(vec![0.0, 1.0, 1.0]));
        let kind = |given, outputs, asked| decide(given, outputs, asked).map(|(kind, _)| kind);
        assert_eq!(kind(two(), 1, None).unwrap(), TaskKind::Binary);
        assert_eq!(kind(two(), 2, None).unwrap(), TaskKind::Classification);
        assert_eq!(kind(two(), 1, Some(TaskKind::Regression)).unwrap(), TaskKind::Regression);
        assert!(matches!(kind(two(), 2, Some(TaskKind::Binary)), Err(TrainingError::Task { .. })));
        let three = || given(Labels::Classes { of: vec![0, 1, 2], count: 3 }, Some(vec![0.0, 5.0, 9.0]));
        assert_eq!(kind(three(), 1, None).unwrap(), TaskKind::Regression);
        assert!(matches!(kind(three(), 2, None), Err(TrainingError::Outputs { classes: 3, outputs: 2 })));
        let words = given(Labels::Classes { of: vec![0, 1, 2], count: 3 }, None);
        assert!(matches!(kind(words, 1, None), Err(TrainingError::Outputs { classes: 3, outputs: 1 })));
        let several = |of: &[f32]| given(Labels::Several { of: of.to_vec(), width: 2 }, Some(of.to_vec()));
        assert_eq!(kind(several(&[0.0, 1.0, 1.0, 0.0]), 2, None).unwrap(), TaskKind::Classification);
        assert_eq!(kind(several(&[0.0, 1.0, 1.0, 1.0]), 2, None).unwrap(), TaskKind::MultiLabel);
        assert_eq!(kind(several(&[0.5, 1.0, 1.0, 1.0]), 2, None).unwrap(), TaskKind::Regression);
        assert!(matches!(kind(several(&[0.5; 4]), 3, None), Err(TrainingError::Targets { width: 2, outputs: 3 })));
    }
}
