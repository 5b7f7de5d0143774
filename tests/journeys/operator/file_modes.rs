//! Who else on the machine may read what is written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{MIRA, assert_fine};
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
