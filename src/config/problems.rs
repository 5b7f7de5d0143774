use std::fmt;

/// What is wrong with a setting, with its name in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong with it and what to write instead.
    pub message: String,
}

/// Everything that is wrong, in one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.0.len() == 1 {
            "setting needs"
        } else {
            "settings need"
        };
        write!(
            f,
            "Vestibule did not start: {} {plural} attention.",
            self.0.len()
        )?;
        for Problem { variable, message } in &self.0 {
            write!(f, "\n  {variable}: {message}.")?;
        }
        Ok(())
    }
}

/// Collects what is wrong, so that an admin mends everything in one go.
#[derive(Default)]
pub(super) struct Validator(Vec<Problem>);

impl Validator {
    pub(super) fn error(&mut self, variable: &'static str, message: impl Into<String>) {
        self.0.push(Problem {
            variable,
            message: message.into(),
        });
    }

    /// Reads a setting, or takes the default: with a problem written down, any value will do.
    pub(super) fn read<T>(
        &mut self,
        variable: &'static str,
        text: &Option<String>,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        self.read_optional(variable, text, parse).unwrap_or(default)
    }

    pub(super) fn read_optional<T>(
        &mut self,
        variable: &'static str,
        text: &Option<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(given(text)?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.error(variable, message);
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

/// An empty variable is an unset one, as in a `.env` file's `SMTP_URL=`.
pub(super) fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}
