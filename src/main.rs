//! Command line in, exit status out.

#![warn(clippy::unwrap_used, clippy::expect_used)]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use miette::{GraphicalReportHandler, GraphicalTheme};
use neartop::chart;
use neartop::cli::{Cli, Color, Command, CommonOptions, RankArgs, RunOptions};
use neartop::commands;
use neartop::run::streams::{print, tell};
use neartop::run::{Failure, last_words, log, prepare};
use neartop::tui::{self, capabilities::Capabilities, settings::Settings, theme::Look};
use neartop_io::preset::PresetError;

/// The system's allocator gives the memory of every few matrices back and asks for it again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => return tell_of_usage(&told),
    };
    heed_size_limits();
    let common = cli.common.clone();
    let result = log::start(&cli).and_then(|()| runtime(&cli)?.block_on(dispatch(cli)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure, &common);
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Writes help, the version, or what is wrong on the command line.
fn tell_of_usage(told: &clap::Error) -> ExitCode {
    let status = u8::try_from(told.exit_code()).unwrap_or(2);
    match told.print().and_then(|()| std::io::stdout().flush()) {
        Err(error) if status == 0 && error.kind() != std::io::ErrorKind::BrokenPipe => {
            tell(format_args!("cannot write standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::from(status),
    }
}

/// Where files may only be so large, writing fails, rather than that a signal ends the program.
fn heed_size_limits() {
    #[cfg(unix)]
    {
        const SIGXFSZ: i32 = 25;
        let _ = signal_hook::flag::register(SIGXFSZ, Default::default());
    }
}

/// What runs asynchronous code: threads of its own, or where the system gives none, this one.
fn runtime(cli: &Cli) -> Result<tokio::runtime::Runtime, Failure> {
    use tokio::runtime::Builder;
    const THREADS: usize = 2;
    /// The study's, and one to score on.
    const LEAST: usize = 2;
    const FILES: usize = 16;
    /// Those of [`last_words`].
    const WATCH: usize = 2;
    if !may_open_files(FILES) {
        return Err(Failure::Run(format!("the system allows fewer than {FILES} open files (`ulimit -n`)")));
    }
    // The runtime panics where it gets none.
    let threads = threads_of_system(THREADS + LEAST + WATCH);
    if threads == THREADS + LEAST + WATCH {
        last_words::watch(tui::terminal::restore);
    }
    if threads < LEAST && scores(cli) {
        let limits = "by their number (`ulimit -u`) or for want of memory (`ulimit -v`)";
        let message = format!("the system allows {threads} more threads, {limits}, and scoring takes {LEAST}");
        return Err(Failure::Run(message));
    }
    let mut builder = match threads < THREADS + LEAST {
        true => Builder::new_current_thread(),
        false => Builder::new_multi_thread(),
    };
    builder.worker_threads(THREADS).enable_all().build().map_err(|e| Failure::Run(e.to_string()))
}

/// Whether a command scores, or trains.
fn scores(cli: &Cli) -> bool {
    use Command::{Completions, Export, Man, Merge, New, Presets, Score, Studies};
    let silent =
        matches!(&cli.command, Some(Completions { .. } | Export(_) | Man { .. } | Merge(_) | New(_) | Presets(_)));
    !silent && !matches!(&cli.command, Some(Score(_) | Studies(_)))
}

fn may_open_files(count: usize) -> bool {
    let null = if cfg!(unix) { "/dev/null" } else { "NUL" };
    let files: Vec<_> = (0..count).map_while(|_| std::fs::File::open(null).ok()).collect();
    files.len() == count
}

/// How many of so many threads can be had at a time.
fn threads_of_system(count: usize) -> usize {
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Arc::new(std::sync::Mutex::new(held));
    let start = |_| {
        let held = std::sync::Arc::clone(&held);
        // Until the sender is gone.
        std::thread::Builder::new().spawn(move || drop(held.lock().map(|held| held.recv()))).ok()
    };
    let threads: Vec<_> = (0..count).map_while(start).collect();
    let started = threads.len();
    drop(hold);
    threads.into_iter().for_each(|thread| drop(thread.join()));
    started
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let terminal = Capabilities::detect();
    match &cli.command {
        None if std::io::stdout().is_terminal() && terminal.has_screen => {
            let settings = Settings::load();
            let (color, ascii) = (color(cli.common.color, true), cli.common.ascii || settings.ascii);
            let look = Look::of(&terminal, color, ascii, settings.theme);
            let prepared = prepare(&cli.preset, &cli.run)?;
            match cli.cluster.on {
                None => tui::run(prepared, &cli.run, None, look, settings).await,
                Some(_) => {
                    let (joined, study) = commands::cluster::open(&cli.preset, &prepared, &cli.run, &cli.cluster)?;
                    let run = RunOptions { study, ..cli.run };
                    tui::run(prepared, &run, Some(&joined), look, settings).await
                }
            }
        }
        None => {
            tell(match std::io::stdout().is_terminal() {
                true => "a terminal of the kind `dumb` has no screen, so this is `neartop rank`",
                false => "standard output is not a terminal, so this is `neartop rank`",
            });
            rank(&RankArgs { preset: cli.preset, run: cli.run, cluster: cli.cluster, ..RankArgs::default() }).await
        }
        Some(Command::Rank(args)) => rank(args).await,
        Some(Command::Worker(args)) => commands::worker::run(args).await,
        Some(Command::Merge(args)) => commands::merge::run(args),
        Some(Command::Train(args)) => commands::train::run(args).await,
        Some(Command::Report(args)) => commands::report::run(args).await,
        Some(Command::Score(args)) => commands::score::run(args),
        Some(Command::Width(args)) => {
            let color = color(cli.common.color, std::io::stdout().is_terminal());
            commands::width::run(args, chart::Look { color, ascii: cli.common.ascii }).await
        }
        Some(Command::New(args)) => commands::new::run(args),
        Some(Command::Export(args)) => commands::export::run(args),
        Some(Command::Presets(command)) => commands::presets::run(command),
        Some(Command::Studies(args)) => commands::studies::run(args),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "neartop", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man { output }) => commands::man::run(output.as_deref()),
    }
}

async fn rank(args: &RankArgs) -> Result<(), Failure> {
    match (args.spread.shard, args.cluster.on) {
        (Some(shard), _) => commands::shard::run(args, shard).await,
        (None, Some(_)) => commands::cluster::run(args).await,
        (None, None) => commands::rank::run(args).await,
    }
}

/// Whether colours are wanted on a stream.
fn color(choice: Color, is_terminal: bool) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    }
}

fn report(failure: &Failure, options: &CommonOptions) {
    let is_terminal = std::io::stderr().is_terminal();
    let mut theme = if options.ascii || !is_terminal { GraphicalTheme::ascii() } else { GraphicalTheme::unicode() };
    if !color(options.color, is_terminal) {
        theme.styles = miette::ThemeStyles::none();
    }
    let mut text = String::new();
    if GraphicalReportHandler::new_themed(theme).with_links(false).render_report(&mut text, failure).is_err() {
        text = failure.to_string();
    }
    match failure {
        Failure::Interrupted => tell("interrupted"),
        Failure::Preset(PresetError::Invalid(invalid)) => {
            tell(format_args!("error in {}\n{}", invalid.place, text.trim_end()));
        }
        _ => tell(format_args!("error\n{}", text.trim_end())),
    }
}
