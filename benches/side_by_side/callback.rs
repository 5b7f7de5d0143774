//! The cost of a WorkOS sign-in on top of the provider's own answers. A stand-in for AuthKit always sends the same
//! answer; its own time is subtracted.

use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use actix_web::{App, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};

use crate::client::{ask, free_address, json_form, request, wait_until_open};
use crate::console::Console;

const PEM: &str = include_str!("../../tests/journeys/support/keys/test-only-a.pem");
const CLIENT_ID: &str = "client_bench";
const TOKENS: &str = "/user_management/authenticate";
/// Sequential callbacks, each followed by one request to the stand-in alone.
const CALLBACKS: usize = 300;

/// Our own milliseconds in a callback, on a copy of a console's database: the median of the callbacks less the median of
/// the stand-in.
pub(crate) fn own_ms(console: &Console) -> f64 {
    let provider = start_provider();
    let url = format!("http://{provider}");
    let console = console.copy_with(&[
        ("WORKOS_CLIENT_ID", CLIENT_ID),
        ("WORKOS_API_KEY", "sk_bench"),
        ("WORKOS_API_URL", &url),
    ]);
    let mut ours = TcpStream::connect(console.address()).unwrap();
    let mut theirs = TcpStream::connect(provider).unwrap();
    let (mut whole, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..CALLBACKS {
        whole.push(callback_ms(&mut ours));
        alone.push(answer_ms(&mut theirs));
    }
    crate::median(whole) - crate::median(alone)
}

fn callback_ms(stream: &mut TcpStream) -> f64 {
    let mut buffer = Vec::new();
    let start = ask(stream, &request("/auth/workos", ""), &mut buffer);
    let state = start
        .headers
        .iter()
        .filter_map(|line| line.strip_prefix("location: "))
        .flat_map(|address| address.split(['?', '&']))
        .find_map(|field| field.strip_prefix("state="))
        .unwrap();
    let path = format!("/auth/workos/callback?code=made_up&state={state}");
    let callback = request(&path, &start.cookies());
    let begun = Instant::now();
    let landed = ask(stream, &callback, &mut buffer);
    let span = begun.elapsed().as_secs_f64() * 1000.0;
    assert!(
        landed.body.contains("data-to=\"/dashboard\""),
        "the callback did not sign in"
    );
    span
}

fn answer_ms(stream: &mut TcpStream) -> f64 {
    let body = json!({
        "client_id": CLIENT_ID, "client_secret": "sk_bench", "grant_type": "authorization_code",
        "code": "made_up", "code_verifier": "x".repeat(43), "ip_address": "127.0.0.1", "user_agent": "",
    });
    let question = json_form(TOKENS, &body.to_string());
    let begun = Instant::now();
    let answer = ask(stream, &question, &mut Vec::new());
    let span = begun.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(answer.status, 200);
    span
}

/// Serves the stand-in on a new thread until the benchmark ends.
fn start_provider() -> SocketAddr {
    let key = signing_key();
    let keys = web::Data::new(json!({ "keys": [key.as_verification_key()] }).to_string());
    let answer = web::Data::new(token_answer(&key).to_string());
    let address = free_address();
    let serve = move || {
        let app = move || {
            App::new()
                .route(
                    &format!("/sso/jwks/{CLIENT_ID}"),
                    said(keys.clone(), web::get()),
                )
                .route(TOKENS, said(answer.clone(), web::post()))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let running = server.bind(address).unwrap().run();
        actix_web::rt::System::new().block_on(running).unwrap();
    };
    thread::spawn(serve);
    wait_until_open(address);
    address
}

fn said(words: web::Data<String>, route: actix_web::Route) -> actix_web::Route {
    // An unread body would close the connection.
    route.to(move |_: web::Bytes| {
        let words = words.to_string();
        async move {
            HttpResponse::Ok()
                .content_type("application/json")
                .body(words)
        }
    })
}

fn token_answer(key: &CoreRsaPrivateSigningKey) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = now.as_secs();
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(json!({ "alg": "RS256", "typ": "JWT" }));
    let claims = part(json!({
        "iss": "https://api.workos.com/", "sub": "user_bench", "sid": "session_bench",
        "iat": now, "exp": now + 3600,
    }));
    let signed = format!("{header}.{claims}");
    let algorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let signature = key.sign(&algorithm, signed.as_bytes()).unwrap();
    json!({
        "access_token": format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)),
        "refresh_token": "made up",
        "user": {
            "id": "user_bench", "email": "bench@localhost", "email_verified": true,
            "first_name": "Mira", "last_name": "Bell",
        },
    })
}

fn signing_key() -> CoreRsaPrivateSigningKey {
    let pem = &PEM[PEM.find("-----BEGIN").unwrap()..];
    CoreRsaPrivateSigningKey::from_pem(pem, None::<JsonWebKeyId>).unwrap()
}
