//! Shapes of results.

use super::Arithmetic;

/// The shape that two shapes become together, as in NumPy.
///
/// # Errors
/// If they do not fit.
pub fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let size = |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |at| dims[at]);
    let sizes = (0..rank).map(|axis| match (size(a, axis), size(b, axis)) {
        (a, b) if a == b => Ok(a),
        (1, size) | (size, 1) => Ok(size),
        _ => Err(format!("{a:?} and {b:?} do not fit each other")),
    });
    sizes.collect()
}

impl Arithmetic {
    /// The shape of the result.
    ///
    /// # Errors
    /// Says what does not fit.
    pub fn dims(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        let first = *inputs.first().ok_or("it takes nothing")?;
        let all = || inputs.iter().skip(1).try_fold(first.to_vec(), |dims, other| broadcast(&dims, other));
        match self {
            Self::Unary(_) | Self::CumulativeSum { .. } | Self::Softmax { .. } | Self::Cast(_) | Self::Identity => {
                Ok(first.to_vec())
            }
            Self::Binary(_) | Self::Where => all(),
            Self::MatMul => product(first, inputs.get(1).copied().unwrap_or(&[])),
            Self::Reduce { axes, keep, .. } => Ok(reduced(first, axes, *keep)),
            Self::Reshape(dims) => match dims.iter().product::<usize>() == first.iter().product::<usize>() {
                true => Ok(dims.clone()),
                false => Err(format!("{first:?} cannot become {dims:?}")),
            },
            Self::Permute(axes) => match is_permutation(axes, first.len()) {
                true => Ok(axes.iter().map(|axis| first[*axis]).collect()),
                false => Err(format!("{axes:?} is no order of the axes of {first:?}")),
            },
            Self::Expand(dims) => match broadcast(first, dims)? == *dims {
                true => Ok(dims.clone()),
                false => Err(format!("{first:?} cannot be expanded to {dims:?}")),
            },
            Self::Slice { axis, start, length, step } => match first.get(*axis) {
                Some(size) if *length == 0 || start + (length - 1) * step < *size => Ok(with(first, *axis, *length)),
                _ => Err(format!("{first:?} has no {length} elements from {start} on along axis {axis}")),
            },
            Self::Concat { axis } => concatenated(inputs, *axis),
            Self::Take { axis, places } => match first.get(*axis) {
                Some(size) if places.iter().all(|place| place < size) => Ok(with(first, *axis, places.len())),
                _ => Err(format!("{first:?} has no such elements along axis {axis}")),
            },
            Self::Order { axis, .. } => match axis < &first.len() {
                true => Ok(first.to_vec()),
                false => Err(format!("{first:?} has no axis {axis}")),
            },
            Self::Gather { .. } | Self::Rows | Self::Scatter { .. } => self.dims_by_places(inputs),
            Self::Pad { axis, before, after, .. } => match first.get(*axis) {
                Some(size) => Ok(with(first, *axis, size + before + after)),
                None => Err(format!("{first:?} has no axis {axis}")),
            },
        }
    }
}

impl Arithmetic {
    fn dims_by_places(&self, inputs: &[&[usize]]) -> Result<Vec<usize>, String> {
        match (self, inputs) {
            (Self::Gather { axis }, [x, places]) if *axis < x.len() && with(x, *axis, 0) == with(places, *axis, 0) => {
                Ok(places.to_vec())
            }
            (Self::Rows, [[1, _, rest @ ..], places]) => Ok([places, rest].concat()),
            (Self::Scatter { axis, .. }, [x, places, values]) if *axis < x.len().min(places.len()) => {
                let dims = with(places, *axis, x[*axis]);
                match broadcast(x, &dims)? == dims && broadcast(values, places)? == **places {
                    true => Ok(dims),
                    false => Err(format!("{values:?} cannot be put at {places:?} of {x:?}")),
                }
            }
            _ => Err(format!("there are no such places among {inputs:?}")),
        }
    }
}

fn with(dims: &[usize], axis: usize, size: usize) -> Vec<usize> {
    dims.iter().enumerate().map(|(at, old)| if at == axis { size } else { *old }).collect()
}

fn is_permutation(axes: &[usize], rank: usize) -> bool {
    axes.len() == rank && (0..rank).all(|axis| axes.contains(&axis))
}

fn reduced(dims: &[usize], axes: &[usize], keep: bool) -> Vec<usize> {
    let sizes = dims.iter().enumerate().filter_map(|(axis, size)| match (axes.contains(&axis), keep) {
        (false, _) => Some(*size),
        (true, keep) => keep.then_some(1),
    });
    sizes.collect()
}

fn product(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    match (a, b) {
        ([before @ .., rows, inner], [others @ .., other, columns]) if inner == other => {
            let mut dims = broadcast(before, others)?;
            dims.extend([*rows, *columns]);
            Ok(dims)
        }
        _ => Err(format!("there is no product of {a:?} and {b:?}")),
    }
}

fn concatenated(inputs: &[&[usize]], axis: usize) -> Result<Vec<usize>, String> {
    let first = inputs[0];
    let fits = |dims: &&[usize]| axis < dims.len() && with(dims, axis, 0) == with(first, axis, 0);
    match inputs.iter().find(|dims| !fits(dims)) {
        None => Ok(with(first, axis, inputs.iter().map(|dims| dims[axis]).sum())),
        Some(other) => Err(format!("{first:?} and {other:?} cannot be joined along axis {axis}")),
    }
}
