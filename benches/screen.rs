//! How fast the app answers, in a real pseudo-terminal: first frame, first score, keys while all cores score, and what
//! it costs when idle. `cargo bench --bench screen [-- PRESET]`; without a preset, with the bundled one, with 15,625
//! candidates, and with a network of 500 nodes and its tree.

#[cfg(not(unix))]
fn main() {
    println!("needs a pseudo-terminal");
}

#[cfg(unix)]
fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a preset");
        path.display().to_string()
    };
    match std::env::args().skip(1).find(|a| !a.starts_with('-')) {
        Some(preset) => measure(&preset, &preset, ""),
        None => {
            measure("the bundled preset", "digits-mlp", "");
            measure("15,625 candidates", &write("many.yaml", many()), "");
            let deep = write("deep.yaml", deep());
            measure("500 nodes", &deep, "");
            measure("500 nodes as a tree", &deep, "i");
        }
    }
}

/// As many slopes as deviations.
#[cfg(unix)]
fn many() -> String {
    let list = |of: &dyn Fn(u32) -> String| (1..=125).map(of).collect::<Vec<_>>().join(", ");
    let slopes = list(&|i| format!("{{leaky_relu: {{negative_slope: {}}}}}", f64::from(i) / 250.0));
    let deviations = list(&|i| format!("{{normal: {{std: {}}}}}", f64::from(i) / 500.0));
    format!(
        "network: {{input: 64, layers: [linear: 16, activation, linear: 10]}}\ndata: {{source: digits}}\n\
         search: {{activations: [{slopes}], inits: [{deviations}]}}\n"
    )
}

/// Five nodes in each of a hundred blocks.
#[cfg(unix)]
fn deep() -> String {
    let blocks = "repeat: {times: 100, layers: [{residual: {body: [linear: 8, activation, linear: 8]}}, activation]}";
    format!(
        "network: {{input: 64, layers: [linear: 8, {blocks}]}}\ndata: {{source: digits}}\n\
         search: {{activations: [relu, gelu, tanh], inits: [torch_default, kaiming_normal, orthogonal]}}\n"
    )
}

/// All figures of a preset; `view` is the key of the view in which keys are pressed.
#[cfg(unix)]
fn measure(what: &str, preset: &str, view: &str) {
    println!("{what}");
    let starts: Vec<_> = (0..10).map(|_| unix::start(preset)).collect();
    for (what, pick) in [("first frame", 0), ("first score", 1)] {
        let mut times: Vec<_> = starts.iter().map(|s| if pick == 0 { s.0 } else { s.1 }).collect();
        times.sort_unstable();
        println!("{what}: median {:?}, worst {:?} of {}", times[times.len() / 2], times[times.len() - 1], times.len());
    }
    let mut keys = unix::keys(preset, view, 500);
    keys.sort_unstable();
    let at = |share: f64| keys[((keys.len() - 1) as f64 * share) as usize];
    println!(
        "key to frame while scoring: median {:?}, 99th percentile {:?}, worst {:?} of {}",
        at(0.5),
        at(0.99),
        at(1.0),
        keys.len()
    );
    println!("idle: {:.2} % of a core over 10 s", 100.0 * unix::idle(preset));
}

#[cfg(unix)]
mod unix {
    use std::io::{Read, Write};
    use std::sync::mpsc::{Receiver, channel};
    use std::time::{Duration, Instant};

    use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

    struct Session {
        child: Box<dyn Child + Send + Sync>,
        _master: Box<dyn MasterPty + Send>,
        keyboard: Box<dyn Write + Send>,
        /// What the program wrote and when it came.
        output: Receiver<(Instant, Vec<u8>)>,
        screen: vt100::Parser,
        started: Instant,
    }

    impl Session {
        fn start(preset: &str, repetitions: &str) -> Self {
            let (rows, cols) = (50, 200);
            let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
            let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
            let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_neartop"));
            command.args(["--no-study", "--repetitions", repetitions, preset]);
            command.env("TERM", "xterm-256color");
            command.cwd(std::env::current_dir().expect("a directory"));
            let started = Instant::now();
            let child = pair.slave.spawn_command(command).expect("the program");
            drop(pair.slave);
            let mut reader = pair.master.try_clone_reader().expect("a reader");
            let keyboard = pair.master.take_writer().expect("a writer");
            let (sender, output) = channel();
            std::thread::spawn(move || {
                let mut buffer = [0; 65536];
                while let Ok(n @ 1..) = reader.read(&mut buffer) {
                    if sender.send((Instant::now(), buffer[..n].to_vec())).is_err() {
                        return;
                    }
                }
            });
            let screen = vt100::Parser::new(rows, cols, 0);
            Self { child, _master: pair.master, keyboard, output, screen, started }
        }

        /// When the screen first shows what is looked for.
        fn wait(&mut self, found: impl Fn(&vt100::Screen) -> bool) -> Instant {
            loop {
                let (at, bytes) = self.output.recv_timeout(Duration::from_secs(120)).expect("the program writes");
                self.screen.process(&bytes);
                if found(self.screen.screen()) {
                    return at;
                }
            }
        }

        fn press(&mut self, keys: &str) -> Instant {
            let at = Instant::now();
            self.keyboard.write_all(keys.as_bytes()).expect("the program reads keys");
            self.keyboard.flush().expect("the program reads keys");
            at
        }
    }

    impl Drop for Session {
        fn drop(&mut self) {
            let _ = self.keyboard.write_all(b"\x03");
            let _ = self.keyboard.flush();
            let _ = self.child.wait();
        }
    }

    /// Time from the start to the first frame, and to the first score.
    pub fn start(preset: &str) -> (Duration, Duration) {
        let mut session = Session::start(preset, "1000");
        let frame = session.wait(|s| s.contents().contains("candidates"));
        let score = session.wait(|s| !s.contents().contains("no score yet"));
        (frame - session.started, score - session.started)
    }

    /// Times from a key to the frame that shows what it did, while scores come in.
    pub fn keys(preset: &str, view: &str, count: usize) -> Vec<Duration> {
        let mut session = Session::start(preset, "5000");
        session.wait(|s| !s.contents().contains("no score yet"));
        session.press(view);
        std::thread::sleep(Duration::from_millis(500));
        (0..count)
            .map(|i| {
                std::thread::sleep(Duration::from_millis(7 + (i as u64 * 13) % 50));
                // The filter line echoes what is written, and nothing else puts it there.
                let (key, wanted) = if i % 2 == 0 { ("/", true) } else { ("\x1b", false) };
                let pressed = session.press(key);
                let shows = |s: &vt100::Screen| s.rows(0, 8).nth(49).is_some_and(|row| row == "filter: ") == wanted;
                session.wait(shows) - pressed
            })
            .collect()
    }

    /// The share of a core that a finished run takes.
    pub fn idle(preset: &str) -> f64 {
        let mut session = Session::start(preset, "1");
        session.wait(|s| s.contents().contains("elapsed  done"));
        let pid = session.child.process_id().expect("a process");
        let ticks = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux");
            let fields: Vec<_> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
            fields[11].parse::<f64>().unwrap_or(0.0) + fields[12].parse::<f64>().unwrap_or(0.0)
        };
        std::thread::sleep(Duration::from_secs(1));
        let before = ticks();
        std::thread::sleep(Duration::from_secs(10));
        (ticks() - before) / 100.0 / 10.0
    }
}
