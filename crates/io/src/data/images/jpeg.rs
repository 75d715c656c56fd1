//! JPEG, decoded to the same bytes as by libjpeg-turbo, which Pillow, OpenCV and torchvision use. How colours are
//! interpolated and rounded is left to decoders by the format, and others are off by several steps of 255.

use std::io::{Read, Seek};

use image::{DynamicImage, GrayImage, RgbImage};
use libjpeg_turbo_rs::{DecodeLimits, Decoder, JpegError, PixelFormat};

use super::kind::{Channels, Depth, Header, ImageFault, MOST_BYTES, MOST_SIDE};
use crate::data::file::shown;

/// The bytes of a file, and what its header says.
pub struct Jpeg {
    bytes: Vec<u8>,
    pub header: Header,
    /// Whether the camera notes that it stood otherwise than upright.
    pub is_turned: bool,
}

impl Jpeg {
    /// Reads a file that begins as JPEG does, and its header.
    pub fn open(mut file: impl Read + Seek) -> Result<Self, ImageFault> {
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|e| ImageFault::Damaged(shown(&e.to_string())))?;
        let decoder = decoder(&bytes).map_err(|e| fault(&e, false))?;
        let header = decoder.header();
        if header.precision != 8 {
            return Err(ImageFault::Unknown(format!("a JPEG of {} bits a channel", header.precision)));
        }
        let channels = if header.components.len() == 1 { Channels::Grey } else { Channels::Rgb };
        let size = (usize::from(header.height), usize::from(header.width));
        if size.0.max(size.1) > MOST_SIDE as usize {
            return Err(ImageFault::TooWide);
        }
        match (size.0 as u64) * (size.1 as u64) * channels.count() as u64 {
            0 => Err(ImageFault::Empty),
            bytes if bytes > MOST_BYTES => Err(ImageFault::TooLarge(bytes)),
            _ => {
                let is_turned = decoder.exif_orientation().is_some_and(|orientation| (2..=8).contains(&orientation));
                Ok(Self { header: Header { size, channels, depth: Depth::Eight }, is_turned, bytes })
            }
        }
    }

    /// Decodes the pixels.
    pub fn image(&self) -> Result<DynamicImage, ImageFault> {
        let format = if self.header.channels == Channels::Grey { PixelFormat::Grayscale } else { PixelFormat::Rgb };
        let decoder = decoder(&self.bytes).map(|decoder| decoder.with_output_format(format));
        let decoded = decoder.and_then(|decoder| decoder.decode_image()).map_err(|e| fault(&e, true))?;
        let (width, height) = (decoded.width as u32, decoded.height as u32);
        let image = match format {
            PixelFormat::Grayscale => GrayImage::from_raw(width, height, decoded.data).map(DynamicImage::from),
            _ => RgbImage::from_raw(width, height, decoded.data).map(DynamicImage::from),
        };
        image.ok_or_else(|| ImageFault::Damaged("pixels are missing".to_owned()))
    }
}

fn decoder(bytes: &[u8]) -> Result<Decoder<'_>, JpegError> {
    let limits = DecodeLimits { max_scans: 1000, max_memory: Some(4 * MOST_BYTES), ..DecodeLimits::default() };
    Decoder::new_with_limits(bytes, limits)
}

fn fault(error: &JpegError, damaged: bool) -> ImageFault {
    let words = shown(&error.to_string());
    if damaged { ImageFault::Damaged(words) } else { ImageFault::Unknown(words) }
}
