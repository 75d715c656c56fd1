//! The terminal: taken, and left as it was found.

use std::io::{self, Stdout, Write, stdout};
use std::mem::ManuallyDrop;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Size;
use ratatui::{Frame, Terminal};

use neartop_io::panics::is_contained;

/// Bytes of a text that common terminals take: xterm stops at 100,000 of its encoded form.
const CLIPBOARD: usize = 74_000;

/// Whether the terminal is taken, for whoever must give it back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// How large the terminal is.
///
/// # Errors
/// If it does not say.
pub fn size() -> io::Result<Size> {
    let (width, height) = crossterm::terminal::size()?;
    Ok(Size::new(width, height))
}

/// The terminal while the app has it. Dropping it gives it back.
pub struct Screen {
    /// Never dropped: it would complain on standard error that it cannot show the cursor of a terminal that was closed,
    /// and panic since that cannot be written either. [`restore`] does what is to be done.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    has_mouse: bool,
}

impl Screen {
    /// Takes the terminal.
    ///
    /// # Errors
    /// If it cannot be set up.
    pub fn take() -> io::Result<Self> {
        restore_on_panic(thread::current().id());
        enter()?;
        match Terminal::new(CrosstermBackend::new(stdout())) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), has_mouse: false }),
            Err(error) => {
                restore();
                Err(error)
            }
        }
    }

    /// Draws a frame, all of it at once where the terminal knows how.
    ///
    /// # Errors
    /// If the terminal cannot be written.
    pub fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(view).map(|_| ());
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        drawn
    }

    /// Forgets what is on the screen, so that the next frame draws all of it.
    ///
    /// # Errors
    /// If the terminal cannot be written.
    pub fn clear(&mut self) -> io::Result<()> {
        // The library's own clearing asks the terminal where the cursor is, and fails where that does not answer in time.
        // A terminal that shows its cursor has nothing to do when it is dropped.
        self.terminal.show_cursor()?;
        execute!(stdout(), Clear(ClearType::All), cursor::Hide)?;
        *self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }

    /// Takes the mouse from the terminal, or leaves it to it.
    ///
    /// # Errors
    /// If the terminal cannot be written.
    pub fn set_mouse(&mut self, wanted: bool) -> io::Result<()> {
        self.has_mouse = wanted;
        match wanted {
            true => execute!(self.terminal.backend_mut(), EnableMouseCapture),
            false => execute!(self.terminal.backend_mut(), DisableMouseCapture),
        }
    }

    /// Asks the terminal to put a text on the clipboard, which works over SSH too (OSC 52). Terminals do not answer.
    ///
    /// # Errors
    /// If the text is longer than terminals take, or the terminal cannot be written.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        if text.len() > CLIPBOARD {
            return Err(io::Error::other(format!("terminals take {CLIPBOARD} bytes, these are {}", text.len())));
        }
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back, stops the process as the shell would, and takes the terminal again when it goes on.
    ///
    /// # Errors
    /// If the terminal cannot be set up again.
    pub fn suspend(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        {
            restore();
            // A signal that is watched does not stop the process any more, another one does.
            if is_minded() {
                signal_hook::low_level::raise(signal_hook::consts::SIGSTOP)?;
            }
            self.retake()?;
        }
        Ok(())
    }

    /// Takes the terminal again after a stop, whatever others made of it meanwhile: not every stop is told of before.
    ///
    /// # Errors
    /// If the terminal cannot be set up again.
    pub fn retake(&mut self) -> io::Result<()> {
        // What is thought to be set would not be set again.
        disable_raw_mode()?;
        enter()?;
        self.set_mouse(self.has_mouse)?;
        self.clear()
    }
}

/// What someone outside did to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Asked it to stop for a while, which stops it at once where it is not watched for.
    Wanted,
    /// Let it go on after a stop.
    Over,
}

/// Watches for stops.
pub struct Stops {
    #[cfg(unix)]
    signals: [tokio::signal::unix::Signal; 2],
}

impl Stops {
    /// Watches from now on.
    ///
    /// # Errors
    /// If signals cannot be watched.
    pub fn watch() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use signal_hook::consts::{SIGCONT, SIGTSTP};
            use tokio::signal::unix::{SignalKind, signal};
            let watch = |number| signal(SignalKind::from_raw(number));
            Ok(Self { signals: [watch(SIGTSTP)?, watch(SIGCONT)?] })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next.
    pub async fn next(&mut self) -> Stop {
        #[cfg(unix)]
        {
            let [wanted, over] = &mut self.signals;
            tokio::select! {
                _ = wanted.recv() => Stop::Wanted,
                _ = over.recv() => Stop::Over,
            }
        }
        #[cfg(not(unix))]
        std::future::pending().await
    }
}

/// Whether a shell would let a stopped process go on: not where the terminal has nothing but this program to run.
#[cfg(unix)]
fn is_minded() -> bool {
    use rustix::termios::{tcgetpgrp, tcgetsid};
    let out = stdout();
    matches!((tcgetpgrp(&out), tcgetsid(&out)), (Ok(job), Ok(session)) if job != session)
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide).inspect_err(|_| restore())
}

/// Gives the terminal back, once. Where it is gone there is nothing to give back, so errors do not matter.
pub fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = stdout();
        let _ = execute!(out, EndSynchronizedUpdate, DisableMouseCapture, DisableBracketedPaste);
        let _ = execute!(out, LeaveAlternateScreen, cursor::Show);
        let _ = out.flush();
        let _ = disable_raw_mode();
    }
}

/// A panic of the drawing thread must be read on a terminal that works. One of a scoring thread costs a candidate and is
/// told there, not on the screen.
fn restore_on_panic(drawing: ThreadId) {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if is_contained() {
            previous(info);
        } else if thread::current().id() == drawing {
            restore();
            previous(info);
        } else if TAKEN.load(Ordering::SeqCst) {
            tracing::error!(panic = %info, "a scoring thread");
        } else {
            previous(info);
        }
    }));
}
