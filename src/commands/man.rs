//! The man pages.

use std::fs;
use std::path::Path;

use clap::CommandFactory;

use crate::cli::Cli;
use crate::run::Failure;
use crate::run::streams::print;

/// Prints the page of the program, or writes it and those of all commands into a folder.
pub fn run(output: Option<&Path>) -> Result<(), Failure> {
    // What `help` prints needs no page.
    let command = Cli::command().disable_help_subcommand(true);
    if let Some(folder) = output {
        let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
        return written.map_err(|cause| Failure::write(folder, cause));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|error| Failure::Run(error.to_string()))?;
    print(&String::from_utf8_lossy(&page))
}
