use super::check::Check;
use crate::config::Storage;
use crate::operations::storage_probe::{Cause, ProbeError, Space, StorageProbe, is_world_readable};

const RESTORE: &str = "Stop the server and put a backup in its place, with `vestibule restore`";

pub(super) async fn checks(storage: &Storage) -> Vec<Check> {
    let shown = storage.database.display();
    if !storage.database.exists() {
        return vec![
            Check::open("database", format!("there is no {shown} yet"))
                .and_next("The first start of the server creates it"),
        ];
    }
    match StorageProbe::open(storage).await {
        Err(e) => vec![unusable(storage, e)],
        Ok(probe) => vec![
            writable(storage, &probe).await,
            migrated(&probe).await,
            intact(&probe).await,
            visitors(&probe).await,
            file_mode(storage),
        ],
    }
}

async fn writable(storage: &Storage, probe: &StorageProbe) -> Check {
    let shown = storage.database.display();
    match probe.write().await {
        Ok(Space::Enough) => Check::fine("database", format!("{shown} can be written")),
        Ok(Space::AlmostNone) => Check::failed(
            "database",
            format!("only a little can still be written: the disk that has {shown} is full"),
            free_space(storage),
        ),
        Err(e) => unusable(storage, e),
    }
}

async fn migrated(probe: &StorageProbe) -> Check {
    match probe.pending_migrations().await {
        Ok(pending) if pending.is_empty() => Check::fine("migrations", "none is pending"),
        Ok(pending) => Check::failed(
            "migrations",
            format!("{} pending: {}", pending.len(), pending.join(", ")),
            "Back the database up, then run `vestibule migrate`",
        ),
        Err(e) => failed("migrations", e, "See the line about the database above"),
    }
}

async fn intact(probe: &StorageProbe) -> Check {
    match probe.damage().await {
        Ok(damage) if damage.is_empty() => Check::fine("integrity", "the file is intact"),
        Ok(damage) => Check::failed("integrity", damage.join("; "), RESTORE),
        Err(e) => failed("integrity", e, RESTORE),
    }
}

/// The rows that anyone can cause (SECURITY rule 37).
async fn visitors(probe: &StorageProbe) -> Check {
    let check = "rows that visitors cause";
    match probe.rows_of_visitors().await {
        Ok(rows) if rows.show_a_flood() => Check::failed(
            check,
            rows.to_string(),
            "Someone floods the sign-in page: limit the requests of an address at your reverse proxy",
        ),
        Ok(rows) => Check::fine(check, rows.to_string()),
        // The other checks of the database say what is wrong.
        Err(e) => Check::open(check, e.to_string()),
    }
}

/// The file holds addresses, and hashes of codes and tokens.
fn file_mode(storage: &Storage) -> Check {
    let check = "file mode";
    let shown = storage.database.display();
    match is_world_readable(storage) {
        Ok(false) => Check::fine(check, format!("{shown} is not world-readable")),
        Ok(true) => Check::failed(
            check,
            format!("everybody on this machine can read {shown}"),
            format!("Run `chmod 600 {shown}*`"),
        ),
        Err(e) => Check::open(check, format!("{shown}: {e}")),
    }
}

fn unusable(storage: &Storage, error: ProbeError) -> Check {
    let next = match &error {
        ProbeError::Failed { cause, .. } => next_step(storage, *cause),
        ProbeError::TimedOut => String::new(),
    };
    failed("database", error, next)
}

/// A check that took too long has no verdict.
fn failed(check: &'static str, error: ProbeError, next: impl Into<String>) -> Check {
    match error {
        ProbeError::TimedOut => Check::open(check, error.to_string()),
        ProbeError::Failed { reason, .. } => Check::failed(check, reason, next),
    }
}

fn next_step(storage: &Storage, cause: Cause) -> String {
    let shown = storage.database.display();
    match cause {
        Cause::Locked => "Another process holds its lock: wait until a backup or a migration is done, then run doctor again".to_owned(),
        Cause::DiskFull => free_space(storage),
        Cause::NotADatabase => format!("{shown} is another file. Set DATABASE_URL, or restore a backup"),
        Cause::Malformed => RESTORE.to_owned(),
        Cause::Other => format!("Let the user that runs Vestibule write {shown} and its folder"),
    }
}

fn free_space(storage: &Storage) -> String {
    format!(
        "Free space on the disk that has {}: `df -h` and `df -i` show what is used up",
        storage.database.display()
    )
}
