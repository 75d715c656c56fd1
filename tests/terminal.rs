//! The app in a real pseudo-terminal: what only a terminal shows.
// What processes and terminals are about is read from `/proc`.
#![cfg(target_os = "linux")]

#[path = "terminal/faults.rs"]
mod faults;

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const PRESET: &str = "
name: Small
data: {source: digits}
network: {input: 64, layers: [linear: 16, activation, linear: 10]}
search: {activations: [relu, tanh, gelu], inits: [torch_default, orthogonal]}
score: {repetitions: 3, seed: 0}
";

struct Session {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    /// All that the program wrote.
    output: Arc<Mutex<Vec<u8>>>,
    /// Ends when nobody holds the terminal any more.
    reader: std::thread::JoinHandle<()>,
    size: (u16, u16),
    directory: tempfile::TempDir,
}

impl Session {
    fn start(preset: &str, arguments: &[&str], size: (u16, u16)) -> Self {
        Self::start_in(tempfile::tempdir().expect("a directory"), preset, arguments, size)
    }

    fn start_in(directory: tempfile::TempDir, preset: &str, arguments: &[&str], size: (u16, u16)) -> Self {
        let arguments = [arguments, &["preset.yaml"]].concat();
        Self::start_program(directory, preset, env!("CARGO_BIN_EXE_neartop"), &arguments, size)
    }

