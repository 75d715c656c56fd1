//! What much work takes: time and memory, measured and bounded.
//!
//! Small unless `NEARTOP_LOAD=full`: 100,000 candidates, 300 layers, a layer of 8,192 units, 10,000 rows, a table of a million, 24 hours.
//! `NEARTOP_LOAD=full cargo test --release --test load -- --nocapture --test-threads 1`.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use neartop::tui::app::{App, Message};
use neartop::tui::effect::Effect;
use neartop::tui::news::News;
use neartop::tui::screen as drawing;
use neartop::tui::table::Standings;
use neartop::tui::theme::Look;
use neartop_core::score::{Score, ScoreError};
use neartop_io::preset::Preset;
use neartop_study::scheduler::{self, Known, NearScorer, Portion, Scorer};
use neartop_study::space::Space;
use neartop_study::store::{Entry, Recordable, Recorder, Store, Work};
use neartop_study::study::Study;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Size;

/// Whether the full load is asked for. Times are bounded only then: beside other tests they say nothing.
fn is_full() -> bool {
    std::env::var("NEARTOP_LOAD").is_ok_and(|load| load == "full")
}

/// `full` as it is asked for, else `small`.
fn load<T>(small: T, full: T) -> T {
    if is_full() { full } else { small }
}

/// A preset with `slopes` times `deviations` candidates, on drawn samples.
fn grid(slopes: usize, deviations: usize, repetitions: usize) -> String {
    let mut text =
        "name: Grid\ndata: {source: gaussian}\nnetwork: {input: 8, layers: [linear: 4, activation, linear: 2]}\n\
                    search:\n  activations:\n"
            .to_owned();
    for slope in 1..=slopes {
        writeln!(text, "    - leaky_relu: {{negative_slope: {}}}", slope as f64 / 1024.0).expect("memory");
    }
    text += "  inits:\n";
    for deviation in 1..=deviations {
        writeln!(text, "    - normal: {{std: {}}}", deviation as f64 / 256.0).expect("memory");
    }
    writeln!(text, "score: {{repetitions: {repetitions}, seed: 1}}").expect("memory");
    text
}

/// Memory of a process in KiB: `VmHWM`, the most that it held, or `VmRSS`, what it holds.
fn memory(process: &str, which: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status
        .lines()
        .find_map(|line| line.strip_prefix(which)?.strip_prefix(':')?.trim().strip_suffix(" kB")?.parse().ok())
}

/// What a run took.
struct Cost {
    time: Duration,
    /// The most that it held, in MiB.
    memory: u64,
    output: String,
}

