//! An image as numbers.

use std::io::{BufRead, Seek};

use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

use super::resize::{Rounding, resize};
use crate::data::file::shown;

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

fn fault(error: &ImageError, damaged: bool) -> ImageFault {
    match error {
        ImageError::Limits(_) => ImageFault::TooWide,
        e if damaged => ImageFault::Damaged(shown(&e.to_string())),
        e => ImageFault::Unknown(shown(&e.to_string())),
    }
}

/// Reads the header of an image.
fn decoder<'a>(file: impl BufRead + Seek + 'a) -> Result<impl ImageDecoder + 'a, ImageFault> {
    let io = |e: std::io::Error| ImageFault::Damaged(shown(&e.to_string()));
    let mut reader = ImageReader::new(file).with_guessed_format().map_err(io)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|e| fault(&e, false))?;
    match (decoder.total_bytes(), decoder.dimensions()) {
        (bytes, _) if bytes > MOST_BYTES => Err(ImageFault::TooLarge(bytes)),
        (_, (0, _) | (_, 0)) => Err(ImageFault::Empty),
        _ => Ok(decoder),
    }
}

fn header_of(decoder: &impl ImageDecoder) -> Header {
    let ((width, height), colour) = (decoder.dimensions(), decoder.color_type());
    let depth = match colour {
        ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => Depth::Sixteen,
        ColorType::Rgb32F | ColorType::Rgba32F => Depth::Float,
        _ => Depth::Eight,
    };
    let channels = if colour.has_color() { Channels::Rgb } else { Channels::Grey };
    Header { size: (height as usize, width as usize), channels, depth }
}

/// What an image's header says.
///
/// # Errors
/// If it is no image, or a too large one.
pub fn header(file: impl BufRead + Seek) -> Result<Header, ImageFault> {
    Ok(header_of(&decoder(file)?))
}

/// The values of an image, channel by channel. Of those of several frames it is the first.
///
/// # Errors
/// If it is no image, damaged, or not what is wanted.
pub fn decode(file: impl BufRead + Seek, wanted: &Wanted, values: &mut Vec<f32>) -> Result<(), ImageFault> {
    let decoder = decoder(file)?;
    let Header { size, depth, .. } = header_of(&decoder);
    if size != wanted.size && !wanted.resized {
        return Err(ImageFault::Size { given: size, expected: wanted.size, size: wanted.size });
    }
    if depth != wanted.depth {
        return Err(ImageFault::Depth { given: depth, expected: wanted.depth });
    }
    let image = DynamicImage::from_decoder(decoder).map_err(|e| fault(&e, true))?;
    values.clear();
    match depth {
        Depth::Eight => planes(&eight_bits(image, wanted.channels), wanted.channels, f32::from, values),
        Depth::Sixteen => planes(&sixteen_bits(image, wanted.channels), wanted.channels, f32::from, values),
        Depth::Float => planes(&floats(image, wanted.channels), wanted.channels, |x| x, values),
    }
    if size != wanted.size {
        let rounding = match depth {
            Depth::Eight => Rounding::Bytes,
            Depth::Sixteen => Rounding::Whole,
            Depth::Float => Rounding::None,
        };
        let planes = values.chunks_exact(size.0 * size.1);
        *values = planes.flat_map(|plane| resize(plane, size, wanted.size, rounding)).collect();
    }
    Ok(())
}

/// Appends pixel after pixel channel by channel.
fn planes<T: Copy>(pixels: &[T], channels: Channels, convert: impl Fn(T) -> f32, values: &mut Vec<f32>) {
    let channels = channels.count();
    for channel in 0..channels {
        values.extend(pixels.iter().skip(channel).step_by(channels).map(|p| convert(*p)));
    }
}

/// Parts of 65,536 of red, green and blue in grey, those of ITU-R BT.601 as Pillow has them.
const GREY: [u64; 3] = [19595, 38470, 7471];

fn grey<T: Copy + Into<u64> + TryFrom<u64> + Default>(pixels: &[T]) -> Vec<T> {
    let of = |rgb: &[T; 3]| {
        let sum: u64 = rgb.iter().zip(GREY).map(|(x, weight)| (*x).into() * weight).sum();
        T::try_from((sum + 0x8000) >> 16).unwrap_or_default()
    };
    pixels.as_chunks::<3>().0.iter().map(of).collect()
}

fn eight_bits(image: DynamicImage, channels: Channels) -> Vec<u8> {
    match (channels, image.color().has_color()) {
        (Channels::Grey, true) => grey(&image.into_rgb8().into_raw()),
        (Channels::Grey, false) => image.into_luma8().into_raw(),
        (Channels::Rgb, _) => image.into_rgb8().into_raw(),
        (Channels::Rgba, _) => image.into_rgba8().into_raw(),
    }
}

fn sixteen_bits(image: DynamicImage, channels: Channels) -> Vec<u16> {
    match (channels, image.color().has_color()) {
        (Channels::Grey, true) => grey(&image.into_rgb16().into_raw()),
        (Channels::Grey, false) => image.into_luma16().into_raw(),
        (Channels::Rgb, _) => image.into_rgb16().into_raw(),
        (Channels::Rgba, _) => image.into_rgba16().into_raw(),
    }
}

fn floats(image: DynamicImage, channels: Channels) -> Vec<f32> {
    match channels {
        Channels::Grey => {
            let weights = GREY.map(|weight| weight as f32 / 65536.0);
            let rgb = image.into_rgb32f().into_raw();
            rgb.as_chunks::<3>().0.iter().map(|rgb| rgb.iter().zip(weights).map(|(x, w)| x * w).sum()).collect()
        }
        Channels::Rgb => image.into_rgb32f().into_raw(),
        Channels::Rgba => image.into_rgba32f().into_raw(),
    }
}
