//! The disk is full (SECURITY rule 26): a small tmpfs, filled with a file.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::Command;

use super::people::{People, Tally};
use crate::crowd::Town;
use crate::report::{Form, Row};

/// Large enough for the database and its log, which is sixteen megabytes before it is taken back.
const SIZE: &str = "size=40m,mode=700";
/// What is left in pages that the log has already may be written still: so many people may yet get
/// their code.
const MAY_STILL_FIT: usize = 500;

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
        let filler = disk.fill();
        until_nothing_fits(&town).await;
        let doctor = town.place.run(&["doctor"]).await;
        let advice = "Free space on the disk that has data/vestibule.db";
        assert!(doctor.stdout.contains(advice), "{doctor:?}");
        for _ in 0..3 {
            people.try_all(&mut tally).await;
        }
        fs::remove_file(filler).unwrap();
        people.get_their_way(&mut tally).await;
    }
    tally.row(tried)
}

/// Asks for codes until that is refused.
async fn until_nothing_fits(town: &Town) {
    for stranger in 0..MAY_STILL_FIT {
        let asked = town
            .guest()
            .ask_for_code(&format!("nobody-{stranger}@acme.test"))
            .await
            .unwrap();
        if asked.says_busy() {
            return;
        }
    }
    panic!("{MAY_STILL_FIT} codes could be asked for on a full disk");
}

/// A file system of its own.
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
