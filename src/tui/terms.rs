//! What is searched for, in every list alike: words that must occur, and words after a minus that must not.

/// A search, read from what the user wrote. Large and small letters are the same.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Terms {
    #[must_use]
    pub fn new(text: &str) -> Self {
        let text = text.to_lowercase();
        let (unwanted, wanted): (Vec<&str>, Vec<&str>) = text.split_whitespace().partition(|w| w.starts_with('-'));
        let unwanted = unwanted.iter().map(|w| w[1..].to_owned()).filter(|w| !w.is_empty());
        Self { wanted: wanted.into_iter().map(str::to_owned).collect(), unwanted: unwanted.collect() }
    }

    /// Whether every text passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    /// Whether a text has all that must occur and nothing that must not.
    #[must_use]
    pub fn admit(&self, text: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        self.wanted.iter().all(|w| text.contains(w)) && !self.unwanted.iter().any(|w| text.contains(w))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_must_occur_and_those_after_a_minus_must_not() {
        let admits = |terms: &str, text| Terms::new(terms).admit(text);
        assert!(admits("", "anything") && admits(" - ", "anything"));
        assert!(admits("RELU orth", "relu with orthogonal") && !admits("relu kaiming", "relu with orthogonal"));
        assert!(!admits("relu -orth", "ReLU with Orthogonal") && admits("relu -leaky", "relu with zeros"));
    }
}
