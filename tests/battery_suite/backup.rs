//! Backups under load (SECURITY rule 30): each one opens and is whole, none holds the key, none goes
//! in under a running server, and none brings a session back.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::crowd::{Ledger, State, Town};
use crate::guest::connections;
use crate::report::{Form, Row};
use crate::support::app::number;

pub fn run(form: Form) -> Vec<Row> {
    actix_web::rt::System::new().block_on(async {
        let town = Town::found().await;
        let server = town.place.serve(&[]).await;
        let mut findings = Vec::new();
        let mut ledgers = Vec::new();
        let mut backups = Vec::new();
        for _ in 0..form.pick(4, 40) {
            let (ledger, made) = under_load(&town, &mut findings).await;
            findings.extend(ledger.wrong.iter().cloned());
            ledgers.push(ledger);
            backups.extend(made);
        }
        assert!(!backups.is_empty(), "no backup was made: {findings:?}");
        let keys = secret_bytes(&town.place.path().join("data/secret.key"));
        for backup in &backups {
            inspect(backup, &keys, &mut findings);
        }
        let newest = backups.last().unwrap().path.to_string_lossy().into_owned();
        let refused = town.place.run(&["restore", &newest]).await;
        if refused.code != Some(1) || !refused.stderr.contains("a server runs") {
            findings.push(format!("restore beside a running server: {refused:?}"));
        }
        still_in(&ledgers, &mut findings).await;

        assert_eq!(server.stopped().await.code, Some(0));
        let restored = town.place.run(&["restore", &newest]).await;
        assert_eq!(restored.code, Some(0), "{restored:?}");
        let _server = town.place.serve(&[]).await;
        let revived = nobody_is_in(&ledgers, &mut findings).await;
        if backups.iter().all(|backup| backup.sign_ins_before == 0) || revived == 0 {
            findings.push("no one was signed in: the trial shows nothing".to_owned());
        }
        let sign_ins: usize = ledgers.iter().map(|ledger| ledger.entries.len()).sum();
        let measured = format!(
            "each is whole, has every sign-in answered before it, and no byte of the key; restore refused beside the server; \
             {sign_ins} sign-ins meanwhile; {revived} sessions and as many codes tried after the restore, none works"
        );
        vec![Row::judged("vestibule backup under load, and restore (30)", backups.len() as u64, &measured, &findings)]
    })
}

/// A file, and how many sign-ins had been answered when it was begun.
struct Backup {
    path: PathBuf,
    sign_ins_before: i64,
}

const BACKUPS_A_ROUND: usize = 3;
const BETWEEN_BACKUPS: Duration = Duration::from_millis(700);

async fn under_load(town: &Town, findings: &mut Vec<String>) -> (Ledger, Vec<Backup>) {
    let until = Cell::new(false);
    let backups = async {
        let mut made = Vec::new();
        for number in 0..BACKUPS_A_ROUND {
            tokio::time::sleep(BETWEEN_BACKUPS).await;
            let sign_ins_before = town.answered_sign_ins();
            let name = format!("backup-{}-{number}.db", town.rounds());
            let finished = town.place.run(&["backup", &name]).await;
            if finished.code == Some(0) {
                let path = town.place.path().join(&name);
                made.push(Backup {
                    path,
                    sign_ins_before,
                });
            } else {
                findings.push(format!("a backup failed: {}", finished.stderr.trim()));
            }
        }
        until.set(true);
        made
    };
    tokio::join!(town.mixed_load(&until), backups)
}

/// The key as it is in its file, and as what that stands for.
fn secret_bytes(file: &Path) -> [Vec<u8>; 2] {
    let text = fs::read_to_string(file).unwrap();
    let text = text.trim();
    [text.as_bytes().to_vec(), STANDARD.decode(text).unwrap()]
}

fn inspect(backup: &Backup, keys: &[Vec<u8>; 2], findings: &mut Vec<String>) {
    let name = backup.path.file_name().unwrap().to_string_lossy();
    let content = fs::read(&backup.path).unwrap();
    // Sixteen bytes in a row are no accident.
    let holds = |key: &[u8]| {
        key.chunks_exact(16)
            .any(|piece| content.windows(16).any(|bytes| bytes == piece))
    };
    if keys.iter().any(|key| holds(key)) {
        findings.push(format!("{name} holds the key"));
    }
    let damage = number(
        &backup.path,
        "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'",
    ) + number(
        &backup.path,
        "SELECT count(*) FROM pragma_foreign_key_check",
    );
    if damage != 0 {
        findings.push(format!("{name} has {damage} faults"));
    }
    let sign_ins = number(
        &backup.path,
        "SELECT count(*) FROM activity WHERE kind = 'signed_in'",
    );
    if sign_ins < backup.sign_ins_before {
        findings.push(format!(
            "{name} has {sign_ins} sign-ins of {} answered",
            backup.sign_ins_before
        ));
    }
}

async fn still_in(ledgers: &[Ledger], findings: &mut Vec<String>) {
    let client = connections();
    for entry in ledgers.iter().flat_map(|ledger| ledger.with(State::In)) {
        if entry.guest.again(&client).is_in().await != Ok(true) {
            findings.push(format!("{} was signed out before the restore", entry.email));
        }
    }
}

/// Tries every session and every code that there ever was.
async fn nobody_is_in(ledgers: &[Ledger], findings: &mut Vec<String>) -> usize {
    let client = connections();
    let mut tried = 0;
    for entry in ledgers.iter().flat_map(|ledger| &ledger.entries) {
        let mut guest = entry.guest.again(&client);
        if guest.is_in().await != Ok(false) {
            findings.push(format!("{} is in after the restore", entry.email));
        }
        let mut guest = entry.at_the_code_step(&client);
        if guest.enter(&entry.code).await.unwrap().lets_in() {
            findings.push(format!(
                "the code of {} works after the restore",
                entry.email
            ));
        }
        tried += 1;
    }
    tried
}
