use std::error::Error;
use std::fmt::Display;

use crate::config::Problems;
use crate::domain::with_causes;

/// Why a command failed, as a sentence for the terminal. The variant decides the exit code.
pub(super) enum Failure {
    /// Exit code 1.
    Failed(String),
    /// Exit code 2: the arguments or settings are wrong.
    Misused(String),
}

impl Failure {
    pub(super) fn misused(reason: impl Display) -> Self {
        Self::Misused(reason.to_string())
    }

    /// “mira@acme.test: There is no such account.”
    pub(super) fn about(subject: impl Display, cause: impl Error) -> Self {
        Self::Failed(sentence(format!("{subject}: {}", with_causes(&cause))))
    }

    /// “Nothing was restored: the folder data cannot be created: permission denied.”
    pub(super) fn because(what_failed: &str, cause: &dyn Error) -> Self {
        Self::Failed(sentence(format!("{what_failed}: {}", with_causes(cause))))
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(sentence(with_causes(&error)))
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Misused(problems.to_string())
    }
}

fn sentence(mut text: String) -> String {
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}
