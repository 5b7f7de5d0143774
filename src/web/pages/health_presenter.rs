//! Turns a health snapshot into the lines of the page: the state of each part, and what to do.

use std::borrow::Cow;

use crate::config::{AdminSignIn, ProxyProblem};
use crate::db::{SqliteProblem, WriteTrouble};
use crate::domain::{Timestamp, words};
use crate::operations::health::{RowsOfVisitors, Snapshot, Stored};
use crate::sign_in::limits::Limit;
use crate::views::admin::health::{HealthLine, HealthState};

/// After this many attempts, which take an hour, a revocation needs attention.
const TOO_MANY_ATTEMPTS: i64 = 9;
/// Mail that has waited longer is late, even after a successful delivery.
const LATE: std::time::Duration = std::time::Duration::from_mins(30);

/// A line for each part, and for each attack or wrong setting that was noticed.
pub(super) fn lines(snapshot: &Snapshot, proxy: Option<&ProxyProblem>) -> Vec<HealthLine> {
    let stored = snapshot.database.as_ref();
    let mut lines = vec![database(snapshot), mail(snapshot), workos(snapshot)];
    if let Ok(stored) = stored {
        let configured = snapshot.provider.is_some();
        lines.push(revocations(stored, configured));
        let ends = stored.guessing_until;
        lines.extend(ends.map(|until| guessing(until, configured)));
        lines.push(visitors(stored.visitors));
    }
    lines.extend(proxy.map(proxies));
    lines.push(versions(snapshot));
    lines
}

fn line(
    what: &'static str,
    state: HealthState,
    words: Vec<String>,
    next: impl Into<Cow<'static, str>>,
) -> HealthLine {
    HealthLine {
        what,
        state,
        words,
        next: next.into(),
    }
}

fn database(snapshot: &Snapshot) -> HealthLine {
    let what = "Database";
    let file = snapshot.file.display();
    let stored = match &snapshot.database {
        Ok(stored) => stored,
        Err(why) => {
            let words = vec![format!("It doesn’t answer: {why}.")];
            let next = "Sign-ins fail until it answers. Run “vestibule doctor” where the server runs: it names a lock or a full disk.";
            return line(what, HealthState::NeedsAttention, words, next);
        }
    };
    let mut words = vec![format!(
        "Reachable. {} on disk, {}.",
        words::size(stored.bytes.try_into().unwrap_or(0)),
        counted(stored.sessions, "session in force", "sessions in force")
    )];
    let mut next = Vec::new();
    if let Some(WriteTrouble { why, problem, at }) = &snapshot.write_failure {
        let at = snapshot.now.minus(at.elapsed()).ago(snapshot.now);
        words.push(format!(
            "A write failed {at}, and none has worked since: {why}."
        ));
        next.push(format!(
            "Sign-ins and changes fail until a write works. {}",
            match problem {
                SqliteProblem::Locked => format!(
                    "Another process holds the file’s lock: “fuser -v {file}” on the server shows which."
                ),
                SqliteProblem::DiskFull => format!("Free space on the disk that has {file}."),
                _ => "Run “vestibule doctor” where the server runs.".to_owned(),
            }
        ));
    }
    if stored.open_to_others {
        words.push(format!(
            "Every user of the server’s machine can read {file}."
        ));
        next.push(format!("Run “chmod 600 {file}*” where the server runs."));
    }
    if next.is_empty() {
        line(what, HealthState::Fine, words, "")
    } else {
        line(what, HealthState::NeedsAttention, words, next.join(" "))
    }
}

fn visitors(rows: RowsOfVisitors) -> HealthLine {
    let what = "Rows that visitors cause";
    let mut words = vec![format!("{rows}.")];
    if rows.refuse_unknown_browsers() {
        words.push("Codes work only in browsers that have signed in before.".to_owned());
    }
    if rows.show_a_flood() {
        let next = "Someone floods the sign-in page. Limit the requests of an address at your reverse proxy.";
        return line(what, HealthState::NeedsAttention, words, next);
    }
    line(what, HealthState::Neutral, words, "")
}

fn mail(snapshot: &Snapshot) -> HealthLine {
    let now = snapshot.now;
    let codes = i64::try_from(snapshot.codes_waiting).unwrap_or(i64::MAX);
    let mut words = vec![format!(
        "{} to be sent.",
        counted(codes, "code waits", "codes wait")
    )];
    let waiting = snapshot.database.as_ref().ok().map(|stored| stored.mails);
    let oldest = waiting.and_then(|waiting| waiting.oldest);
    if let Some(waiting) = waiting.filter(|waiting| waiting.count > 0) {
        let others = counted(waiting.count, "other mail waits", "other mails wait");
        let since = oldest.map_or_else(String::new, |at| {
            format!(", the oldest since {}", at.ago(now))
        });
        words.push(format!("{others}{since}."));
    }
    let deliveries = &snapshot.deliveries;
    words.push(deliveries.last_accepted.map_or_else(
        || "None was sent since the start.".to_owned(),
        |at| format!("The last one was sent {}.", at.ago(now)),
    ));
    if let Some((at, answer)) = &deliveries.last_failure {
        words.push(format!("The last failure was {}: {answer}.", at.ago(now)));
    }
    let failed_last = deliveries.last_failure.as_ref().is_some_and(|(at, _)| {
        deliveries
            .last_accepted
            .is_none_or(|accepted| accepted < *at)
    });
    let late = oldest.is_some_and(|at| now.since(at) >= LATE);
    if failed_last || late {
        let next = "Codes may not arrive. Run “vestibule doctor” where the server runs: it asks the mail server.";
        line("Mail", HealthState::NeedsAttention, words, next)
    } else {
        line("Mail", HealthState::Fine, words, "")
    }
}