/// Runs the program in a folder.
fn run(folder: &Path, args: &[&str]) -> Cost {
    let start = Instant::now();
    let (out, err) = (fs::File::create(folder.join("out")), fs::File::create(folder.join("err")));
    let mut command = Command::new(env!("CARGO_BIN_EXE_neartop"));
    command.args(args).current_dir(folder).env("XDG_STATE_HOME", folder).stdin(Stdio::null());
    command.stdout(out.expect("a file")).stderr(err.expect("a file"));
    let mut child = command.spawn().expect("a run");
    let mut most = 0;
    let status = loop {
        most = most.max(memory(&child.id().to_string(), "VmHWM").unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let time = start.elapsed();
    let errors = fs::read_to_string(folder.join("err")).expect("what it said");
    assert!(status.success(), "{args:?}: {errors}");
    Cost { time, memory: most >> 10, output: fs::read_to_string(folder.join("out")).expect("a result") + &errors }
}

#[test]
fn many_candidates() {
    let folder = tempfile::tempdir().expect("a folder");
    let (slopes, deviations) = (400, 250);
    let all = slopes * deviations;
    fs::write(folder.path().join("grid.yaml"), grid(slopes, deviations, 2)).expect("a preset");
    let args = ["rank", "grid.yaml", "--format", "jsonl", "--study", "s.sqlite"];
    let first = run(folder.path(), &args);
    assert_eq!(first.output.lines().filter(|line| line.contains("\"status\":\"scored\"")).count(), all);
    let again = run(folder.path(), &args);
    let found = format!("{0} of {0} repetitions found", 2 * all);
    let said: Vec<_> = again.output.lines().filter(|line| line.starts_with("neartop:")).collect();
    assert!(again.output.contains(&found), "{said:?}");
    println!("{all} candidates, 2 repetitions: {:.1?}, {} MiB", first.time, first.memory);
    println!("the same from the study: {:.1?}, {} MiB", again.time, again.memory);
    // 12 KiB for each, beside what the program takes.
    assert!(first.memory.max(again.memory) < 64 + all as u64 * 12 / 1024, "{} {}", first.memory, again.memory);
}

/// A table is read once for its scale, packed or not, and never kept.
#[test]
fn a_long_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows = load(60_000, 1_000_000);
    let header: Vec<_> = (0..30).map(|i| format!("x{i}")).collect();
    let mut text = header.join(",") + "\n";
    for row in 0..rows {
        let cell = |i: usize| (row * 7919 + i * 104_729) as f64 * 0.618_034 % 4.0 - 2.0;
        let cells: Vec<_> = (0..30).map(|i| format!("{:.5}", cell(i))).collect();
        text += &(cells.join(",") + "\n");
    }
    fs::write(folder.path().join("t.csv"), &text).expect("a table");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, text.as_bytes()).expect("memory");
    fs::write(folder.path().join("t.csv.gz"), packed.finish().expect("memory")).expect("a table");
    for file in ["t.csv", "t.csv.gz"] {
        let preset = format!(
            "data: {{path: {file}, scale: standardize_features}}\n\
             network: {{input: 30, layers: [linear: 64, activation, linear: 1]}}\n\
             search: {{activations: [relu], inits: [kaiming_normal]}}\nscore: {{repetitions: 32}}\n"
        );
        fs::write(folder.path().join("p.yaml"), preset).expect("a preset");
        let cost = run(folder.path(), &["rank", "p.yaml", "--format", "jsonl", "--no-study"]);
        assert!(cost.output.contains("\"status\":\"scored\""), "{}", cost.output);
        println!("{file} of {rows} rows and 30 columns, 32 repetitions: {:.1?}, {} MiB", cost.time, cost.memory);
        assert!(cost.memory < 100, "{} MiB", cost.memory);
        // A pass for every 1,024 rows takes minutes.
        assert!(!is_full() || cost.time < Duration::from_secs(60), "{:?}", cost.time);
    }
}

#[test]
fn many_layers() {
    let folder = tempfile::tempdir().expect("a folder");
    let layers = load(60, 300);
    let preset = format!(
        "data: {{source: gaussian}}\nnetwork: {{input: 64, layers: [repeat: {{times: {layers}, layers: [linear: 64, activation]}}]}}\n\
         search: {{activations: [tanh, relu], inits: [orthogonal, kaiming_normal]}}\nscore: {{repetitions: 4, seed: 1}}\n"
    );
    fs::write(folder.path().join("deep.yaml"), preset).expect("a preset");
    let cost = run(folder.path(), &["rank", "deep.yaml", "--format", "jsonl", "--no-study"]);
    // Some do not survive so many layers.
    assert!(cost.output.matches("\"kind\":\"linear\"").count() >= 2 * layers);
    println!("{layers} linear layers of 64 units with activations, 16 scores: {:.1?}, {} MiB", cost.time, cost.memory);
    assert!(cost.memory < 300, "{} MiB", cost.memory);
}

#[test]
fn a_wide_layer() {
    let folder = tempfile::tempdir().expect("a folder");
    let width: usize = load(1024, 8192);
    let preset = format!(
        "data: {{source: gaussian}}\nnetwork: {{input: 256, layers: [linear: {width}, activation, linear: 10]}}\n\
         search: {{activations: [relu], inits: [kaiming_normal]}}\nscore: {{repetitions: 1, seed: 1}}\n"
    );
    fs::write(folder.path().join("wide.yaml"), preset).expect("a preset");
    let args = ["rank", "wide.yaml", "--format", "jsonl", "--no-study", "--jobs", "1"];
    let cost = run(folder.path(), &args);
    assert!(cost.output.contains("\"status\":\"scored\""), "{}", cost.output);
    println!("a layer of {width} units, 1 score: {:.1?}, {} MiB", cost.time, cost.memory);
    // Twelve matrices of that size in single precision, beside what the program takes.
    assert!(cost.memory < 64 + ((12 * 4 * width * width) >> 20) as u64, "{} MiB", cost.memory);
    // What it takes is known before, and refused where it may not.
    let mut command = Command::new(env!("CARGO_BIN_EXE_neartop"));
    command.args(args).args(["--max-memory", "0.001"]).current_dir(folder.path());
    let refused = command.output().expect("a run");
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("one score would hold about"));
}

