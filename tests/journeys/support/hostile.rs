//! An identity provider of either kind that says what a test wants it to say.

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::PrivateSigningKey;
use openidconnect::core::{CoreHmacKey, CoreJwsSigningAlgorithm};
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use url::Url;
use vestibule::domain::Timestamp;

pub use super::signing_keys::Key;

/// Our client's id there.
pub const CLIENT_ID: &str = "client_vestibule";
/// The person who signs in there.
pub const SUBJECT: &str = "user_mira";
/// The refresh token it gives out.
pub const REFRESH_TOKEN: &str = "refresh-token-that-nobody-may-see";

const RS256: CoreJwsSigningAlgorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;

/// How it signs its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    /// As it should, by this key.
    By(Key),
    /// By key B in key A's name.
    Forged,
    /// By key A, before a claim was added.
    Altered,
    /// `alg: none`.
    None,
    /// HS256 with the modulus of the public key as the secret.
    PublicKeyAsSecret,
    /// HS256 with the JWK of the public key, as text, as the secret.
    PublicJwkAsSecret,
    /// No signed token is sent at all.
    Absent,
}

/// What it answers instead, at one of its paths.
#[derive(Clone, Debug)]
pub enum Instead {
    /// This status, with a header and a body.
    Status(u16, Option<(&'static str, &'static str)>, String),
    /// This status for a POST. A GET is answered as usual.
    ToPosts(u16),
    /// Nothing, ever.
    Silence,
    /// What it would answer otherwise, but not before the test says so.
    Late(Gate),
}

/// Holds answers back until it is opened.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// Lets everything through, now and later.
    pub fn open(&self) {
        self.0.close();
    }

    async fn pass(&self) {
        // No permit is ever given: closing the semaphore ends the wait.
        assert!(self.0.acquire().await.is_err());
    }
}

/// What it says. A test changes what it needs.
pub struct Script {
    /// The claims of its token.
    pub claims: Map<String, Value>,
    /// How the token is signed.
    pub signature: Signature,
    /// The keys it publishes.
    pub published: Vec<Key>,
    /// Whether keys have names.
    pub with_kid: bool,
    /// Its metadata.
    pub metadata: Map<String, Value>,
    /// Its token answer, but for the token that it signs.
    pub answer: Map<String, Value>,
    /// What it says at its user info endpoint.
    pub userinfo: Value,
    /// What it answers at some paths, instead of all that.
    pub instead: HashMap<&'static str, Instead>,
    /// The bodies of the POST requests so far, with the path before and the `Authorization` after.
    pub heard: Vec<String>,
    /// How often its keys were fetched.
    pub keys_fetched: usize,
    /// How often each path was asked for.
    pub asked: HashMap<String, usize>,
}

/// The running provider; dropping it stops it.
pub struct Hostile {
    /// Its issuer, without a slash at the end.
    pub url: String,
    script: Arc<Mutex<Script>>,
    server: ServerHandle,
}

impl Hostile {
    /// A well-behaved provider that answers both as an `OpenID` Provider and as `AuthKit`.
    pub async fn start(now: Timestamp) -> Self {
        let script = Arc::new(Mutex::new(Script::decent(now.0 / 1000)));
        let shared = web::Data::from(Arc::clone(&script));
        let app = move || {
            App::new()
                .app_data(shared.clone())
                .default_service(web::to(answer))
        };
        let server = HttpServer::new(app)
            .workers(1)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let hostile = Self {
            url,
            script,
            server: handle,
        };
        hostile.script().set_issuer(&hostile.url);
        hostile
    }

    /// What it says, to be changed.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// How often it was asked for a path.
    pub fn asked(&self, path: &str) -> usize {
        self.script().asked.get(path).copied().unwrap_or_default()
    }

    /// Stops, and comes back once nothing of it answers any more.
    pub async fn unplug(self) {
        self.server.stop(false).await;
    }

    /// Holds back what it answers at a path; what that is is decided when the gate opens.
    pub fn hold(&self, path: &'static str) -> Gate {
        let gate = Gate(Arc::new(Semaphore::new(0)));
        let late = Instead::Late(gate.clone());
        self.script().instead.insert(path, late);
        gate
    }

