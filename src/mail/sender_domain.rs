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
        return Records::Unknown(format!("{domain} is no domain of the public DNS"));
    }
    let resolver = match TokioResolver::builder_tokio().and_then(|builder| builder.build()) {
        Ok(resolver) => resolver,
        Err(e) => return Records::Unknown(format!("no DNS resolver is set up: {e}")),
    };
    let spf = texts(&resolver, domain).await;
    let dmarc = dmarc(&resolver, domain).await;
    match (spf, dmarc) {
        (Ok(spf), Ok(dmarc)) => Records::Known {
            spf: find(&spf, "v=spf1"),
            dmarc,
        },
        (Err(e), _) | (_, Err(e)) => Records::Unknown(format!("the DNS did not answer: {e}")),
    }
}

async fn dmarc(resolver: &TokioResolver, domain: &str) -> Result<Option<String>, String> {
    let own = texts(resolver, &format!("_dmarc.{domain}")).await?;
    if let Some(own) = find(&own, "v=DMARC1") {
        return Ok(Some(own));
    }
    match domain.split_once('.') {
        Some((_, above)) if above.contains('.') => {
            let inherited = texts(resolver, &format!("_dmarc.{above}")).await?;
            Ok(find(&inherited, "v=DMARC1"))
        }
        _ => Ok(None),
    }
}

/// The TXT records of a name; that there is none is an answer too.
async fn texts(resolver: &TokioResolver, name: &str) -> Result<Vec<String>, String> {
    // With its last dot the name is whole, and no search domain is tried.
    let question = resolver.txt_lookup(format!("{name}."));
    match tokio::time::timeout(WITHIN, question).await {
        Ok(Ok(found)) => Ok(found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(txt) => Some(joined(&txt.txt_data)),
                _ => None,
            })
            .collect()),
        Ok(Err(e)) if e.is_no_records_found() || e.is_nx_domain() => Ok(Vec::new()),
        Ok(Err(e)) => Err(e.to_string()),
        Err(_) => Err(format!("no answer in {} s", WITHIN.as_secs())),
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
    use super::*;

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
