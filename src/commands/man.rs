//! The man pages.

use std::path::Path;
use std::{fs, io};

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::Cli;
use crate::run::Failure;
use crate::run::streams::print;

/// What stands at the foot of every page.
const SOURCE: &str = concat!("neartop ", env!("CARGO_PKG_VERSION"));

/// Prints the page of the program, or writes it and those of all commands into a folder.
pub fn run(output: Option<&Path>) -> Result<(), Failure> {
    // What `help` prints needs no page.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    if let Some(folder) = output {
        let written = fs::create_dir_all(folder).and_then(|()| write(&command, folder));
        return written.map_err(|cause| Failure::write(folder, cause));
    }
    let mut page = Vec::new();
    Man::new(command).source(SOURCE).render(&mut page).map_err(|error| Failure::Run(error.to_string()))?;
    print(&String::from_utf8_lossy(&page))
}

fn write(command: &clap::Command, folder: &Path) -> io::Result<()> {
    Man::new(command.clone()).source(SOURCE).generate_to(folder)?;
    command.get_subcommands().try_for_each(|below| write(below, folder))
}
