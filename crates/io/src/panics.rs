//! Panics of libraries on wrong input, made into values without a word on the terminal.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` gives; none where it panicked, of which only the log tells. `work` must leave nothing half done that is
/// used afterwards.
pub fn contain<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if is_contained() {
                tracing::warn!(panic = %info, "a library broke off");
            } else {
                previous(info);
            }
        }));
    });
    let before = CONTAINED.replace(true);
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(before);
    outcome.ok()
}

/// Whether this thread is in [`contain`], so that its panics are nobody else's concern.
pub fn is_contained() -> bool {
    CONTAINED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_value_and_ends_where_it_is_contained() {
        assert_eq!(contain(|| 3), Some(3));
        let nested = contain(|| {
            assert_eq!(contain(|| -> u8 { panic!("inside") }), None);
            is_contained()
        });
        assert_eq!((nested, is_contained()), (Some(true), false));
    }
}
