//! Whatever ends or stops the app: the terminal is left as it was found, what was scored is kept, the exit status is right.
//! `NEARTOP_TRIES` says how often each is tried, at moments that follow from nothing else.

use super::*;

/// How often a test tries.
fn tries(default: u64) -> u64 {
    std::env::var("NEARTOP_TRIES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// Milliseconds below 300, the same in every run of a test.
fn moment(attempt: u64) -> Duration {
    Duration::from_millis((attempt.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 300)
}

fn long() -> String {
    PRESET.replace("repetitions: 3", "repetitions: 100000")
}

fn signal(pid: u32, name: &str) {
    let kill = std::process::Command::new("kill").args([format!("-{name}"), pid.to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()), "SIG{name}");
}

/// Repetitions in the study of a session that has ended.
fn kept(directory: &std::path::Path) -> i64 {
    count(directory).expect("a study")
}

fn count(directory: &std::path::Path) -> rusqlite::Result<i64> {
    let study = rusqlite::Connection::open(directory.join("state/neartop/studies.sqlite"))?;
    study.query_row("SELECT count(*) FROM repetition", [], |row| row.get(0))
}

#[test]
fn signals_at_any_moment_end_it_well() {
    let (mut all, mut least) = (0, i64::MAX);
    for attempt in 0..tries(2) {
        for name in ["TERM", "HUP", "INT"] {
            let mut session = Session::start(&long(), &[], (24, 80));
            // From the moment at which the terminal is taken.
            let start = Instant::now();
            while !session.raw().contains("\x1b[?1049h") {
                assert!(start.elapsed() < Duration::from_secs(60), "the terminal is not taken");
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(moment(attempt));
            signal(session.child.process_id().expect("a process"), name);
            assert_eq!(session.end(), 130, "SIG{name}, try {attempt}");
            session.assert_given_back();
            assert!(!session.raw().contains("panicked"), "{}", session.raw());
            least = least.min(kept(session.directory.path()));
            all += 1;
        }
    }
    println!("{all} signals: exit status 130, terminal given back, {least} results or more in the study");
}

#[test]
fn a_closed_terminal_ends_it_and_nothing_is_lost() {
    let tries = tries(2);
    let mut least = i64::MAX;
    // The signal that tells of it may be ignored, as under nohup.
    for (attempt, is_told) in (0..tries).flat_map(|attempt| [(attempt, true), (attempt, false)]) {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("preset.yaml"), long()).expect("a preset");
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new("sh");
        let trap = if is_told { "" } else { "trap '' HUP; " };
        command.args(["-c", &format!("{trap}exec {} preset.yaml", env!("CARGO_BIN_EXE_neartop"))]);
        command.cwd(directory.path());
        command.env("TERM", "xterm-256color");
        command.env("XDG_STATE_HOME", directory.path().join("state"));
        let mut child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (mut seen, mut buffer, start) = (Vec::new(), [0; 4096], Instant::now());
        let mut before = 0;
        while !String::from_utf8_lossy(&seen).contains("elapsed") || start.elapsed() < moment(attempt) || before == 0 {
            let n = reader.read(&mut buffer).expect("the program writes");
            seen.extend_from_slice(&buffer[..n]);
            assert!(start.elapsed() < Duration::from_secs(60), "nothing is shown");
            // There is no study before it is begun.
            before = count(directory.path()).unwrap_or(0);
        }
        // The last that hold the terminal.
        drop((reader, pair.master));
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                break status;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "the program does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.exit_code(), 130, "try {attempt}, told {is_told}: {status:?}");
        let after = kept(directory.path());
        assert!(after >= before, "what was scored is kept: {before} before, {after} after");
        least = least.min(after);
    }
    println!("{tries} closed terminals: exit status 130, {least} results or more in the study");
}

#[test]
fn it_stops_and_goes_on() {
    let tries = tries(2);
    for attempt in 0..tries {
        let directory = tempfile::tempdir().expect("a directory");
        // Under a shell that minds jobs; one that nobody minds is not stopped.
        let script =
            format!("set -m; {} preset.yaml; echo stopped-$?; fg; echo ended-$?", env!("CARGO_BIN_EXE_neartop"));
        let mut session = Session::start_program(directory, &long(), "bash", &["-c", &script], (24, 80));
        session.wait_for("elapsed");
        std::thread::sleep(moment(attempt));
        session.press("\x1a");
        session.wait_for_raw("stopped-147");
        let raw = session.raw();
        let before = raw.split("stopped-147").next().unwrap_or_default();
        let (on, off) = (before.rfind("\x1b[?1049h"), before.rfind("\x1b[?1049l"));
        assert!(on.is_some() && on < off, "the terminal is given back while it is stopped");
        // `fg` takes it up again, with the whole screen.
        session.wait_for_raw_after("elapsed", "stopped-147");
        session.press("q");
        session.wait_for_raw("ended-0");
        session.end();
        session.assert_given_back();
    }
    println!("{tries} times stopped and taken up again");
}

#[test]
fn a_signal_from_outside_stops_it_and_another_lets_it_go_on() {
    for attempt in 0..tries(2) {
        let directory = tempfile::tempdir().expect("a directory");
        let script = format!(
            "set -m; {} preset.yaml; echo stopped-$?; read go; fg; echo again-$?; read go; fg; echo ended-$?",
            env!("CARGO_BIN_EXE_neartop")
        );
        let mut session = Session::start_program(directory, &long(), "bash", &["-c", &script], (24, 80));
        session.wait_for("elapsed");
        let pid = child_of(session.child.process_id().expect("a process"));
        std::thread::sleep(moment(attempt));
        signal(pid, "TSTP");
        session.wait_for_raw("stopped-147");
        assert_eq!(state(pid), 'T');
        session.assert_given_back();
        session.output.lock().expect("no panic").clear();
        session.press("\n");
        // The whole screen, not what has changed.
        session.wait_for("6 candidates");
        session.wait_for("q quit");
        assert!(session.screen().screen().alternate_screen());
        // What nobody can watch for leaves the terminal as it is; the whole screen is there again afterwards all the same.
        session.output.lock().expect("no panic").clear();
        signal(pid, "STOP");
        session.wait_for_raw("again-147");
        session.output.lock().expect("no panic").clear();
        session.press("\n");
        session.wait_for("6 candidates");
        session.wait_for("q quit");
        session.press("q");
        session.wait_for_raw("ended-0");
        session.end();
        session.assert_given_back();
    }
}

#[test]
fn a_signal_does_not_stop_what_no_shell_would_let_go_on() {
    let mut session = Session::start(PRESET, &[], (24, 80));
    session.wait_for("done");
    session.output.lock().expect("no panic").clear();
    signal(session.child.process_id().expect("a process"), "TSTP");
    session.wait_for("6 candidates");
    session.press("q");
    assert_eq!(session.end(), 0);
    session.assert_given_back();
}

/// The only child of a process.
fn child_of(pid: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children");
    children.trim().parse().expect("one child")
}

/// A letter: `T` for what is stopped.
fn state(pid: u32) -> char {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    stat.rsplit(") ").next().and_then(|rest| rest.chars().next()).expect("a state")
}

/// What [`a_panic_in_drawing_is_read_on_a_terminal_that_works`] runs in a terminal: this very program.
#[test]
#[ignore = "run by another test, in a terminal"]
fn drawing_panics() {
    let mut screen = neartop::tui::terminal::Screen::take().expect("a terminal");
    let worker = std::thread::spawn(|| panic!("a defect in a worker"));
    assert!(worker.join().is_err());
    screen.draw(|frame| frame.render_widget("well", frame.area())).expect("a frame");
    let _ = screen.draw(|_| panic!("a defect in drawing"));
}

#[test]
fn a_panic_in_drawing_is_read_on_a_terminal_that_works() {
    let own = std::env::current_exe().expect("this program");
    let arguments = ["faults::drawing_panics", "--exact", "--ignored", "--nocapture"];
    for _ in 0..tries(1) {
        let directory = tempfile::tempdir().expect("a directory");
        let mut session = Session::start_program(directory, PRESET, &own.to_string_lossy(), &arguments, (24, 80));
        assert_eq!(session.end(), 101);
        session.assert_given_back();
        let raw = session.raw();
        let left = raw.rfind("\x1b[?1049l").expect("the other screen is left");
        assert!(raw.contains("well") && raw[left..].contains("a defect in drawing"), "{raw}");
        assert!(!raw.contains("a defect in a worker"), "a worker's panic is not told on the screen");
    }
}
