//! What images say that is not heeded: to be turned, and frames after the first.

use std::io::{BufRead, Seek, SeekFrom};

use image::codecs::gif::GifDecoder;
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, ImageDecoder, ImageFormat, ImageReader};

use super::decode::limits;
use super::jpeg::Jpeg;
use crate::data::FileAssumption;
use crate::panics::contain;

/// So many images of a set are looked at, evenly spread.
pub const LOOKS: usize = 256;

/// How many of the images that were looked at say what.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unheeded {
    looked: usize,
    turned: usize,
    several: usize,
}

impl Unheeded {
    /// Looks at an image. What cannot be read says nothing: it is refused where it is read.
    pub fn look(&mut self, file: impl BufRead + Seek) {
        let (is_turned, has_several) = contain(|| said(file)).flatten().unwrap_or_default();
        self.looked += 1;
        self.turned += usize::from(is_turned);
        self.several += usize::from(has_several);
    }

    pub fn told(self) -> impl Iterator<Item = FileAssumption> {
        let Self { looked, turned, several } = self;
        let turned = (turned > 0).then_some(FileAssumption::Turned { images: turned, looked });
        turned.into_iter().chain((several > 0).then_some(FileAssumption::Frames { images: several, looked }))
    }
}

/// Whether an image is to be turned, and whether it has several frames.
fn said(mut file: impl BufRead + Seek) -> Option<(bool, bool)> {
    let format = ImageReader::new(&mut file).with_guessed_format().ok()?.format()?;
    file.seek(SeekFrom::Start(0)).ok()?;
    Some(match format {
        ImageFormat::Jpeg => (Jpeg::open(file).ok()?.is_turned, false),
        ImageFormat::Gif => (false, GifDecoder::new(file).ok()?.into_frames().take(2).count() > 1),
        ImageFormat::Png => {
            let mut decoder = PngDecoder::with_limits(file, limits()).ok()?;
            (is_turned(&mut decoder), decoder.is_apng().ok()?)
        }
        ImageFormat::WebP => {
            let mut decoder = WebPDecoder::new(file).ok()?;
            (is_turned(&mut decoder), decoder.has_animation())
        }
        ImageFormat::Tiff => {
            let has_several = has_several_pages(&mut file).unwrap_or(false);
            file.seek(SeekFrom::Start(0)).ok()?;
            (is_turned(&mut image::codecs::tiff::TiffDecoder::new(file).ok()?), has_several)
        }
        _ => (false, false),
    })
}

fn is_turned(decoder: &mut impl ImageDecoder) -> bool {
    decoder.orientation().is_ok_and(|orientation| orientation != Orientation::NoTransforms)
}

/// Whether the directory of a TIFF's first image names another one. Big TIFF has longer counts and places.
fn has_several_pages(file: &mut (impl BufRead + Seek)) -> Option<bool> {
    let mut head = [0; 16];
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_exact(&mut head).ok()?;
    let is_little = head.starts_with(b"II");
    let whole = |bytes: &[u8]| {
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if is_little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) }
    };
    let is_big = whole(&head[2..4]) == 43;
    let (place, count, entry) = if is_big { (8, 8, 20) } else { (4, 2, 12) };
    let mut number = |at: u64, width: usize| {
        let mut bytes = vec![0; width];
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        Some(whole(&bytes))
    };
    let first = if is_big { whole(&head[8..16]) } else { whole(&head[4..8]) };
    let entries = number(first, count)?;
    let next = first.checked_add(count as u64)?.checked_add(entries.checked_mul(entry)?)?;
    Some(number(next, place)? != 0)
}
