//! A person with a browser, seen from the network: a cookie jar and what one can ask for.

use std::sync::Arc;

use futures::future::join_all;
use reqwest::cookie::{CookieStore, Jar};
use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use scraper::{ElementRef, Html, Selector};

use super::app::TestApp;

pub const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

/// One browser, with its own cookies. It follows no redirects.
pub struct Visitor {
    base: String,
    jar: Arc<Jar>,
    client: Client,
    ip: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Visitor {
    /// A browser that has never been anywhere.
    pub fn new(base: String) -> Self {
        super::use_ring();
        let jar = Arc::new(Jar::default());
        let client = Client::builder()
            .cookie_provider(Arc::clone(&jar))
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(FIREFOX)
            .build()
            .unwrap();
        Self {
            base,
            jar,
            client,
            ip: None,
        }
    }

    /// The same browser behind a proxy that says so in `X-Forwarded-For`.
    pub fn at(self, ip: &str) -> Self {
        Self {
            ip: Some(ip.to_owned()),
            ..self
        }
    }

    /// Opens a page.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    /// Follows a link that htmx swaps into the card.
    pub async fn get_fragment(&self, path: &str) -> Answer {
        let request = self
            .request(Method::GET, path)
            .header("HX-Request-Type", "partial");
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        Answer::of(
            self.request(Method::POST, path)
                .form(form)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// Sends a form whose answer htmx swaps into the card.
    pub async fn post_fragment(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("HX-Request-Type", "partial");
        Answer::of(request.form(form).send().await.unwrap()).await
    }

    /// A request to be finished by the test.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.ip {
            Some(ip) => request.header("X-Forwarded-For", ip),
            None => request,
        }
    }

    /// Asks for a code.
    pub async fn ask_for_code(&self, email: &str) -> Answer {
        self.post("/sign-in/email", &[("email", email)]).await
    }

    /// Enters a code.
    pub async fn enter(&self, code: &str) -> Answer {
        self.post("/sign-in/code", &[("code", code)]).await
    }

    /// Enters the same code so many times at once.
    pub async fn enter_at_once(&self, code: &str, times: usize) -> Vec<Answer> {
        join_all((0..times).map(|_| self.enter(code))).await
    }

    /// Asks for a new code in the place of the one before.
    pub async fn resend(&self) -> Answer {
        self.post("/sign-in/code/resend", &[]).await
    }

    /// The whole way in, by email code.
    pub async fn sign_in(&self, app: &TestApp, email: &str) {
        assert_eq!(self.ask_for_code(email).await.location(), "/sign-in/code");
        let code = app.newest_code(email).await;
        assert_eq!(self.enter(&code).await.location(), "/dashboard");
    }

    /// Whether the dashboard opens.
    pub async fn is_in(&self) -> bool {
        self.get("/dashboard").await.status == StatusCode::OK
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let header = self.jar.cookies(&self.url())?;
        let pairs = header
            .to_str()
            .unwrap()
            .split("; ")
            .map(|pair| pair.split_once('=').unwrap());
        pairs
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
            .next()
    }

    /// The names of all cookies.
    pub fn cookie_names(&self) -> Vec<String> {
        let header = self.jar.cookies(&self.url());
        let pairs = header.as_ref().map_or("", |value| value.to_str().unwrap());
        pairs
            .split("; ")
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// Puts a cookie into this browser, as a thief would.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let headers = [HeaderValue::from_str(&format!("{name}={value}; Path=/")).unwrap()];
        self.jar.set_cookies(&mut headers.iter(), &self.url());
    }

    fn url(&self) -> Url {
        Url::parse(&self.base).unwrap()
    }
}

impl Answer {
    /// Reads a response to its end.
    pub async fn of(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        Self {
            status,
            headers,
            body: response.text().await.unwrap(),
        }
    }

    /// A header's value; empty when it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        self.header("location")
    }

    /// The text of the first element that matches; panics when none does.
    pub fn text(&self, selector: &str) -> String {
        let selected = Selector::parse(selector).unwrap();
        let page = Html::parse_document(&self.body);
        let element = page
            .select(&selected)
            .next()
            .unwrap_or_else(|| panic!("no {selector} in {}", self.body));
        element.text().collect()
    }

    /// An attribute of every element that matches and has it.
    pub fn attributes(&self, selector: &str, name: &str) -> Vec<String> {
        let selected = Selector::parse(selector).unwrap();
        Html::parse_document(&self.body)
            .select(&selected)
            .filter_map(|element| element.value().attr(name).map(str::to_owned))
            .collect()
    }

    /// Whether this is a fragment for the card, with no page around it.
    pub fn is_fragment(&self) -> bool {
        self.body.starts_with("<title>") && !self.body.contains("<html")
    }

    /// Whether this is a whole page.
    pub fn is_page(&self) -> bool {
        self.body.starts_with("<!DOCTYPE html>") && self.has("html body #card")
    }

    /// An attribute of the first element that matches; panics when there is none.
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let selected = Selector::parse(selector).unwrap();
        let page = Html::parse_document(&self.body);
        let element = page
            .select(&selected)
            .next()
            .unwrap_or_else(|| panic!("no {selector} in {}", self.body));
        element
            .value()
            .attr(name)
            .unwrap_or_else(|| panic!("no {name} on {selector}"))
            .to_owned()
    }

    /// Whether any element matches.
    pub fn has(&self, selector: &str) -> bool {
        let selected = Selector::parse(selector).unwrap();
        Html::parse_document(&self.body)
            .select(&selected)
            .next()
            .is_some()
    }

    /// The `Set-Cookie` line of a cookie; empty when it is not set.
    pub fn set_cookie(&self, name: &str) -> &str {
        let lines = self
            .headers
            .get_all("set-cookie")
            .iter()
            .map(|value| value.to_str().unwrap());
        lines
            .rev()
            .find(|line| line.starts_with(&format!("{name}=")))
            .unwrap_or("")
    }
}

/// The visible text of a page or a mail, one line for each block.
pub fn words(html: &str) -> String {
    let mut text = String::new();
    let body = Selector::parse("body").unwrap();
    let page = Html::parse_document(html);
    collect_words(page.select(&body).next().unwrap(), &mut text);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn collect_words(element: ElementRef<'_>, text: &mut String) {
    let within_a_line = ["b", "code", "span", "time"].contains(&element.value().name());
    let edge = if within_a_line { "" } else { "\n" };
    text.push_str(edge);
    for child in element.children() {
        if let Some(words) = child.value().as_text() {
            text.push_str(words);
        } else if let Some(inner) = ElementRef::wrap(child) {
            collect_words(inner, text);
        }
    }
    text.push_str(edge);
}

/// How many of these answers have this status.
pub fn how_many(answers: &[Answer], status: StatusCode) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

/// A code that is certainly another one.
pub fn other_than(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}
