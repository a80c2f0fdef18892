//! A command of the program inside another program: its options by their names, what it says and prints. Errors have the program's text.
//!
//! What commands say and print is kept in one place of the process ([`super::console`]), and so is the wish to stop: a program calls one
//! command at a time.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use super::study_commands::options;
use super::{Arguments, console, interrupt};
use crate::error::{Error, Result, did_you_mean};
use crate::study::Commands;
use crate::study::commands::Section;
use crate::study::lines::Lines;

/// What a command did that ended by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// 0, or 3 where a curve or a VOI was refused and the result says so.
    pub exit_code: u8,
    /// What the program prints to standard output.
    pub printed: String,
    /// Lines that it says on standard error.
    pub said: Vec<String>,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The words are no command line of the program; in the parser's words.
    Words(String),
    /// As the command says.
    Error(Error),
}

impl fmt::Display for Refused {
    /// What the program prints after `error: `.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Words(text) => f.write_str(text),
            Refused::Error(error) => error.fmt(f),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Error(error)
    }
}

/// The words of a command line: the command (`dose`, `plan limit`), values without a name, and options as a study file writes them
/// (`target_uncertainty = "1%"`, `physical_decay = true`).
///
/// # Errors
/// If there is no such command or option, or a value cannot be one.
pub fn words(command: &str, values: &[String], named: &toml::Table) -> Result<Vec<String>> {
    let mut root = Arguments::command();
    // Also options that all commands have.
    root.build();
    let Some(options) = options(&root, command) else {
        let names: Vec<&str> = root.get_subcommands().map(clap::Command::get_name).collect();
        return Err(Error::usage(
            format!("command '{command}'"),
            "voxgray has no such command",
            format!("{}It has {}.", did_you_mean(command, names.iter().copied()), names.join(", ")),
        ));
    };
    let known = Commands([(command.to_owned(), options)].into());
    let lines = Lines::default();
    let section = Section { path: command, table: named, folder: Path::new(""), lines: &lines };
    let mut words: Vec<String> = command.split(' ').map(str::to_owned).collect();
    words.extend(known.words(command, &[], &section)?.iter().map(|w| w.text(Path::new(""))));
    if !values.is_empty() {
        words.push("--".into());
        words.extend(values.iter().cloned());
    }
    Ok(words)
}

/// What the arguments of a command line say.
pub(super) fn arguments(words: &[String]) -> std::result::Result<Arguments, Refused> {
    let line = std::iter::once("voxgray").chain(words.iter().map(String::as_str));
    Arguments::try_parse_from(line).map_err(|text| {
        let text = text.to_string();
        Refused::Words(text.trim_start_matches("error: ").trim_end().into())
    })
}

/// Runs a command; nothing reaches the terminal, and Ctrl-C is left to the caller, who sets [`crate::interrupt::STOP`].
///
/// # Errors
/// As the command, and if it was interrupted.
pub fn call(words: &[String]) -> std::result::Result<Called, Refused> {
    interrupt::leave_to_caller();
    let arguments = arguments(words)?;
    let (done, kept) = console::keeping_silently(|| super::run(arguments));
    let code = done?;
    let exit_code = (0..=u8::MAX).find(|c| ExitCode::from(*c) == code).unwrap_or(u8::MAX);
    if exit_code == interrupt::INTERRUPTED {
        return Err(crate::interrupt::error().into());
    }
    Ok(Called { exit_code, printed: kept.printed, said: kept.said })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(command: &str, values: &[&str], named: &str) -> Result<Vec<String>> {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        words(command, &values, &toml::from_str(named).unwrap())
    }

    #[test]
    fn options_have_their_names() {
        let named = "nuclide = 'Lu-177'\nhistories = 1e6\nphysical_decay = true\nquiet = false\nvoi = ['a', 'b']\nnuclide_data = 'ensdf'";
        let found = of("dose", &[], named).unwrap();
        for word in ["--nuclide=Lu-177", "--histories=1000000", "--physical-decay", "--voi=b"] {
            assert!(found.contains(&word.to_string()), "{word}: {found:?}");
        }
        assert!(found.contains(&"--nuclide-data=ensdf".to_string()), "{found:?}");
        assert_eq!(of("nuclide", &["Lu-177"], "").unwrap(), ["nuclide", "--", "Lu-177"]);
        let limit = of("plan limit", &[], "limit = '23Gy'").unwrap();
        assert_eq!(limit[..2], ["plan", "limit"]);
    }

    #[test]
    fn what_is_wrong_has_the_text_of_the_program() {
        let said = |e: Error| e.to_string();
        assert!(said(of("dos", &[], "").unwrap_err()).contains("Did you mean 'dose'?"));
        let error = said(of("dose", &[], "histores = 3").unwrap_err());
        assert!(error.contains("Did you mean 'histories'?"), "{error}");
        // What commands say is kept once in a process, so that none is run here beside other tests: python/tests does.
        let call = |w: &[&str]| call(&w.iter().map(ToString::to_string).collect::<Vec<_>>());
        let error = call(&["dose", "--histories", "few"]).unwrap_err().to_string();
        assert!(error.starts_with("invalid value 'few'"), "{error}");
    }
}