    /// Lets it know the nonce of a flow that has begun.
    pub fn signs_in(&self, url: &str) {
        let url = Url::parse(url).unwrap();
        let nonce = url.query_pairs().find(|(name, _)| name == "nonce");
        if let Some((_, nonce)) = nonce {
            self.script().claim("nonce", json!(nonce));
        }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl Script {
    /// Changes a claim of its token.
    pub fn claim(&mut self, name: &str, value: Value) {
        self.claims.insert(name.to_owned(), value);
    }

    /// Leaves a claim out of its token.
    pub fn without(&mut self, name: &str) {
        self.claims.remove(name).unwrap();
    }

    /// Changes a field of its token answer.
    pub fn field(&mut self, name: &str, value: Value) {
        self.answer.insert(name.to_owned(), value);
    }

    /// Changes its metadata.
    pub fn announce(&mut self, name: &str, value: Value) {
        self.metadata.insert(name.to_owned(), value);
    }

    /// Moves its token's expiry, in seconds.
    pub fn expire(&mut self, seconds: i64) {
        let exp = self.claims["iat"].as_i64().unwrap() + seconds;
        self.claim("exp", json!(exp));
    }

    /// Answers a path with this status and body.
    pub fn refuse(&mut self, path: &'static str, status: u16, body: &str) {
        let instead = Instead::Status(status, None, body.to_owned());
        self.instead.insert(path, instead);
    }

    fn decent(now: i64) -> Self {
        Self {
            claims: object(json!({
                "aud": CLIENT_ID, "sub": SUBJECT, "sid": "session_1",
                "iat": now, "exp": now + 300,
                "email": "mira@acme.test", "email_verified": true, "name": "Mira Bell",
            })),
            signature: Signature::By(Key::A),
            published: vec![Key::A],
            with_kid: true,
            metadata: Map::new(),
            answer: object(json!({
                "access_token": "opaque", "token_type": "Bearer", "expires_in": 300,
                "refresh_token": REFRESH_TOKEN,
                "user": {
                    "id": SUBJECT, "email": "mira@acme.test", "email_verified": true,
                    "first_name": "Mira", "last_name": "Bell",
                },
                "organization_id": "org_1",
            })),
            userinfo: json!({
                "sub": SUBJECT, "email": "mira@acme.test", "email_verified": true,
                "name": "Mira Bell",
            }),
            instead: HashMap::new(),
            heard: Vec::new(),
            keys_fetched: 0,
            asked: HashMap::new(),
        }
    }

    fn set_issuer(&mut self, url: &str) {
        self.claim("iss", json!(url));
        self.metadata = object(json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"),
            "jwks_uri": format!("{url}/jwks"),
            "revocation_endpoint": format!("{url}/revoke"),
            "end_session_endpoint": format!("{url}/logout"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }));
    }

    fn keys(&self) -> Value {
        let keys: Vec<_> = self
            .published
            .iter()
            .map(|key| {
                let mut jwk = serde_json::to_value(key.load().as_verification_key()).unwrap();
                if self.with_kid {
                    jwk["kid"] = json!(key.name());
                }
                jwk
            })
            .collect();
        json!({ "keys": keys })
    }

    fn token(&self) -> String {
        let (algorithm, named) = match self.signature {
            Signature::By(key) => ("RS256", key),
            Signature::Forged | Signature::Altered => ("RS256", Key::A),
            Signature::None | Signature::Absent => ("none", Key::A),
            Signature::PublicKeyAsSecret | Signature::PublicJwkAsSecret => ("HS256", Key::A),
        };
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if self.with_kid {
            header["kid"] = json!(named.name());
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let mut claims = Value::Object(self.claims.clone());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes()));
        if self.signature == Signature::Altered {
            claims["added"] = json!(1);
        }
        format!("{}.{}.{signature}", part(&header), part(&claims))
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let hmac = |secret: Vec<u8>| {
            let algorithm = CoreJwsSigningAlgorithm::HmacSha256;
            CoreHmacKey::new(secret).sign(&algorithm, message).unwrap()
        };
        match self.signature {
            Signature::By(key) => key.load().sign(&RS256, message).unwrap(),
            Signature::Altered => Key::A.load().sign(&RS256, message).unwrap(),
            Signature::Forged => Key::B.load().sign(&RS256, message).unwrap(),
            Signature::None | Signature::Absent => Vec::new(),
            Signature::PublicKeyAsSecret => {
                let modulus = self.keys()["keys"][0]["n"].as_str().unwrap().to_owned();
                hmac(URL_SAFE_NO_PAD.decode(modulus).unwrap())
            }
            Signature::PublicJwkAsSecret => hmac(self.keys()["keys"][0].to_string().into_bytes()),
        }
    }

