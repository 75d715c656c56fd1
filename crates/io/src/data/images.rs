//! A folder with a folder of images per class, whose names are the labels.

mod decode;
mod jpeg;
mod kind;
mod listing;
mod resize;
mod table;
mod unheeded;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::file::{io_error, unreadable};
use super::{Assumption, DataError, FileAssumption, Labels, Source};
pub use decode::{decode, header};
use kind::{Channels, Header};
pub use kind::{ImageFault, Wanted};
use neartop_core::network::Shape;
use table::Listed;
pub use unheeded::Unheeded;

/// Images in the order of their classes' names, then of their own, or of a table. Values are from 0 to 255, or to 65,535.
pub struct Images {
    files: Vec<PathBuf>,
    labels: Option<Labels>,
    /// The labels as numbers, where they are.
    values: Option<Vec<f32>>,
    classes: Option<Vec<String>>,
    wanted: Wanted,
    shape: Shape,
    assumptions: Vec<Assumption>,
}

/// The field of a column of images that holds their bytes, as the Hub stores them.
pub const BYTES: &str = "bytes";

/// Whether a column of bytes is called as images are.
pub fn is_image_name(name: &str) -> bool {
    const USUAL: [&str; 9] = ["image", "images", "img", "picture", "pixels", "png", "jpg", "jpeg", "image_bytes"];
    USUAL.contains(&name.to_ascii_lowercase().as_str())
}

/// What is said of images.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Height and width that all get.
    pub size: Option<(usize, usize)>,
    /// The network's input.
    pub input: Option<&'a Shape>,
}

/// Lists the images. The first one's header says their size, unless one is given; the channels are those of the input where
/// one is given and fits, else those of the first image, or colours where others have any.
pub fn open(root: &Path, asked: Asked<'_>) -> Result<Images, DataError> {
    let listing = listing::list(root)?;
    let count = listing.classes.len();
    let labels = (count > 0).then_some(Labels::Classes { of: listing.of, count });
    let images = Images::of(listing.files, asked, listing.assumptions)?;
    Ok(Images { labels, classes: (count > 0).then_some(listing.classes), ..images })
}

/// The same of the images that a table lists with their labels.
pub fn open_listed(root: &Path, table: &Path, asked: Asked<'_>) -> Result<Images, DataError> {
    let Listed { files, labels, told } = table::listed(root, table)?;
    if files.is_empty() {
        return Err(unreadable(table, "it lists no images"));
    }
    let classes = labels.class_names();
    let read = labels.clone().labels().map_err(|at| unreadable(table, format!("label {at} (from 0) is not finite")))?;
    Ok(Images { labels: Some(read), values: labels.numbers(), classes, ..Images::of(files, asked, told)? })
}

impl Images {
    fn of(files: Vec<PathBuf>, asked: Asked<'_>, told: Vec<FileAssumption>) -> Result<Self, DataError> {
        let first = read(&files[0], header)?;
        let open = asked_channels(first, asked).is_none().then(|| channels(&files, first.channels));
        let wanted = wanted(Header { channels: open.unwrap_or(first.channels), ..first }, asked);
        if asked.size.is_none() {
            check_sizes(&files, wanted.size, asked)?;
        }
        let (height, width) = wanted.size;
        let shape = Shape(vec![wanted.channels.count(), height, width]);
        let resized = asked.size.map(|_| FileAssumption::Resized { height, width });
        let assumptions = told.into_iter().chain(resized).chain(unheeded(&files).told()).map(Into::into).collect();
        Ok(Self { files, labels: None, values: None, classes: None, wanted, shape, assumptions })
    }
}

/// Images that are looked at.
fn some(files: &[PathBuf]) -> impl Iterator<Item = &PathBuf> {
    files.iter().step_by(files.len().div_ceil(unheeded::LOOKS).max(1)).filter(|path| path.is_file())
}

/// The channels of the first image; colours where it is grey and another of some is not.
fn channels(files: &[PathBuf], first: Channels) -> Channels {
    match first {
        Channels::Grey if some(files).any(|path| has_colours(path)) => Channels::Rgb,
        first => first,
    }
}

/// Whether an image has another colour than greys. What cannot be read has none: it is refused where it is read.
fn has_colours(path: &Path) -> bool {
    let Ok(Header { size, channels, depth }) = read(path, header) else { return false };
    let wanted = Wanted { size, channels: Channels::Rgb, depth, resized: false };
    let mut planes = Vec::new();
    // Greys may be stored as colours.
    channels != Channels::Grey
        && read(path, |file| decode(file, &wanted, &mut planes)).is_ok()
        && planes.chunks(size.0 * size.1).any(|plane| *plane != planes[..size.0 * size.1])
}

/// What images say that is not heeded, of some of them.
fn unheeded(files: &[PathBuf]) -> Unheeded {
    let mut unheeded = Unheeded::default();
    for path in some(files) {
        File::open(path).into_iter().for_each(|file| unheeded.look(BufReader::new(file)));
    }
    unheeded
}

/// What all images are made to, by what the first one is and what is asked for.
pub fn wanted(first: Header, asked: Asked<'_>) -> Wanted {
    let channels = asked_channels(first, asked).unwrap_or(first.channels);
    let size = asked.size.unwrap_or(first.size);
    Wanted { size, channels, depth: first.depth, resized: asked.size.is_some() }
}

/// The channels that the network's input has.
fn asked_channels(first: Header, Asked { size, input }: Asked<'_>) -> Option<Channels> {
    let (height, width) = size.unwrap_or(first.size);
    let (pixels, input) = ((width * height).max(1), input?);
    match input.0.as_slice() {
        [channels, _, _] => Channels::of_count(*channels),
        _ if input.elements().is_multiple_of(pixels) => Channels::of_count(input.elements() / pixels),
        _ => None,
    }
}

/// Fails if some of the images are of another size than the first, before the network's input is compared with that.
fn check_sizes(files: &[PathBuf], expected: (usize, usize), asked: Asked<'_>) -> Result<(), DataError> {
    let size = match asked.input.map(|input| input.0.as_slice()) {
        Some([_, height, width]) => (*height, *width),
        _ => expected,
    };
    for path in some(files) {
        let given = read(path, header)?.size;
        if given != expected {
            return Err(unreadable(path, ImageFault::Size { given, expected, size }.to_string()));
        }
    }
    Ok(())
}

/// Reads from an image file.
fn read<T>(path: &Path, of: impl FnOnce(BufReader<File>) -> Result<T, ImageFault>) -> Result<T, DataError> {
    // A pipe of that name would never end.
    if !path.is_file() {
        return Err(unreadable(path, "it is not a regular file, where an image is needed"));
    }
    let file = File::open(path).map_err(|e| io_error(path, &e))?;
    of(BufReader::new(file)).map_err(|fault| unreadable(path, fault.to_string()))
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
            read(&self.files[*row], |file| decode(file, &self.wanted, &mut values))?;
            take(&values);
        }
        Ok(())
    }

    fn labels(&self) -> Result<Option<Labels>, DataError> {
        Ok(self.labels.clone())
    }

    fn label_values(&self) -> Result<Option<Vec<f32>>, DataError> {
        Ok(self.values.clone())
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok(self.classes.clone())
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
