//! What a preset says about arrays, images and texts.

/// How arrays, images and texts are read; what is left open is found out from the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArraySpec {
    /// The array that holds the samples, of those of a file.
    pub array: Option<String>,
    pub layout: Option<ChannelOrder>,
    /// Height and width that all images get.
    pub size: Option<(usize, usize)>,
    /// What the tokens of a text are.
    pub vocabulary: Option<Vocabulary>,
}

impl ArraySpec {
    /// The keys that say something.
    #[must_use]
    pub fn keys(&self) -> Vec<&'static str> {
        let keys = [
            ("array", self.array.is_some()),
            ("layout", self.layout.is_some()),
            ("size", self.size.is_some()),
            ("vocabulary", self.vocabulary.is_some()),
        ];
        keys.into_iter().filter(|(_, said)| *said).map(|(key, _)| key).collect()
    }
}

/// Where the channels stand among the sizes of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelOrder {
    /// `[samples, channels, ...]`, as in PyTorch.
    ChannelsFirst,
    /// `[samples, ..., channels]`, as in Keras.
    ChannelsLast,
}

/// What the tokens of a text are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// The bytes of the text in UTF-8.
    Bytes,
    /// Its characters, the most frequent first.
    Characters,
    /// Its words, the most frequent first.
    Words,
}
