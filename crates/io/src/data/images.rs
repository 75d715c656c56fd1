//! A folder with a folder of images per class, whose names are the labels.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::file::{io_error, shown, unreadable};
use super::{DataError, Labels, Source};
use neartop_core::network::Shape;

const EXTENSIONS: &[&str] = &["png", "jpg", "jpeg", "bmp", "webp", "pgm", "ppm", "pbm", "pnm"];
/// The largest image, in pixels along a side; larger ones are refused by their headers.
const MOST_SIDE: u32 = 1 << 14;
/// The largest image, in bytes: a few dozen bytes of a file can say a large image of one colour, and some decoders ask for
/// the memory before they look.
const MOST_BYTES: u64 = 1 << 27;

/// Images in the order of their classes' names, then of their own. Values are from 0 to 255.
pub struct Images {
    files: Vec<PathBuf>,
    of: Vec<u32>,
    /// 0 where the images do not stand in folders.
    classes: usize,
    channels: Channels,
    shape: Shape,
}

/// What of an image's colours is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channels {
    Grey,
    Rgb,
    Rgba,
}

impl Channels {
    fn of_count(count: usize) -> Option<Self> {
        match count {
            1 => Some(Self::Grey),
            3 => Some(Self::Rgb),
            4 => Some(Self::Rgba),
            _ => None,
        }
    }

    fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// Lists the images. The first one's header says their size; the channels are those of the input where one is given and
/// fits, else those of the first image.
pub fn open(root: &Path, input: Option<&Shape>) -> Result<Images, DataError> {
    let (mut files, mut of, mut classes) = (Vec::new(), Vec::new(), 0);
    let entries = entries(root)?;
    for folder in entries.iter().filter(|path| path.is_dir()) {
        let before = files.len();
        files.extend(self::entries(folder)?.into_iter().filter(|path| is_image(path)));
        if files.len() > before {
            of.resize(files.len(), classes as u32);
            classes += 1;
        }
    }
    let loose: Vec<_> = entries.into_iter().filter(|path| is_image(path)).collect();
    match (classes, loose.first()) {
        (0, _) => files = loose,
        (_, Some(stray)) => {
            return Err(unreadable(stray, "it stands beside folders of images; put it into the folder of its class"));
        }
        (_, None) => {}
    }
    let Some(first) = files.first() else {
        let reason = format!("no image is in this folder or in the folders in it; known are {}", EXTENSIONS.join(", "));
        return Err(unreadable(root, reason));
    };
    let decoder = decoder(first)?;
    let ((width, height), colour) = (decoder.dimensions(), decoder.color_type());
    drop(decoder);
    let (width, height) = (width as usize, height as usize);
    let own = if colour.has_color() { Channels::Rgb } else { Channels::Grey };
    let asked = input.and_then(|input| match input.0.as_slice() {
        [channels, _, _] => Channels::of_count(*channels),
        _ => (input.elements() % (width * height).max(1) == 0)
            .then(|| Channels::of_count(input.elements() / (width * height).max(1)))
            .flatten(),
    });
    let channels = asked.unwrap_or(own);
    let shape = Shape(vec![channels.count(), height, width]);
    Ok(Images { files, of, classes, channels, shape })
}

/// What is in a folder, by name; hidden things are left out.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in folder.read_dir()? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
        paths.sort_unstable();
        Ok(paths)
    };
    read().map_err(|e| io_error(folder, &e))
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    EXTENSIONS.contains(&extension.as_str())
}

/// Reads the header of an image.
fn decoder(path: &Path) -> Result<impl ImageDecoder, DataError> {
    let fail = |e: image::ImageError| match e {
        image::ImageError::Limits(_) => {
            unreadable(path, format!("the image is larger than {MOST_SIDE} x {MOST_SIDE}, the most that is read"))
        }
        e => unreadable(path, format!("it is no image that can be read: {}", shown(&e.to_string()))),
    };
    // A pipe of that name would never end.
    if !path.is_file() {
        return Err(unreadable(path, "it is not a regular file, where an image is needed"));
    }
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    let mut reader = ImageReader::new(BufReader::new(file)).with_guessed_format().map_err(|e| io_error(path, &e))?;
    reader.limits(limits());
    let decoder = reader.into_decoder().map_err(fail)?;
    match decoder.total_bytes() {
        bytes if bytes > MOST_BYTES => {
            Err(unreadable(path, format!("the image has {bytes} bytes, and {MOST_BYTES} are the most that is read")))
        }
        _ => Ok(decoder),
    }
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_BYTES);
    limits
}

impl Images {
    fn load(&self, path: &Path, values: &mut Vec<f32>) -> Result<(), DataError> {
        let decoder = decoder(path)?;
        let (width, height) = decoder.dimensions();
        let (rows, columns) = (self.shape.0[1], self.shape.0[2]);
        if (height as usize, width as usize) != (rows, columns) {
            let reason = format!("the image is {width} wide and {height} high, but others are {columns} and {rows}");
            return Err(unreadable(path, reason));
        }
        let image = DynamicImage::from_decoder(decoder).map_err(|e| {
            unreadable(path, format!("the image cannot be read ({}); is it truncated?", shown(&e.to_string())))
        })?;
        let pixels = match self.channels {
            Channels::Grey => image.into_luma8().into_raw(),
            Channels::Rgb => image.into_rgb8().into_raw(),
            Channels::Rgba => image.into_rgba8().into_raw(),
        };
        let channels = self.channels.count();
        values.clear();
        for channel in 0..channels {
            values.extend(pixels.iter().skip(channel).step_by(channels).map(|p| f32::from(*p)));
        }
        Ok(())
    }
}

impl Source for Images {
    fn count(&self) -> usize {
        self.files.len()
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn read(&self, rows: &[usize], take: &mut dyn FnMut(&[f32])) -> Result<(), DataError> {
        let mut values = Vec::with_capacity(self.shape.elements());
        for row in rows {
            self.load(&self.files[*row], &mut values)?;
            take(&values);
        }
        Ok(())
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        let classes = || Labels::Classes { of: self.of.clone(), count: self.classes };
        Ok((self.classes > 0).then(classes))
    }
}
