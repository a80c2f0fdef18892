//! The command line as the program reads it, and `--help-transport`: the switches of transport, which a command's own help leaves out.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::Arguments;
use super::transport_arguments::HEADING;

/// The option.
const OPTION: &str = "--help-transport";

const ABOUT: &str = "\
How particles are followed. The defaults are those that the validation was made with; what each
model neglects is in docs/method.md, sections 3 and 4.";

const AFTER: &str = "\
Below a cutoff a particle deposits its energy where it is; a production threshold divides losses
that are followed particle by particle from those that are continuous. What a run took stands in
its summary.json under setup.settings.";

impl Arguments {
    /// Reads a command line; words begin with the program's name.
    ///
    /// # Errors
    /// If they are none of the program, or ask for help.
    pub fn read(
        words: impl IntoIterator<Item = OsString>,
    ) -> std::result::Result<Self, clap::Error> {
        let words: Vec<OsString> = words.into_iter().collect();
        Arguments::try_parse_from(&words).map_err(|error| {
            // The parser says where it is an option, and not behind `--`.
            let asked = error.kind() == ErrorKind::DisplayHelp && words.iter().any(|w| w == OPTION);
            let help = asked.then(|| of_transport(&words)).flatten();
            help.unwrap_or(error)
        })
    }
}

/// The help on transport of the command that the words name.
fn of_transport(words: &[OsString]) -> Option<clap::Error> {
    let mut root = Arguments::command();
    root.build();
    let named = words.iter().skip(1).find_map(|w| root.find_subcommand(w))?;
    let name = named.get_bin_name()?.to_owned();
    let shown = |a: clap::Arg| match a.get_help_heading() == Some(HEADING) {
        true if a.get_id() != "help_transport" => a.hide_short_help(false).hide_long_help(false),
        _ => a.hide(true),
    };
    let about = named.clone().about(ABOUT).long_about(None).after_help(AFTER).mut_args(shown);
    let command = about.override_usage(format!("{name} [OPTIONS] [TRANSPORT OPTIONS]"));
    command.try_get_matches_from([name.as_str(), "--help"]).err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> clap::Error {
        Arguments::read(line.split(' ').map(OsString::from)).expect_err(line)
    }

    /// The switches of transport are shown where they are asked for, whatever else is missing, and nowhere else.
    #[test]
    fn transport_is_explained_where_it_is_asked_for() {
        for command in ["dose", "compare", "compare-media", "trace"] {
            let own = said(&format!("voxgray {command} --help")).to_string();
            let short = said(&format!("voxgray {command} -h")).to_string();
            let transport = said(&format!("voxgray {command} {OPTION}"));
            assert_eq!(transport.kind(), ErrorKind::DisplayHelp);
            let transport = transport.to_string();
            for option in ["--photons ", "--no-straggling", "--max-step-loss ", "--photon-cutoff "]
            {
                assert!(transport.contains(option), "{command} {option}: {transport}");
                assert!(!own.contains(option) && !short.contains(option), "{command} {option}");
            }
            for (text, what) in [(&own, "help"), (&short, "short help")] {
                assert!(text.contains(OPTION), "{command}: {what}");
                assert!(text.contains("--histories") && text.contains("--ct"), "{command}: {what}");
            }
            assert!(!transport.contains("--histories") && !transport.contains("--ct"));
            let wide = transport.lines().find(|l| l.chars().count() > super::super::WIDTH);
            assert_eq!(wide, None);
        }
    }

    /// A word that is a value, or stands behind `--`, asks for nothing.
    #[test]
    fn other_words_are_not_taken_for_it() {
        let error = said(&format!("voxgray dose --nuclide={OPTION} -o x"));
        assert_ne!(error.kind(), ErrorKind::DisplayHelp, "{error}");
        assert_eq!(said(&format!("voxgray fit {OPTION}")).kind(), ErrorKind::UnknownArgument);
    }
}
