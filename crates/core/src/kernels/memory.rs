//! Memory of tensors that are gone, for those that follow: it needs no zeros, and is likely to be still in the cache.

use std::cell::RefCell;

/// Shorter memory is not worth keeping.
const LEAST: usize = 1 << 10;
/// So many pieces are kept for a thread, and so many elements in all.
const PIECES: usize = 32;
const ELEMENTS: usize = 1 << 23;
/// Bytes that are kept for a thread at the most.
pub const MOST_KEPT: u64 = (ELEMENTS * size_of::<f32>()) as u64;

thread_local! {
    /// What came last is the last.
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// So many elements for one who writes them all: those that stand there mean nothing.
pub fn to_write(length: usize) -> Vec<f32> {
    let mut memory = if length < LEAST { Vec::new() } else { taken(length).unwrap_or_default() };
    if cfg!(any(test, debug_assertions)) {
        memory.clear();
        memory.resize(length, f32::NAN);
    } else {
        if memory.is_empty() {
            memory = vec![0.0; roomy(length)];
        }
        memory.resize(length, 0.0);
    }
    memory
}

/// So many elements, or up to a quarter more where memory will be kept: what follows is often a little longer.
fn roomy(length: usize) -> usize {
    match (LEAST..=ELEMENTS).contains(&length) {
        true => length.next_multiple_of(1 << (length.ilog2() - 2)),
        false => length,
    }
}

/// Memory of hardly more elements.
fn taken(length: usize) -> Option<Vec<f32>> {
    KEPT.with_borrow_mut(|kept| {
        let fits = |memory: &Vec<f32>| (length..=length + length / 2).contains(&memory.capacity());
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
pub fn keep(memory: Vec<f32>) {
    if memory.is_empty() || !(LEAST..=ELEMENTS).contains(&memory.capacity()) {
        return;
    }
    KEPT.with_borrow_mut(|kept| {
        kept.push(memory);
        while kept.len() > PIECES || kept.iter().map(Vec::capacity).sum::<usize>() > ELEMENTS {
            kept.remove(0);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_for_what_is_about_as_long() {
        let memory = vec![1.0; 3000];
        let place = memory.as_ptr();
        keep(memory);
        keep(vec![2.0; 7000]);
        for length in [3001, 1500, 10] {
            let other = to_write(length);
            assert_ne!(other.as_ptr(), place);
        }
        let again = to_write(2500);
        assert!(again.len() == 2500 && again.as_ptr() == place);
        (0..2 * PIECES).for_each(|_| keep(vec![0.0; 2000]));
        assert_eq!(KEPT.with_borrow(Vec::len), PIECES);
        keep(vec![0.0; ELEMENTS]);
        assert_eq!(KEPT.with_borrow(Vec::len), 1);
    }
}
