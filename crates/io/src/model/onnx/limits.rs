//! How much of a file is taken, looked at before anything of it is built.

use prost::decode_length_delimiter;

use super::super::ModelError;

/// Bytes of a file, with the numbers in it; Protocol Buffers allow no more.
pub const FILE: u64 = 2 << 30;
/// Fields with a length, which memory grows with. Models of billions of weights have some hundred thousand.
const FIELDS: usize = 8 << 20;
/// Elements of all tensors that are computed for one file.
pub const CONSTANTS: usize = 1 << 28;
/// How deep messages may stand in messages.
const DEPTH: usize = 60;

/// A message that has others in it.
#[derive(Clone, Copy)]
enum Within {
    Model,
    Function,
    Graph,
    Node,
    Attribute,
}

impl Within {
    fn field(self, number: usize) -> Option<Self> {
        match (self, number) {
            (Self::Model, 7) | (Self::Attribute, 6) => Some(Self::Graph),
            (Self::Model, 25) => Some(Self::Function),
            (Self::Graph, 1) | (Self::Function, 7) => Some(Self::Node),
            (Self::Node, 5) | (Self::Function, 11) => Some(Self::Attribute),
            _ => None,
        }
    }
}

/// Whether the file has more than is taken. What is no message at all is left to who reads it.
pub fn check(bytes: &[u8]) -> Result<(), ModelError> {
    let mut fields = 0;
    count(bytes, Within::Model, 0, &mut fields);
    if fields > FIELDS {
        let what = "the number of nodes, names and attributes in the file".to_owned();
        return Err(ModelError::TooLarge { what, size: fields as u64, limit: FIELDS as u64 });
    }
    Ok(())
}

fn count(mut bytes: &[u8], within: Within, depth: usize, fields: &mut usize) -> Option<()> {
    while !bytes.is_empty() && *fields <= FIELDS {
        let key = decode_length_delimiter(&mut bytes).ok()?;
        let length = match key & 7 {
            0 => decode_length_delimiter(&mut bytes).ok().map(|_| 0)?,
            1 => 8,
            2 => decode_length_delimiter(&mut bytes).ok()?,
            5 => 4,
            _ => return None,
        };
        let (inner, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        *fields += usize::from(key & 7 == 2);
        if let Some(within) = within.field(key >> 3).filter(|_| key & 7 == 2 && depth < DEPTH) {
            count(inner, within, depth + 1, fields)?;
        }
    }
    Some(())
}
