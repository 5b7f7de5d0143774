use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::check::Check;
use crate::cli::files::Draft;
use crate::config::Storage;
use crate::db::engine::migrations;
use crate::db::engine::paths::{behind_links, with_end};
use crate::db::{Database, Hindrance, state};

/// A large file on a slow disk takes longer than anybody waits.
const WITHIN: Duration = Duration::from_secs(10);

/// The least that it shares between processes, in bytes.
const SQLITE_NEEDS: usize = 32_768;

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
            shut(storage),
        ],
    }
}

async fn writable(storage: &Storage, database: &Database) -> Check {
    let (writing, path) = (database.clone(), storage.database.clone());
    let tried = in_time(move || {
        // What little is written may go into old pages of the log, which a full disk still takes.
        writing.try_writing().map(|()| no_space_beside(&path))
    });
    let shown = storage.database.display();
    match tried.await {
        None => took_too_long("database"),
        Some(Ok(false)) => Check::fine("database", format!("{shown} can be written")),
        Some(Ok(true)) => Check::failed(
            "database",
            format!("only a little can still be written: the disk that has {shown} is full"),
            free_space(storage),
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

/// Codes, addresses and sessions are nobody else's business, however little their hashes tell.
fn shut(storage: &Storage) -> Check {
    let check = "file mode";
    let shown = storage.database.display();
    match state::is_open_to_others(&storage.database) {
        Ok(false) => Check::fine(check, format!("not everybody here can read {shown}")),
        Ok(true) => Check::failed(
            check,
            format!("everybody on this machine can read {shown}"),
            format!("Run `chmod 600 {shown}*`"),
        ),
        Err(e) => Check::open(check, format!("{shown}: {e}")),
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

/// SQLite calls it an I/O error when there is no space for what it keeps beside a database.
fn no_space_beside(database: &Path) -> bool {
    let tried = Draft::make(with_end(&behind_links(database), ".doctor"))
        .and_then(|draft| fs::write(draft.path(), [0; SQLITE_NEEDS]));
    tried.is_err_and(|e| matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded))
}

fn free_space(storage: &Storage) -> String {
    format!(
        "Free space on the disk that has {}: `df -h` and `df -i` show what is used up",
        storage.database.display()
    )
}

fn what_to_do(storage: &Storage, reason: &str) -> String {
    let shown = storage.database.display();
    match Hindrance::of(reason) {
        Hindrance::Locked => {
            return "Another process holds its lock: wait until a backup or a migration is done, then ask again"
                .to_owned();
        }
        Hindrance::Other if !no_space_beside(&storage.database) => {}
        Hindrance::Full | Hindrance::Other => {
            return free_space(storage);
        }
    }
    if reason.contains("not a database") {
        format!("{shown} is another file. Set DATABASE_URL, or restore a backup")
    } else if reason.contains("malformed") {
        RESTORE.to_owned()
    } else {
        format!("Let the user that runs Vestibule write {shown} and its folder")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The battery fills a disk in earnest.
    #[test]
    fn on_a_full_disk_space_is_to_be_freed() {
        let storage = Storage {
            data_dir: "data".into(),
            database: "data/vestibule.db".into(),
            auto_migrate: true,
        };
        let next = what_to_do(&storage, "database or disk is full");
        assert_eq!(
            next,
            "Free space on the disk that has data/vestibule.db: `df -h` and `df -i` show what is used up"
        );
    }
}
