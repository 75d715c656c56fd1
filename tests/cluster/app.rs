//! The app on Slurm, in a real pseudo-terminal.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

use super::slurm::{Cluster, wait_until};

/// A program on a screen of its own.
struct Shown {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    output: Arc<Mutex<Vec<u8>>>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

const SIZE: (u16, u16) = (24, 100);

impl Shown {
    fn start(cluster: &Cluster, args: &[&str]) -> Self {
        let size = PtySize { rows: SIZE.0, cols: SIZE.1, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_neartop"));
        command.args(args);
        command.cwd(cluster.place.path(""));
        command.env("TERM", "xterm-256color");
        command.env("XDG_STATE_HOME", cluster.place.path("state"));
        command.env("SLURM_CONF", &cluster.conf);
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keyboard = pair.master.take_writer().expect("a writer");
        let output = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&output);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                written.lock().expect("no panic").extend_from_slice(&buffer[..n]);
            }
        });
        Self { child, keyboard, output, _master: pair.master }
    }

    fn text(&self) -> String {
        let mut parser = vt100::Parser::new(SIZE.0, SIZE.1, 0);
        parser.process(&self.output.lock().expect("no panic"));
        parser.screen().contents()
    }

    fn wait_for(&self, wanted: &str) {
        let mut last = String::new();
        wait_until(wanted, &mut || {
            last = self.text();
            last.contains(wanted)
        });
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the program reads keys");
        self.keyboard.flush().expect("the program reads keys");
    }
}

#[test]
fn the_app_follows_leaves_joins_and_cancels() {
    let Some(cluster) = Cluster::start() else { return };
    let wait = "if [ $SLURM_ARRAY_TASK_ID -gt 2 ]; then sleep 100; fi";
    cluster.prepare("6", wait);
    let args = ["small.yaml", "--on", "slurm", "--run-dir", "run", "--no-study"];
    let mut app = Shown::start(&cluster, &args);
    app.wait_for("running, 2 done");
    app.wait_for("job 1");
    // Results are in the table before all are there; the two candidates that overflow need no more.
    app.wait_for("32/72 scores");
    app.press("q");
    assert!(app.child.wait().expect("an end").success());
    app.wait_for("go on; the same command joins the run again");
    assert!(cluster.queue().contains("RUNNING"));

    let mut app = Shown::start(&cluster, &args);
    app.wait_for("running, 2 done");
    app.press("X");
    app.wait_for("X again ends all jobs");
    app.press("X");
    app.wait_for("2 done, 4 cancelled");
    wait_until("nothing runs", &mut || cluster.queue().is_empty());
    app.press("q");
    assert!(app.child.wait().expect("an end").success());
    assert_eq!(cluster.submissions(), 1);

    cluster.edit(wait, "");
    let mut app = Shown::start(&cluster, &args);
    app.wait_for("6 done");
    app.wait_for("72/72 scores");
    app.press("q");
    assert!(app.child.wait().expect("an end").success());
}