fn space(preset: &str) -> Arc<Space> {
    Arc::new(Space::new(Arc::new(Preset::parse(preset, "grid.yaml", Path::new("")).expect("a right preset"))))
}

/// A made-up score of as many layers as the grid's network has.
fn made_up(candidate: usize, repetition: usize) -> Score {
    // As real ones, candidates differ by more than their repetitions.
    let part = |n: usize| (n % 4096) as f64 / 2048.0;
    let first = 1.0 + part(candidate * 7919) + 0.2 * part(candidate * 7919 + repetition * 104_729);
    let effective_ranks = vec![first, first / 2.0, 1.25];
    Score { near: effective_ranks.iter().sum(), effective_ranks, dead_from: None, propagation: None }
}

/// What the event loop does beside the screen.
fn carry_out(app: &mut App, effect: Option<Effect>) {
    if let Some(Effect::Rank) = effect {
        let standings = Standings::of(&app.cx.study);
        let _ = app.update(News::Ranked(Box::new(standings)));
    }
}

#[test]
fn many_rows() {
    let (slopes, deviations) = (100, load(10, 100));
    let space = space(&grid(slopes, deviations, 4));
    let count = space.candidates.len();
    let mut app = App::new(Study::new(Arc::clone(&space)), Size::new(200, 50));
    let progress = |repetition| {
        let of =
            move |candidate| scheduler::Progress { candidate, repetition, result: Ok(made_up(candidate, repetition)) };
        (0..count).map(of).collect::<Vec<_>>()
    };
    for repetition in 0..3 {
        let _ = app.update(News::Scored(progress(repetition)));
    }
    let mut terminal = Terminal::new(TestBackend::new(200, 50)).expect("a test terminal");
    let look = Look::new(true, false);
    let mut times = Vec::new();
    let mut press = |app: &mut App, code| {
        let start = Instant::now();
        let _ = app.update(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        let effect = app.update(Message::Frame(Duration::from_secs(60)));
        terminal.draw(|frame| drawing::draw(frame, app, &look)).expect("a frame");
        times.push((start.elapsed(), code));
        carry_out(app, effect);
    };
    for round in 0..3 {
        for digit in '1'..='9' {
            press(&mut app, KeyCode::Char(digit));
            press(&mut app, KeyCode::Char(digit));
            assert_eq!(app.cx.table.rows.len(), count);
            // Scores come in meanwhile.
            let _ = app.update(News::Scored(progress(3).into_iter().skip(round * 100).take(100).collect()));
        }
        press(&mut app, KeyCode::Char('/'));
        for key in "0.0 leaky -std".chars() {
            press(&mut app, KeyCode::Char(key));
        }
        press(&mut app, KeyCode::Esc);
        press(&mut app, KeyCode::End);
        press(&mut app, KeyCode::PageUp);
    }
    times.sort_by_key(|(time, _)| *time);
    let (median, (worst, key)) = (times[times.len() / 2].0, times[times.len() - 1]);
    println!("{count} rows, {} keys: median {median:.1?}, worst {worst:.1?} ({key:?})", times.len());
    assert!(!is_full() || median < Duration::from_millis(100), "{median:?}");
}

/// Gives made-up scores as fast as they are taken.
struct Fake;

impl Scorer for Fake {
    fn score_together(
        &self,
        tasks: &[Portion],
        cancelled: &dyn Fn() -> bool,
        report: &mut dyn FnMut(usize, usize, Result<Score, ScoreError>),
    ) {
        for (at, task) in tasks.iter().enumerate() {
            for candidate in &task.candidates {
                let result =
                    if cancelled() { Err(ScoreError::Cancelled) } else { Ok(made_up(*candidate, task.repetition)) };
                report(at, *candidate, result);
            }
        }
    }
}

/// In a process of its own, since other tests of this one hold memory too.
#[test]
fn a_day() {
    let own = std::env::current_exe().expect("this program");
    let output = Command::new(own).args(["the_day", "--exact", "--ignored", "--nocapture"]).output().expect("a run");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success() && said.contains("1 passed"), "{errors}");
}

