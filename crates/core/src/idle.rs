//! Threads that have nothing to score, and what they compute for one that has.
//!
//! Scores run side by side, each on its thread. Where fewer and dearer ones are left than there are threads, those without
//! one are lent: layers are computed by parts of their samples, and bands of large ranks beside the layers that follow.
//! Every number is computed as on one thread, so that it is the same to the last bit however many are lent.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, OnceLock};

use rayon::{ThreadPool, ThreadPoolBuilder};

/// How many threads have nothing to score, and those that compute in their place.
#[derive(Debug)]
pub struct Idle {
    /// Below zero while more are at work than there are threads, since one that was lent has got work of its own.
    threads: AtomicIsize,
    /// As many as can be lent at the most.
    most: usize,
    /// Started when first needed; none where the system gives no threads.
    pool: OnceLock<Option<ThreadPool>>,
}

impl Idle {
    /// Of `most` threads, so many have nothing to score.
    #[must_use]
    pub fn new(threads: usize, most: usize) -> Self {
        let threads = AtomicIsize::new(isize::try_from(threads).unwrap_or(isize::MAX));
        Self { threads, most, pool: OnceLock::new() }
    }

    /// One has nothing to score from now on.
    pub fn begin(&self) {
        self.threads.fetch_add(1, Ordering::Relaxed);
    }

    /// One has something to score again.
    pub fn end(&self) {
        self.threads.fetch_sub(1, Ordering::Relaxed);
    }

    fn take(self: &Arc<Self>, most: usize) -> Option<Lent> {
        let most = isize::try_from(most).unwrap_or(isize::MAX);
        let free = |threads: isize| (threads > 0 && most > 0).then(|| threads - threads.min(most));
        let threads = self.threads.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok()?;
        Some(Lent { idle: Arc::clone(self), threads: threads.min(most) })
    }
}

/// Threads that were lent, until it is dropped.
struct Lent {
    idle: Arc<Idle>,
    threads: isize,
}

impl Lent {
    fn pool(&self) -> Option<&ThreadPool> {
        let name = |_| "score".to_owned();
        let start = || ThreadPoolBuilder::new().num_threads(self.idle.most).thread_name(name).build().ok();
        self.idle.pool.get_or_init(start).as_ref()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.idle.threads.fetch_add(self.threads, Ordering::Relaxed);
    }
}

thread_local! {
    static IDLE: RefCell<Option<Arc<Idle>>> = const { RefCell::new(None) };
}

/// What this thread scores from now on may use these.
pub fn lend_to_this_thread(idle: Arc<Idle>) {
    IDLE.set(Some(idle));
}

fn take(most: usize) -> Option<Lent> {
    IDLE.with_borrow(|idle| idle.as_ref()?.take(most))
}

/// Multiplications and additions of a part that are worth a thread: about a fifth of a millisecond.
const WORTH: usize = 1 << 24;

/// Calls `f` with parts of `y` that are side by side, and the first row of each, on as many threads as are lent and worth
/// their start. Rows are `unit` numbers long, no part has fewer than `least`, and all take `work` multiplications and
/// additions together.
pub(crate) fn in_parts(y: &mut [f32], unit: usize, least: usize, work: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    let rows = y.len() / unit.max(1);
    let most = (work / WORTH).min(rows / least.max(1));
    let lent = take(most.saturating_sub(1));
    let Some((lent, pool)) = lent.as_ref().and_then(|lent| Some((lent, lent.pool()?))) else { return f(0, y) };
    let parts = lent.threads.unsigned_abs() + 1;
    let each = rows / parts;
    pool.in_place_scope(|scope| {
        let f = &f;
        let mut rest = y;
        for part in 1..parts {
            let (these, others) = rest.split_at_mut(each * unit);
            rest = others;
            scope.spawn(move |_| f((part - 1) * each, these));
        }
        // The last part takes what is left over, and is computed here.
        f((parts - 1) * each, rest);
    });
}

/// What a lent thread computes.
pub(crate) struct Elsewhere<R>(Receiver<Result<R, Box<dyn Any + Send>>>);

impl<R> Elsewhere<R> {
    /// Waits for it; none where the thread was lost.
    pub fn join(self) -> Option<R> {
        match self.0.recv().ok()? {
            Ok(result) => Some(result),
            Err(panic) => resume_unwind(panic),
        }
    }
}

/// Computes something on a lent thread; gives `input` back if there is none.
pub(crate) fn elsewhere<I: Send + 'static, R: Send + 'static>(
    input: I,
    f: impl FnOnce(I) -> R + Send + 'static,
) -> Result<Elsewhere<R>, I> {
    let Some(lent) = take(1).filter(|lent| lent.pool().is_some()) else { return Err(input) };
    let idle = Arc::clone(&lent.idle);
    let Some(Some(pool)) = idle.pool.get() else { return Err(input) };
    let (sender, receiver) = sync_channel(1);
    pool.spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| f(input)));
        drop(lent);
        // Nobody waits for it where the score was given up.
        let _ = sender.send(result);
    });
    Ok(Elsewhere(receiver))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As if scored by a thread beside which so many have nothing to do.
    fn beside<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
        let work = || {
            lend_to_this_thread(Arc::new(Idle::new(threads, threads)));
            f()
        };
        std::thread::scope(|scope| scope.spawn(work).join().unwrap())
    }

    #[test]
    fn threads_are_lent_once_and_given_back() {
        let idle = Arc::new(Idle::new(3, 3));
        let first = idle.take(2).unwrap();
        let second = idle.take(5).unwrap();
        assert_eq!((first.threads, second.threads), (2, 1));
        assert!(idle.take(1).is_none());
        // One that was lent gets work of its own.
        idle.end();
        drop(first);
        assert_eq!(idle.take(9).unwrap().threads, 1);
        idle.begin();
        drop(second);
        assert_eq!(idle.take(9).unwrap().threads, 3);
        assert!(idle.take(0).is_none());
    }

    #[test]
    fn parts_are_whole_rows_and_no_smaller_than_asked_for() {
        for (rows, threads, least) in [(7, 2, 1), (100, 7, 16), (33, 3, 16), (15, 4, 16), (64, 1, 16)] {
            let mut y = vec![0.0; rows * 3];
            let parts = std::sync::Mutex::new(Vec::new());
            beside(threads, || {
                in_parts(&mut y, 3, least, WORTH * 100, |first, part| {
                    parts.lock().unwrap().push((first, part.len() / 3));
                    part.iter_mut().enumerate().for_each(|(at, y)| *y = (first * 3 + at) as f32);
                });
            });
            let mut parts = parts.into_inner().unwrap();
            parts.sort_unstable();
            assert_eq!(parts.len(), (threads + 1).min(rows / least).max(1), "{parts:?}");
            assert!(parts.iter().all(|(_, rows)| *rows >= least.min(15)), "{parts:?}");
            assert!(y.iter().enumerate().all(|(at, y)| *y == at as f32), "{parts:?}");
        }
    }

    #[test]
    fn little_work_stays_on_its_thread() {
        let mut y = [0.0; 64];
        let own = beside(3, || {
            let (own, seen) = (std::thread::current().id(), std::sync::Mutex::new(Vec::new()));
            in_parts(&mut y, 1, 1, WORTH, |_, _| seen.lock().unwrap().push(std::thread::current().id()));
            seen.into_inner().unwrap() == [own]
        });
        assert!(own);
    }
}
