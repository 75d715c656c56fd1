//! A folder with a folder of images per class, whose names are the labels.

mod decode;
mod listing;
mod resize;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::file::{io_error, unreadable};
use super::{Assumption, DataError, FileAssumption, Labels, Source};
use decode::{Channels, Header};
pub use decode::{ImageFault, Wanted, decode, header};
use neartop_core::network::Shape;

/// Images in the order of their classes' names, then of their own. Values are from 0 to 255, or to 65,535.
pub struct Images {
    files: Vec<PathBuf>,
    of: Vec<u32>,
    /// None where the images do not stand in folders.
    classes: Vec<String>,
    wanted: Wanted,
    shape: Shape,
    assumptions: Vec<Assumption>,
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
/// one is given and fits, else those of the first image.
pub fn open(root: &Path, asked: Asked<'_>) -> Result<Images, DataError> {
    let listing = listing::list(root)?;
    let first = read(&listing.files[0], header)?;
    let wanted = wanted(first, asked);
    let (height, width) = wanted.size;
    let shape = Shape(vec![wanted.channels.count(), height, width]);
    let resized = asked.size.map(|_| FileAssumption::Resized { height, width });
    let assumptions = listing.assumptions.into_iter().chain(resized).map(Into::into).collect();
    Ok(Images { files: listing.files, of: listing.of, classes: listing.classes, wanted, shape, assumptions })
}

/// What all images are made to, by what the first one is and what is asked for.
pub fn wanted(first: Header, Asked { size, input }: Asked<'_>) -> Wanted {
    let (height, width) = size.unwrap_or(first.size);
    let asked = input.and_then(|input| match input.0.as_slice() {
        [channels, _, _] => Channels::of_count(*channels),
        _ => (input.elements() % (width * height).max(1) == 0)
            .then(|| Channels::of_count(input.elements() / (width * height).max(1)))
            .flatten(),
    });
    let channels = asked.unwrap_or(first.channels);
    Wanted { size: (height, width), channels, depth: first.depth, resized: size.is_some() }
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
        let classes = || Labels::Classes { of: self.of.clone(), count: self.classes.len() };
        Ok((!self.classes.is_empty()).then(classes))
    }

    fn class_names(&self) -> Result<Option<Vec<String>>, DataError> {
        Ok((!self.classes.is_empty()).then(|| self.classes.clone()))
    }

    fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }
}
