//! Progress for programs: `{"done":3,"total":320}` in lines on standard error.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// Lines a second, at most.
const RATE: u8 = 5;

/// Whether a program asked for lines.
pub fn is_in_lines() -> bool {
    std::env::var_os("NEARTOP_PROGRESS").is_some_and(|kind| kind == "json")
}

/// A bar that writes lines of JSON.
pub fn lines(total: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::term_like_with_hz(Box::new(Lines), RATE));
    if let Ok(style) = ProgressStyle::with_template(r#"{{"done":{pos},"total":{len}}}"#) {
        bar.set_style(style);
    }
    bar
}

/// A terminal that does not move.
#[derive(Debug)]
struct Lines;

impl TermLike for Lines {
    fn width(&self) -> u16 {
        u16::MAX
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        match text.trim() {
            "" => Ok(()),
            line => writeln!(io::stderr(), "{line}"),
        }
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}
