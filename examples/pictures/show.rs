//! What the app shows when keys are pressed: the program in a pseudo-terminal.

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};
use tempfile::TempDir;
use vt100::{Parser, Screen};

/// Columns and lines of a picture.
const SIZE: (u16, u16) = (120, 32);
const PRESET: &str = "digits-mlp";

/// What must be on the screen before keys are pressed, and the keys.
type Step = (&'static str, &'static str);

/// A picture: its name, what is done from where the picture before it ended, and what it must show.
const PICTURES: [(&str, &[Step], &str); 3] = [
    ("ranking", &[("  done  ", "j")], " 2/130 "),
    ("matrix", &[(" 2/130 ", "k"), (" 1/130 ", "m")], " matrix \u{b7} NEAR"),
    ("candidate", &[(" matrix \u{b7} NEAR", "\u{1b}"), (" 1/130 ", "c"), ("singular values", "jj")], " 3/5"),
];

/// The app on a terminal of its own.
///
/// It finds no settings, nothing that it remembers, and no words about colours from outside.
struct App {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    terminal: Parser,
    _home: TempDir,
}

/// The pictures by their names, as this program shows them.
pub fn pictures(program: &Path) -> Result<Vec<(&'static str, Screen)>, Box<dyn Error>> {
    let mut app = App::start(program)?;
    let mut screens = Vec::new();
    for (name, steps, shows) in PICTURES {
        for (wanted, keys) in steps {
            app.until(wanted)?;
            app.press(keys)?;
        }
        app.until(shows)?;
        app.settle();
        screens.push((name, app.terminal.screen().clone()));
    }
    app.press("\u{3}")?;
    app.child.wait()?;
    Ok(screens)
}

impl App {
    fn start(program: &Path) -> Result<Self, Box<dyn Error>> {
        let home = tempfile::tempdir()?;
        let size = PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(["--no-study", "--color", "always", PRESET]);
        command.env("TERM", "xterm-256color");
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"] {
            command.env(name, home.path());
        }
        for name in ["COLORTERM", "COLORFGBG", "NO_COLOR"] {
            command.env_remove(name);
        }
        command.cwd(home.path());
        let child = pair.slave.spawn_command(command)?;
        let output = listen(pair.master.try_clone_reader()?);
        let keyboard = pair.master.take_writer()?;
        Ok(Self { child, keyboard, output, terminal: Parser::new(SIZE.1, SIZE.0, 0), _home: home })
    }

    fn press(&mut self, keys: &str) -> std::io::Result<()> {
        for key in keys.chars() {
            write!(self.keyboard, "{key}")?;
            self.keyboard.flush()?;
            self.settle();
        }
        Ok(())
    }

    /// Reads until a text is on the screen.
    fn until(&mut self, wanted: &str) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        while !self.terminal.screen().contents().contains(wanted) {
            if start.elapsed() > Duration::from_secs(300) {
                return Err(format!("`{wanted}` did not appear on\n{}", self.terminal.screen().contents()).into());
            }
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(1)) {
                self.terminal.process(&bytes);
            }
        }
        Ok(())
    }

    /// Reads until nothing more comes.
    fn settle(&mut self) {
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(700)) {
            self.terminal.process(&bytes);
        }
    }
}

/// What comes from the program, as it comes.
fn listen(mut reader: Box<dyn Read + Send>) -> Receiver<Vec<u8>> {
    let (sender, output) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    output
}
