//! A person with a browser, cheap enough for thousands of them, to whom a server that is gone is an
//! error and not the end of the test.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};

use crate::support::use_ring;

/// No page may take longer than this, under any fault.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the cookies are called on http localhost.
pub const SESSION: &str = "session";
pub const CHALLENGE: &str = "challenge";

/// One browser, at an address that the proxy in front vouches for.
#[derive(Debug, Clone)]
pub struct Guest {
    client: Client,
    base: String,
    ip: String,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Seen {
    pub status: StatusCode,
    pub location: String,
    pub retry_after: String,
    pub body: String,
}

impl Seen {
    /// Whether this answer signs in.
    pub fn lets_in(&self) -> bool {
        self.leads_to("/dashboard")
    }

    /// Whether this is a redirect to that path.
    pub fn leads_to(&self, path: &str) -> bool {
        self.status == StatusCode::SEE_OTHER && self.location == path
    }

    /// Whether this is the page that says to come back in a moment.
    pub fn says_busy(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
            && !self.retry_after.is_empty()
            && self.body.contains("The console is busy")
    }
}

/// Connections that guests share; a new one for each life of a server.
pub fn connections() -> Client {
    use_ring();
    Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

impl Guest {
    /// A new visitor with a random IP address.
    pub fn new(client: &Client, base: &str) -> Self {
        let [a, b, c]: [u8; 3] = rand::random();
        Self {
            client: client.clone(),
            base: base.to_owned(),
            ip: format!("10.{a}.{b}.{c}"),
            cookies: BTreeMap::new(),
        }
    }

    /// The same person after a restart of the server, with the cookies that they have.
    pub fn again(&self, client: &Client) -> Self {
        let client = client.clone();
        Self {
            client,
            ..self.clone()
        }
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.get(name).cloned()
    }

    /// A thief who has only this one cookie.
    pub fn with_only(&self, client: &Client, name: &str, value: &str) -> Self {
        let mut thief = Self::new(client, &self.base);
        thief.cookies.insert(name.to_owned(), value.to_owned());
        thief
    }

    /// Opens a page.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn get(&mut self, path: &str) -> reqwest::Result<Seen> {
        self.send(Method::GET, path, &[]).await
    }

    /// Sends a form.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> reqwest::Result<Seen> {
        self.send(Method::POST, path, form).await
    }

    /// Asks for a code.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn ask_for_code(&mut self, email: &str) -> reqwest::Result<Seen> {
        self.post("/sign-in/email", &[("email", email)]).await
    }

    /// Enters a code.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn enter(&mut self, code: &str) -> reqwest::Result<Seen> {
        self.post("/sign-in/code", &[("code", code)]).await
    }

    /// Whether the dashboard opens; anything but yes and no is an error in words.
    ///
    /// # Errors
    /// When there is no answer, or another one.
    pub async fn is_in(&mut self) -> Result<bool, String> {
        match self.get("/dashboard").await {
            Ok(seen) if seen.status == StatusCode::OK => Ok(true),
            Ok(seen) if seen.status == StatusCode::SEE_OTHER => Ok(false),
            Ok(seen) => Err(format!("the dashboard answered {}", seen.status)),
            Err(e) => Err(e.to_string()),
        }
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
    ) -> reqwest::Result<Seen> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base))
            .header("X-Forwarded-For", &self.ip);
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("Cookie", pairs.join("; "));
        }
        if method == Method::POST {
            request = request.form(form);
        }
        let response = request.send().await?;
        let header = |name: &str| {
            let value = response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (status, location, retry_after) =
            (response.status(), header("location"), header("retry-after"));
        let set: Vec<_> = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|line| line.to_str().unwrap().to_owned())
            .collect();
        let body = response.text().await?;
        for line in set {
            self.keep(&line);
        }
        Ok(Seen {
            status,
            location,
            retry_after,
            body,
        })
    }

    /// Does as a `Set-Cookie` line says.
    fn keep(&mut self, line: &str) {
        let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
        let (name, value) = pair.split_once('=').unwrap();
        if value.is_empty() || attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}