fn workos(snapshot: &Snapshot) -> HealthLine {
    let now = snapshot.now;
    let Some(seen) = &snapshot.provider else {
        let words = vec!["WorkOS isn’t configured. People sign in with email codes.".to_owned()];
        return line("WorkOS", HealthState::Neutral, words, "");
    };
    let mut words = vec![match (seen.reachable, seen.since) {
        (true, None) => "Not checked yet.".to_owned(),
        (true, Some(since)) => format!("Reachable for {}.", span(since, now)),
        (false, None) => "WorkOS can’t be reached.".to_owned(),
        (false, Some(since)) => format!("WorkOS can’t be reached. Down for {}.", span(since, now)),
    }];
    let only_for_admins = snapshot.admin_sign_in == AdminSignIn::WorkOs;
    if only_for_admins {
        words.push("Admins get no email codes.".to_owned());
    }
    if let Some((at, reason)) = &seen.last_failure {
        words.push(format!("The last failure was {}: {reason}.", at.ago(now)));
    }
    if let Some((at, reason)) = &seen.credentials_rejected {
        let at = at.ago(now);
        words.push(format!(
            "WorkOS rejected this console’s credentials {at}: {reason}."
        ));
    }
    if seen.reachable && seen.credentials_rejected.is_none() {
        return line("WorkOS", HealthState::Fine, words, "");
    }
    if seen.reachable {
        let next = "Run “vestibule doctor” where the server runs: it checks the client ID and the secret. Sessions \
                    continue meanwhile.";
        return line("WorkOS", HealthState::NeedsAttention, words, next);
    }
    let mut next = "Sessions continue, and the sign-in page offers email codes where they are allowed. Run “vestibule doctor” where the server runs.".to_owned();
    if only_for_admins {
        next.push_str(" “vestibule code” lets an admin in meanwhile.");
    }
    line("WorkOS", HealthState::NeedsAttention, words, next)
}

fn revocations(stored: &Stored, configured: bool) -> HealthLine {
    let what = "Sign-outs at WorkOS";
    let waiting = stored.revocations;
    if waiting.count == 0 && !configured {
        let words = vec!["Nothing is waiting: WorkOS isn’t configured.".to_owned()];
        return line(what, HealthState::Neutral, words, "");
    }
    if waiting.count == 0 {
        let words = vec!["Nothing is waiting.".to_owned()];
        return line(what, HealthState::Fine, words, "");
    }
    let words = vec![format!(
        "{}. The oldest was tried {}.",
        counted(waiting.count, "sign-out waits", "sign-outs wait"),
        counted(waiting.most_attempts, "time", "times")
    )];
    let next = "The sessions have ended here. They end at WorkOS when it answers.";
    let state = if waiting.most_attempts >= TOO_MANY_ATTEMPTS {
        HealthState::NeedsAttention
    } else {
        HealthState::Fine
    };
    line(what, state, words, next)
}

fn guessing(until: Timestamp, configured: bool) -> HealthLine {
    let words = vec![format!(
        "Someone is guessing codes: {} wrong codes in 24 hours. Until {}, codes work only in browsers that have signed \
         in before.",
        Limit::WrongCodesOverall.rule().rate,
        until.describe()
    )];
    let workos = if configured {
        "Sign-in with WorkOS still works. "
    } else {
        ""
    };
    let next = format!(
        "{workos}The log names the networks of the tries: block them. To let people in earlier, run \
         “vestibule limits clear” for the addresses that Activity names."
    );
    line("Guessing", HealthState::NeedsAttention, words, next)
}

fn proxies(problem: &ProxyProblem) -> HealthLine {
    let words = vec![problem.to_string()];
    line(
        "Proxies",
        HealthState::NeedsAttention,
        words,
        ProxyProblem::NEXT,
    )
}

fn versions(snapshot: &Snapshot) -> HealthLine {
    let mut words = vec![format!(
        "Vestibule {}, started {}.",
        snapshot.version,
        snapshot.started_at.ago(snapshot.now)
    )];
    if let Ok(stored) = &snapshot.database {
        let migration = stored.newest_migration.as_deref().unwrap_or("none");
        words.push(format!(
            "SQLite {}, newest migration {migration}.",
            stored.sqlite
        ));
    }
    line("Versions", HealthState::Neutral, words, "")
}

fn counted(count: i64, one: &str, several: &str) -> String {
    if count == 0 {
        format!("No {several}")
    } else {
        words::counted(count, one, several)
    }
}

fn span(since: Timestamp, now: Timestamp) -> String {
    words::rounded_down(now.since(since)).unwrap_or_else(|| "less than a minute".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well() {
        assert_eq!(counted(0, "code waits", "codes wait"), "No codes wait");
        assert_eq!(counted(1, "code waits", "codes wait"), "1 code waits");
        assert_eq!(counted(2, "code waits", "codes wait"), "2 codes wait");
    }
}