    /// An interactive shell: only where there is job control can a program be suspended.
    fn start_shell(preset: &str, size: (u16, u16)) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        Self::start_program(directory, preset, "bash", &["--norc", "--noprofile", "-i"], size)
    }

    fn start_program(
        directory: tempfile::TempDir,
        preset: &str,
        program: &str,
        arguments: &[&str],
        (rows, cols): (u16, u16),
    ) -> Self {
        std::fs::write(directory.path().join("preset.yaml"), preset).expect("a preset");
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env("PS1", "ready> ");
        command.cwd(directory.path());
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command.env("XDG_STATE_HOME", directory.path().join("state"));
        command.env("XDG_CONFIG_HOME", directory.path().join("config"));
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let keyboard = pair.master.take_writer().expect("a writer");
        let output = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&output);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                written.lock().expect("no panic").extend_from_slice(&buffer[..n]);
            }
        });
        Self { child, master: pair.master, keyboard, output, reader, size: (rows, cols), directory }
    }

    fn raw(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().expect("no panic")).into_owned()
    }

    fn screen(&self) -> vt100::Parser {
        let mut parser = vt100::Parser::new(self.size.0, self.size.1, 0);
        parser.process(&self.output.lock().expect("no panic"));
        parser
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the program reads keys");
        self.keyboard.flush().expect("the program reads keys");
    }

    fn wait_for(&self, wanted: &str) {
        self.wait_until(&format!("`{wanted}` is shown"), |screen| screen.contents().contains(wanted).then_some(()));
    }

    fn wait_until_gone(&self, unwanted: &str) {
        self.wait_until(&format!("`{unwanted}` is gone"), |screen| {
            (!screen.contents().contains(unwanted)).then_some(())
        });
    }

    /// A frame arrives in pieces: what stands on the screen beside something that was waited for must be waited for as well.
    fn wait_until<T>(&self, what: &str, found: impl Fn(&vt100::Screen) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let shown = self.screen();
            if let Some(found) = found(shown.screen()) {
                return found;
            }
            let late = start.elapsed() > Duration::from_secs(60);
            assert!(!late, "never true: {what}, on\n{}", shown.screen().contents());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Where a text stands below the head of the screen, from 1 on, as the mouse counts, once it is there.
    fn find(&self, wanted: &str) -> (usize, usize) {
        self.wait_until(&format!("`{wanted}` stands below the head"), |screen| {
            let mut rows = screen.rows(0, self.size.1).enumerate().skip(3);
            let (y, row) = rows.find(|(_, row)| row.contains(wanted))?;
            Some((row.split(wanted).next().map_or(0, |before| before.chars().count()) + 1, y + 1))
        })
    }

    /// Presses the left button and lets it go, as terminals report it (SGR).
    fn click(&mut self, (x, y): (usize, usize)) {
        self.press(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
    }

    /// Waits for something in all that was written, also outside of the app's screen.
    fn wait_for_raw(&self, wanted: &str) {
        self.wait_for_raw_after(wanted, "");
    }

    fn wait_for_raw_after(&self, wanted: &str, after: &str) {
        let start = Instant::now();
        while !self.raw().split_once(after).is_some_and(|(_, rest)| rest.contains(wanted)) {
            assert!(start.elapsed() < Duration::from_secs(60), "`{wanted}` was not written in\n{:?}", self.raw());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end, and for all that was written before it, and gives the exit status.
    fn end(&mut self) -> u32 {
        let start = Instant::now();
        let mut status = None;
        loop {
            status = status.or(self.child.try_wait().expect("a child"));
            if let Some(status) = status.as_ref().filter(|_| self.reader.is_finished()) {
                return status.exit_code();
            }
            assert!(start.elapsed() < Duration::from_secs(60), "the program does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn assert_given_back(&self) {
        let raw = self.raw();
        let last = |on: &str, off: &str| raw.rfind(on).map(|on| raw.rfind(off).is_some_and(|off| off > on));
        assert_eq!(last("\x1b[?1049h", "\x1b[?1049l"), Some(true), "the other screen is left");
        assert_eq!(last("\x1b[?25l", "\x1b[?25h"), Some(true), "the cursor is shown");
        assert_eq!(last("\x1b[?2004h", "\x1b[?2004l"), Some(true), "pasting is plain again");
        let modes = self.master.as_raw_fd().map(rustix_is_cooked);
        assert_eq!(modes, Some(true), "the line discipline is back");
    }
}

/// Whether the terminal echoes and reads lines.
fn rustix_is_cooked(fd: i32) -> bool {
    let stty = std::process::Command::new("stty")
        .arg("-a")
        .stdin(std::fs::File::open(format!("/proc/self/fd/{fd}")).expect("the terminal"))
        .output()
        .expect("stty");
    let modes = String::from_utf8_lossy(&stty.stdout).into_owned();
    !modes.contains("-icanon") && !modes.contains("-echo ")
}

#[test]
fn the_spectrum_of_the_compared_candidate_comes() {
    let mut session = Session::start(PRESET, &["--no-study"], (40, 120));
    session.wait_for("elapsed  done");
    session.press(" c");
    session.wait_for("singular values");
    session.wait_until_gone("on its way");
    session.wait_until("both are shown", |screen| {
        (screen.contents().matches("singular values").count() == 2).then_some(())
    });
    session.press("qq");
    assert_eq!(session.end(), 0);
}

#[test]
fn a_model_is_found_by_its_path_and_opened() {
    let directory = tempfile::tempdir().expect("a directory");
    let model = format!("{}/tests/fixtures/brought/lstm/model.pt2", env!("CARGO_MANIFEST_DIR"));
    std::fs::create_dir(directory.path().join("nets")).expect("a folder");
    std::fs::copy(model, directory.path().join("nets/mine.pt2")).expect("a model");
    std::fs::write(directory.path().join("nets/broken.pt2"), "no model").expect("a file");
    let mut session = Session::start_in(directory, PRESET, &["--no-study"], (24, 80));
    session.wait_for("elapsed  done");
    session.press("of");
    session.wait_for("folder or file:");
    session.press("ne\t");
    session.wait_for("folder or file: nets/");
    session.press("br\t\r");
    session.wait_for("a model of another library");
    session.press("\r");
    session.wait_for("broken.pt2: ");
    session.press("f");
    session.wait_for("folder or file: nets/");
    session.press("mi\t\r");
    session.wait_for(" KiB");
    session.press("\r");
    session.wait_for("  mine  ");
    session.wait_until_gone("no score yet");
    session.wait_for("elapsed  done");
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[test]
fn a_run_from_the_first_frame_to_the_export() {
    let mut session = Session::start(PRESET, &[], (24, 80));
    session.wait_for("6 candidates");
    session.wait_for("done");
    session.press("/tanh\r");
    session.wait_for("2 of 6 candidates");
    session.press("e");
    session.wait_for("export tanh");
    session.press("\r");
    session.wait_for("written to");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_given_back();
    assert!(session.raw().contains("Recommended: "));
    let exported = std::fs::read_dir(session.directory.path()).expect("a directory").flatten().map(|e| e.path());
    let exported: Vec<_> = exported.filter(|p| p.to_string_lossy().contains("small-tanh")).collect();
    assert_eq!(exported.len(), 1);
    neartop_io::preset::Preset::load(&exported[0].to_string_lossy()).expect("a right preset");
}

#[test]
fn what_was_scored_is_there_when_the_app_is_opened_again() {
    let long = PRESET.replace("repetitions: 3", "repetitions: 1000000");
    let mut session = Session::start(&long, &[], (24, 80));
    session.wait_for("elapsed");
    std::thread::sleep(Duration::from_millis(300));
    let pid = session.child.process_id().expect("a process");
    let kill = std::process::Command::new("kill").args(["-KILL".to_owned(), pid.to_string()]).status();
    assert!(kill.is_ok_and(|s| s.success()));
    session.end();
    let mut session = Session::start_in(session.directory, &long, &[], (24, 80));
    session.wait_for("repetitions found in the study");
    session.press("q");
    assert_eq!(session.end(), 0);
    // Another number of repetitions is the same work.
    let mut session = Session::start_in(session.directory, PRESET, &[], (24, 80));
    session.wait_for("18 of 18 repetitions found in the study");
    session.wait_for("done");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_given_back();
}

#[test]
fn a_resize_is_followed() {
    let mut session = Session::start(PRESET, &[], (24, 80));
    session.wait_for("done");
    session.size = (50, 200);
    session.output.lock().expect("no panic").clear();
    session.master.resize(PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 }).expect("a resize");
    session.wait_for("6 candidates");
    session.wait_until("the footer is in the last row", |screen| {
        screen.rows(0, 200).nth(49).filter(|footer| footer.contains("q quit"))
    });
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[test]
fn broken_off_by_a_key_or_a_signal_the_terminal_is_given_back() {
    let long = PRESET.replace("repetitions: 3", "repetitions: 100000");
    let mut session = Session::start(&long, &[], (24, 80));
    session.wait_for("elapsed");
    session.press("\x03");
    assert_eq!(session.end(), 130);
    session.assert_given_back();
    for signal in ["TERM", "HUP", "INT"] {
        let mut session = Session::start(&long, &[], (24, 80));
        session.wait_for("elapsed");
        let pid = session.child.process_id().expect("a process");
        let kill = std::process::Command::new("kill").args([format!("-{signal}"), pid.to_string()]).status();
        assert!(kill.is_ok_and(|s| s.success()));
        assert_eq!(session.end(), 130, "SIG{signal}");
        session.assert_given_back();
    }
}

#[test]
fn a_wrong_preset_is_told_before_the_terminal_is_taken() {
    let mut session = Session::start("network: {input: 64, layers: [liner: 3]}", &[], (24, 80));
    assert_eq!(session.end(), 2);
    assert!(session.raw().contains("did you mean `linear`?"), "{}", session.raw());
    assert!(!session.raw().contains("\x1b[?1049h"));
}

#[test]
fn ascii_and_colours_are_as_asked() {
    let mut session = Session::start(PRESET, &["--ascii", "--color", "never"], (24, 80));
    session.wait_for("done");
    session.press("q");
    assert_eq!(session.end(), 0);
    assert!(session.raw().is_ascii());
    let colour = |n: u8| session.raw().contains(&format!("\x1b[{n}m")) || session.raw().contains("\x1b[38;5;");
    assert!(!(30..38).any(colour), "no colour is set");
}

#[test]
fn suspended_and_brought_back_the_app_goes_on() {
    let mut session = Session::start_shell(PRESET, (24, 80));
    session.wait_for("ready>");
    let program = env!("CARGO_BIN_EXE_neartop");
    session.press(&format!("{program} --repetitions 100000 preset.yaml\r"));
    session.wait_for("6 candidates");
    session.press("j");
    for _ in 0..2 {
        session.press("\x1a");
        session.wait_for("Stopped");
        // The shell has the terminal: its line is echoed, on the screen that was there before.
        session.press("echo on$((40 + 2))\r");
        session.wait_for("on42");
        assert!(!session.screen().screen().alternate_screen());
        session.press("fg\r");
        session.wait_for("6 candidates");
        assert!(session.screen().screen().alternate_screen());
    }
    // Work goes on: the number of scores rises.
    let scores = |session: &Session| {
        let shown = session.screen().screen().contents();
        let before = shown.split("/600000 scores").next().unwrap_or_default();
        before.split_whitespace().last().and_then(|n| n.parse::<u64>().ok())
    };
    let (start, before) = (Instant::now(), scores(&session));
    while scores(&session) <= before {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing is scored any more");
        std::thread::sleep(Duration::from_millis(50));
    }
    session.press("q");
    session.wait_for("Recommended: ");
    session.press("exit\r");
    session.end();
}

#[test]
fn the_mouse_works_when_asked_for_and_is_given_back() {
    let mut session = Session::start(PRESET, &[], (24, 80));
    session.wait_for("done");
    assert!(!session.raw().contains("\x1b[?1000h"), "the terminal has the mouse until asked");
    session.press("M");
    session.wait_for("the mouse selects");
    session.wait_for_raw("\x1b[?1000h");
    let tab = session.find("matrix");
    session.click(tab);
    session.wait_for("mean");
    let back = session.find("ranking");
    session.click(back);
    session.wait_for("6 candidates");
    // The head of a column sorts, and a second click turns the order round.
    session.click(session.find("NEAR"));
    session.wait_for("NEAR\u{25bc}");
    session.click(session.find("NEAR\u{25bc}"));
    session.wait_for("NEAR\u{25b2}");
    session.press("q");
    assert_eq!(session.end(), 0);
    let raw = session.raw();
    let (on, off) = (raw.rfind("\x1b[?1000h"), raw.rfind("\x1b[?1000l"));
    assert!(on.is_some() && off > on, "the mouse is given back");
    session.assert_given_back();
}

#[test]
fn a_copy_reaches_the_terminal() {
    let mut session = Session::start(PRESET, &[], (24, 80));
    session.wait_for("done");
    session.press("y");
    session.wait_for("sent to the terminal");
    let raw = session.raw();
    let sent = raw.split("\x1b]52;c;").nth(1).expect("a sequence for the clipboard");
    let sent = sent.split(['\x07', '\x1b']).next().unwrap_or_default().to_owned();
    let file = session.directory.path().join("sent");
    std::fs::write(&file, &sent).expect("a file");
    let decoded = std::process::Command::new("base64").arg("-d").arg(&file).output().expect("base64");
    let text = String::from_utf8(decoded.stdout).expect("a text");
    let preset = neartop_io::preset::Preset::parse(&text, "copied", std::path::Path::new("")).expect("a right preset");
    assert_eq!(preset.name, "Small");
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[test]
fn a_study_is_deleted_in_the_app() {
    let mut session = Session::start(PRESET, &["--study", "s.sqlite"], (24, 80));
    session.wait_for("done");
    session.press("q");
    assert_eq!(session.end(), 0);
    let other = PRESET.replace("name: Small", "name: Other").replace("linear: 16", "linear: 12");
    let mut session = Session::start_in(session.directory, &other, &["--study", "s.sqlite"], (24, 120));
    session.wait_for("done");
    // Results are recorded a moment after they are shown.
    let study = rusqlite::Connection::open(session.directory.path().join("s.sqlite")).expect("a study");
    let count = || study.query_row("SELECT count(*) FROM study", [], |row| row.get::<_, i64>(0)).unwrap_or(0);
    let start = Instant::now();
    while count() < 2 {
        assert!(start.elapsed() < Duration::from_secs(60), "the run is not recorded");
        std::thread::sleep(Duration::from_millis(20));
    }
    session.press("o");
    session.wait_for("earlier studies");
    session.press("/other\r");
    session.wait_for("this run is recorded here");
    session.press("D");
    session.wait_for("this run is recorded in that study");
    session.press("\x1b");
    session.wait_for("1 Small");
    session.press("/small\r");
    session.wait_for("18 repetitions");
    session.press("D");
    session.wait_for("deletes study 1, Small: 18 repetitions of 6 candidates");
    study.execute_batch("BEGIN IMMEDIATE").expect("nobody writes");
    session.press("D");
    session.wait_for("database is locked");
    study.execute_batch("ROLLBACK").expect("the lock");
    session.press("D");
    session.wait_for("deletes study 1");
    session.press("D");
    session.wait_for("deleted study 1, Small");
    assert_eq!(count(), 1);
    session.wait_until_gone("1 Small");
    session.press("\x1b");
    session.wait_until_gone("filter: small");
    session.press("\x1b");
    session.wait_for("ranking · 6 candidates");
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[test]
fn what_training_gave_is_in_the_study_and_shown_again() {
    let mut session = Session::start(PRESET, &["--study", "s.sqlite"], (24, 80));
    session.wait_for("done");
    session.press("t");
    session.wait_for("begins");
    session.press("\r");
    session.wait_for("training \u{b7} ended \u{b7} 4 finalists");
    session.press("\x1b");
    session.wait_for("6 candidates");
    session.press("q");
    assert_eq!(session.end(), 0);
    let study = rusqlite::Connection::open(session.directory.path().join("s.sqlite")).expect("a study");
    let sql = "SELECT count(*), min(accuracy), max(accuracy) FROM training";
    let (count, least, most) = study
        .query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?)))
        .expect("what was trained");
    assert!(count >= 2 && least > 0.1 && most <= 1.0, "{count} {least} {most}");
    drop(study);
    // The study is found in the app, and opened from there with what was trained.
    let other = PRESET.replace("name: Small", "name: Other").replace("linear: 16", "linear: 12");
    let mut session = Session::start_in(session.directory, &other, &["--study", "s.sqlite"], (30, 120));
    session.wait_for("done");
    session.press("o");
    session.wait_for("earlier studies");
    session.press("/small\r");
    session.wait_for("1 Small");
    session.press("\r");
    session.wait_for("18 of 18 scores were there already");
    session.wait_for("trained");
    // The first of the ranking will not train and was not trained; the recommended one was.
    session.press("be");
    session.wait_for("export ");
    session.wait_for("accuracy 0.");
    session.press("\x1b");
    session.wait_for("6 candidates");
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[test]
fn a_locale_without_utf_8_and_settings_with_mistakes_keep_nobody_out() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = directory.path().join("config").join("neartop");
    std::fs::create_dir_all(&config).expect("a directory");
    std::fs::write(config.join("config.yaml"), "them: dark\n").expect("settings");
    let mut session = Session::start_in(directory, PRESET, &[], (24, 80));
    session.wait_for("there is no setting `them`; did you mean `theme`?");
    session.press("4Lq");
    assert_eq!(session.end(), 0);
    // The order and the theme are remembered.
    let kept = session.directory.path().join("state").join("neartop").join("screen.yaml");
    let kept = std::fs::read_to_string(kept).expect("what is remembered");
    assert!(kept.contains("theme: dark") && kept.contains("sort: \"NEAR\""), "{kept}");
    std::fs::write(config.join("config.yaml"), "# nothing yet\n").expect("settings");
    let mut session = Session::start_in(session.directory, PRESET, &[], (24, 80));
    session.wait_for("NEAR\u{25bc}");
    session.press("q");
    assert_eq!(session.end(), 0);
}

#[test]
fn a_run_that_is_left_in_the_middle_says_so() {
    let long = PRESET.replace("repetitions: 3", "repetitions: 100000");
    let mut session = Session::start(&long, &["--no-study"], (24, 80));
    session.wait_for(" of 100000");
    session.press("q");
    session.wait_for("its scores are recorded nowhere: q again leaves them");
    session.press("q");
    assert_eq!(session.end(), 0);
    assert!(session.raw().contains(" of 600,000 scores"), "{}", session.raw());
}

#[test]
fn two_that_record_the_same_run_know_of_each_other() {
    let long = PRESET.replace("repetitions: 3", "repetitions: 100000");
    let mut first = Session::start(&long, &[], (24, 100));
    first.wait_for(" of 100000");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_neartop"));
    command.args(["preset.yaml"]);
    command.cwd(first.directory.path());
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("XDG_STATE_HOME", first.directory.path().join("state"));
    command.env("XDG_CONFIG_HOME", first.directory.path().join("config"));
    let size = PtySize { rows: 24, cols: 100, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
    let mut second = pair.slave.spawn_command(command).expect("the program");
    let (mut reader, mut seen, mut buffer) = (pair.master.try_clone_reader().expect("a reader"), Vec::new(), [0; 4096]);
    let start = Instant::now();
    while !String::from_utf8_lossy(&seen).contains("another neartop records the same run") {
        assert!(start.elapsed() < Duration::from_secs(60), "nothing is said of the first");
        let n = reader.read(&mut buffer).expect("the program writes");
        seen.extend_from_slice(&buffer[..n]);
    }
    second.kill().expect("it ends");
    first.press("q");
    assert_eq!(first.end(), 0);
}
