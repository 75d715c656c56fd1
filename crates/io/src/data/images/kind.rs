//! What an image is, and why it gives no sample.

/// The largest image, in pixels along a side; larger ones are refused by their headers.
pub const MOST_SIDE: u32 = 1 << 14;
/// The largest image, in bytes: a few dozen bytes of a file can say a large image of one colour, and some decoders ask for
/// the memory before they look.
pub const MOST_BYTES: u64 = 1 << 27;

/// Why an image gives no sample.
#[derive(Debug, thiserror::Error)]
pub enum ImageFault {
    #[error("the image is larger than {MOST_SIDE} x {MOST_SIDE}, the most that is read")]
    TooWide,
    #[error("the image has {0} bytes, and {MOST_BYTES} are the most that is read")]
    TooLarge(u64),
    #[error("it is no image that can be read: {0}")]
    Unknown(String),
    #[error("the image cannot be read ({0}); is it truncated?")]
    Damaged(String),
    #[error("the image has no pixels")]
    Empty,
    #[error(
        "the image is {} wide and {} high, but others are {} and {}; `size: [{}, {}]` under `data` makes all of one size",
        .given.1, .given.0, .expected.1, .expected.0, .size.0, .size.1
    )]
    Size {
        given: (usize, usize),
        expected: (usize, usize),
        /// What all could be made to.
        size: (usize, usize),
    },
    #[error("the image has {given} a channel, but others have {expected}; save all with as many")]
    Depth { given: Depth, expected: Depth },
}

/// What of an image's colours is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channels {
    Grey,
    Rgb,
    Rgba,
}

impl Channels {
    pub fn of_count(count: usize) -> Option<Self> {
        match count {
            1 => Some(Self::Grey),
            3 => Some(Self::Rgb),
            4 => Some(Self::Rgba),
            _ => None,
        }
    }

    pub fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// The numbers of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// 0 to 255
    Eight,
    /// 0 to 65,535
    Sixteen,
    Float,
}

impl std::fmt::Display for Depth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Eight => "8 bits",
            Self::Sixteen => "16 bits",
            Self::Float => "32 bits",
        })
    }
}

/// What an image's header says.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// Height and width.
    pub size: (usize, usize),
    pub channels: Channels,
    pub depth: Depth,
}

/// What all images of a set are made to.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Height and width.
    pub size: (usize, usize),
    pub channels: Channels,
    pub depth: Depth,
    /// Images of other sizes are resized rather than refused.
    pub resized: bool,
}
