use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::hmac::{Hmac, KeyInit, Mac};
use rand::CryptoRng;
use sha2::Sha256;

use super::{Email, SecretKey, Timestamp};

/// How long a browser is known after it signed in to an account.
const KNOWN_FOR: Duration = Duration::from_hours(180 * 24);
/// The most accounts in one cookie. The account with the oldest sign-in is dropped first.
const MOST_ACCOUNTS: usize = 6;

/// A known browser and the accounts it has signed in to, kept in a signed cookie.
///
/// A known browser has separate limits. A stranger who knows an address can therefore neither lock its owner out nor
/// use up the owner's requests. The cookie holds a keyed hash of each address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    id: DeviceId,
    accounts: Vec<(String, Timestamp)>,
}

/// The id of a known browser, by which the limits count.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(String);

impl DeviceId {
    pub(crate) fn from_database(id: String) -> Self {
        Self(id)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Device {
    /// A browser that has not signed in to anything yet.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        let mut id = [0; 16];
        random.fill_bytes(&mut id);
        Self {
            id: DeviceId(URL_SAFE_NO_PAD.encode(id)),
            accounts: Vec::new(),
        }
    }

    /// This browser's id if it signed in to the account of this address in the last 180 days.
    pub fn known_for(&self, email: &Email, key: &SecretKey, now: Timestamp) -> Option<&DeviceId> {
        let name = name_of(email, key);
        self.accounts
            .iter()
            .any(|(known, at)| *known == name && now.since(*at) < KNOWN_FOR)
            .then_some(&self.id)
    }

    /// The same browser after a sign-in to this address.
    #[must_use]
    pub fn after_sign_in(mut self, email: &Email, key: &SecretKey, now: Timestamp) -> Self {
        let name = name_of(email, key);
        self.accounts
            .retain(|(known, at)| *known != name && now.since(*at) < KNOWN_FOR);
        self.accounts.insert(0, (name, now));
        self.accounts.truncate(MOST_ACCOUNTS);
        self
    }

    /// The cookie's text, to be signed.
    pub fn to_text(&self) -> String {
        let mut text = self.id.0.clone();
        for (name, at) in &self.accounts {
            text.push_str(&format!(".{name}:{}", at.0));
        }
        text
    }

    /// Reads what [`Device::to_text`] wrote; `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let id = DeviceId(parts.next().filter(|id| id.len() == 22)?.to_owned());
        let accounts = parts
            .map(|part| {
                let (name, at) = part.split_once(':')?;
                Some((name.to_owned(), Timestamp(at.parse().ok()?)))
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self { id, accounts })
    }
}

fn name_of(email: &Email, key: &SecretKey) -> String {
    let mut mac = Hmac::<Sha256>::new(&key.address_key().into());
    mac.update(email.folded().as_bytes());
    let name = mac.finalize().into_bytes();
    URL_SAFE_NO_PAD.encode(&name[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_for_the_accounts_it_signed_in_to_and_for_180_days() {
        let key = SecretKey::generate(&mut rand::rng());
        let now = Timestamp(1_000_000_000_000);
        let mira = Email::parse("mira@acme.test").unwrap();
        let other = Email::parse("other@acme.test").unwrap();
        let device = Device::generate(&mut rand::rng());
        assert!(device.known_for(&mira, &key, now).is_none());

        let device = device.after_sign_in(&mira, &key, now);
        let device = Device::from_text(&device.to_text()).unwrap();
        assert!(
            device
                .known_for(&Email::parse("MIRA@acme.test").unwrap(), &key, now)
                .is_some()
        );
        assert!(device.known_for(&other, &key, now).is_none());
        let half_a_year = Duration::from_secs(180 * 86_400);
        let last = now.plus(half_a_year - Duration::from_millis(1));
        let id = device.known_for(&mira, &key, last).unwrap();
        assert_eq!(id.as_str(), &device.to_text()[..22]);
        assert!(
            device
                .known_for(&mira, &key, now.plus(half_a_year))
                .is_none()
        );
    }

    #[test]
    fn a_sign_in_renews_its_account_and_forgets_those_of_long_ago() {
        let key = SecretKey::generate(&mut rand::rng());
        let now = Timestamp(1_000_000_000_000);
        let [mira, noor] =
            ["mira@acme.test", "noor@acme.test"].map(|text| Email::parse(text).unwrap());
        let device = Device::generate(&mut rand::rng());
        let device = device.after_sign_in(&mira, &key, now);
        let device = device.after_sign_in(&noor, &key, now);

        let later = now.plus(KNOWN_FOR - Duration::from_millis(1));
        let renewed = device.clone().after_sign_in(&mira, &key, later);
        assert!(
            renewed
                .known_for(&mira, &key, now.plus(KNOWN_FOR))
                .is_some()
        );
        assert!(renewed.known_for(&noor, &key, later).is_some());
        assert_eq!(renewed.accounts.len(), 2);

        let alone = device.after_sign_in(&mira, &key, now.plus(KNOWN_FOR));
        assert_eq!(alone.accounts.len(), 1);
    }

    // SECURITY rule 12: the cookie stays small however many accounts there are.
    #[test]
    fn a_shared_browser_forgets_the_oldest_account() {
        let key = SecretKey::generate(&mut rand::rng());
        let now = Timestamp(1_000_000_000_000);
        let addresses: Vec<Email> = (0..50)
            .map(|n| Email::parse(&format!("p{n}@acme.test")).unwrap())
            .collect();
        let device = addresses
            .iter()
            .fold(Device::generate(&mut rand::rng()), |device, email| {
                device.after_sign_in(email, &key, now)
            });
        assert!(device.known_for(&addresses[49], &key, now).is_some());
        assert!(device.known_for(&addresses[0], &key, now).is_none());
        assert!(device.to_text().len() < 400);
    }
}
