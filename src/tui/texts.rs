//! What candidates are called, written once: there may be thousands of them, and every frame and filter asks.

use std::cell::OnceCell;

use unicode_width::UnicodeWidthStr;

use crate::columns::Column;
use crate::signs::Signs;
use neartop_study::study::{Ranked, Study};

/// Texts of all candidates, by their ids.
#[derive(Debug, Default)]
pub struct Texts {
    /// Written when a filter first asks.
    names: OnceCell<Vec<String>>,
    /// Of every column of texts, the columns of the screen that its cells want.
    widths: Vec<(&'static str, Vec<u16>)>,
}

impl Texts {
    pub fn of(study: &Study, columns: &[&Column]) -> Self {
        let ids = 0..study.space.candidates.len();
        let width = |column: &Column, id| {
            // A text says who a candidate is, not how it fares.
            let text = (column.cell)(study, &Ranked::unranked(id), &Signs::ASCII);
            text.width().min(usize::from(u16::MAX)) as u16
        };
        let widths_of = |column: &Column| ids.clone().map(|id| width(column, id)).collect();
        let texts = columns.iter().filter(|column| column.is_text);
        let widths = texts.map(|column| (column.title, widths_of(column))).collect();
        Self { names: OnceCell::new(), widths }
    }

    /// A candidate in full.
    #[must_use]
    pub fn name(&self, study: &Study, id: usize) -> &str {
        let all = || (0..study.space.candidates.len()).map(|id| study.candidate(id).to_string()).collect();
        self.names.get_or_init(all).get(id).map_or("", String::as_str)
    }

    /// The columns of the screen that a column of texts wants for these rows.
    #[must_use]
    pub fn width(&self, column: &Column, rows: &[Ranked]) -> u16 {
        let Some((_, widths)) = self.widths.iter().find(|(title, _)| *title == column.title) else { return 0 };
        rows.iter().map(|row| widths[row.candidate]).max().unwrap_or(0)
    }
}
