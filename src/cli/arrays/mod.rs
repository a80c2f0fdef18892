//! The commands on arrays in memory, for programs that hold their images: options by their names, as the command line has them, with its
//! defaults and errors; arrays in place of files. Neglects nothing that the command does not, but for what that checks of files.

pub mod dose;
pub mod dvh;
pub mod fit;
pub mod kernel;

use super::call::{Refused, arguments, words};
use super::{Arguments, Command};
use crate::error::{Error, did_you_mean};

/// What stands for an array on a command line that is read for its other options.
const ARRAY: &str = "array";

/// Reads the options of a command on arrays. `own` are those that it has; `stands` are words for what is an array here.
fn read(
    command: &str,
    own: &[&str],
    options: &toml::Table,
    stands: &[String],
) -> Result<Arguments, Refused> {
    for key in options.keys() {
        let name = key.replace('_', "-");
        if !own.contains(&name.as_str()) {
            let own = own.iter().map(|o| o.replace('-', "_")).collect::<Vec<_>>();
            let near = did_you_mean(key, own.iter().map(String::as_str));
            return Err(Refused::Error(Error::usage(
                format!("option '{key}'"),
                format!("voxgray {command} on arrays has no such option"),
                format!("{near}It has {}.", own.join(", ")),
            )));
        }
    }
    let mut line = words(command, &[], options)?;
    line.extend_from_slice(stands);
    arguments(&line)
}

/// The words that stand for arrays.
fn stand(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| format!("--{n}={ARRAY}")).collect()
}

fn wrong_command() -> Refused {
    Refused::Error(Error::run("another command was read", "the words name one", "Report this."))
}

impl Arguments {
    fn into_command(self) -> Result<Command, Error> {
        self.choose_nuclides()?;
        Ok(self.command)
    }
}
