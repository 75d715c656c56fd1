//! How files were read where they could have been meant otherwise.

use std::fmt;

use super::file::shown;

/// Something about a file that was found out rather than said. Each is told once, in one line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileAssumption {
    /// The images are in a folder in the one that was named.
    Inside { folder: String },
    /// Of several parts of a data set this one was taken.
    Split { taken: String, left: Vec<String> },
    /// Of the sizes of samples the last counts the channels.
    ChannelsLast { sizes: Vec<usize> },
    /// Of the sizes of samples the first counts the channels.
    ChannelsFirst { sizes: Vec<usize> },
    /// Of the sizes of an array the last counts the samples.
    SamplesLast { sizes: Vec<usize> },
    /// A text became so many tokens, so many of them different, in pieces of a length.
    Text { tokens: u64, different: usize, vocab: usize, length: usize },
    /// Numbers of tokens were cut into pieces of a length.
    Pieces { tokens: u64, length: usize },
    /// The files of a folder are one data set.
    Shards { files: usize },
    /// A table lists the images and their labels, in columns of these names.
    Listed { file: String, label: String },
    /// Images that the table does not list.
    Unlisted { images: usize },
    /// Images that the table lists several times, some of them with labels that differ.
    Repeated { images: usize, differing: usize },
    /// Images whose cameras note that they are to be turned, of those that were looked at.
    Turned { images: usize, looked: usize },
    /// Images of which the first of several frames is read, of those that were looked at.
    Frames { images: usize, looked: usize },
    /// Of several arrays of a file this one holds the samples.
    Array { taken: String, left: Vec<String> },
    /// The samples are the images of a column, and these columns are left out.
    ImageColumn { taken: String, labels: Option<String>, left: Vec<String> },
    /// Images in folders in the folder of a class belong to that class.
    Nested { images: usize },
    /// Files that are no images, by the ends of their names.
    Skipped { files: Vec<(String, usize)> },
    /// All images get this height and width.
    Resized { height: usize, width: usize },
}

impl fmt::Display for FileAssumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inside { folder } => write!(f, "the classes are taken from the folder {}", shown(folder)),
            Self::Split { taken, left } => {
                write!(f, "of the parts of the data `{}` is taken; left out: {}", shown(taken), quoted(left))
            }
            Self::ChannelsLast { sizes } => write!(
                f,
                "the samples are {}, of which the last counts the channels; `layout: channels_first` says otherwise",
                by(sizes)
            ),
            Self::ChannelsFirst { sizes } => write!(
                f,
                "the samples are {}, of which the first counts the channels; `layout: channels_last` says otherwise",
                by(sizes)
            ),
            Self::SamplesLast { sizes } => write!(f, "of the sizes {} the last counts the samples", by(sizes)),
            Self::Text { tokens, different, vocab, length } => text(f, *tokens, *different, *vocab, *length),
            Self::Pieces { tokens, length } => {
                write!(f, "the array is {tokens} tokens, of which each {length} in turn are a sample")
            }
            Self::Shards { files } => write!(f, "the {files} files of the folder are read as one data set"),
            Self::Listed { file, label } => {
                write!(f, "column `{}` names the images, column `{}` their labels", shown(file), shown(label))
            }
            Self::Unlisted { images: 1 } => {
                f.write_str("1 image of the folder is left out, since the table does not list it")
            }
            Self::Unlisted { images } => {
                write!(f, "{images} images of the folder are left out, since the table does not list them")
            }
            Self::Repeated { images, differing } => repeated(f, *images, *differing),
            Self::Turned { images, looked } => turned(f, *images, *looked),
            Self::Frames { images, looked } => {
                let has = of_those(*images, *looked, "has", "have");
                write!(f, "only the first frame of an image is read, but {has} several")
            }
            Self::Array { taken, left } => array(f, taken, left),
            Self::ImageColumn { taken, labels, left } => image_column(f, taken, labels.as_deref(), left),
            Self::Nested { images: 1 } => {
                write!(f, "1 image in a folder below that of its class is taken for that class")
            }
            Self::Nested { images } => {
                write!(f, "{images} images in folders below those of their classes are taken for these classes")
            }
            Self::Skipped { files } => skipped(f, files),
            Self::Resized { height, width } => {
                write!(f, "all images get {height} rows and {width} columns, as `size` says, by bilinear filtering")
            }
        }
    }
}

/// `3 of 20 images are`
fn of_those(images: usize, looked: usize, one: &str, several: &str) -> String {
    format!(
        "{images} of {looked} {} {}",
        if looked == 1 { "image" } else { "images" },
        if images == 1 { one } else { several }
    )
}

fn turned(f: &mut fmt::Formatter<'_>, images: usize, looked: usize) -> fmt::Result {
    let are = of_those(images, looked, "is", "are");
    write!(f, "images are read as they are stored, but {are} to be turned (Exif); ")?;
    f.write_str("`PIL.ImageOps.exif_transpose` turns them")
}

fn array(f: &mut fmt::Formatter<'_>, taken: &str, left: &[String]) -> fmt::Result {
    let left: Vec<_> = left.iter().take(8).map(|name| format!("`{}`", shown(name))).collect();
    write!(f, "the samples are the array `{}`; `array` takes another one: {}", shown(taken), left.join(", "))
}

fn skipped(f: &mut fmt::Formatter<'_>, files: &[(String, usize)]) -> fmt::Result {
    let count: usize = files.iter().map(|(_, n)| n).sum();
    let kinds: Vec<_> = files.iter().map(|(kind, n)| format!("{n} {}", shown(kind))).collect();
    let noun = if count == 1 { "file is" } else { "files are" };
    write!(f, "{count} {noun} left out, since no image of that kind is read: {}", kinds.join(", "))
}

fn repeated(f: &mut fmt::Formatter<'_>, images: usize, differing: usize) -> fmt::Result {
    let is = if images == 1 { "1 image is" } else { &format!("{images} images are") };
    write!(f, "{is} listed several times, and each line is a sample")?;
    match differing {
        0 => Ok(()),
        n => write!(f, "; the labels of {n} of them differ from line to line"),
    }
}

fn by(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ")
}

/// Names in quotes, not too many of them.
fn quoted(names: &[String]) -> String {
    let some: Vec<_> = names.iter().take(8).map(|name| format!("`{}`", shown(name))).collect();
    format!("{}{}", some.join(", "), if names.len() > 8 { ", ..." } else { "" })
}

fn text(f: &mut fmt::Formatter<'_>, tokens: u64, different: usize, vocab: usize, length: usize) -> fmt::Result {
    if different == 0 {
        return write!(f, "the text is {tokens} bytes, of which each {length} in turn are a sample");
    }
    write!(f, "the text is {tokens} tokens, {different} different ones")?;
    if vocab < different {
        write!(f, ", all but the {} most frequent of which share a number", vocab.saturating_sub(1))?;
    }
    write!(f, "; each {length} in turn are a sample")
}

fn image_column(f: &mut fmt::Formatter<'_>, taken: &str, labels: Option<&str>, left: &[String]) -> fmt::Result {
    write!(f, "the samples are the images in column `{}`, ", shown(taken))?;
    match labels {
        Some(labels) => write!(f, "the labels are column `{}`", shown(labels))?,
        None => write!(f, "without labels")?,
    }
    if left.is_empty() { Ok(()) } else { write!(f, "; left out: {}", quoted(left)) }
}
