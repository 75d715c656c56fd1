//! Standard output and standard error.

use std::io::{self, Write};

use super::failure::Failure;

/// Says something on standard error. Whoever cannot hear it, on a terminal that is gone, is no reason to stop.
pub fn tell(text: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "neartop: {text}");
}

/// Writes to standard output. A reader that has seen enough, such as `head`, is no error.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(cause) => Err(Failure::Write { path: "standard output".to_owned(), cause }),
        Ok(()) => Ok(()),
    }
}
