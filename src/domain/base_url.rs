use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use thiserror::Error;
use url::{Host, Url};

/// The public origin: scheme, host and port, nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

#[derive(Debug, Error)]
pub(crate) enum BaseUrlError {
    #[error("“{0}” is no URL. Write the public origin, such as https://console.example.com")]
    NotAUrl(String),
    #[error("must be scheme, host and port alone, such as https://console.example.com")]
    NotAnOrigin,
    #[error(
        "{0} is plain http away from localhost, where browsers refuse the session cookie. \
         Use https, with a reverse proxy in front"
    )]
    PlainHttp(String),
}

impl BaseUrl {
    /// As in an `Origin` header, without a slash at the end.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The absolute URL of a path. `path` begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }

    /// Whether cookies may be `Secure` and use the prefix `__Host-`.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host, with the port unless it is the default port.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The default origin of a server that listens on a loopback address. `None` for other addresses and for port 0.
    pub(crate) fn of_loopback(listen: SocketAddr) -> Option<Self> {
        let usual = [
            IpAddr::from([127, 0, 0, 1]),
            IpAddr::from(Ipv6Addr::LOCALHOST),
        ];
        let address = if usual.contains(&listen.ip()) {
            format!("http://localhost:{}", listen.port())
        } else {
            format!("http://{listen}")
        };
        let usable = listen.ip().is_loopback() && listen.port() != 0;
        Url::parse(&address).ok().filter(|_| usable).map(Self)
    }

    pub(crate) fn placeholder() -> Self {
        match Url::parse("http://localhost") {
            Ok(url) => Self(url),
            Err(_) => unreachable!("it is a URL"),
        }
    }

    pub(crate) fn is_localhost(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = Url::parse(text).map_err(|_| BaseUrlError::NotAUrl(text.to_owned()))?;
        let bare = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(BaseUrlError::NotAnOrigin);
        }
        let base = Self(url);
        if !base.is_https() && !base.is_localhost() {
            return Err(BaseUrlError::PlainHttp(base.origin()));
        }
        Ok(base)
    }
}
