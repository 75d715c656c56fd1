//! Samples with their labels, all in memory, for training.

use std::collections::BTreeMap;

use super::file::shown;
use super::scale::Scaling;
use super::{DataError, DataFrom, DataSpec, Labels, Source, open_for_form};
use neartop_core::network::{Form, Shape};

/// Labels, read both ways that they can be.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Whole numbers and words are classes.
    pub labels: Labels,
    /// All of them as numbers, row by row, where they are.
    pub numbers: Option<Vec<f32>>,
    /// What the classes are called.
    pub names: Option<Vec<String>>,
    /// What the labels of a sample are called.
    pub columns: Vec<String>,
}

impl Given {
    /// The labels of a data set, if it has any.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn of(source: &dyn Source) -> Result<Option<Self>, DataError> {
        let Some(labels) = source.labels()? else { return Ok(None) };
        let (numbers, names) = (source.label_values()?, source.class_names()?);
        Ok(Some(Self { labels, numbers, names, columns: source.label_names() }))
    }

    /// Classes whose names are others in nothing but case and the spaces around them, which is hardly meant.
    #[must_use]
    pub fn alike(&self) -> Vec<String> {
        let names = self.names.as_deref().unwrap_or_default();
        let mut by_word: BTreeMap<String, Vec<String>> = BTreeMap::new();
        names.iter().for_each(|name| by_word.entry(name.trim().to_lowercase()).or_default().push(name.clone()));
        by_word.into_values().filter(|names| names.len() > 1).flatten().collect()
    }

    /// That there are such classes, with some of them.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        const MOST: usize = 6;
        let alike = self.alike();
        let some: Vec<_> = alike.iter().take(MOST).map(|name| shown(name)).collect();
        let more = if alike.len() > MOST { ", ..." } else { "" };
        (!alike.is_empty())
            .then(|| format!("classes whose names differ only in case or spaces: {}{more}", some.join(", ")))
    }
}

/// Samples, scaled as for scores, and what is to be learnt of them.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Of one sample.
    pub shape: Shape,
    /// Row by row.
    pub values: Vec<f32>,
    pub labels: Labels,
}

impl Labelled {
    /// Reads the rows that `rows` chooses, in ascending order, when it is given the labels of all as `decide` takes them.
    ///
    /// # Errors
    /// If the data cannot be read, are not of the network's input shape, or have no labels, or what `decide` says.
    pub fn load<E: From<DataError>>(
        spec: &DataSpec,
        input: &Form,
        decide: impl FnOnce(Given) -> Result<Labels, E>,
        rows: impl FnOnce(&Labels) -> Vec<usize>,
    ) -> Result<Self, E> {
        if matches!(spec.from, DataFrom::Gaussian | DataFrom::Uniform | DataFrom::Tokens) {
            return Err(DataError::Unlabelled("the samples are drawn").into());
        }
        let source = open_for_form(&spec.from, input)?;
        let Some(given) = Given::of(source.as_ref())? else {
            return Err(DataError::Unlabelled("the data have no labels").into());
        };
        let labels = decide(given)?;
        let rows = rows(&labels);
        let values = Scaling::of(source.as_ref(), spec.scale)?.read(source.as_ref(), &rows)?;
        let labels = labels.choose(&rows);
        Ok(Self { shape: input.shape.clone(), values, labels })
    }
}
