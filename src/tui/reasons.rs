//! Why a candidate is recommended, and which may be as good.

use std::sync::OnceLock;

use neartop_study::study::Study;

/// What there is to say of the recommended candidate beside its name.
#[derive(Debug, Default)]
pub struct Reasons {
    /// Empty where none is recommended.
    pub why: String,
    /// Worked out once somebody looks: of thousands it takes longer than a frame.
    equivalent: OnceLock<Option<String>>,
}

impl Reasons {
    #[must_use]
    pub fn new(why: String) -> Self {
        Self { why, equivalent: OnceLock::new() }
    }

    /// Which candidates cannot be told apart from the recommended one, and whether the choice matters.
    pub fn equivalent(&self, study: &Study, recommended: usize) -> Option<&str> {
        let phrase = || study.phrase_of_equivalent(&study.equivalent_to_recommended(recommended)?);
        self.equivalent.get_or_init(phrase).as_deref()
    }
}
