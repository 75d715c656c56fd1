//! The end by a signal that leaves no way on, with a word.
//!
//! Such are the loss of memory that was a file's, since another program made that smaller (SIGBUS), and memory that cannot be
//! had (SIGABRT).

/// Says so and ends the program with status 1. `give_back` is done before, for the terminal. Without it where the system
/// has no thread for it.
#[cfg(unix)]
pub fn watch(give_back: fn()) {
    use signal_hook::consts::{SIGABRT, SIGBUS};

    const LOST: &str = "another program made a file smaller that this one uses (SIGBUS): most likely the file `-shm` \
                        beside the study";
    const REFUSED: &str = "the program broke off (SIGABRT), most likely for want of memory";
    // What is said needs no file, but it may need memory.
    for (signal, what, is_hit_by_it) in [(SIGBUS, LOST, false), (SIGABRT, REFUSED, true)] {
        // Without it the signal does what it does of itself.
        let _ = on_unix::watch_for(signal, what, is_hit_by_it, give_back);
    }
}

/// Elsewhere such ends have no signals.
#[cfg(not(unix))]
pub fn watch(_give_back: fn()) {}

#[cfg(unix)]
mod on_unix {
    use std::fs::File;
    use std::io::{self, ErrorKind, PipeWriter, Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use signal_hook::flag;
    use signal_hook::low_level::{exit, pipe};

    const FAILED: i32 = 1;

    /// `is_hit_by_it` is whether the signal may come to the thread that speaks, too: then it ends the program whoever is hit
    /// next, be it without a word.
    pub fn watch_for(signal: i32, what: &'static str, is_hit_by_it: bool, give_back: fn()) -> io::Result<()> {
        let (mut told, mut tells) = UnixStream::pair()?;
        let (end, holds) = io::pipe()?;
        let is_ending = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_ending);
        let wait = move || {
            // As long as there is this end, the other one holds.
            let _end = end;
            if told.write_all(&[0]).and_then(|()| told.read_exact(&mut [0])).is_ok() {
                ends.store(is_hit_by_it, Ordering::SeqCst);
                in_time(give_back);
                say(what);
                // What tidies up may wait for the thread that was hit.
                exit(FAILED);
            }
        };
        std::thread::Builder::new().name("last words".to_owned()).spawn(wait)?;
        // Until it runs: where there is no memory to begin with, the thread would be held by its own pipe.
        tells.read_exact(&mut [0])?;
        // In this order: tells the thread; ends at once where that is ending already, so that it may be hit itself; and
        // holds the thread that was hit, since to return to it would end the program.
        pipe::register(signal, tells)?;
        flag::register_conditional_shutdown(signal, FAILED, is_ending)?;
        let filled = holds.try_clone()?;
        pipe::register(signal, holds)?;
        fill(filled)
    }

    /// Does what may wait for something that the thread that was hit holds.
    fn in_time(give_back: fn()) {
        const PATIENCE: Duration = Duration::from_millis(500);
        let (done, is_done) = mpsc::channel();
        let work = move || {
            give_back();
            let _ = done.send(());
        };
        if std::thread::Builder::new().spawn(work).is_ok() {
            let _ = is_done.recv_timeout(PATIENCE);
        }
    }

    /// Past the lock of standard error, which the thread that was hit may hold.
    fn say(what: &str) {
        const HELP: &str = "what is recorded stays, so that the same command goes on from there";
        if let Ok(errors) = io::stderr().as_fd().try_clone_to_owned() {
            let _ = writeln!(File::from(errors), "neartop: error\n  x {what}\n  help: {HELP}");
        }
    }

    /// Fills a pipe, so that the next byte waits.
    fn fill(mut pipe: PipeWriter) -> io::Result<()> {
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? | OFlags::NONBLOCK)?;
        for some in [[0; 1024].as_slice(), &[0]] {
            loop {
                match pipe.write(some) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    written => drop(written?),
                }
            }
        }
        fcntl_setfl(&pipe, fcntl_getfl(&pipe)? - OFlags::NONBLOCK)?;
        Ok(())
    }
}
