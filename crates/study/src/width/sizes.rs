//! Which sizes a layer can have: groups of channels and heads must come out even.

use neartop_core::network::Sizeable;
use neartop_io::preset::Preset;

use super::{SIZES, Target, WidthError, resized};

/// Multiples of a step that are measured where the usual sizes are too close together for it.
const MULTIPLES: [usize; 6] = [1, 2, 3, 4, 6, 8];

/// The sizes that a layer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// They are multiples of this.
    pub step: usize,
    layer: usize,
}

impl Sizes {
    /// The sizes of a layer with which its network fits together.
    ///
    /// # Errors
    /// If there is none but its own.
    pub fn of(preset: &Preset, target: &Target) -> Result<Self, WidthError> {
        let layer = target.index;
        let Err(error) = fits(preset, target, 1) else { return Ok(Self { step: 1, layer }) };
        // Its own size is one, so that the step divides it.
        let steps = (2..=target.width).filter(|step| target.width.is_multiple_of(*step));
        let is_step = |step: usize| [step, target.width + step].iter().all(|size| fits(preset, target, *size).is_ok());
        match (steps.into_iter().find(|step| is_step(*step)), error) {
            (Some(step), _) => Ok(Self { step, layer }),
            (None, WidthError::Shape { error, .. }) => Err(WidthError::Fixed { layer, error }),
            (None, error) => Err(error),
        }
    }

    /// Those that are measured unless others are asked for.
    #[must_use]
    pub fn usual(&self) -> Vec<usize> {
        let rounded = SIZES.map(|size| self.nearest(size));
        match rounded.is_sorted_by(|a, b| a < b) {
            true => rounded.to_vec(),
            false => MULTIPLES.map(|times| times * self.step).to_vec(),
        }
    }

    /// The one that is nearest to a number of units.
    #[must_use]
    pub fn nearest(&self, units: usize) -> usize {
        ((units + self.step / 2) / self.step).max(1) * self.step
    }

    /// Checks that sizes are such.
    ///
    /// # Errors
    /// Names the first that is not.
    pub fn check(&self, sizes: &[usize]) -> Result<(), WidthError> {
        let Self { step, layer } = *self;
        match sizes.iter().find(|size| !size.is_multiple_of(step)) {
            Some(size) => Err(WidthError::NoMultiple { size: *size, layer, step }),
            None => Ok(()),
        }
    }
}

/// Whether the network fits together with another size of a layer.
fn fits(preset: &Preset, target: &Target, size: usize) -> Result<(), WidthError> {
    if preset.model.is_none() {
        return resized(preset, target, size).map(drop);
    }
    let Target { place: node, ranked, width: units, is_output, index: layer, .. } = *target;
    let sized = preset.network.sized(Sizeable { node, ranked, units, is_output }, size);
    sized.map(drop).map_err(|error| WidthError::Shape { size, layer, error })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::width::targets_of;

    fn sizes(layers: &str) -> Vec<Result<Vec<usize>, String>> {
        let text = format!("network: {{input: [4, 8, 8], layers: [{layers}]}}\ndata: {{source: gaussian}}\n");
        let preset = Preset::parse(&text, "test.yaml", Path::new("")).unwrap();
        let usual = |target: &Target| Sizes::of(&preset, target).map(|sizes| sizes.usual()).map_err(|e| e.to_string());
        targets_of(&preset).iter().map(usual).collect()
    }

    #[test]
    fn sizes_are_multiples_of_the_groups_of_a_layer_and_of_those_behind_it() {
        let all = sizes(
            "conv2d: {out: 24, kernel: 3}, activation, conv2d: {out: 32, kernel: 3, groups: 8}, group_norm: {groups: 16}, \
             activation, flatten, linear: 5",
        );
        let eights = vec![8, 24, 40, 80, 160, 320];
        assert_eq!(all, [Ok(eights), Ok([16, 32, 48, 64, 96, 128].to_vec()), Ok(SIZES.to_vec())]);
    }

    #[test]
    fn a_size_that_no_other_can_replace_is_not_offered() {
        let all = sizes(
            "conv2d: {out: 8, kernel: 3, padding: 1}, residual: {body: [conv2d: {out: 8, kernel: 3, padding: 1}]}",
        );
        let [Err(why)] = &all[..] else { panic!("{all:?}") };
        assert!(why.starts_with("the size of layer 0 cannot be chosen by itself"), "{why}");
    }

    #[test]
    fn sizes_asked_for_are_checked_and_answers_are_rounded() {
        let sizes = Sizes { step: 4, layer: 2 };
        assert!(sizes.check(&[4, 12, 40]).is_ok());
        let error = sizes.check(&[4, 10]).unwrap_err().to_string();
        assert_eq!(error, "layer 2 takes sizes in multiples of 4, and 10 is none");
        assert_eq!([1, 5, 6, 100, 110].map(|units| sizes.nearest(units)), [4, 4, 8, 100, 112]);
    }
}
