//! Who else on the machine may read what is written.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use vestibule::domain::SecretKey;

use super::{MIRA, assert_failed, assert_fine};
use crate::support::Workplace;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Every file and folder below a folder, with its mode.
fn within(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let of = fs::metadata(&path).unwrap();
        if of.is_dir() {
            found.extend(within(&path));
        }
        found.push((path, of.permissions().mode() & 0o777));
    }
    found
}

/// Each of `names` exists, and every file is readable by its owner only.
#[track_caller]
fn assert_shut(data: &Path, names: &[&str]) {
    let found = within(data);
    for name in names {
        let is_there = found.iter().any(|(path, _)| {
            let path = path.strip_prefix(data).unwrap();
            path.to_string_lossy().starts_with(name)
        });
        assert!(is_there, "no {name} in {found:?}");
    }
    for (path, mode) in found {
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}

/// A place with a folder that was made beforehand, for everybody to enter.
fn place_with_open_folder() -> (Workplace, PathBuf) {
    let place = Workplace::empty();
    let data = place.path().join("data");
    fs::create_dir(&data).unwrap();
    for folder in [place.path(), &data] {
        set_mode(folder, 0o755);
    }
    (place, data)
}

#[actix_web::test]
async fn in_a_world_accessible_folder_all_files_are_owner_only() {
    let (place, data) = place_with_open_folder();
    let mut server = place.serve(&["--admin-email", MIRA]).await;
    place.visitor().ask_for_code(MIRA).await;
    server.code_on_terminal(MIRA).await;
    let files = [
        "vestibule.db",
        "vestibule.db-wal",
        "vestibule.db-shm",
        "secret.key",
        "serve.lock",
        "outbox/",
    ];
    assert_shut(&data, &files);
    assert_fine(place.run(&["backup", "data/copy"]).await);
    assert_eq!(server.stopped().await.code, Some(0));

    // As one that another tool has made.
    set_mode(&place.database(), 0o644);
    assert_fine(place.run(&["restore", "data/copy"]).await);
    assert_shut(&data, &["vestibule.db", "vestibule.db.before-", "copy"]);
    let _again = place.serve(&[]).await;
    assert_shut(&data, &["vestibule.db-wal"]);
}

#[actix_web::test]
async fn a_world_readable_database_is_reported_and_left_unchanged() {
    let (place, data) = place_with_open_folder();
    let _server = place.serve(&[]).await;
    let doctor = async || {
        let said = place.run(&["doctor"]).await;
        let line = said.stdout.lines().find(|line| line.contains("file mode"));
        (said.code, line.unwrap().to_owned())
    };
    let fine = "✓ file mode: data/vestibule.db is not world-readable.".to_owned();
    assert_eq!(doctor().await, (Some(0), fine.clone()));
    let found = "✗ file mode: everybody on this machine can read data/vestibule.db. \
                 Run `chmod 600 data/vestibule.db*`.";
    for file in ["vestibule.db", "vestibule.db-wal"] {
        set_mode(&data.join(file), 0o644);
        assert_eq!(doctor().await, (Some(1), found.to_owned()));
        // A folder that others cannot enter protects the file.
        set_mode(place.path(), 0o700);
        assert_eq!(doctor().await, (Some(0), fine.clone()));
        set_mode(place.path(), 0o755);
        let mode = fs::metadata(data.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        set_mode(&data.join(file), 0o600);
    }
}

/// The exit code of doctor, and its line about the key.
async fn doctor_on_the_key(place: &Workplace) -> (Option<i32>, String) {
    let said = place.run(&["doctor"]).await;
    let line = said.stdout.lines().find(|line| line.contains(" key: "));
    (said.code, line.unwrap().to_owned())
}

/// Neither doctor nor the server accepts the key, and both name the command that helps.
async fn assert_exposed(place: &Workplace, reason: &str, fix: &str) {
    let (code, line) = doctor_on_the_key(place).await;
    assert_eq!(code, Some(1), "{line}");
    assert_eq!(line, format!("✗ key: {reason}. Run `{fix}`."));
    let refused = place.run(&["serve"]).await;
    assert_failed(
        &refused,
        &["did not start", reason, &format!("Run `{fix}`")],
    );
}

async fn assert_starts(place: &Workplace) {
    assert_eq!(doctor_on_the_key(place).await.0, Some(0));
    let server = place.serve(&[]).await;
    assert_eq!(server.stopped().await.code, Some(0));
}

// SECURITY rule 41: no mode bit of the group or of others is accepted, and no folder that they can write.
#[actix_web::test]
async fn a_key_that_others_can_read_or_replace_fails_doctor_and_stops_the_start() {
    let (place, data) = place_with_open_folder();
    assert_starts(&place).await;
    let key = data.join("secret.key");
    let open = "other users can open the key file data/secret.key";
    for mode in [0o644, 0o640, 0o604, 0o620] {
        set_mode(&key, mode);
        assert_exposed(&place, open, "chmod 600 data/secret.key").await;
    }
    set_mode(&key, 0o400);
    assert_starts(&place).await;

    let replaceable = "other users can replace the key in the folder data";
    for mode in [0o777, 0o775, 0o722] {
        set_mode(&data, mode);
        assert_exposed(&place, replaceable, "chmod 700 data").await;
    }
    // With the sticky bit, only the owner of a file can replace it.
    set_mode(&data, 0o1777);
    assert_starts(&place).await;

    set_mode(&data, 0o755);
    let previous = data.join("secret.key.previous");
    fs::copy(&key, &previous).unwrap();
    set_mode(&previous, 0o640);
    let open = "other users can open the key file data/secret.key.previous";
    assert_exposed(&place, open, "chmod 600 data/secret.key.previous").await;
}

// SECURITY rule 41.
#[actix_web::test]
async fn no_key_is_made_in_a_folder_that_others_can_write() {
    let (place, data) = place_with_open_folder();
    set_mode(&data, 0o777);
    let reason = "other users can replace the key in the folder data";
    assert_exposed(&place, reason, "chmod 700 data").await;
    assert!(!data.join("secret.key").exists());
}

// SECURITY rule 41: a link is as open as the file behind it.
#[actix_web::test]
async fn a_linked_key_is_judged_by_its_file_and_by_both_folders() {
    let (place, data) = place_with_open_folder();
    assert_starts(&place).await;
    let elsewhere = place.path().canonicalize().unwrap().join("keys");
    fs::create_dir(&elsewhere).unwrap();
    let (link, file) = (data.join("secret.key"), elsewhere.join("key"));
    fs::rename(&link, &file).unwrap();
    symlink(&file, &link).unwrap();
    assert_starts(&place).await;

    set_mode(&file, 0o640);
    let open = "other users can open the key file data/secret.key";
    assert_exposed(&place, open, "chmod 600 data/secret.key").await;
    set_mode(&file, 0o600);
    set_mode(&elsewhere, 0o777);
    let shown = elsewhere.display();
    let replaceable = format!("other users can replace the key in the folder {shown}");
    assert_exposed(&place, &replaceable, &format!("chmod 700 {shown}")).await;
}

// SECURITY rule 41: a key from the environment is in no file.
#[actix_web::test]
async fn with_a_key_from_the_environment_the_modes_do_not_matter() {
    let (place, data) = place_with_open_folder();
    set_mode(&data, 0o777);
    let key = SecretKey::generate(&mut rand::rng()).expose();
    fs::write(data.join("secret.key"), &key).unwrap();
    let place = place.with("SECRET_KEY", key);
    assert_starts(&place).await;
}