/// 24 hours at 24 scores a second, as fast as they can be taken: scheduler, study on disk, state of the screen and frames
/// are the program's own, and only the scores are made up.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn the_day() {
    let a_second = load(1, 24);
    let (hours, candidates) = (24, 2400);
    let an_hour = 3600 * a_second;
    let space = space(&grid(80, 30, hours * an_hour / candidates));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.sqlite");
    let scorer = NearScorer::new(Arc::clone(&space)).expect("samples");
    let work = Work::new(&space, &scorer).expect("samples");
    let recordable = Recordable { work, fingerprint: Box::new(|_| None) };
    let recorder = Recorder::start(Store::open(&path).expect("a study"), vec![recordable]).expect("a thread");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("a runtime");
    let mut app = App::new(Study::new(Arc::clone(&space)), Size::new(120, 40));
    let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a test terminal");
    let look = Look::new(true, false);
    let mut seen = Vec::new();
    runtime.block_on(async {
        let mut run = scheduler::start(Arc::new(Fake), &space, 1, &|_, _| Known::Nothing);
        let (mut batch, mut taken, mut start) = (Vec::new(), 0, Instant::now());
        while run.progress.recv_many(&mut batch, a_second).await > 0 {
            for progress in &batch {
                let scheduler::Progress { candidate, repetition, result } = progress.clone();
                recorder.record(Entry { work: 0, candidate, repetition, result });
            }
            let before = taken / an_hour;
            taken += batch.len();
            let _ = app.update(News::Scored(std::mem::take(&mut batch)));
            // A frame every twenty seconds of that day.
            if taken / (20 * a_second) != (taken - 1) / (20 * a_second) {
                let effect = app.update(Message::Frame(Duration::from_secs((taken / a_second) as u64)));
                carry_out(&mut app, effect);
                terminal.draw(|frame| drawing::draw(frame, &app, &look)).expect("a frame");
            }
            if taken / an_hour > before {
                let took = start.elapsed();
                // Real scores leave the disk more time than these.
                tokio::time::sleep(Duration::from_millis(load(0, 400))).await;
                seen.push((took, memory("self", "VmRSS").unwrap_or(0)));
                start = Instant::now();
            }
        }
    });
    let start = Instant::now();
    assert_eq!(recorder.finish(), Vec::<String>::new());
    let written = start.elapsed();
    assert_eq!(seen.len(), hours);
    for (hour, (time, memory)) in seen.iter().enumerate() {
        println!("hour {}: {time:.2?}, {} MiB", hour + 1, memory >> 10);
    }
    let file = fs::metadata(&path).map_or(0, |metadata| metadata.len()) >> 20;
    println!("{} scores, the last written after {written:.2?}, a study of {file} MiB", hours * an_hour);
    // What each score keeps: itself in the ranking, and in the plan of the scheduler.
    let grown = seen[hours - 1].1.saturating_sub(seen[3].1) * 1024;
    let each = grown as f64 / ((hours - 4) * an_hour) as f64;
    println!("grown by {each:.0} bytes a score since hour 4");
    assert!(each < load(512.0, 96.0), "{each} bytes a score");
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let time = |hours: std::ops::Range<usize>| median(&mut seen[hours].iter().map(|(time, _)| *time).collect());
    let (early, late) = (time(1..9), time(16..24));
    println!("an hour took {early:.2?} early and {late:.2?} late");
    assert!(!is_full() || late < early.mul_f64(2.0), "{early:?} early, {late:?} late");
}
