use serde::Serialize;

use crate::cli::failure::Failure;
use crate::cli::output::say;
use crate::domain::printable;

/// One result of `doctor`.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    check: &'static str,
    /// `None`: unknown.
    ok: Option<bool>,
    reason: String,
    /// What to do; may be empty.
    next: String,
}

impl Check {
    pub(super) fn fine(check: &'static str, reason: impl Into<String>) -> Self {
        Self::new(check, Some(true), reason, "")
    }

    pub(super) fn failed(
        check: &'static str,
        reason: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self::new(check, Some(false), reason, next)
    }

    /// A check without a verdict. It does not fail the command.
    pub(super) fn open(check: &'static str, reason: impl Into<String>) -> Self {
        Self::new(check, None, reason, "")
    }

    pub(super) fn and_next(self, next: impl Into<String>) -> Self {
        Self {
            next: tidy(&next.into()),
            ..self
        }
    }

    fn new(
        check: &'static str,
        ok: Option<bool>,
        reason: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            check,
            ok,
            reason: tidy(&reason.into()),
            next: tidy(&next.into()),
        }
    }

    fn line(&self) -> String {
        let mark = match self.ok {
            Some(true) => '✓',
            Some(false) => '✗',
            None => '–',
        };
        let mut line = format!("{mark} {}: {}.", self.check, self.reason);
        if !self.next.is_empty() {
            line.push_str(&format!(" {}.", self.next));
        }
        line
    }
}

/// The reason may quote a mail server or a provider.
fn tidy(text: &str) -> String {
    printable(text).trim().trim_end_matches('.').to_owned()
}

/// Collects the checks. Prints each at once, or all at the end with `--json`.
pub(super) struct Report {
    checks: Vec<Check>,
    json: bool,
}

impl Report {
    pub(super) const fn new(json: bool) -> Self {
        Self {
            checks: Vec::new(),
            json,
        }
    }

    pub(super) fn add(&mut self, check: Check) -> Result<(), Failure> {
        if !self.json {
            say(check.line())?;
        }
        self.checks.push(check);
        Ok(())
    }

    pub(super) fn add_all(
        &mut self,
        checks: impl IntoIterator<Item = Check>,
    ) -> Result<(), Failure> {
        checks.into_iter().try_for_each(|check| self.add(check))
    }

    pub(super) fn len(&self) -> usize {
        self.checks.len()
    }

    pub(super) fn failed(&self) -> usize {
        let failed = |check: &&Check| check.ok == Some(false);
        self.checks.iter().filter(failed).count()
    }

    pub(super) fn finish(self) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        say(serde_json::to_string_pretty(&self.checks)?)
    }
}
