//! The `voxgray` program: reads the command line, runs the command, says what went wrong.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use voxgray::cli::{Arguments, run};

fn main() -> ExitCode {
    // clap prints help and usage errors itself and exits with 0 or 2.
    match run(Arguments::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
