//! The program `prospectai`.

use std::process::ExitCode;

fn main() -> ExitCode {
    prospectai::cli::main()
}
