//! The `voxgray` program: reads the command line, runs the command, says what went wrong.

#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use voxgray::cli::{Arguments, console, run};

fn main() -> ExitCode {
    let done = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => run(arguments),
        // A usage error, which may go unheard, or a help text, which is a result.
        Err(text) if text.use_stderr() => text.exit(),
        Err(text) => console::print_help(&text.render()).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        console::complain(&error);
        ExitCode::from(error.exit_code())
    })
}
