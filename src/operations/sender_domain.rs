//! What the DNS says of the domain that mail comes from: whether receivers will believe it.

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;

/// For each question.
const WITHIN: Duration = Duration::from_secs(5);
/// Domains that the DNS is not to know (RFC 6761 and RFC 6762; `internal` by ICANN).
const NOWHERE: [&str; 7] = [
    "localhost",
    "test",
    "example",
    "invalid",
    "local",
    "internal",
    "onion",
];

/// What is known of the sender's domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Records {
    /// The DNS answered.
    Known {
        /// The SPF record, as it is (RFC 7208).
        spf: Option<String>,
        /// The DMARC record of the domain or the one above it (RFC 7489).
        dmarc: Option<String>,
    },
    /// It was not asked or did not answer, and why.
    Unknown(String),
}

/// Asks the system's resolver.
pub async fn records(domain: &str) -> Records {
    let last = domain.rsplit('.').next().unwrap_or_default();
    if NOWHERE.contains(&last) || !domain.contains('.') {
        return Records::Unknown(format!("{domain} is not a domain of the public DNS"));
    }
    match TokioResolver::builder_tokio().and_then(|builder| builder.build()) {
        Ok(resolver) => asked_of(&resolver, domain).await,
        Err(e) => Records::Unknown(format!("no DNS resolver is set up: {e}")),
    }
}

async fn asked_of(resolver: &TokioResolver, domain: &str) -> Records {
    let spf = match texts(resolver, domain).await {
        Ok(Some(texts)) => find(&texts, "v=spf1"),
        // A resolver that knows a part of the world only says so too, so this is no verdict.
        Ok(None) => return Records::Unknown(format!("the DNS here knows no domain {domain}")),
        Err(e) => return Records::Unknown(e),
    };
    match dmarc(resolver, domain).await {
        Ok(dmarc) => Records::Known { spf, dmarc },
        Err(e) => Records::Unknown(e),
    }
}

async fn dmarc(resolver: &TokioResolver, domain: &str) -> Result<Option<String>, String> {
    let of = async |domain: &str| {
        let texts = texts(resolver, &format!("_dmarc.{domain}")).await?;
        Ok::<_, String>(texts.and_then(|texts| find(&texts, "v=DMARC1")))
    };
    match (of(domain).await?, domain.split_once('.')) {
        (None, Some((_, above))) if above.contains('.') => of(above).await,
        (own, _) => Ok(own),
    }
}

/// The TXT records of a name; `None` where there is no such name, which is an answer too.
async fn texts(resolver: &TokioResolver, name: &str) -> Result<Option<Vec<String>>, String> {
    // With its last dot the name is whole, and no search domain is tried.
    let question = resolver.txt_lookup(format!("{name}."));
    match tokio::time::timeout(WITHIN, question).await {
        Ok(Ok(found)) => {
            let texts = found
                .answers()
                .iter()
                .filter_map(|record| match &record.data {
                    RData::TXT(txt) => Some(joined(&txt.txt_data)),
                    _ => None,
                });
            Ok(Some(texts.collect()))
        }
        Ok(Err(e)) if e.is_nx_domain() => Ok(None),
        Ok(Err(e)) if e.is_no_records_found() => Ok(Some(Vec::new())),
        Ok(Err(e)) => Err(format!("the DNS did not answer: {e}")),
        Err(_) => Err(format!("the DNS did not answer in {} s", WITHIN.as_secs())),
    }
}

/// A record comes in pieces of 255 bytes at most, to be joined without a space (RFC 7208, 3.3).
fn joined(pieces: &[Box<[u8]>]) -> String {
    String::from_utf8_lossy(&pieces.concat()).into_owned()
}

fn find(texts: &[String], version: &str) -> Option<String> {
    let of_version = |text: &&String| {
        let head = text.split([' ', ';']).next().unwrap_or_default();
        head.eq_ignore_ascii_case(version)
    };
    texts.iter().find(of_version).cloned()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::net::runtime::TokioRuntimeProvider;
    use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
    use hickory_resolver::proto::rr::{Record, rdata::TXT};

    use super::*;

    /// What a name server says: texts, or a code.
    type Said = Result<&'static [&'static str], ResponseCode>;

    /// A resolver that asks a name server of the test's own.
    fn resolver(says: fn(&str) -> Said) -> TokioResolver {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || serve(&socket, says));
        let mut connection = ConnectionConfig::udp();
        connection.port = address.port();
        let server = NameServerConfig::new(address.ip(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            .build()
            .unwrap()
    }

    fn serve(socket: &UdpSocket, says: fn(&str) -> Said) {
        let mut buffer = [0; 1024];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let asked = Message::from_vec(&buffer[..length]).unwrap();
            let query = asked.queries[0].clone();
            let mut answer = Message::response(asked.metadata.id, OpCode::Query);
            let name = query.name().clone();
            match says(name.to_ascii().trim_end_matches('.')) {
                Ok(texts) => {
                    for text in texts {
                        let txt = RData::TXT(TXT::new(vec![(*text).to_owned()]));
                        answer.add_answer(Record::from_rdata(name.clone(), 60, txt));
                    }
                }
                Err(code) => answer.metadata.response_code = code,
            }
            answer.add_query(query);
            socket.send_to(&answer.to_vec().unwrap(), from).unwrap();
        }
    }

    fn known(spf: Option<&str>, dmarc: Option<&str>) -> Records {
        Records::Known {
            spf: spf.map(str::to_owned),
            dmarc: dmarc.map(str::to_owned),
        }
    }

    #[tokio::test]
    async fn records_are_found_and_dmarc_is_inherited_from_above() {
        let resolver = resolver(|name| match name {
            "mail.acme.test" => Ok(&["google-site-verification=1", "v=spf1 mx -all"]),
            "_dmarc.acme.test" => Ok(&["v=DMARC1; p=reject"]),
            _ => Err(ResponseCode::NXDomain),
        });
        let found = asked_of(&resolver, "mail.acme.test").await;
        assert_eq!(
            found,
            known(Some("v=spf1 mx -all"), Some("v=DMARC1; p=reject"))
        );
    }

    #[tokio::test]
    async fn a_domain_without_records_is_told_from_one_that_is_not_known_and_from_silence() {
        let bare = resolver(|name| match name {
            "acme.test" => Ok(&[]),
            _ => Err(ResponseCode::NXDomain),
        });
        assert_eq!(asked_of(&bare, "acme.test").await, known(None, None));
        let unknown = |found, word: &str| match found {
            Records::Unknown(why) => assert!(why.contains(word), "{why}"),
            known @ Records::Known { .. } => panic!("{known:?}"),
        };
        unknown(
            asked_of(&bare, "noor.test").await,
            "knows no domain noor.test",
        );
        let broken = resolver(|_| Err(ResponseCode::ServFail));
        unknown(asked_of(&broken, "acme.test").await, "did not answer");
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
        let pieces: [Box<[u8]>; 2] = [(*b"v=spf1 mx").into(), (*b" -all").into()];
        assert_eq!(joined(&pieces), "v=spf1 mx -all");
    }

    #[tokio::test]
    async fn nobody_asks_the_dns_for_what_it_cannot_know() {
        for domain in ["localhost", "acme.test", "mail.corp.internal"] {
            let Records::Unknown(why) = records(domain).await else {
                panic!("{domain} was asked for");
            };
            assert!(why.contains(domain), "{why}");
        }
    }
}
