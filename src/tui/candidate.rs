//! What the view of a candidate knows beyond the study: the spectra of its layers, worked out when someone looks.

use std::collections::VecDeque;

/// Spectra that are kept.
const KEPT: usize = 64;

/// Singular values by counted layer, falling, as shares of the largest; or why there are none.
pub type Spectra = Result<Vec<Vec<f64>>, String>;

/// Which layer is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inspection {
    /// Place among the counted layers.
    pub layer: usize,
}

/// The spectra that were asked for last.
#[derive(Debug, Default)]
pub struct Known {
    /// None while they are worked out.
    spectra: VecDeque<(usize, Option<Spectra>)>,
}

impl Known {
    /// Whether they are there or on their way.
    #[must_use]
    pub fn is_asked(&self, candidate: usize) -> bool {
        self.spectra.iter().any(|(id, _)| *id == candidate)
    }

    #[must_use]
    pub fn get(&self, candidate: usize) -> Option<&Spectra> {
        self.spectra.iter().find(|(id, _)| *id == candidate)?.1.as_ref()
    }

    pub fn ask(&mut self, candidate: usize) {
        if self.spectra.len() == KEPT {
            self.spectra.pop_front();
        }
        self.spectra.push_back((candidate, None));
    }

    pub fn put(&mut self, candidate: usize, spectra: Spectra) {
        if let Some((_, place)) = self.spectra.iter_mut().find(|(id, _)| *id == candidate) {
            *place = Some(spectra);
        }
    }
}
