//! How a preset says how arrays, images and texts are read.

use serde_json::{Value as Json, json};
use serde_yaml::Value;

use crate::data::{ArraySpec, ChannelOrder, Vocabulary};
use crate::preset::choices::word;
use crate::preset::values::value;
use crate::preset::yaml::{Map, Node, Problem};

pub const KEYS: [&str; 4] = ["array", "layout", "size", "vocabulary"];

/// The longest side that images can get.
const MOST_SIDE: u64 = 1 << 12;

/// Reads the keys of arrays, images and texts.
pub fn read_arrays(map: &Map<'_>) -> Result<ArraySpec, Problem> {
    let array = map.get("array").map(|node| node.text("the name of an array")).transpose()?;
    let layout = map.get("layout").map(|node| word(node, "the layout", &["auto", "channels_first", "channels_last"]));
    let layout = match layout.transpose()? {
        Some("channels_first") => Some(ChannelOrder::ChannelsFirst),
        Some("channels_last") => Some(ChannelOrder::ChannelsLast),
        _ => None,
    };
    let vocabulary = map.get("vocabulary").map(|node| word(node, "the vocabulary", &["bytes", "characters", "words"]));
    let vocabulary = vocabulary.transpose()?.map(|word| match word {
        "bytes" => Vocabulary::Bytes,
        "characters" => Vocabulary::Characters,
        _ => Vocabulary::Words,
    });
    let size = map.get("size").map(read_size).transpose()?;
    Ok(ArraySpec { array: array.map(str::to_owned), layout, size, vocabulary })
}

/// Height and width, or one number for both.
fn read_size(node: &Node<'_>) -> Result<(usize, usize), Problem> {
    let side = |node: &Node<'_>| node.whole("a side of images", 1, MOST_SIDE).map(|side| side as usize);
    if !node.is_list() {
        return side(node).map(|side| (side, side));
    }
    match node.list("the size")?.as_slice() {
        [height, width] => Ok((side(height)?, side(width)?)),
        _ => Err(node.problem("the size of images is their height and their width, as `[224, 224]`")),
    }
}

/// The same as a preset writes it.
pub fn write_arrays(of: &ArraySpec) -> [(&'static str, Option<Value>); 4] {
    let size = of.size.and_then(|(height, width)| value([height, width]));
    let [array, layout, size_key, vocabulary] = KEYS;
    [
        (array, of.array.as_ref().and_then(value)),
        (layout, of.layout.and_then(value)),
        (size_key, size),
        (vocabulary, of.vocabulary.and_then(value)),
    ]
}

/// The keys in the JSON Schema.
pub fn schema() -> [(&'static str, Json); 4] {
    let side = || json!({"type": "integer", "minimum": 1, "maximum": MOST_SIDE});
    let [array, layout, size, vocabulary] = KEYS;
    [
        (
            array,
            json!({
                "type": "string",
                "description": "The array that holds the samples, of NPZ, safetensors, HDF5 and MATLAB files; the column \
                    of images or lists, of Parquet and Arrow."
            }),
        ),
        (
            layout,
            json!({
                "enum": ["auto", "channels_first", "channels_last"],
                "description": "Whether the sizes of an array are [samples, channels, ...] or [samples, ..., channels]; \
                    auto: what fits the network."
            }),
        ),
        (
            size,
            json!({
                "anyOf": [side(), {"type": "array", "items": side(), "minItems": 2, "maxItems": 2}],
                "description": "Height and width that all images get."
            }),
        ),
        (
            vocabulary,
            json!({
                "enum": ["bytes", "characters", "words"],
                "description": "What the tokens of a text are: its bytes, or its characters or words, numbered from the \
                    most frequent."
            }),
        ),
    ]
}
