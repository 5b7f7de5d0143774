use std::fmt;

use crate::domain::words;

/// An error in one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub variable: &'static str,
    /// The error and its correction. The text continues the setting's name: “is missing”.
    pub message: String,
}

/// Every error in the settings, in one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = words::counted(self.0.len(), "setting needs", "settings need");
        write!(f, "Vestibule did not start: {settings} attention.")?;
        for Problem { variable, message } in &self.0 {
            write!(f, "\n  {variable}: {message}.")?;
        }
        Ok(())
    }
}

/// Collects errors, so that an operator can correct all of them at once.
#[derive(Default)]
pub(super) struct Validator(Vec<Problem>);

impl Validator {
    pub(super) fn error(&mut self, variable: &'static str, message: impl Into<String>) {
        self.0.push(Problem {
            variable,
            message: message.into(),
        });
    }

    /// Parses a setting. An unset one has the default value, and so has an invalid one, whose error is collected.
    pub(super) fn read<T, E: fmt::Display>(
        &mut self,
        variable: &'static str,
        text: &Option<String>,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> T {
        self.read_optional(variable, text, parse).unwrap_or(default)
    }

    pub(super) fn read_optional<T, E: fmt::Display>(
        &mut self,
        variable: &'static str,
        text: &Option<String>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(given(text)?) {
            Ok(value) => Some(value),
            Err(e) => {
                self.error(variable, e.to_string());
                None
            }
        }
    }

    pub(super) fn finish<T>(self, value: T) -> Result<T, Problems> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(Problems(self.0))
        }
    }
}

/// The trimmed value. An empty variable counts as unset, such as `SMTP_URL=` in a `.env` file.
pub(super) fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}
