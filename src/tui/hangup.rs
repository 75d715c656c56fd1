//! A terminal that goes away while nobody says so: with SIGHUP ignored, only its file tells.

use tokio_util::sync::CancellationToken;

/// Watches the terminal that keys come from. The token is cancelled once it is gone; never where that cannot be told.
///
/// Reading would not do: a terminal that is gone has an end of file to read, again and again.
#[must_use]
pub fn watch() -> CancellationToken {
    let gone = CancellationToken::new();
    #[cfg(unix)]
    {
        let token = gone.clone();
        // It waits without a limit, so nothing may wait for it.
        let watching = std::thread::Builder::new().name("hang-up".to_owned()).spawn(move || {
            if is_hung_up() {
                token.cancel();
            }
        });
        if let Err(error) = watching {
            tracing::warn!(%error, "nobody watches whether the terminal goes away");
        }
    }
    gone
}

/// Waits until the terminal is gone; false where that cannot be waited for.
#[cfg(unix)]
fn is_hung_up() -> bool {
    use std::fs::File;
    use std::io::{IsTerminal, stdin};
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;

    let input = stdin();
    let other = if input.is_terminal() { None } else { File::open("/dev/tty").ok() };
    let terminal = match &other {
        Some(file) => file.as_fd(),
        None if input.is_terminal() => input.as_fd(),
        None => return false,
    };
    loop {
        // A hang-up is told without being asked for, and nothing else is.
        let mut watched = [PollFd::from_borrowed_fd(terminal, PollFlags::empty())];
        match poll(&mut watched, None) {
            Ok(_) if watched[0].revents().contains(PollFlags::HUP) => return true,
            Err(Errno::INTR) => {}
            Ok(_) | Err(_) => return false,
        }
    }
}