    fn token_answer(&self, is_authkit: bool) -> Value {
        let mut answer = self.answer.clone();
        let signed = if is_authkit {
            "access_token"
        } else {
            "id_token"
        };
        if self.signature != Signature::Absent {
            answer.insert(signed.to_owned(), json!(self.token()));
        }
        Value::Object(answer)
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// The provider's pages: they sign in every visitor and redirect with a fragment in the address.
fn page(script: &mut Script, url: &Url) -> Option<HttpResponse> {
    let asked = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    };
    let to = match url.path() {
        "/authorize" | "/user_management/authorize" => {
            if let Some(nonce) = asked("nonce") {
                script.claim("nonce", json!(nonce));
            }
            let mut back = Url::parse(&asked("redirect_uri")?).ok()?;
            back.query_pairs_mut()
                .append_pair("code", "a_code")
                .append_pair("state", &asked("state")?);
            back.set_fragment(Some("left-by-the-provider"));
            back.into()
        }
        "/logout" => asked("post_logout_redirect_uri")?,
        "/user_management/sessions/logout" => asked("return_to")?,
        _ => return None,
    };
    let mut answer = HttpResponse::Found();
    Some(answer.insert_header(("location", to)).finish())
}

async fn answer(
    request: HttpRequest,
    body: web::Bytes,
    script: web::Data<Mutex<Script>>,
) -> HttpResponse {
    let path = request.path().to_owned();
    let late = {
        let mut script = script.lock().unwrap();
        *script.asked.entry(path.clone()).or_default() += 1;
        if request.method() == "POST" {
            let credentials = request.headers().get("authorization");
            let credentials = credentials.map_or("", |value| value.to_str().unwrap());
            let body = String::from_utf8_lossy(&body);
            script.heard.push(format!("{path} {body} {credentials}"));
        }
        match script.instead.get(path.as_str()) {
            Some(Instead::Late(gate)) => Some(gate.clone()),
            _ => None,
        }
    };
    if let Some(gate) = late {
        gate.pass().await;
    }
    let (instead, value) = {
        let mut script = script.lock().unwrap();
        if !script.instead.contains_key(path.as_str())
            && let Some(page) = page(&mut script, &request.full_url())
        {
            return page;
        }
        let value = match path.as_str() {
            "/.well-known/openid-configuration" => Value::Object(script.metadata.clone()),
            "/token" => script.token_answer(false),
            "/user_management/authenticate" => script.token_answer(true),
            "/userinfo" => script.userinfo.clone(),
            "/revoke" | "/user_management/sessions/revoke" => json!({}),
            "/authorize" | "/user_management/authorize" => json!("a sign-in page"),
            "/user_management/users" => json!({ "data": [] }),
            path if path == "/jwks" || path == format!("/sso/jwks/{CLIENT_ID}") => {
                script.keys_fetched += 1;
                script.keys()
            }
            path if script.instead.contains_key(path) => Value::Null,
            _ => return HttpResponse::NotFound().finish(),
        };
        (script.instead.get(path.as_str()).cloned(), value)
    };
    match instead {
        Some(Instead::ToPosts(status)) if request.method() == "POST" => {
            HttpResponse::build(status.try_into().unwrap()).finish()
        }
        None | Some(Instead::Late(_) | Instead::ToPosts(_)) => HttpResponse::Ok().json(value),
        Some(Instead::Silence) => pending().await,
        Some(Instead::Status(status, header, body)) => {
            let status = status.try_into().unwrap();
            let mut answer = HttpResponse::build(status);
            answer.content_type("application/json");
            if let Some(header) = header {
                answer.insert_header(header);
            }
            answer.body(body)
        }
    }
}
