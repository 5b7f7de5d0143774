use super::*;

/// The good rows as `line address/name/role/confirmed`, then the bad ones as `line: why`.
fn told(file: impl AsRef<[u8]>) -> Vec<String> {
    let rows = read(file.as_ref()).unwrap();
    let good = rows.good.iter().map(|row| {
        let confirmed = if row.account.confirmed { "yes" } else { "no" };
        format!(
            "{} {}/{}/{}/{confirmed}",
            row.line, row.account.email, row.account.name, row.account.role
        )
    });
    let bad = rows
        .bad
        .iter()
        .map(|bad| format!("{}: {}", bad.line, bad.error));
    good.chain(bad).collect()
}

#[test]
fn columns_come_in_any_order_and_all_but_the_address_may_be_missing() {
    assert_eq!(
        told("email\nmira@acme.test\n"),
        ["2 mira@acme.test//member/yes"]
    );
    assert_eq!(
        told("Confirmed, NAME ,role,Email\nno,Mira Bell,Admin, mira@acme.test\n,,,noor@acme.test"),
        [
            "2 mira@acme.test/Mira Bell/admin/no",
            "3 noor@acme.test//member/yes"
        ]
    );
    for (word, taken) in [
        ("yes", "yes"),
        ("TRUE", "yes"),
        ("", "yes"),
        ("No", "no"),
        ("false", "no"),
    ] {
        let file = format!("confirmed,email\n{word},mira@acme.test");
        assert_eq!(told(file), [format!("2 mira@acme.test//member/{taken}")]);
    }
}

#[test]
fn what_spreadsheets_write_is_read() {
    let expected = [
        "2 mira@acme.test/Bell, Mira; \"M\"/member/yes",
        "3 noor@acme.test//member/yes",
    ];
    for separator in [",", ";", "\t"] {
        for end in ["\n", "\r\n", "\r"] {
            let lines = [
                "\u{feff}email|\"name\"",
                "mira@acme.test|\"Bell, Mira; \"\"M\"\"\"",
                "\"noor@acme.test\"|",
                "|",
                "",
            ];
            let file = lines.join(end).replace('|', separator);
            assert_eq!(told(file), expected, "{separator:?} {end:?}");
        }
    }
}

#[test]
fn every_bad_line_is_named_by_its_number_in_the_file() {
    let file = "\nemail,name,role,confirmed\n\
        mira@acme.test,,,\n\n\n\
        nobody,,,\n\
        ,Nobody,,\n\
        noor@acme.test,,owner,\n\
        noor@acme.test,,,maybe\n\
        noor@acme.test,Noor\n\
        noor@acme.test,Al-Masri, Noor,,\n\
        noor@acme.test,,,,,extra\n\
        MIRA@Acme.Test,,,\n\
        m\u{131}ra@acme.test,,,\n\
        noor@acme.test,a\u{7}b,,\n\
        noor@acme.test,\"Noor\nmira@acme.test,,,\n";
    assert_eq!(
        told(file),
        [
            "3 mira@acme.test//member/yes",
            "14 m\u{131}ra@acme.test//member/yes",
            "6: “nobody” is not an email address.",
            "7: There is no address.",
            "8: “owner” is not a role. Write “member” or “admin”.",
            "9: “maybe” under confirmed is neither “yes” nor “no”.",
            "10: Fields are missing: 2 of 4.",
            "11: “Noor” is not a role. Write “member” or “admin”.",
            "12: The first line has no name for “extra”. Put quotation marks around a field with a comma, semicolon or tab in it.",
            "13: MIRA@Acme.Test is on line 3 already.",
            "15: The name has hidden characters in it.",
            "16: A quotation mark is not closed on this line. A field begins and ends on the same line.",
            "17: mira@acme.test is on line 3 already.",
        ]
    );
    assert_eq!(
        told("email\nno\u{202e}body\u{2066}"),
        ["2: “no\u{fffd}body\u{fffd}” is not an email address."]
    );
    for (length, end) in [(60, ""), (61, "…"), (200, "…")] {
        let shown = format!("2: “{}{end}” is not an email address.", "m".repeat(60));
        assert_eq!(told(format!("email\n{}", "m".repeat(length))), [shown]);
    }
    let long = format!("email,name\nmira@acme.test,{}", "m".repeat(201));
    assert_eq!(
        told(long),
        ["2: The name is too long. Use at most 200 characters."]
    );
}

