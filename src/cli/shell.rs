//! `voxgray completions` and `voxgray man`: what a terminal knows of the program, made from the command line's own definition.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Arguments;
use super::progress::print;
use crate::error::{Error, Result};
use crate::io::atomic::write_atomically;
use crate::io::folder::MarkedFolder;

const AFTER_COMPLETIONS: &str = "\
Where each shell looks for them:
  bash  voxgray completions bash > ~/.local/share/bash-completion/completions/voxgray
  zsh   voxgray completions zsh > ~/.zfunc/_voxgray    (with fpath+=~/.zfunc before compinit)
  fish  voxgray completions fish > ~/.config/fish/completions/voxgray.fish";

const AFTER_MAN: &str = "\
Example:
  voxgray man ~/.local/share/voxgray/man/man1
  man -M ~/.local/share/voxgray/man voxgray-dose";

/// Options of `voxgray completions`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_COMPLETIONS)]
pub struct CompletionsArguments {
    /// Shell that they are for.
    shell: Shell,
}

/// Options of `voxgray man`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_MAN)]
pub struct ManArguments {
    /// Folder to write to: voxgray.1, voxgray-dose.1, ...
    folder: PathBuf,
    /// Replace the man pages of an older version, no other files.
    #[arg(long)]
    overwrite: bool,
}

/// Prints completions.
///
/// # Errors
/// If they cannot be printed.
pub fn complete(a: &CompletionsArguments) -> Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(a.shell, &mut Arguments::command(), "voxgray", &mut text);
    print(&String::from_utf8_lossy(&text))?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a page for the program and one for each command and kind of a command.
///
/// # Errors
/// If the folder holds other files, or writing fails.
pub fn man(a: &ManArguments) -> Result<ExitCode> {
    let mut root = Arguments::command();
    root.build();
    let mut pages = Vec::new();
    collect(&root, &mut pages)?;
    let names: Vec<String> = pages.iter().map(|(name, _)| name.clone()).collect();
    let marked = MarkedFolder::open(&a.folder, a.overwrite, &names)?;
    for (name, page) in &pages {
        write_atomically(&a.folder.join(name), |w| w.write_all(page))?;
    }
    marked.finish()?;
    let line = |name: &String| format!("file\t{}\n", a.folder.join(name).display());
    print(&names.iter().map(line).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

/// Names and texts of a command's page and of those below it.
fn collect(command: &clap::Command, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page).map_err(|e| {
        Error::run(format!("the page of {name} cannot be made"), e.to_string(), "Report this.")
    })?;
    pages.push((format!("{name}.1"), page));
    let below = command.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set());
    below.into_iter().try_for_each(|command| collect(command, pages))
}
