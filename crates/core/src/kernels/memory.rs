//! Memory of tensors that are gone, for those that follow: it needs no zeros, and is likely to be still in the cache.

use std::cell::RefCell;

/// Shorter memory is not worth keeping.
const LEAST: usize = 1 << 10;
/// So many pieces of a type are kept for a thread.
const PIECES: usize = 32;
/// Bytes that are kept for a thread at the most.
pub const MOST_KEPT: u64 = (f32::MOST * size_of::<f32>() + f64::MOST * size_of::<f64>()) as u64;

/// A number whose memory is kept.
pub trait Element: Copy + 'static {
    const ZERO: Self;
    const NAN: Self;
    /// So many are kept for a thread in all.
    const MOST: usize;
    /// What this thread keeps. What came last is the last.
    fn with_kept<R>(f: impl FnOnce(&mut Vec<Vec<Self>>) -> R) -> R;
}

macro_rules! element {
    ($t:ty, $most:expr) => {
        impl Element for $t {
            const ZERO: Self = 0.0;
            const NAN: Self = <$t>::NAN;
            const MOST: usize = $most;

            fn with_kept<R>(f: impl FnOnce(&mut Vec<Vec<Self>>) -> R) -> R {
                thread_local! {
                    static KEPT: RefCell<Vec<Vec<$t>>> = const { RefCell::new(Vec::new()) };
                }
                KEPT.with_borrow_mut(f)
            }
        }
    };
}

element!(f32, 1 << 23);
// Few matrices need double precision.
element!(f64, 1 << 20);

/// So many elements for one who writes them all: those that stand there mean nothing.
pub fn to_write<T: Element>(length: usize) -> Vec<T> {
    let mut memory = if length < LEAST { Vec::new() } else { taken(length).unwrap_or_default() };
    if cfg!(any(test, debug_assertions)) {
        memory.clear();
        memory.resize(length, T::NAN);
    } else {
        if memory.is_empty() {
            memory = vec![T::ZERO; roomy::<T>(length)];
        }
        memory.resize(length, T::ZERO);
    }
    memory
}

/// So many elements, or up to a quarter more where memory will be kept: what follows is often a little longer.
fn roomy<T: Element>(length: usize) -> usize {
    match (LEAST..=T::MOST).contains(&length) {
        true => length.next_multiple_of(1 << (length.ilog2() - 2)),
        false => length,
    }
}

/// Memory of hardly more elements.
fn taken<T: Element>(length: usize) -> Option<Vec<T>> {
    T::with_kept(|kept| {
        let fits = |memory: &Vec<T>| (length..=length + length / 2).contains(&memory.capacity());
        let at = kept.iter().rposition(fits)?;
        Some(kept.remove(at))
    })
}

/// The same elements in other memory.
pub fn copied(elements: &[f32]) -> Vec<f32> {
    let mut memory = to_write(elements.len());
    memory.copy_from_slice(elements);
    memory
}

/// The same elements in memory that has room for so many, which is their own where that has.
pub fn with_room(elements: Vec<f32>, length: usize) -> Vec<f32> {
    if elements.capacity() >= length {
        return elements;
    }
    let mut memory = to_write(length);
    memory.truncate(elements.len());
    memory.copy_from_slice(&elements);
    keep(elements);
    memory
}

/// So many zeros.
pub fn zeros(length: usize) -> Vec<f32> {
    let mut memory = to_write(length);
    memory.fill(0.0);
    memory
}

/// Keeps memory for what follows, in place of what was kept longest if there is too much.
pub fn keep<T: Element>(memory: Vec<T>) {
    if memory.is_empty() || !(LEAST..=T::MOST).contains(&memory.capacity()) {
        return;
    }
    T::with_kept(|kept| {
        kept.push(memory);
        while kept.len() > PIECES || kept.iter().map(Vec::capacity).sum::<usize>() > T::MOST {
            kept.remove(0);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_for_what_is_about_as_long() {
        let memory = vec![1.0f32; 3000];
        let place = memory.as_ptr();
        keep(memory);
        keep(vec![2.0f32; 7000]);
        for length in [3001, 1500, 10] {
            let other = to_write::<f32>(length);
            assert_ne!(other.as_ptr(), place);
        }
        let again = to_write::<f32>(2500);
        assert!(again.len() == 2500 && again.as_ptr() == place);
        (0..2 * PIECES).for_each(|_| keep(vec![0.0f32; 2000]));
        assert_eq!(f32::with_kept(|kept| kept.len()), PIECES);
        keep(vec![0.0f32; f32::MOST]);
        assert_eq!(f32::with_kept(|kept| kept.len()), 1);
    }
}
