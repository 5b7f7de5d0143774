//! The power is cut, again and again: every write that was not synced is lost (SECURITY rule 43).
//!
//! A library in C, preloaded into the console, copies each file of the database whenever it is synced. After a `kill -9`,
//! the copies replace the files.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::crash::cut_off;
use crate::crowd::Town;
use crate::report::{Form, Row};

const SOURCE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/battery_suite/power/keep_synced.c"
);
const DATABASE: &str = "vestibule.db";
const WAL: &str = "vestibule.db-wal";
/// SQLite never syncs the index of the WAL, and builds it again.
const WAL_INDEX: &str = "vestibule.db-shm";

pub fn run(form: Form) -> Vec<Row> {
    let cuts = form.pick(30, 200);
    actix_web::rt::System::new().block_on(async {
        let tools = tempfile::tempdir().unwrap();
        let synced = tools.path().join("synced");
        fs::create_dir(&synced).unwrap();
        let library = compiled(&tools);
        let mut town = Town::found().await;
        let data = town.place.path().canonicalize().unwrap().join("data");
        for (variable, value) in [
            ("LD_PRELOAD", &library),
            ("SYNCED_FROM", &data.display().to_string()),
            ("SYNCED_TO", &synced.display().to_string()),
        ] {
            town.place = town.place.with(variable, value);
        }
        let tried = "the power is cut in the middle of a mixed load (43)";
        vec![cut_off(tried, &town, cuts, 1_500, || lose_unsynced(&data, &synced)).await]
    })
}

/// Builds the library. Returns its path.
fn compiled(folder: &TempDir) -> String {
    let library = folder.path().join("keep_synced.so").display().to_string();
    let built = Command::new("cc")
        .args([
            "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", &library, SOURCE,
        ])
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    library
}

/// Replaces the files of the database by what was synced of them.
fn lose_unsynced(data: &Path, synced: &Path) {
    for name in [DATABASE, WAL] {
        // No file has the copy's name before its first sync: then the file does not exist after the cut, either.
        remove(&data.join(name));
        match fs::copy(synced.join(name), data.join(name)) {
            Ok(_) => {}
            Err(e) => assert_eq!((name, e.kind()), (WAL, ErrorKind::NotFound)),
        }
    }
    remove(&data.join(WAL_INDEX));
}

fn remove(file: &Path) {
    if let Err(e) = fs::remove_file(file) {
        assert_eq!(e.kind(), ErrorKind::NotFound, "{e}");
    }
}
