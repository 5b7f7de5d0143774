//! The disk is full (SECURITY rule 26): a small tmpfs, filled with a file.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Integer;

use super::people::{People, Tally};
use crate::crowd::Town;
use crate::report::{Form, Row};

/// Large enough for the database and its log, which is sixteen megabytes before it is taken back.
const SIZE: &str = "size=40m,mode=700";
/// More pages than the log has.
const MAY_STILL_FIT: usize = 5_000;

pub(super) async fn run(form: Form) -> Row {
    let tried = "the disk is full (26)";
    let town = Town::found().await;
    let disk = match SmallDisk::mount_at(town.place.path().join("data")) {
        Ok(disk) => disk,
        Err(e) => {
            let finding = format!("no tmpfs could be mounted, which needs root: {e}");
            return Row::judged(tried, 0, "", &[finding]);
        }
    };
    let _console = town.place.serve(&[]).await;
    let mut tally = Tally::default();
    for _ in 0..form.pick(3, 50) {
        let mut people = People::arrive(&town).await;
        begin_the_log_anew(&town);
        let filler = disk.fill();
        sees("only a little can still be written", &town).await;
        until_nothing_fits(&town);
        sees("database or disk is full", &town).await;
        for _ in 0..3 {
            people.try_all(&mut tally).await;
        }
        fs::remove_file(filler).unwrap();
        people.get_their_way(&mut tally).await;
    }
    tally.row(tried)
}

/// Its old pages can then be written, however full the disk is.
fn begin_the_log_anew(town: &Town) {
    let done: Checkpoint = diesel::sql_query("PRAGMA wal_checkpoint(RESTART)")
        .get_result(&mut connect(town))
        .unwrap();
    assert_eq!(
        done.busy, 0,
        "another process held the lock for ten seconds"
    );
}

#[derive(QueryableByName)]
struct Checkpoint {
    #[diesel(sql_type = Integer)]
    busy: i32,
}

async fn sees(what: &str, town: &Town) {
    let doctor = town.place.run(&["doctor"]).await;
    let advice = "Free space on the disk that has data/vestibule.db";
    for words in [what, advice] {
        assert!(doctor.stdout.contains(words), "{doctor:?}");
    }
}

/// Writes what needs one page until that is refused.
fn until_nothing_fits(town: &Town) {
    let mut connection = connect(town);
    let refused = (0..MAY_STILL_FIT).find_map(|_| {
        let one_page = "UPDATE session_revision SET begun = begun + 1";
        connection.batch_execute(one_page).err()
    });
    let refused = refused.unwrap_or_else(|| panic!("a full disk takes page after page"));
    assert!(refused.to_string().contains("full"), "{refused}");
}

fn connect(town: &Town) -> SqliteConnection {
    let path = town.place.path().join("data/vestibule.db");
    let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
    // Else this one might copy the log into the database, which begins it anew.
    connection
        .batch_execute("PRAGMA busy_timeout = 10000; PRAGMA wal_autocheckpoint = 0")
        .unwrap();
    connection
}

/// A small file system for this trial.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount_at(folder: PathBuf) -> Result<Self, String> {
        fs::create_dir(&folder).map_err(|e| e.to_string())?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(&folder)
            .output()
            .map_err(|e| e.to_string())?;
        if mounted.status.success() {
            Ok(Self(folder))
        } else {
            Err(String::from_utf8_lossy(&mounted.stderr).trim().to_owned())
        }
    }

    /// Writes a file until nothing more fits.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).unwrap();
        for size in [65_536, 4_096, 1] {
            let block = vec![0; size];
            let full = loop {
                if let Err(e) = file.write_all(&block) {
                    break e;
                }
            };
            assert_eq!(full.kind(), ErrorKind::StorageFull, "{full}");
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a server that is about to end may still have files open.
        let _gone_already = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
