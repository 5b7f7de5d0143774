use std::time::Duration;

use super::check::Check;
use crate::config::Storage;
use crate::db::{Database, migrations, state};

/// A large file on a slow disk takes longer than anybody waits.
const WITHIN: Duration = Duration::from_secs(10);

const RESTORE: &str = "Stop the server and put a backup in its place, with `vestibule restore`";

/// Nothing is made or migrated.
pub(super) async fn checks(storage: &Storage) -> Vec<Check> {
    let shown = storage.database.display();
    if !storage.database.exists() {
        return vec![
            Check::open("database", format!("there is none at {shown} yet"))
                .and_next("The first start makes it"),
        ];
    }
    let opening = storage.clone();
    let Some(opened) = in_time(move || Database::open(&opening.database)).await else {
        return vec![took_too_long("database")];
    };
    match opened {
        Err(e) => vec![Check::failed(
            "database",
            e.clone(),
            what_to_do(storage, &e),
        )],
        Ok(database) => vec![
            writable(storage, &database).await,
            migrated(&database).await,
            whole(&database).await,
        ],
    }
}

async fn writable(storage: &Storage, database: &Database) -> Check {
    let writing = database.clone();
    match in_time(move || writing.try_writing()).await {
        None => took_too_long("database"),
        Some(Ok(())) => Check::fine(
            "database",
            format!("{} can be written", storage.database.display()),
        ),
        Some(Err(e)) => {
            let reason = e.to_string();
            let next = what_to_do(storage, &reason);
            Check::failed("database", reason, next)
        }
    }
}

async fn migrated(database: &Database) -> Check {
    let asking = database.clone();
    match in_time(move || asking.with_connection(migrations::pending)).await {
        None => took_too_long("migrations"),
        Some(Ok(pending)) if pending.is_empty() => Check::fine("migrations", "none is pending"),
        Some(Ok(pending)) => Check::failed(
            "migrations",
            format!("{} pending: {}", pending.len(), pending.join(", ")),
            "Back the database up, then run `vestibule migrate`",
        ),
        Some(Err(e)) => Check::failed("migrations", e, "See what the database says above"),
    }
}

async fn whole(database: &Database) -> Check {
    let looking = database.clone();
    let found = in_time(move || {
        looking.with_connection(|connection| state::damage(connection).map_err(|e| e.to_string()))
    });
    match found.await {
        None => took_too_long("integrity"),
        Some(Ok(damage)) if damage.is_empty() => Check::fine("integrity", "the file is whole"),
        Some(Ok(damage)) => Check::failed("integrity", damage.join("; "), RESTORE),
        Some(Err(e)) => Check::failed("integrity", e, RESTORE),
    }
}

/// Off this thread; `None` when it takes too long.
async fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let working = tokio::task::spawn_blocking(work);
    tokio::time::timeout(WITHIN, working).await.ok()?.ok()
}

fn took_too_long(check: &'static str) -> Check {
    let seconds = WITHIN.as_secs();
    Check::open(check, format!("not told within {seconds} s"))
}

fn what_to_do(storage: &Storage, reason: &str) -> String {
    let shown = storage.database.display();
    if reason.contains("locked") {
        "Another process holds its lock: wait until a backup or a migration is done, then ask again"
            .to_owned()
    } else if reason.contains("not a database") {
        format!("{shown} is another file. Set DATABASE_URL, or restore a backup")
    } else if reason.contains("malformed") {
        RESTORE.to_owned()
    } else {
        format!("Let the user that runs Vestibule write {shown} and its folder")
    }
}
