//! `vestibule completions`

use clap_complete::Shell;

use super::failure::Failure;
use super::output::print;

/// Writes the script for a shell.
pub(super) fn run(shell: Shell, mut arguments: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut arguments, "vestibule", &mut script);
    print(&script)
}
