//! `vestibule completions`

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::print;
use super::{Arguments, Failure};

/// Writes the script for a shell.
pub(super) fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "vestibule", &mut script);
    print(&script)
}
