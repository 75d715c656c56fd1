//! What Keras calls things.

/// A node's name as Keras allows it.
pub fn identifier(name: &str) -> String {
    format!("layer_{}", letters(name))
}

/// The Python variable that holds what the node of this name saved.
pub fn saved(name: &str) -> String {
    format!("saved_{}", letters(name))
}

fn letters(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// A number for each axis, or one for all.
pub fn sides<const D: usize>(sides: [usize; D]) -> String {
    match sides.split_first() {
        Some((first, rest)) if rest.iter().all(|side| side == first) => first.to_string(),
        _ => format!("({})", sides.map(|side| side.to_string()).join(", ")),
    }
}

/// What stands before and after along each axis, always as a tuple of pairs: `((1, 1), (0, 1))`.
pub fn pairs(pads: &[(usize, usize)]) -> String {
    let each: Vec<_> = pads.iter().map(|(before, after)| format!("({before}, {after})")).collect();
    if each.len() == 1 { format!("({},)", each[0]) } else { format!("({})", each.join(", ")) }
}

/// The same as the layers of Keras take it, for one axis without the outer tuple.
pub fn padding(pads: &[(usize, usize)]) -> String {
    match pads {
        [(before, after)] => format!("({before}, {after})"),
        _ => pairs(pads),
    }
}
