//! `vestibule backup`: SECURITY rule 30.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::connection::SimpleConnection;

use vestibule::clock::Clock;

use super::{MIRA, assert_failed, assert_fine};
use crate::support::Workplace;
use crate::support::app::{connect, execute, number};

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

/// A process that writes pairs of rows, each pair in one transaction, until it is dropped.
struct Load {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
}

impl Load {
    fn on(database: &Path) -> Self {
        let mut connection = connect(database);
        let load = Self {
            stop: Arc::default(),
            written: Arc::default(),
        };
        // Rows from 1970 would be deleted by housekeeping during the test.
        let now = Clock::system().now().0;
        let (stop, written) = (Arc::clone(&load.stop), Arc::clone(&load.written));
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                let n = written.load(Ordering::SeqCst);
                connection
                    .batch_execute(&format!(
                        "BEGIN IMMEDIATE;
                         INSERT INTO accounts (email, created_at) VALUES ('p{n}@acme.test', 1);
                         INSERT INTO activity (at, kind, email) VALUES ({now}, 'pair', 'p{n}@acme.test');
                         COMMIT;"
                    ))
                    .unwrap();
                written.fetch_add(1, Ordering::SeqCst);
            }
        });
        load
    }

    fn written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    /// Waits until so many pairs more are written.
    async fn writes(&self, more: usize) {
        let enough = self.written() + more;
        while self.written() < enough {
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

// SECURITY rule 30: taken under load it opens, passes the integrity check, is of one moment, and
// holds no secret key.
#[actix_web::test]
async fn a_backup_taken_under_load_is_whole_and_holds_no_key() {
    let place = Workplace::empty();
    assert_fine(place.run(&["account", "add", MIRA]).await);
    let _server = place.serve(&[]).await;
    let out = place.path().join("out");
    fs::create_dir(&out).unwrap();
    let load = Load::on(&place.database());
    load.writes(50).await;
    for round in 0..3 {
        let before = load.written();
        let finished = place.run(&["backup", &format!("out/{round}.db")]).await;
        assert!(load.written() > before, "nothing was written meanwhile");
        assert_eq!(finished.stderr, "", "not quiet in a pipe");
        let said = assert_fine(finished);
        assert!(said.contains("Not in it: the secret key"), "{said}");
    }
    drop(load);
    assert_eq!(names_in(&out).len(), 3, "{:?}", names_in(&out));
    let key = fs::read_to_string(place.path().join("data/secret.key")).unwrap();
    let raw = STANDARD.decode(key.trim()).unwrap();
    for round in 0..3 {
        let file = out.join(format!("{round}.db"));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let bytes = fs::read(&file).unwrap();
        let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
        assert!(holds(MIRA.as_bytes()));
        assert!(!holds(&key.as_bytes()[..16]) && !holds(&raw[..16]));
        let whole = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
        assert_eq!(number(&file, whole), 1);
        let pairs = |table| format!("SELECT count(*) FROM {table} WHERE email LIKE 'p%@acme.test'");
        let accounts = number(&file, &pairs("accounts"));
        assert!(accounts >= 50);
        assert_eq!(number(&file, &pairs("activity")), accounts);
    }
}

#[actix_web::test]
async fn a_backup_overwrites_nothing() {
    let place = Workplace::empty();
    assert_fine(place.run(&["migrate"]).await);
    fs::write(place.path().join("mine.db"), "precious").unwrap();
    let refused = place.run(&["backup", "mine.db"]).await;
    assert_failed(
        &refused,
        &["mine.db is there already", "Nothing was written"],
    );
    assert_eq!(
        fs::read_to_string(place.path().join("mine.db")).unwrap(),
        "precious"
    );
    let nowhere = place.run(&["backup", "no/such/folder.db"]).await;
    assert_failed(&nowhere, &["No backup was made"]);
}

#[actix_web::test]
async fn a_failed_backup_leaves_no_partial_file() {
    let place = Workplace::empty();
    let missing = place.run(&["backup", "copy.db"]).await;
    assert_failed(&missing, &["There is no database at data/vestibule.db"]);
    assert!(place.contents().is_empty());

    assert_fine(place.run(&["migrate"]).await);
    execute(
        &place.database(),
        "INSERT INTO accounts (email, created_at)
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         SELECT 'p' || i || '@acme.test', 1 FROM n",
    );
    execute(&place.database(), "PRAGMA wal_checkpoint(TRUNCATE)");
    let file = fs::OpenOptions::new()
        .write(true)
        .open(place.database())
        .unwrap();
    let length = file.metadata().unwrap().len();
    for page in (length / 2..length).step_by(4_096) {
        file.write_all_at(&[0xff; 64], page).unwrap();
    }
    let damaged = place.run(&["backup", "copy.db"]).await;
    assert_failed(&damaged, &["No backup was made"]);
    assert_eq!(place.contents(), ["data"]);
}
