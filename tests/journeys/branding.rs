//! What a team may make its own: the console's name, its accent, its logo.

use std::fs;
use std::path::Path;

use reqwest::StatusCode;
use tempfile::TempDir;

use crate::support::outbox::Mail;
use crate::support::{TestApp, Workplace};

const MIRA: &str = "mira@acme.test";
const POLICY: &str = "content-security-policy";

/// An application with a folder of these files of the team's own.
async fn app_with_files(names: &[&str]) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(folder.path().join(name), "<svg/>").unwrap();
    }
    let path = folder.path().to_string_lossy().into_owned();
    let app = TestApp::spawn_with(|settings| settings.static_dir = Some(path)).await;
    (app, folder)
}

#[actix_web::test]
async fn the_teams_name_stands_in_every_title_heading_and_header() {
    let name = "Acme & <Söhne>".to_owned();
    let app = TestApp::spawn_with(|settings| settings.brand_name = Some(name)).await;
    let visitor = app.visitor();
    let mira = app.signed_in(MIRA).await;
    let sign_in = visitor.get("/sign-in").await;
    assert_eq!(sign_in.text("h1"), "Sign in to Acme & <Söhne>");
    let dashboard = mira.get("/dashboard").await;
    assert_eq!(dashboard.text(".brand"), "Acme & <Söhne>");
    for page in [
        sign_in,
        dashboard,
        visitor.get("/sign-in/email").await,
        visitor.get("/signed-out").await,
        visitor.get("/nowhere").await,
    ] {
        let title = page.text("title");
        assert!(title.ends_with(" – Acme & <Söhne>"), "{title}");
        assert!(!page.body.contains("Vestibule"), "{}", page.body);
        assert!(!page.body.contains("<Söhne>"), "{}", page.body);
    }
    let step = visitor.get_fragment("/sign-in/email").await;
    assert!(step.text("title").ends_with(" – Acme & <Söhne>"));
}

#[actix_web::test]
async fn a_sender_without_a_name_is_given_the_consoles() {
    for (from, expected) in [
        ("console@acme.test", "From: Acme <console@acme.test>\n"),
        (
            "Desk <console@acme.test>",
            "From: Desk <console@acme.test>\n",
        ),
    ] {
        let (app, smtp) = TestApp::spawn_with_smtp(|settings| {
            settings.mail_from = Some(from.to_owned());
            settings.brand_name = Some("Acme".to_owned());
        })
        .await;
        app.add_account(MIRA, "");
        app.visitor().ask_for_code(MIRA).await;
        let headers = Mail::parse(smtp.next_mail().await.data).headers();
        assert!(headers.starts_with(expected), "{headers}");
    }
}

#[actix_web::test]
async fn the_accent_is_a_separate_style_sheet_after_the_built_in_one() {
    let accent = "#FFD400".to_owned();
    let app = TestApp::spawn_with(|settings| settings.brand_accent = Some(accent)).await;
    let visitor = app.visitor();
    let page = visitor.get("/sign-in").await;
    let sheets = page.attributes("link[rel=stylesheet]", "href");
    let [built_in, own] = &sheets[..] else {
        panic!("{sheets:?}");
    };
    assert!(built_in.starts_with("/static/app."), "{built_in}");
    assert!(own.starts_with("/static/brand."), "{own}");
    let sheet = visitor.get(own).await;
    assert_eq!(sheet.status, StatusCode::OK);
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    let forever = "public, max-age=31536000, immutable";
    assert_eq!(sheet.header("cache-control"), forever);
    insta::assert_snapshot!(sheet.body, @r"
    :root {
      --accent: light-dark(#856e00, #ffd400);
      --accent-fill: #ffd400;
      --accent-ink: #000000;
      --accent-hover: #dbb600;
      --accent-edge: light-dark(#856e00, transparent);
    }
    ");
    // SECURITY rule 13: a colour opens nothing.
    assert!(!page.header(POLICY).contains("unsafe"));
    let plain = TestApp::spawn().await;
    let usual = plain.visitor().get("/sign-in").await;
    assert_eq!(page.header(POLICY), usual.header(POLICY));
    assert_eq!(usual.attributes("link[rel=stylesheet]", "href").len(), 1);

    let blue = TestApp::spawn_with(|s| s.brand_accent = Some("1f5eff".to_owned())).await;
    let other = blue.visitor().get("/sign-in").await;
    let other = other.attributes("link[rel=stylesheet]", "href");
    assert_ne!(&other[1], own, "two colours share a name");
    assert_eq!(blue.visitor().get(own).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_logo_in_the_folder_takes_the_place_of_the_mark() {
    for (files, expected) in [
        (&["logo.png"][..], "/static/logo.png"),
        (&["logo.png", "logo.svg"], "/static/logo.svg"),
    ] {
        let (app, _folder) = app_with_files(files).await;
        let mira = app.signed_in(MIRA).await;
        let visitor = app.visitor();
        for page in [
            visitor.get("/sign-in").await,
            visitor.get_fragment("/sign-in/email").await,
            visitor.get("/nowhere").await,
            mira.get("/dashboard").await,
        ] {
            assert_eq!(page.attributes("img.mark", "src"), [expected]);
            assert_eq!(page.attributes("img.mark", "alt"), [""]);
            assert!(!page.body.contains("<svg"), "{}", page.body);
        }
        let logo = visitor.get(expected).await;
        assert_eq!(logo.status, StatusCode::OK);
    }
    let (app, _folder) = app_with_files(&["other.svg"]).await;
    let page = app.visitor().get("/sign-in").await;
    assert_eq!(page.attributes("svg.mark", "class").len(), 1);
}

#[actix_web::test]
async fn an_invalid_name_or_colour_is_refused_before_anything_is_touched() {
    let long = "x".repeat(61);
    for (variable, value) in [
        ("BRAND_NAME", long.as_str()),
        ("BRAND_NAME", "Acme\tConsole"),
        ("BRAND_NAME", "Acme\u{2028}Console"),
        ("BRAND_NAME", "Acme\u{7f}"),
        ("BRAND_ACCENT", "#fff"),
        ("BRAND_ACCENT", "#12345g"),
        ("BRAND_ACCENT", "red;} body { display: none"),
    ] {
        let place = Workplace::empty().with(variable, value);
        let refused = place.run(&[]).await;
        assert_eq!(refused.code, Some(2), "{refused:?}");
        let named = format!("\n  {variable}: ");
        assert!(refused.stderr.contains(&named), "{}", refused.stderr);
        assert!(place.contents().is_empty());
    }
    let longest = "ö".repeat(60);
    let place = Workplace::empty().with("BRAND_NAME", &longest);
    let server = place.serve(&[]).await;
    let page = place.visitor().get("/sign-in").await;
    assert_eq!(page.text("h1"), format!("Sign in to {longest}"));
    assert_eq!(server.stopped().await.code, Some(0));
}

/// dotenvy takes what stands behind a `#` for a comment: without quotes the colour would be lost.
#[actix_web::test]
async fn a_colour_may_be_written_without_its_sign_in_an_env_file() {
    for written in ["BRAND_ACCENT=ffd400", "BRAND_ACCENT='#ffd400'"] {
        let place = Workplace::empty();
        write(place.path(), written);
        let server = place.serve(&[]).await;
        let page = place.visitor().get("/sign-in").await;
        assert_eq!(page.attributes("link[rel=stylesheet]", "href").len(), 2);
        assert_eq!(server.stopped().await.code, Some(0));
    }
}

fn write(folder: &Path, line: &str) {
    fs::write(folder.join(".env"), format!("{line}\n")).unwrap();
}
