//! Accounts listed and shown, and what is refused before anything is touched.

use insta::assert_snapshot;
use serde_json::json;

use super::{MIRA, NOOR, fails, names, objects, place, succeeds};
use crate::support::Workplace;

#[actix_web::test]
async fn accounts_are_listed_in_a_table_that_a_person_reads() {
    let place = place().await;
    place.sql("UPDATE accounts SET suspended_at = 1 WHERE email = 'noor@acme.test'");
    assert_snapshot!(succeeds(&place, &["account", "list"]).await, @r"
    Address         Name       Role    State      Added
    mira@acme.test  Mira Bell  admin   confirmed  9 Sep 2001, 01:46 UTC
    noor@acme.test             member  suspended  9 Sep 2001, 01:46 UTC
    ");
    for (change, state) in [
        ("suspended_at = NULL, moved_at = 1", "moved to WorkOS"),
        ("moved_at = NULL, confirmed_at = NULL", "not confirmed"),
        ("confirmed_at = 1", "confirmed"),
    ] {
        place.sql(&format!(
            "UPDATE accounts SET {change} WHERE email = 'noor@acme.test'"
        ));
        let list = succeeds(&place, &["account", "list"]).await;
        let noor = list.lines().find(|line| line.starts_with(NOOR)).unwrap();
        assert!(noor.contains(&format!("member  {state}  ")), "{list}");
    }
}

#[actix_web::test]
async fn a_search_matches_parts_of_address_or_name_literally() {
    let place = place().await;
    for (search, found) in [
        ("bell", vec![MIRA]),
        ("NOOR@", vec![NOOR]),
        ("acme", vec![MIRA, NOOR]),
        ("%", vec![]),
        ("m_ra", vec![]),
        ("\\", vec![]),
        ("'", vec![]),
    ] {
        let rows = objects(&place, &["account", "list", "--json", "--search", search]).await;
        let emails: Vec<_> = rows
            .iter()
            .map(|row| row["email"].as_str().unwrap())
            .collect();
        assert_eq!(emails, found, "{search}");
    }
    assert_eq!(
        succeeds(&place, &["account", "list", "--search", "nobody"]).await,
        "No account has that in its address or name.\n"
    );
    // SQLite would refuse so long a pattern.
    let long = "a".repeat(60_000);
    assert_eq!(
        succeeds(&place, &["account", "list", "--search", &long]).await,
        "No account has that in its address or name.\n"
    );
    place.sql("UPDATE accounts SET name = '100%_' WHERE email = 'noor@acme.test'");
    let rows = objects(&place, &["account", "list", "--json", "--search", "0%_"]).await;
    assert_eq!(rows.len(), 1);
}

#[actix_web::test]
async fn one_account_is_shown_whole() {
    let place = place().await;
    place.sql("UPDATE accounts SET moved_at = 1000000060000 WHERE email = 'mira@acme.test'");
    assert_snapshot!(succeeds(&place, &["account", "show", "MIRA@acme.test"]).await, @r"
    Number           1
    Address          mira@acme.test
    Name             Mira Bell
    Role             admin
    Added            9 Sep 2001, 01:46 UTC
    Confirmed        9 Sep 2001, 01:46 UTC
    Suspended        no
    Moved to WorkOS  9 Sep 2001, 01:47 UTC
    Last sign-in     none known
    Sessions         0
    ");
    let shown = objects(&place, &["account", "show", MIRA, "--json"]).await;
    assert_eq!(
        shown,
        [json!({
            "id": 1,
            "email": MIRA,
            "name": "Mira Bell",
            "role": "admin",
            "confirmed_at": 1_000_000_000_000_i64,
            "suspended_at": null,
            "moved_at": 1_000_000_060_000_i64,
            "created_at": 1_000_000_000_000_i64,
        })]
    );
    let listed = objects(&place, &["account", "list", "--json"]).await;
    assert_eq!(listed[0], shown[0]);
    assert_eq!(names(&listed[1]), names(&shown[0]));
}

#[actix_web::test]
async fn an_address_without_an_account_is_said_to_have_none() {
    let place = place().await;
    for arguments in [
        &["account", "show", "eve@acme.test"][..],
        &["account", "show", "eve@acme.test", "--json"],
        &["account", "confirm", "eve@acme.test"],
        &["account", "suspend", "eve@acme.test"],
        &["account", "restore", "eve@acme.test"],
        &["account", "role", "eve@acme.test", "admin"],
        &["account", "delete", "eve@acme.test", "--yes"],
        &["sessions", "list", "eve@acme.test"],
        &["sessions", "end", "--all", "eve@acme.test"],
    ] {
        let said = fails(&place, arguments).await;
        assert_eq!(
            said, "eve@acme.test: There is no such account.",
            "{arguments:?}"
        );
    }
}

#[actix_web::test]
async fn wrong_usage_exits_with_code_2_and_touches_nothing() {
    for (arguments, words) in [
        (
            &["account", "show", "mira"][..],
            "“mira” is not an email address.",
        ),
        (
            &["account", "confirm", "mira"],
            "“mira” is not an email address.",
        ),
        (
            &["account", "suspend", "mira"],
            "“mira” is not an email address.",
        ),
        (
            &["account", "restore", "mira"],
            "“mira” is not an email address.",
        ),
        (
            &["account", "role", "mira", "admin"],
            "“mira” is not an email address.",
        ),
        (
            &["account", "role", MIRA, "owner"],
            "“owner” is not a role.",
        ),
        (&["account", "role", MIRA], "<ROLE>"),
        (
            &["account", "delete", "mira", "--yes"],
            "“mira” is not an email address.",
        ),
        (&["account", "delete", MIRA], "Add --yes"),
        (&["account", "import"], "<FILE>"),
        (&["account", "remove", MIRA], "remove"),
        (
            &["sessions", "list", "mira"],
            "“mira” is not an email address.",
        ),
        (&["sessions", "end"], "<ID|--all <EMAIL>>"),
        (&["sessions", "end", "one"], "'one'"),
        (
            &["sessions", "end", "1", "--all", MIRA],
            "cannot be used with",
        ),
        (
            &["sessions", "end", "--all", "mira"],
            "“mira” is not an email address.",
        ),
        (&["migrate", "--json"], "--status"),
        (&["migrate", "--status", "--revert"], "cannot be used with"),
        (&["completions"], "<SHELL>"),
        (&["completions", "cmd"], "'cmd'"),
    ] {
        let place = Workplace::empty();
        let refused = place.run(arguments).await;
        assert_eq!(refused.code, Some(2), "{arguments:?}: {refused:?}");
        assert_eq!(refused.stdout, "", "{arguments:?}");
        assert!(
            refused.stderr.contains(words),
            "{arguments:?}: {}",
            refused.stderr
        );
        assert!(place.contents().is_empty(), "{arguments:?}");
    }
}

#[actix_web::test]
async fn a_command_creates_no_database_in_the_wrong_folder() {
    let place = Workplace::empty();
    for arguments in [
        &["account", "list"][..],
        &["account", "show", MIRA],
        &["account", "suspend", MIRA],
        &["account", "delete", MIRA, "--yes"],
        &["sessions", "list"],
        &["sessions", "end", "1"],
        &["migrate", "--revert"],
    ] {
        let said = fails(&place, arguments).await;
        assert!(
            said.starts_with("There is no database at data/vestibule.db."),
            "{said}"
        );
        assert!(place.contents().is_empty(), "{arguments:?}");
    }
}
