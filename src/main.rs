//! The command line: reads arguments, runs a command, sets the exit code.

mod cli;
mod command;
mod reporting;

use std::io::{self, Write};
use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A run makes millions of small values, on all threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match command::configured_run() {
        Ok(outcome) => ExitCode::from(outcome as u8),
        // Whoever reads us has seen enough.
        Err(command::Failure::Print(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            // Nothing is left to be done when standard error cannot be written.
            let _ = write!(io::stderr(), "{}", command::explained(&failure));
            ExitCode::from(2)
        }
    }
}
