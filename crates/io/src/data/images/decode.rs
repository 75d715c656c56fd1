//! An image as numbers.

use std::io::{BufRead, Seek};

use image::{ColorType, DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::jpeg::Jpeg;
use super::kind::{Channels, Depth, Header, ImageFault, MOST_BYTES, MOST_SIDE, Wanted};
use super::resize::{Rounding, resize};
use crate::data::file::shown;

fn fault(error: &ImageError, damaged: bool) -> ImageFault {
    match error {
        ImageError::Limits(_) => ImageFault::TooWide,
        e if damaged => ImageFault::Damaged(shown(&e.to_string())),
        e => ImageFault::Unknown(shown(&e.to_string())),
    }
}

/// An image of which the header is read.
enum Opened<D> {
    Jpeg(Jpeg),
    Other(D),
}

impl<D: ImageDecoder> Opened<D> {
    fn header(&self) -> Header {
        match self {
            Self::Jpeg(jpeg) => jpeg.header,
            Self::Other(decoder) => header_of(decoder),
        }
    }

    fn image(self) -> Result<DynamicImage, ImageFault> {
        match self {
            Self::Jpeg(jpeg) => jpeg.image(),
            Self::Other(decoder) => DynamicImage::from_decoder(decoder).map_err(|e| fault(&e, true)),
        }
    }
}

fn opened<'a>(file: impl BufRead + Seek + 'a) -> Result<Opened<impl ImageDecoder + 'a>, ImageFault> {
    let io = |e: std::io::Error| ImageFault::Damaged(shown(&e.to_string()));
    let reader = ImageReader::new(file).with_guessed_format().map_err(io)?;
    if reader.format() == Some(ImageFormat::Jpeg) {
        return Jpeg::open(reader.into_inner()).map(Opened::Jpeg);
    }
    decoder(reader).map(Opened::Other)
}

/// What an image may take.
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    limits
}

fn decoder<'a>(mut reader: ImageReader<impl BufRead + Seek + 'a>) -> Result<impl ImageDecoder + 'a, ImageFault> {
    reader.limits(limits());
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
    Ok(opened(file)?.header())
}

/// The values of an image, channel by channel. Of those of several frames it is the first.
///
/// # Errors
/// If it is no image, damaged, or not what is wanted.
pub fn decode(file: impl BufRead + Seek, wanted: &Wanted, values: &mut Vec<f32>) -> Result<(), ImageFault> {
    let opened = opened(file)?;
    let Header { size, depth, .. } = opened.header();
    if size != wanted.size && !wanted.resized {
        return Err(ImageFault::Size { given: size, expected: wanted.size, size: wanted.size });
    }
    if depth != wanted.depth {
        return Err(ImageFault::Depth { given: depth, expected: wanted.depth });
    }
    let image = opened.image()?;
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
