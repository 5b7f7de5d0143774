//! Accounts imported from a CSV file.

use std::fs;

use super::{MIRA, NOOR, fails, last_line, noted, objects, place, succeeds};
use crate::support::Workplace;

const FILE: &str = "team.csv";

fn write(place: &Workplace, text: &str) {
    fs::write(place.path().join(FILE), text).unwrap();
}

async fn addresses(place: &Workplace) -> Vec<String> {
    let rows = objects(place, &["account", "list", "--json"]).await;
    rows.iter()
        .map(|row| row["email"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn an_import_adds_missing_accounts_and_leaves_existing_ones_unchanged() {
    let place = place().await;
    write(
        &place,
        "\u{feff}Name;Email;Confirmed;Role\r\n\"Bell; Mira\";MIRA@acme.test;;member\r\nAda;ada@acme.test;;admin\r\n;zoe@acme.test;no;\r\n",
    );
    let finished = place.run(&["account", "import", FILE]).await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(
        finished.stdout,
        "2 accounts were added. 1 exists already and was left as it is.\n"
    );
    assert_eq!(finished.stderr, "", "it is not quiet in a pipe");
    let rows = objects(&place, &["account", "list", "--json"]).await;
    let told = |row: &serde_json::Value| {
        let confirmed = !row["confirmed_at"].is_null();
        format!(
            "{} {} {} {confirmed}",
            row["email"], row["name"], row["role"]
        )
    };
    assert_eq!(
        rows.iter().map(told).collect::<Vec<_>>(),
        [
            r#""ada@acme.test" "Ada" "admin" true"#,
            r#""mira@acme.test" "Mira Bell" "admin" true"#,
            r#""noor@acme.test" "" "member" true"#,
            r#""zoe@acme.test" "" "member" false"#,
        ]
    );
    assert_eq!(noted(&place, "account_imported", "ada@acme.test"), 1);
    assert_eq!(noted(&place, "account_imported", MIRA), 0);

    assert_eq!(
        succeeds(&place, &["account", "import", FILE]).await,
        "0 accounts were added. 3 exist already and were left as they are.\n"
    );
}

#[actix_web::test]
async fn one_bad_line_stops_the_import_unless_bad_lines_are_skipped() {
    let place = place().await;
    write(
        &place,
        "email,role\nada@acme.test,\nnobody,\n\nzoe@acme.test,owner\nada@acme.test,admin\n",
    );
    let refused = place.run(&["account", "import", FILE]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(refused.stdout, "");
    let bad = "line 3: “nobody” is not an email address.\n\
               line 5: “owner” is not a role. Write “member” or “admin”.\n\
               line 6: ada@acme.test is on line 2 already.\n";
    assert_eq!(
        refused.stderr,
        format!(
            "{bad}Nothing was added: 3 lines are bad. Correct the file, or leave such lines out with --skip-bad.\n"
        )
    );
    assert_eq!(addresses(&place).await, [MIRA, NOOR]);

    let skipped = place.run(&["account", "import", FILE, "--skip-bad"]).await;
    assert_eq!(skipped.code, Some(0), "{skipped:?}");
    assert_eq!(
        skipped.stdout,
        "1 account was added. 3 lines were left out.\n"
    );
    assert_eq!(skipped.stderr, bad);
    assert_eq!(addresses(&place).await, ["ada@acme.test", MIRA, NOOR]);
}

#[actix_web::test]
async fn a_stray_quotation_mark_leaves_out_its_own_line_and_says_so() {
    let place = place().await;
    write(
        &place,
        "email,name\r\nb1@acme.test,\"open\r\nb2@acme.test,B\r\nb3@acme.test,\"C\"\r\nb4@acme.test,\"D",
    );
    let skipped = place.run(&["account", "import", FILE, "--skip-bad"]).await;
    assert_eq!(skipped.code, Some(0), "{skipped:?}");
    assert_eq!(
        skipped.stdout,
        "2 accounts were added. 2 lines were left out.\n"
    );
    let bad =
        "A quotation mark is not closed on this line. A field begins and ends on the same line.";
    assert_eq!(skipped.stderr, format!("line 2: {bad}\nline 5: {bad}\n"));
    let there = addresses(&place).await;
    assert_eq!(there, ["b2@acme.test", "b3@acme.test", MIRA, NOOR]);
}

#[actix_web::test]
async fn a_file_without_accounts_is_refused_in_one_sentence() {
    let place = Workplace::empty();
    let said = fails(&place, &["account", "import", FILE]).await;
    assert!(said.starts_with("team.csv cannot be read: "), "{said}");
    for (text, why) in [
        ("", "The file is empty."),
        ("email\n", "The file has no rows below the first line."),
        (
            "name\nMira\n",
            "The first line must name the columns: email, ",
        ),
        (
            "email,team\nmira@acme.test,\n",
            "“team” cannot be imported. ",
        ),
        (
            &format!("email{}\nmira@acme.test\n", ",team".repeat(5_000)),
            "“team”, “team”, “team”, “team”, “team” and 4995 more cannot be imported. Leave them out: the columns are \
             email, name, role, confirmed.",
        ),
        (&"x".repeat(5_000_001), "The file is larger than 5 MB."),
    ] {
        write(&place, text);
        // A file that cannot be read has no good lines, so leaving out the bad ones changes nothing.
        for arguments in [
            &["account", "import", FILE][..],
            &["account", "import", FILE, "--skip-bad"],
        ] {
            let said = fails(&place, arguments).await;
            assert!(said.starts_with(&format!("team.csv: {why}")), "{said}");
        }
    }
    assert_eq!(place.contents(), [FILE]);
}

#[actix_web::test]
async fn a_failed_import_adds_nothing() {
    let place = place().await;
    place.sql(
        "CREATE TRIGGER fails BEFORE INSERT ON accounts WHEN NEW.email = 'zoe@acme.test'
         BEGIN SELECT raise(ABORT, 'out of luck'); END",
    );
    write(&place, "email\nada@acme.test\nzoe@acme.test\n");
    let failed = place.run(&["account", "import", FILE]).await;
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(last_line(&failed).contains("out of luck"), "{failed:?}");
    assert_eq!(addresses(&place).await, [MIRA, NOOR]);
    assert_eq!(noted(&place, "account_imported", "ada@acme.test"), 0);
}
