//! What `/static` serves: the built-in files for ever, and a team's own before them.

use std::fs;

use reqwest::{Method, StatusCode};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::{Answer, TestApp, Visitor};

const HTMX: &str = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130";
/// A page with all it brings, in bytes.
const HEAVIEST_PAGE: usize = 50_000;

/// Every file that a page brings.
fn files_of(page: &Answer) -> Vec<String> {
    let mut files = page.attributes("script[src]", "src");
    files.extend(page.attributes("link[rel=stylesheet]", "href"));
    files.extend(page.attributes("link[rel=icon]", "href"));
    files
}

/// A file's answer, less its body, and the bytes of that.
async fn fetch(visitor: &Visitor, path: &str, accept: &str) -> (Answer, Vec<u8>) {
    let request = visitor
        .request(Method::GET, path)
        .header("accept-encoding", accept);
    let response = request.send().await.unwrap();
    let answer = Answer {
        status: response.status(),
        headers: response.headers().clone(),
        body: String::new(),
    };
    (answer, response.bytes().await.unwrap().to_vec())
}

fn source_of(path: &str) -> Vec<u8> {
    let name = path.strip_prefix("/static/").unwrap();
    let parts: Vec<&str> = name.rsplitn(3, '.').collect();
    let [extension, hash, stem] = parts[..] else {
        panic!("{path} carries no hash");
    };
    assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    fs::read(format!(
        "{}/static/{stem}.{extension}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

#[actix_web::test]
async fn built_in_files_are_cached_for_ever_and_compressed_on_request() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    let files = files_of(&visitor.get("/sign-in").await);
    assert_eq!(files.len(), 4);
    for path in files {
        let source = source_of(&path);
        let expected = match path.rsplit('.').next() {
            Some("css") => "text/css; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        let (plain, bytes) = fetch(&visitor, &path, "identity").await;
        assert_eq!(bytes, source, "{path}");
        assert_eq!(plain.header("content-encoding"), "");
        let (packed, bytes) = fetch(&visitor, &path, "br, gzip;q=0.8").await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(
            bytes.starts_with(&[0x1f, 0x8b]) && bytes != source,
            "{path}"
        );
        let (refused, bytes) = fetch(&visitor, &path, "gzip;q=0").await;
        assert_eq!(refused.header("content-encoding"), "");
        assert_eq!(bytes, source);
        for answer in [plain, packed, refused] {
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.header("content-type"), expected);
            let forever = "public, max-age=31536000, immutable";
            assert_eq!(answer.header("cache-control"), forever);
            assert_eq!(answer.header("vary"), "Accept-Encoding");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
}

#[actix_web::test]
async fn htmx_is_the_vendored_file_byte_for_byte() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    let page = visitor.get("/sign-in").await;
    let path = page.attribute("script[src*=htmx]", "src");
    let (_, bytes) = fetch(&visitor, &path, "identity").await;
    let hash: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hash, HTMX);
}

#[actix_web::test]
async fn no_page_is_heavier_than_fifty_kilobytes_with_all_it_brings() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    visitor.ask_for_code("ghost@acme.test").await;
    let mira = app.signed_in("mira@acme.test").await;
    let pages = [
        visitor.get("/sign-in").await,
        visitor.get("/sign-in/email").await,
        visitor.get("/sign-in/code").await,
        visitor.get("/signed-out").await,
        visitor.get("/nowhere").await,
        mira.get("/dashboard").await,
    ];
    for page in pages {
        let mut weight = page.body.len();
        for path in files_of(&page) {
            weight += fetch(&visitor, &path, "gzip").await.1.len();
        }
        assert!(
            weight < HEAVIEST_PAGE,
            "{weight} bytes: {}",
            page.text("h1")
        );
    }
}

#[actix_web::test]
async fn only_existing_files_are_served() {
    let app = TestApp::spawn().await;
    let visitor = app.visitor();
    for path in [
        "/static",
        "/static/",
        "/static/nothing.css",
        "/static/app.css",
        "/static/app.0000000000000000.css",
        "/static/vendor",
        "/static/vendor/",
    ] {
        assert_eq!(
            visitor.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

/// The application with a folder of the team's own files, and a secret beside that folder.
async fn app_with_own_files() -> (TestApp, TempDir) {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("own");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("app.css"), "/* the team's own */").unwrap();
    fs::write(folder.join("logo.svg"), "<svg/>").unwrap();
    fs::write(folder.join(".hidden"), "a secret").unwrap();
    fs::write(outside.path().join("secret.txt"), "a secret").unwrap();
    let path = folder.to_string_lossy().into_owned();
    let app = TestApp::spawn_with(|settings| settings.static_dir = Some(path)).await;
    (app, outside)
}

#[actix_web::test]
async fn a_file_in_static_dir_replaces_the_built_in_one() {
    let (app, _folder) = app_with_own_files().await;
    let visitor = app.visitor();
    let page = visitor.get("/sign-in").await;
    let path = page.attribute("link[rel=stylesheet]", "href");
    assert_eq!(path, "/static/app.css");
    let own = visitor.get(&path).await;
    assert_eq!(own.body, "/* the team's own */");
    assert!(own.header("content-type").starts_with("text/css"));
    assert_eq!(own.header("cache-control"), "no-cache");
    assert_eq!(own.header("x-content-type-options"), "nosniff");
    let logo = visitor.get("/static/logo.svg").await;
    assert_eq!(logo.header("content-type"), "image/svg+xml");

    let built_in = page.attribute("script[src*=htmx]", "src");
    let (answer, _) = fetch(&visitor, &built_in, "gzip").await;
    assert_eq!(answer.status, StatusCode::OK);
    let tag = own.header("etag").to_owned();
    let again = visitor
        .request(Method::GET, &path)
        .header("if-none-match", tag);
    assert_eq!(
        again.send().await.unwrap().status(),
        StatusCode::NOT_MODIFIED
    );
}

#[actix_web::test]
async fn no_path_climbs_out_of_the_folder() {
    let (app, _folder) = app_with_own_files().await;
    let there = app.get_as_written("/static/app.css").await;
    assert!(there.starts_with("HTTP/1.1 200 "), "{there}");
    for target in [
        "/static/../secret.txt",
        "/static/..%2fsecret.txt",
        "/static/%2e%2e/secret.txt",
        "/static/%2e%2e%2fsecret.txt",
        "/static/x/../../secret.txt",
        "/static/..\\secret.txt",
        "/static/..%5csecret.txt",
        "/static/....//secret.txt",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..%252fsecret.txt",
        "/static/secret.txt%00.css",
        "/static/./.hidden",
        "/static/.hidden",
    ] {
        let answer = app.get_as_written(target).await;
        assert!(answer.starts_with("HTTP/1.1 40"), "{target}: {answer}");
        assert!(!answer.contains("a secret"), "{target}");
    }
}
