//! What the parts of the battery have in common: how long to try, and what to report.

use std::any::Any;
use std::fmt::Write;
use std::panic::{UnwindSafe, catch_unwind};

/// How long to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// At most twenty seconds a part. `cargo test --all-features` runs it, for the parts that have it.
    Brief,
    /// At most two minutes a part.
    Short,
    /// For an evening.
    Full,
}

impl Form {
    /// The form that the arguments ask for, if they ask for one.
    pub fn among(arguments: &[String]) -> Option<Self> {
        arguments
            .iter()
            .find_map(|argument| match argument.as_str() {
                "--short" => Some(Self::Short),
                "--full" => Some(Self::Full),
                _ => None,
            })
    }

    /// One of two values. The brief form has that of the short one.
    pub fn pick<T>(self, short: T, full: T) -> T {
        match self {
            Self::Brief | Self::Short => short,
            Self::Full => full,
        }
    }

    /// The value of the brief form, or else that of [`Form::pick`].
    pub fn pick_of_three<T>(self, brief: T, short: T, full: T) -> T {
        match self {
            Self::Brief => brief,
            Self::Short | Self::Full => self.pick(short, full),
        }
    }
}

/// A part of the battery.
pub struct Part {
    /// Its name on the command line.
    pub name: &'static str,
    /// Whether it has a brief form.
    pub is_brief: bool,
    /// Tries it, and reports. It may panic, which is a failure with that message.
    pub run: fn(Form) -> Vec<Row>,
}

/// A line of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// The trial, with the number of its rule.
    pub tried: String,
    /// How many times.
    pub times: u64,
    /// The result: losses or findings.
    pub found: String,
    /// What follows from it.
    pub verdict: Verdict,
}

/// What a line of the table says in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The rule held.
    Held,
    /// There is a difference that docs/security-model.md names, with its reason and who can feel it.
    Known,
    /// The rule did not hold, or nothing was shown.
    Failed,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Known => "known",
            Self::Failed => "FAILED",
        }
    }
}

impl Row {
    /// A trial without losses.
    pub fn held(tried: impl Into<String>, times: u64, found: impl Into<String>) -> Self {
        Self::of(tried, times, found, Verdict::Held)
    }

    /// The same, and what was measured is a difference that docs/security-model.md names.
    pub fn known(tried: impl Into<String>, times: u64, found: impl Into<String>) -> Self {
        Self::of(tried, times, found, Verdict::Known)
    }

    /// The same, where the rule held only if there is no finding.
    pub fn judged(
        tried: impl Into<String>,
        times: u64,
        measured: &str,
        findings: &[String],
    ) -> Self {
        if findings.is_empty() {
            return Self::held(tried, times, measured);
        }
        let shown: Vec<_> = findings.iter().take(5).map(String::as_str).collect();
        let found = format!(
            "{} findings: {}; {measured}",
            findings.len(),
            shown.join("; ")
        );
        Self::of(tried, times, found, Verdict::Failed)
    }

    /// What `trial` reports. One that panics has failed with that message, and does not keep others from running.
    pub fn each_of(name: &str, trial: impl FnOnce() -> Vec<Self> + UnwindSafe) -> Vec<Self> {
        catch_unwind(trial).unwrap_or_else(|cause| vec![Self::stopped(name, &*cause)])
    }

    fn stopped(part: &str, cause: &(dyn Any + Send)) -> Self {
        let said = cause
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| cause.downcast_ref::<&str>().copied());
        let found = format!("it stopped: {}", said.unwrap_or("without a word"));
        Self::of(part, 0, found, Verdict::Failed)
    }

    /// Whether it ends the battery with a failure.
    pub fn failed(&self) -> bool {
        self.verdict == Verdict::Failed
    }

    fn of(
        tried: impl Into<String>,
        times: u64,
        found: impl Into<String>,
        verdict: Verdict,
    ) -> Self {
        Self {
            tried: tried.into(),
            times,
            found: found.into(),
            verdict,
        }
    }
}

/// The table, in Markdown.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what was tried | times | what was lost or found | verdict |\n|---|---:|---|---|\n",
    );
    for row in rows {
        let verdict = row.verdict.word();
        let cells =
            [&row.tried, &row.found].map(|cell| cell.replace('\n', " ").replace('|', "\\|"));
        let [tried, found] = cells;
        writeln!(text, "| {tried} | {} | {found} | {verdict} |", row.times).unwrap();
    }
    text
}
