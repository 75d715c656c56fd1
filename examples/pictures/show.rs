//! What the app shows when keys are pressed: the program in a pseudo-terminal.

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use vt100::Screen;

/// Columns and lines of a picture.
const SIZE: (u16, u16) = (120, 32);

/// What must be on the screen before keys are pressed, and the keys.
pub type Step = (&'static str, &'static str);
/// A picture: its name, the preset, and what is done.
pub type Picture = (&'static str, &'static str, &'static [Step]);

pub const PICTURES: [Picture; 3] = [
    ("ranking", "digits-mlp", &[("  done  ", "j")]),
    ("matrix", "digits-mlp", &[("  done  ", "m")]),
    ("candidate", "digits-mlp", &[("  done  ", "c"), ("singular values", "jj")]),
];

/// What the program shows after these keys.
///
/// It finds no settings, nothing that it remembers, and no words about colours from outside.
pub fn show(program: &Path, preset: &str, steps: &[Step]) -> Result<Screen, Box<dyn Error>> {
    let nowhere = tempfile::tempdir()?;
    let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size)?;
    let mut command = CommandBuilder::new(program);
    command.args(["--no-study", "--color", "always", preset]);
    command.env("TERM", "xterm-256color");
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
        command.env(name, nowhere.path());
    }
    for name in ["COLORTERM", "COLORFGBG", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.cwd(nowhere.path());
    let mut child = pair.slave.spawn_command(command)?;
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader()?;
    let mut keyboard = pair.master.take_writer()?;
    let (sender, output) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut terminal = vt100::Parser::new(SIZE.1, SIZE.0, 0);
    for (wanted, keys) in steps {
        until(&output, &mut terminal, wanted)?;
        for key in keys.chars() {
            write!(keyboard, "{key}")?;
            keyboard.flush()?;
            settle(&output, &mut terminal);
        }
    }
    settle(&output, &mut terminal);
    let screen = terminal.screen().clone();
    keyboard.write_all(b"\x03")?;
    keyboard.flush()?;
    child.wait()?;
    Ok(screen)
}

/// Reads until a text is on the screen.
fn until(output: &Receiver<Vec<u8>>, terminal: &mut vt100::Parser, wanted: &str) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    while !terminal.screen().contents().contains(wanted) {
        if start.elapsed() > Duration::from_secs(300) {
            return Err(format!("`{wanted}` did not appear on\n{}", terminal.screen().contents()).into());
        }
        if let Ok(bytes) = output.recv_timeout(Duration::from_secs(1)) {
            terminal.process(&bytes);
        }
    }
    Ok(())
}

/// Reads until nothing more comes.
fn settle(output: &Receiver<Vec<u8>>, terminal: &mut vt100::Parser) {
    while let Ok(bytes) = output.recv_timeout(Duration::from_millis(700)) {
        terminal.process(&bytes);
    }
}
