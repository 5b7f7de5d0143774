//! The SPF and DMARC records of the sender's domain, which decide whether receivers trust its mail.

use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use resolv_conf::ParseError;
use rsdns::clients::ClientConfig;
use rsdns::clients::tokio::Client;
use rsdns::message::RCode;
use rsdns::records::Class;
use rsdns::records::data::Txt;

const RESOLV_CONF: &str = "/etc/resolv.conf";
const DNS_PORT: u16 = 53;
/// For one look-up, with every name server that is tried.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
/// A lost UDP packet is sent again after this time.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Top-level domains outside the public DNS (RFC 6761 and RFC 6762; `internal` by ICANN).
const NOT_PUBLIC: [&str; 7] = [
    "localhost",
    "test",
    "example",
    "invalid",
    "local",
    "internal",
    "onion",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderRecords {
    /// The SPF record (RFC 7208).
    pub spf: Option<String>,
    /// The DMARC record of the domain, or of the domain above it (RFC 7489).
    pub dmarc: Option<String>,
}

/// Why the records are unknown. None of these says that a record is missing.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    #[error("{0} is not a domain of the public DNS")]
    NotPublic(String),
    #[error("no DNS resolver is set up: {RESOLV_CONF}: {0}")]
    Unreadable(#[from] io::Error),
    #[error("no DNS resolver is set up: {RESOLV_CONF}: {0}")]
    Malformed(#[from] ParseError),
    /// A resolver that knows only a part of the DNS gives the same answer.
    #[error("the DNS here knows no domain {0}")]
    UnknownDomain(String),
    #[error("the DNS did not answer: {0}")]
    Failed(#[from] rsdns::Error),
    #[error("the DNS did not answer in {} s", LOOKUP_TIMEOUT.as_secs())]
    TimedOut,
}

/// Asks the name servers in `/etc/resolv.conf`.
pub async fn records(domain: &str) -> Result<SenderRecords, LookupError> {
    let top_level = domain.rsplit('.').next().unwrap_or_default();
    if NOT_PUBLIC.contains(&top_level) || !domain.contains('.') {
        return Err(LookupError::NotPublic(domain.to_owned()));
    }
    Resolver::of_the_system()?.records(domain).await
}

struct Resolver {
    /// In the order in which they are asked.
    name_servers: Vec<SocketAddr>,
}

impl Resolver {
    fn of_the_system() -> Result<Self, LookupError> {
        let config = resolv_conf::Config::parse(fs::read(RESOLV_CONF)?)?;
        let name_servers = config
            .get_nameservers_or_local()
            .into_iter()
            .map(|server| SocketAddr::new(IpAddr::from(server), DNS_PORT))
            .collect();
        Ok(Self { name_servers })
    }

    async fn records(&self, domain: &str) -> Result<SenderRecords, LookupError> {
        let Some(texts) = self.texts(domain).await? else {
            return Err(LookupError::UnknownDomain(domain.to_owned()));
        };
        Ok(SenderRecords {
            spf: find(&texts, "v=spf1"),
            dmarc: self.dmarc(domain).await?,
        })
    }

    async fn dmarc(&self, domain: &str) -> Result<Option<String>, LookupError> {
        let of = async |domain: &str| {
            let texts = self.texts(&format!("_dmarc.{domain}")).await?;
            Ok::<_, LookupError>(texts.and_then(|texts| find(&texts, "v=DMARC1")))
        };
        match (of(domain).await?, domain.split_once('.')) {
            (None, Some((_, above))) if above.contains('.') => of(above).await,
            (own, _) => Ok(own),
        }
    }

    /// The TXT records of a name; `None` if the name does not exist.
    async fn texts(&self, name: &str) -> Result<Option<Vec<String>>, LookupError> {
        match self.ask_each(name).await {
            Ok(texts) => Ok(Some(texts)),
            Err(rsdns::Error::NoAnswer) => Ok(Some(Vec::new())),
            Err(rsdns::Error::BadResponseCode(RCode::NXDOMAIN)) => Ok(None),
            Err(rsdns::Error::Timeout) => Err(LookupError::TimedOut),
            Err(e) => Err(LookupError::Failed(e)),
        }
    }

    /// Asks one name server after the other until one knows whether the name exists.
    async fn ask_each(&self, name: &str) -> Result<Vec<String>, rsdns::Error> {
        let share = LOOKUP_TIMEOUT / u32::try_from(self.name_servers.len()).unwrap_or(1).max(1);
        let mut result = Err(rsdns::Error::Timeout);
        for &server in &self.name_servers {
            result = ask(server, name, share).await;
            let is_final = matches!(
                result,
                Ok(_)
                    | Err(rsdns::Error::NoAnswer | rsdns::Error::BadResponseCode(RCode::NXDOMAIN))
            );
            if is_final {
                break;
            }
        }
        result
    }
}

/// Asks one name server: over UDP, and over TCP if the answer is truncated.
async fn ask(
    server: SocketAddr,
    name: &str,
    timeout: Duration,
) -> Result<Vec<String>, rsdns::Error> {
    let config = ClientConfig::with_nameserver(server)
        .set_query_lifetime(timeout)
        .set_query_timeout(Some(RETRY_AFTER));
    let answer = Client::new(config)
        .await?
        .query_rrset::<Txt>(name, Class::IN)
        .await?;
    let texts = answer.rdata.iter();
    Ok(texts
        .map(|txt| String::from_utf8_lossy(&txt.text).into_owned())
        .collect())
}

fn find(texts: &[String], version: &str) -> Option<String> {
    let has_version = |text: &&String| {
        let head = text.split([' ', ';']).next().unwrap_or_default();
        head.eq_ignore_ascii_case(version)
    };
    texts.iter().find(has_version).cloned()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    const HEADER: usize = 12;
    const SERVER_FAILURE: u8 = 2;
    const NO_SUCH_NAME: u8 = 3;

    /// The answer to a question: TXT records, each in pieces, or a response code.
    type Answer = Result<&'static [&'static [&'static str]], u8>;

    /// A resolver with a name server on this machine.
    fn resolver(answer: fn(&str) -> Answer) -> Resolver {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let name_servers = vec![socket.local_addr().unwrap()];
        std::thread::spawn(move || serve(&socket, answer));
        Resolver { name_servers }
    }

    fn serve(socket: &UdpSocket, answer: fn(&str) -> Answer) {
        let mut buffer = [0; 1024];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            let response = response(&buffer[..length], answer);
            socket.send_to(&response, from).unwrap();
        }
    }

    /// A message as in RFC 1035, section 4.
    fn response(query: &[u8], answer: fn(&str) -> Answer) -> Vec<u8> {
        let (labels, question_end) = question(query);
        let (records, code) = match answer(&labels.join(".")) {
            Ok(records) => (records, 0),
            Err(code) => (&[][..], code),
        };
        let mut message = query[..question_end].to_vec();
        message[2..4].copy_from_slice(&[0x81, 0x80 | code]);
        message[6..HEADER].copy_from_slice(&[0, records.len() as u8, 0, 0, 0, 0]);
        for pieces in records {
            let data: Vec<u8> = pieces
                .iter()
                .flat_map(|piece| [&[piece.len() as u8], piece.as_bytes()].concat())
                .collect();
            // A pointer to the question's name, TXT, IN, and a minute to live.
            message.extend([0xc0, HEADER as u8, 0, 16, 0, 1, 0, 0, 0, 60]);
            message.extend((data.len() as u16).to_be_bytes());
            message.extend(data);
        }
        message
    }

    fn question(query: &[u8]) -> (Vec<String>, usize) {
        let (mut labels, mut at) = (Vec::new(), HEADER);
        while query[at] > 0 {
            let end = at + 1 + usize::from(query[at]);
            labels.push(String::from_utf8(query[at + 1..end].to_vec()).unwrap());
            at = end;
        }
        (labels, at + 5)
    }

    fn records(spf: Option<&str>, dmarc: Option<&str>) -> SenderRecords {
        SenderRecords {
            spf: spf.map(str::to_owned),
            dmarc: dmarc.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn records_are_found_and_dmarc_is_inherited_from_above() {
        let resolver = resolver(|name| match name {
            "mail.acme.test" => Ok(&[&["google-site-verification=1"], &["v=spf1 mx", " -all"]]),
            "_dmarc.acme.test" => Ok(&[&["v=DMARC1; p=reject"]]),
            _ => Err(NO_SUCH_NAME),
        });
        assert_eq!(
            resolver.records("mail.acme.test").await.unwrap(),
            records(Some("v=spf1 mx -all"), Some("v=DMARC1; p=reject"))
        );
    }

    #[tokio::test]
    async fn a_domain_without_records_is_told_from_one_that_is_not_known_and_from_silence() {
        let bare = resolver(|name| match name {
            "acme.test" => Ok(&[]),
            _ => Err(NO_SUCH_NAME),
        });
        assert_eq!(
            bare.records("acme.test").await.unwrap(),
            records(None, None)
        );
        let unknown = |found: Result<SenderRecords, LookupError>, word: &str| {
            let why = found.unwrap_err().to_string();
            assert!(why.contains(word), "{why}");
        };
        unknown(bare.records("noor.test").await, "knows no domain noor.test");
        let broken = resolver(|_| Err(SERVER_FAILURE));
        unknown(broken.records("acme.test").await, "did not answer");
    }

    #[tokio::test]
    async fn the_next_name_server_is_asked_when_one_fails() {
        let mut servers = resolver(|_| Err(SERVER_FAILURE));
        let working = resolver(|_| Ok(&[&["v=spf1 -all"]]));
        servers.name_servers.extend(working.name_servers);
        let found = servers.records("acme.test").await.unwrap();
        assert_eq!(found, records(Some("v=spf1 -all"), None));
    }

    #[test]
    fn a_record_is_found_by_its_version_and_by_nothing_that_only_begins_like_it() {
        let texts = ["v=spf10 -all", "v=spf1 mx -all", "v=DMARC1;p=reject"].map(str::to_owned);
        assert_eq!(find(&texts, "v=spf1").as_deref(), Some("v=spf1 mx -all"));
        assert_eq!(
            find(&texts, "v=DMARC1").as_deref(),
            Some("v=DMARC1;p=reject")
        );
        assert_eq!(find(&texts[..1], "v=spf1"), None);
    }

    #[tokio::test]
    async fn nobody_asks_the_dns_for_what_it_cannot_know() {
        for domain in ["localhost", "acme.test", "mail.corp.internal"] {
            let why = super::records(domain).await.unwrap_err().to_string();
            assert!(why.contains(domain), "{why}");
        }
    }
}
