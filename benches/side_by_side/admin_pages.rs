//! The time of each admin page with 10 000 accounts and 1 000 000 rows of activity.

use std::net::TcpStream;
use std::time::Instant;

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::sql_types::BigInt;

use crate::client::{ask, request};
use crate::console::Console;
use crate::median;

const ADMIN: &str = "bench@localhost";
/// Requests for each page.
const TIMES: usize = 21;

/// The rows of activity are dated in the first days of 2100, so that no clean-up deletes them. The first account has a
/// third of all rows and every other account has few. The kind `account_deleted` occurs once.
const PAGES: [&str; 16] = [
    "/admin/accounts",
    "/admin/accounts?after=p5000@acme.test",
    "/admin/accounts?q=p77",
    "/admin/accounts?q=nobody",
    "/admin/accounts/1",
    "/admin/accounts/import",
    "/admin/codes?email=p1@acme.test",
    "/admin/codes?email=nobody@acme.test",
    "/admin/activity",
    "/admin/activity?older_than=500000",
    "/admin/activity?email=p1@acme.test&kind=account_deleted",
    "/admin/activity?kind=account_deleted",
    "/admin/activity?kind=wrong_code&to=2100-01-02",
    "/admin/activity?email=p1@acme.test&from=2100-01-03&to=2100-01-04",
    "/admin/activity?from=2100-01-01&to=2100-01-01&older_than=1000",
    "/admin/activity?email=p1@acme.test&kind=signed_in&from=2100-01-01&older_than=900000",
];

/// Prints the median of each page, and the slowest page.
pub(crate) fn measure(console: &Console) {
    furnish(console);
    let session = console.sign_in(ADMIN);
    let mut stream = TcpStream::connect(console.address()).unwrap();
    let mut slowest = (0.0, "");
    for path in PAGES {
        let request = request(path, &session);
        let mut buffer = Vec::new();
        let spans = (0..TIMES)
            .map(|_| {
                let begun = Instant::now();
                let reply = ask(&mut stream, &request, &mut buffer);
                let span = begun.elapsed().as_secs_f64() * 1000.0;
                assert_eq!(reply.status, 200, "{path}: {}", reply.body);
                assert!(
                    reply.body.contains("aria-label=\"Admin\""),
                    "{path} is no admin page"
                );
                span
            })
            .collect();
        let span = median(spans);
        println!("| `{path}` | {span:.2} ms | < 50 ms |");
        if span > slowest.0 {
            slowest = (span, path);
        }
    }
    println!(
        "| slowest admin page, 10 000 accounts and 1 000 000 rows of activity (`{}`) | {:.1} ms | < 50 ms |",
        slowest.1, slowest.0
    );
}

fn furnish(console: &Console) {
    let statements = format!(
        "BEGIN IMMEDIATE;
         DELETE FROM accounts WHERE email <> '{ADMIN}' AND id <> 1;
         UPDATE accounts SET role = 'admin';
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO accounts (email, name, confirmed_at, created_at)
         SELECT 'p' || i || '@acme.test', 'Mira Bell ' || i, 0, 0 FROM n;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)
         INSERT INTO activity (at, kind, account_id, email, ip, browser, outcome, detail)
         SELECT 4102444800000 + i * 1000,
                CASE WHEN i = 17 THEN 'account_deleted' WHEN i % 10 < 4 THEN 'code_requested'
                     WHEN i % 10 < 8 THEN 'signed_in' ELSE 'wrong_code' END,
                a.id, a.email, '203.0.113.7', 'Firefox on Linux', '', ''
         FROM n JOIN accounts a ON a.email = 'p' || iif(i % 3 = 0, 1, 1 + i % 10000) || '@acme.test';
         COMMIT;"
    );
    let mut connection = console.connect();
    connection.batch_execute(&statements).unwrap();
    let rows: i64 = sql::<BigInt>("SELECT count(*) FROM activity")
        .get_result(&mut connection)
        .unwrap();
    assert!(rows >= 1_000_000, "only {rows} rows of activity");
}
