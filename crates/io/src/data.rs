//! Where samples come from.
//!
//! A [`Source`] reads rows of a data set in order; [`Samples`] holds the rows that the repetitions of a run use, scaled,
//! and gives every repetition its batch.

mod airfoil;
mod array;
mod array_source;
mod array_spec;
#[cfg(feature = "arrow")]
mod arrow;
mod assumption;
mod chosen;
mod containers;
mod digits;
mod element;
mod errors;
mod extent;
mod extents;
mod file;
mod file_assumption;
mod fit;
#[cfg(feature = "hdf5")]
mod hdf5;
mod idx;
mod images;
mod labelled;
mod labels;
mod mat;
mod names;
mod npy;
mod npz;
mod opening;
mod packing;
mod parquet;
mod relabelled;
mod safetensors;
mod samples;
mod scale;
mod shards;
mod source;
mod spec;
mod spread;
mod summary;
mod table;
mod table_spec;
mod text;
mod turned;
#[cfg(not(all(feature = "arrow", feature = "hdf5")))]
mod unconverted;
mod wide;
mod worded;
mod words;
mod written;
mod zipped;

pub use array_spec::{ArraySpec, ChannelOrder, Vocabulary};
pub use assumption::Assumption;
pub use digits::CLASSES as DIGITS;
pub use extent::Extent;
pub use extents::extents;
pub use file::{is_data_file, labels_are_a_file};
pub use file_assumption::FileAssumption;
pub use labelled::{Given, Labelled};
pub use names::is_image;
pub use opening::{advise, check_npy, open, open_for, open_for_form};
pub use samples::{Samples, check_tokens};
pub use source::{DataError, Labels, Source};
pub use spec::{Categories, Columns, DataFrom, DataSpec, Delimiter, FileSpec, LabelsFrom, Missing, Scale, TableSpec};
pub use summary::Summary;
pub use table::{Advice, Column, ColumnKind};
pub use turned::looks_channels_last;
