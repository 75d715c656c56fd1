//! Where samples come from.
//!
//! A [`Source`] reads rows of a data set in order; [`Samples`] holds the rows that the repetitions of a run use, scaled,
//! and gives every repetition its batch.

mod airfoil;
mod array;
mod array_source;
mod containers;
mod digits;
mod element;
mod file;
mod fit;
mod idx;
mod images;
mod labelled;
mod labels;
mod npy;
mod npz;
mod opening;
mod parquet;
mod safetensors;
mod samples;
mod scale;
mod source;
mod spec;
mod table;

pub use digits::CLASSES as DIGITS;
pub use file::labels_are_a_file;
pub use labelled::{Asked, Labelled};
pub use opening::{check_npy, open, open_for};
pub use samples::{Samples, check_tokens};
pub use source::{DataError, Labels, Source};
pub use spec::{DataFrom, DataSpec, Scale};
