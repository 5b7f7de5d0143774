//! The `.env` file in the working directory.

use std::fs;
use std::io;

use thiserror::Error;

const PATH: &str = ".env";

#[derive(Debug, Error)]
pub(super) enum EnvFileError {
    // The number alone: the line may hold a secret.
    #[error(
        "line {0} of .env cannot be read. Write NAME=value, with quotes around a value that has spaces"
    )]
    Line(usize),
    #[error(".env cannot be read")]
    Read(#[source] io::Error),
}

/// Sets the variables of the file that the environment does not set already.
pub(super) fn load() -> Result<(), EnvFileError> {
    match dotenvy::from_path(PATH) {
        Err(dotenvy::Error::LineParse(..)) => Err(EnvFileError::Line(broken_line(
            &fs::read_to_string(PATH).unwrap_or_default(),
        ))),
        Err(dotenvy::Error::Io(e)) if e.kind() != io::ErrorKind::NotFound => {
            Err(EnvFileError::Read(e))
        }
        _ => Ok(()),
    }
}

/// The first line that cannot be read together with the lines before it: a value may span several lines.
fn broken_line(text: &str) -> usize {
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    let can_be_read = |count: &usize| {
        let start = lines[..*count].concat();
        dotenvy::from_read_iter(start.as_bytes()).all(|line| line.is_ok())
    };
    let good = (0..lines.len()).rev().find(can_be_read);
    good.unwrap_or(0) + 1
}
