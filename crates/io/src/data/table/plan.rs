//! What becomes of each column of a table, or what is wrong with it.

use super::super::file::{excerpt, shown, unreadable};
use super::super::{Assumption, Categories as Asked, Columns, DataError, FileSpec, Missing};
use super::cell;
use super::census::{Census, census, medians};
use super::columns::Chosen;
use super::features::{Categories, Feature, Fill, Kind};
use super::profile::{Found, Profile};
use super::records::Records;

/// More texts than any column of categories has.
const MOST_CATEGORIES: usize = 1000;

/// A table whose columns have been looked at.
pub struct Plan<'a> {
    pub file: &'a FileSpec,
    pub records: &'a Records,
    pub chosen: &'a Chosen,
    pub profiles: &'a [Profile],
}

impl Plan<'_> {
    /// What the columns become, and what is to be told of it.
    ///
    /// # Errors
    /// The first cell that cannot be a value of a feature, and what would help.
    pub fn features(&self) -> Result<(Vec<Feature>, Vec<Assumption>), DataError> {
        let texts = self.columns(|profile| profile.texts > 0);
        let census = match texts.is_empty() {
            true => Vec::new(),
            false => census(self.records, &texts)?,
        };
        let of = |column: usize| texts.iter().position(|text| *text == column).map(|at| &census[at]);
        self.check(&of)?;
        let medians = match self.file.table.missing {
            Missing::Median => {
                medians(self.records, &self.columns(|p| p.missing > 0 && p.texts == 0 && p.numbers > 0))?
            }
            _ => Vec::new(),
        };
        let mut features = Vec::new();
        for column in &self.chosen.features {
            let profile = &self.profiles[*column];
            let is_empty = profile.numbers == 0 && profile.texts == 0 && profile.missing > 0;
            if is_empty && matches!(self.file.table.missing, Missing::Mean | Missing::Median) {
                continue;
            }
            let kind = self.kind(*column, &of)?;
            let median = medians.iter().find(|(of, _)| of == column).map(|(_, median)| *median);
            let fill = self.fill(*column, &kind, of(*column), median)?;
            features.push(Feature { column: *column, kind, fill });
        }
        let assumptions = self.assumptions(&features);
        Ok((features, assumptions))
    }

    /// Features whose profiles are such.
    fn columns(&self, such: impl Fn(&Profile) -> bool) -> Vec<usize> {
        self.chosen.features.iter().copied().filter(|column| such(&self.profiles[*column])).collect()
    }

    fn fail(&self, reason: impl Into<String>) -> DataError {
        unreadable(&self.records.stored.path, reason)
    }

    fn name(&self, column: usize) -> String {
        shown(&self.chosen.names[column])
    }

    /// Refuses the first cell that is of no use.
    fn check<'c>(&self, census: &impl Fn(usize) -> Option<&'c Census>) -> Result<(), DataError> {
        let table = &self.file.table;
        let mut problems: Vec<(&Found, usize, Problem)> = Vec::new();
        for column in &self.chosen.features {
            let profile = &self.profiles[*column];
            let missing = profile.first_missing.as_ref().filter(|_| table.missing == Missing::Error);
            let text = profile.first_text.as_ref().filter(|_| profile.yes().is_none());
            let is_date = profile.holds_dates();
            let text = text.filter(|_| is_date || table.categories == Asked::Error);
            problems.extend(profile.first_infinite.as_ref().map(|found| (found, *column, Problem::Infinite)));
            problems.extend(missing.map(|found| (found, *column, Problem::Missing)));
            problems.extend(text.map(|found| (found, *column, if is_date { Problem::Date } else { Problem::Text })));
        }
        match problems.into_iter().min_by_key(|(found, ..)| *found) {
            None => Ok(()),
            Some((found, column, problem)) => Err(self.problem(found, column, problem, census)),
        }
    }

    fn problem<'c>(
        &self,
        found: &Found,
        column: usize,
        problem: Problem,
        census: &impl Fn(usize) -> Option<&'c Census>,
    ) -> DataError {
        let cell = excerpt(found.cell.as_bytes());
        let text = match problem {
            Problem::Infinite => format!("`{cell}` is no finite number in single precision"),
            Problem::Missing => {
                let what = match cell.is_empty() {
                    true => "the cell is empty".to_owned(),
                    false => format!("`{cell}` is no value"),
                };
                format!(
                    "{what}; `missing: mean`, `median` or `{{value: 0}}` fills such cells, and `missing: drop` leaves \
                     such samples out"
                )
            }
            Problem::Date => format!(
                "`{cell}` is a date or a time; leave the column out by `{}`, or make numbers of it, such as a month \
                 or the days since the first",
                self.drop(&[column])
            ),
            Problem::Text => {
                let rewritten = cell::rewritten(&found.cell, self.records.dialect.decimal);
                format!("`{cell}` is no number{}", rewritten.unwrap_or_else(|| self.advice(column, census)))
            }
        };
        let dialect = &self.records.dialect;
        let first = match found.place.row == 0 && !dialect.header && dialect.header_is_assumed {
            true => {
                "; this line is taken for a sample: write `header: true` if it names the columns, else `header: false`"
            }
            false => "",
        };
        let place = self.records.place(found.place.byte);
        self.fail(format!("{place}, column {} (`{}`): {text}{first}", column + 1, self.name(column)))
    }

    /// What to do about texts: those that differ in every sample are left out, the others become features.
    fn advice<'c>(&self, column: usize, census: &impl Fn(usize) -> Option<&'c Census>) -> String {
        let label = match self.file.labels {
            None => format!("; if this is the label column, write `labels: {}`", self.chosen.in_preset(column)),
            Some(_) => String::new(),
        };
        if self.profiles[column].has_few_texts() {
            let instead = self.drop(&[column]);
            let encode = match census(column).is_some_and(|census| !census.differs()) {
                true => "; `categories: one_hot` makes a feature of each of its values",
                false => "",
            };
            return format!(
                "{label}; nearly all cells of the column are numbers: correct those that are not, or take their rows \
                 out{encode}; `{instead}` does without the column"
            );
        }
        let texts = self.columns(|p| p.texts > 0 && p.yes().is_none() && !p.has_few_texts());
        let is_useless =
            |column: &usize| self.profiles[*column].holds_dates() || census(*column).is_some_and(Census::differs);
        let (useless, others): (Vec<usize>, Vec<usize>) = texts.into_iter().partition(is_useless);
        let names = |columns: &[usize]| {
            let names: Vec<_> = columns.iter().take(10).map(|column| format!("`{}`", self.name(*column))).collect();
            names.join(", ") + if columns.len() > 10 { ", ..." } else { "" }
        };
        let drop = match useless.as_slice() {
            [] => String::new(),
            useless => format!("; `{}` leaves out texts that differ in nearly every sample", self.drop(useless)),
        };
        let encode = match others.as_slice() {
            [] => String::new(),
            others => {
                let instead = self.drop(&[&useless[..], others].concat());
                let hold = if others.len() == 1 { "holds" } else { "hold" };
                format!(
                    "; `categories: one_hot` makes features of the texts that {} {hold}, and `{instead}` does without",
                    names(others)
                )
            }
        };
        format!("{label}{drop}{encode}")
    }

    /// The key that leaves columns out, beside those that are left out already.
    fn drop(&self, columns: &[usize]) -> String {
        let names = columns.iter().map(|column| self.chosen.in_preset(*column));
        match &self.file.table.columns {
            Columns::All => format!("drop: [{}]", names.collect::<Vec<_>>().join(", ")),
            Columns::Without(other) => {
                let given = other.iter().map(|name| {
                    let column = self.chosen.names.iter().position(|n| n == name);
                    column.map_or_else(|| name.clone(), |column| self.chosen.in_preset(column))
                });
                format!("drop: [{}]", given.chain(names).collect::<Vec<_>>().join(", "))
            }
            Columns::Only(_) => {
                let kept = self.chosen.features.iter().filter(|column| !columns.contains(column));
                let kept: Vec<_> = kept.map(|column| self.chosen.in_preset(*column)).collect();
                format!("columns: [{}]", kept.join(", "))
            }
        }
    }

    /// Columns of so many texts that they are no categories.
    fn useless<'c>(&self, census: &impl Fn(usize) -> Option<&'c Census>) -> Vec<usize> {
        let is_useless = |census: &Census| census.differs() || census.texts.len() > MOST_CATEGORIES;
        let texts = self.columns(|profile| profile.texts > 0 && profile.yes().is_none());
        texts.into_iter().filter(|column| census(*column).is_some_and(is_useless)).collect()
    }

    fn kind<'c>(&self, column: usize, all: &impl Fn(usize) -> Option<&'c Census>) -> Result<Kind, DataError> {
        let (profile, census) = (&self.profiles[column], all(column));
        if let Some(yes) = profile.yes() {
            return Ok(Kind::Boolean { yes: yes.to_owned() });
        }
        let Some(census) = census else { return Ok(Kind::Number { wide: profile.is_wide() }) };
        if census.differs() || census.texts.len() > MOST_CATEGORIES {
            let (name, count, drop) = (self.name(column), census.texts.len(), self.drop(&self.useless(all)));
            let more = if census.is_cut { "more than " } else { "" };
            let decimal = self.records.dialect.decimal;
            let rewritten = profile.first_text.as_ref().and_then(|found| cell::rewritten(&found.cell, decimal));
            let advice = rewritten.unwrap_or_else(|| format!("; write `{drop}`"));
            let reason = format!("column `{name}` holds {more}{count} texts, too many to be categories{advice}");
            return Err(self.fail(reason));
        }
        if profile.numbers > profile.texts && census.texts.len() > 50 {
            let (name, drop) = (self.name(column), self.drop(&[column]));
            let found = profile.first_text.as_ref();
            let (place, cell) = found.map_or((String::new(), String::new()), |found| {
                (self.records.place(found.place.byte), excerpt(found.cell.as_bytes()))
            });
            let reason = "holds numbers but for texts such as";
            return Err(
                self.fail(format!("column `{name}` {reason} `{cell}` in {place}; mend these, or write `{drop}`"))
            );
        }
        let mut texts: Vec<_> = census.texts.keys().cloned().collect();
        if let (Missing::Value(value), true) = (&self.file.table.missing, profile.missing > 0) {
            texts.push(value.clone());
        }
        let categories = Categories::new(texts);
        Ok(match self.file.table.categories {
            Asked::Ordinal => Kind::Ordinal(categories),
            Asked::OneHot | Asked::Error => Kind::OneHot(categories),
        })
    }

    /// What stands for missing values of a column.
    fn fill(
        &self,
        column: usize,
        kind: &Kind,
        census: Option<&Census>,
        median: Option<f64>,
    ) -> Result<Option<Fill>, DataError> {
        let profile = &self.profiles[column];
        if profile.missing == 0 {
            return Ok(None);
        }
        let single =
            |x: f64| Fill::Number(if matches!(kind, Kind::Number { wide: true }) { x } else { f64::from(x as f32) });
        let codes = |of: &dyn Fn(&Census) -> f64| census.map_or(0.0, of);
        Ok(match (&self.file.table.missing, kind) {
            (Missing::Error | Missing::Drop, _) => None,
            (Missing::Value(text), Kind::OneHot(_) | Kind::Ordinal(_)) => Some(Fill::Text(text.clone())),
            (Missing::Value(text), _) => match text.trim().parse::<f64>() {
                Ok(x) if (x as f32).is_finite() => Some(single(x)),
                _ => {
                    let reason = "has cells without a value, and is no column of texts: `missing: {value: ...}` must be a number";
                    return Err(self.fail(format!("column `{}` {reason}", self.name(column))));
                }
            },
            (_, Kind::OneHot(_)) => Some(Fill::Nothing),
            (Missing::Mean, Kind::Number { .. }) => Some(single(profile.mean())),
            (Missing::Median, Kind::Number { .. }) => Some(single(median.unwrap_or(0.0))),
            (Missing::Mean, _) => Some(single(codes(&|census| census.mean_code(kind)))),
            (Missing::Median, _) => Some(single(codes(&|census| census.median_code(kind)))),
        })
    }

    /// What was filled, encoded or left out, and what looks like an id.
    fn assumptions(&self, features: &[Feature]) -> Vec<Assumption> {
        let mut told = Vec::new();
        let names = |such: &dyn Fn(&Feature) -> bool| -> Vec<String> {
            features.iter().filter(|f| such(f)).map(|f| self.chosen.names[f.column].clone()).collect()
        };
        let mut tell = |columns: Vec<String>, of: &dyn Fn(Vec<String>) -> Assumption| {
            if !columns.is_empty() {
                told.push(of(columns));
            }
        };
        let one_hot = |f: &Feature| matches!(f.kind, Kind::OneHot(_));
        let count = features.iter().filter(|f| one_hot(f)).map(Feature::width).sum();
        tell(names(&|f| matches!(f.kind, Kind::Boolean { .. })), &|columns| Assumption::Booleans { columns });
        tell(names(&one_hot), &|columns| Assumption::OneHot { columns, features: count });
        tell(names(&|f| matches!(f.kind, Kind::Ordinal(_))), &|columns| Assumption::Ordinal { columns });
        let with = match &self.file.table.missing {
            Missing::Median => "the median of the column".to_owned(),
            Missing::Value(value) => format!("`{}`", shown(value)),
            _ => "the mean of the column".to_owned(),
        };
        let nothing = |f: &Feature| f.fill == Some(Fill::Nothing);
        for (with, such) in [
            (with, &(|f: &Feature| f.fill.is_some() && !nothing(f)) as &dyn Fn(&Feature) -> bool),
            ("0 in all features of the column".to_owned(), &nothing),
        ] {
            let cells = features.iter().filter(|f| such(f)).map(|f| self.profiles[f.column].missing).sum();
            tell(names(such), &|columns| Assumption::Filled { columns, cells, with: with.clone() });
        }
        let is_left = |column: &&usize| features.iter().all(|f| f.column != **column);
        let left = self.chosen.features.iter().filter(is_left).map(|column| self.chosen.names[*column].clone());
        tell(left.collect(), &|columns| Assumption::DroppedColumns { columns });
        let in_preset = |such: &dyn Fn(usize) -> bool| -> Vec<String> {
            let found = self.chosen.features.iter().filter(|column| such(**column));
            found.map(|column| self.chosen.in_preset(*column)).collect()
        };
        let is_id = |column: usize| self.profiles[column].is_id(&self.chosen.names[column]);
        tell(in_preset(&is_id), &|columns| Assumption::LooksLikeId { columns });
        let are_days = |column: usize| self.profiles[column].are_days() && !is_id(column);
        tell(in_preset(&are_days), &|columns| Assumption::LooksLikeDate { columns });
        told
    }
}

/// What is wrong with a cell.
#[derive(Debug, Clone, Copy)]
enum Problem {
    Infinite,
    Missing,
    Date,
    Text,
}