#[test]
fn a_stray_quotation_mark_spoils_its_own_line_alone() {
    let bad =
        "A quotation mark is not closed on this line. A field begins and ends on the same line.";
    let file = [
        "email|name",
        "b1@acme.test|\"open",
        "b2@acme.test|B",
        "b3@acme.test|\"C\"…",
        "\"",
        "\"b5@acme.test\"|\"D \"\"E\"",
        "b6@acme.test|F\"",
        "\"\"|\"\"",
        "b7@acme.test|x\"y\"",
        "b8@acme.test|\" \"\"H\"\" \"",
        "b9@acme.test|\"open",
    ];
    for separator in [",", ";", "\t"] {
        for end in ["\n", "\r\n", "\r"] {
            for last in ["", end] {
                let file = file.join(end).replace('|', separator) + last;
                let expected = [
                    "3 b2@acme.test/B/member/yes".to_owned(),
                    "4 b3@acme.test/\"C\"…/member/yes".to_owned(),
                    "6 b5@acme.test/D \"E/member/yes".to_owned(),
                    "9 b7@acme.test/x\"y\"/member/yes".to_owned(),
                    "10 b8@acme.test/\"H\"/member/yes".to_owned(),
                    format!("2: {bad}"),
                    format!("5: {bad}"),
                    format!("7: {bad}"),
                    format!("11: {bad}"),
                ];
                assert_eq!(told(file), expected, "{separator:?} {end:?}");
            }
        }
    }
}

#[test]
fn of_many_unknown_columns_a_few_are_named() {
    let named = |count: usize| {
        let columns: String = (1..=count).map(|n| format!(",c{n}")).collect();
        let file = format!("email{columns}\na@b.test\n");
        read(file.as_bytes()).unwrap_err().to_string()
    };
    for (count, start) in [
        (5, "“c1”, “c2”, “c3”, “c4”, “c5” cannot be imported. "),
        (
            6,
            "“c1”, “c2”, “c3”, “c4”, “c5” and 1 more cannot be imported. ",
        ),
        (
            5_000,
            "“c1”, “c2”, “c3”, “c4”, “c5” and 4995 more cannot be imported. ",
        ),
    ] {
        let said = named(count);
        assert!(said.starts_with(start), "{said}");
    }
}

#[test]
fn what_is_no_such_file_is_said_in_one_sentence() {
    let rows = |count| "email\n".to_owned() + &"nobody\n".repeat(count);
    for (file, why) in [
        ("".to_owned(), FileError::Empty),
        ("\u{feff}\r\n\r\n".to_owned(), FileError::Empty),
        ("email,name\n,\n".to_owned(), FileError::NoRows),
        ("mira@acme.test,Mira\n".to_owned(), FileError::NoEmailColumn),
        (
            "email,name,Email\na@b.test,,\n".to_owned(),
            FileError::ColumnTwice("email"),
        ),
        ("email,\"name\na@b.test,\n".to_owned(), FileError::OpenQuote),
        (
            "email,team,\u{1b}[31m\na@b.test,,\n".to_owned(),
            FileError::UnknownColumns(vec!["“team”".to_owned(), "“\u{fffd}[31m”".to_owned()]),
        ),
        (rows(MAX_ROWS + 1), FileError::TooManyRows),
        (" ".repeat(MAX_IMPORT_SIZE), FileError::NoEmailColumn),
        (" ".repeat(MAX_IMPORT_SIZE + 1), FileError::TooLarge),
    ] {
        assert_eq!(read(file.as_bytes()), Err(why));
    }
    assert_eq!(read(rows(MAX_ROWS).as_bytes()).unwrap().bad.len(), MAX_ROWS);
    let latin = b"email,name\nmira@acme.test,Mira\nnoor@acme.test,No\xf6r\n";
    assert_eq!(read(latin), Err(FileError::NotUtf8(3)));
    assert_eq!(read(b"\xff\xfee\0m\0a\0i\0l\0"), Err(FileError::NotUtf8(1)));
    let unknown = FileError::UnknownColumns(vec!["“team”".to_owned()]).to_string();
    assert!(
        unknown.starts_with("“team” cannot be imported. Leave it out"),
        "{unknown}"
    );
}
