//! Command line in, exit status out.

#![forbid(unsafe_code)]

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use miette::{GraphicalReportHandler, GraphicalTheme};
use neartop::cli::{Cli, Color, Command, CommonOptions, OutputOptions};
use neartop::commands::{self, Failure};
use neartop::preset::PresetError;
use neartop::tui::{self, settings::Settings, theme::Look};

/// The system's allocator gives the memory of every few matrices back and asks for it again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let common = cli.common.clone();
    let result = start_log(&common).and_then(|()| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.map_err(|e| Failure::Run(e.to_string()))?.block_on(dispatch(cli))
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure, &common);
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    match &cli.command {
        None if std::io::stdout().is_terminal() => {
            let settings = Settings::load()?;
            let look = Look::new(color(cli.common.color, true), cli.common.ascii || settings.ascii);
            let look = look.with_theme(settings.theme);
            tui::run(commands::prepare(&cli.preset, &cli.run)?, &cli.run, look, settings).await
        }
        None => {
            eprintln!("neartop: standard output is not a terminal, so this is `neartop rank`");
            commands::rank::run(&cli.preset, &cli.run, &OutputOptions::default()).await
        }
        Some(Command::Rank(args)) => commands::rank::run(&args.preset, &args.run, &args.output).await,
        Some(Command::Train(args)) => commands::train::run(args).await,
        Some(Command::Score(args)) => commands::score::run(args),
        Some(Command::Width(args)) => {
            let color = color(cli.common.color, std::io::stdout().is_terminal());
            commands::width::run(args, commands::width::Look { color, ascii: cli.common.ascii }).await
        }
        Some(Command::Presets(command)) => commands::presets::run(command),
        Some(Command::Studies(args)) => commands::studies::run(args),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "neartop", &mut script);
            commands::print(&String::from_utf8_lossy(&script))
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            let render = clap_mangen::Man::new(Cli::command()).render(&mut page);
            render.map_err(|e| Failure::Run(e.to_string()))?;
            commands::print(&String::from_utf8_lossy(&page))
        }
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
        Failure::Interrupted => eprintln!("neartop: interrupted"),
        Failure::Preset(PresetError::Invalid(invalid)) => {
            eprintln!("neartop: error in {}\n{}", invalid.place, text.trim_end());
        }
        _ => eprintln!("neartop: error\n{}", text.trim_end()),
    }
}

/// Sends what the program tells of itself to standard error or to a file.
fn start_log(options: &CommonOptions) -> Result<(), Failure> {
    let level = match options.verbose {
        0 if options.log_file.is_none() => return Ok(()),
        0 | 1 => tracing::Level::INFO,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false);
    match &options.log_file {
        None => log.with_writer(std::io::stderr).init(),
        Some(path) => {
            let open = std::fs::OpenOptions::new().create(true).append(true).open(path);
            let file = open.map_err(|source| Failure::Write {
                path: neartop::preset::printable(&path.display().to_string()),
                source,
            })?;
            log.with_writer(std::sync::Mutex::new(file)).with_ansi(false).init();
        }
    }
    Ok(())
}
