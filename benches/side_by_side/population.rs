//! Many accounts, each with a live session and a known cookie.

use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::cookie::{Cookie, CookieJar, Key};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary};
use sha2::{Digest, Sha256};
use vestibule::domain::SecretKey;

/// Writes `count` accounts with one numbered session each, then checkpoints the WAL as a running console does.
pub(crate) fn settle(connection: &mut SqliteConnection, count: usize) {
    let count = i64::try_from(count).unwrap();
    let now = now_ms();
    connection
        .transaction::<_, diesel::result::Error, _>(|c| {
            diesel::sql_query(
                "INSERT INTO accounts (id, email, name, confirmed_at, created_at)
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
                 SELECT 1000000 + i, 'settler' || i || '@localhost', 'Mira Bell', 0, 0 FROM n",
            )
            .bind::<BigInt, _>(count)
            .execute(c)?;
            for number in 0..count {
                diesel::sql_query(
                    "INSERT INTO sessions (token_hash, account_id, method, browser, ip, created_at, last_seen_at)
                     VALUES (?, ?, 'email_code', 'Firefox on Linux', '192.0.2.7', ?, ?)",
                )
                .bind::<Binary, _>(Sha256::digest(token(number)).to_vec())
                .bind::<BigInt, _>(1_000_001 + number)
                .bind::<BigInt, _>(now)
                .bind::<BigInt, _>(now)
                .execute(c)?;
            }
            Ok(())
        })
        .unwrap();
    diesel::sql_query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(connection)
        .unwrap();
}

/// The cookies of the first `count` sessions, signed with the key in the folder `data`.
pub(crate) fn cookies(data: &Path, count: usize) -> Vec<String> {
    let text = fs::read_to_string(data.join("secret.key")).unwrap();
    let key = Key::from(&SecretKey::parse(&text).unwrap().cookie_key());
    (0..i64::try_from(count).unwrap())
        .map(|number| {
            let mut jar = CookieJar::new();
            jar.signed_mut(&key)
                .add(Cookie::new("session", token(number)));
            let signed = jar.get("session").unwrap();
            signed.stripped().encoded().to_string()
        })
        .collect()
}

/// A benchmark's sessions need not be hard to guess.
fn token(number: i64) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(number.to_le_bytes()))
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
