//! Sliding windows in memory: how often something may be asked for.

pub mod try_budget;
mod windows;

use std::time::Duration;

pub use windows::{Refused, Rule, Windows};

use super::client::Client;
use crate::domain::{DeviceId, Email, Timestamp};

/// Every window of the email code.
pub struct Limits {
    addresses: Windows,
    requests_by_ip: Windows,
    wrong_tries_by_ip: Windows,
    noted_refusals: Windows,
}

/// Which limit refused, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Too many codes were asked for with this address in a minute.
    Address(Duration),
    /// Too many in a day.
    AddressDay(Duration),
    /// Too many from this network.
    Network(Duration),
}

impl Limited {
    /// Which limit, for an admin.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Address(_) => "the limit of this address for a minute",
            Self::AddressDay(_) => "the limit of this address for a day",
            Self::Network(_) => "the limit of the network for a minute",
        }
    }
}

/// Whose window counts: a known browser has windows of its own, so a stranger cannot use them up.
#[derive(Hash)]
enum Key<'a> {
    Address(String, Option<&'a DeviceId>),
    Network(std::net::IpAddr),
    Device(&'a DeviceId),
}

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);
/// What one inbox may get in a day, so that nobody's is a toy.
pub const REQUESTS_A_DAY: u32 = 100;
const WRONG_TRIES_BY_IP: Rule = Rule {
    most: 30,
    span: Duration::from_mins(10),
};
/// How often a refused request is written down for one address, and, by the room there is for
/// windows that are all closed then, for how many addresses in a minute.
const NOTED_REFUSALS: Rule = Rule {
    most: 1,
    span: MINUTE,
};
const NOTED_REFUSALS_OVERALL: usize = 120;
/// Keys each set of windows holds; about 30 MB for addresses when full.
const CAPACITY: usize = 200_000;

impl Limits {
    /// The windows, with the two limits that are settings.
    pub fn new(requests_by_address: u32, requests_by_ip: u32) -> Self {
        let rule = |most, span| Rule { most, span };
        Self {
            addresses: Windows::new(
                vec![rule(requests_by_address, MINUTE), rule(REQUESTS_A_DAY, DAY)],
                CAPACITY,
            ),
            requests_by_ip: Windows::new(vec![rule(requests_by_ip, MINUTE)], CAPACITY),
            wrong_tries_by_ip: Windows::new(vec![WRONG_TRIES_BY_IP], CAPACITY),
            noted_refusals: Windows::new(vec![NOTED_REFUSALS], NOTED_REFUSALS_OVERALL),
        }
    }

    /// Counts a request for a code.
    ///
    /// # Errors
    /// [`Limited`]; the request then counts nowhere.
    pub fn take_request(
        &self,
        email: &Email,
        client: &Client,
        known: Option<&DeviceId>,
        now: Timestamp,
    ) -> Result<(), Limited> {
        let from = origin(client, known);
        self.requests_by_ip
            .take(&from, now)
            .map_err(|refused| Limited::Network(refused.retry_after))?;
        self.addresses
            .take(&Key::Address(email.folded(), known), now)
            .map_err(|refused| {
                self.requests_by_ip.give_back(&from);
                if refused.span == DAY {
                    Limited::AddressDay(refused.retry_after)
                } else {
                    Limited::Address(refused.retry_after)
                }
            })
    }

    /// Forgets what this window of an address counted up to `moment`; `false` when that was nothing.
    pub fn forget_requests_until(
        &self,
        email: &Email,
        known: Option<&DeviceId>,
        moment: Timestamp,
    ) -> bool {
        let key = Key::Address(email.folded(), known);
        self.addresses.forget_until(&key, moment)
    }

    /// Whether a refused request is to be written down: the first of an address in a minute is, and
    /// of all addresses together no more than a fixed number.
    pub fn is_worth_noting(&self, email: &Email, known: Option<&DeviceId>, now: Timestamp) -> bool {
        let key = Key::Address(email.folded(), known);
        self.noted_refusals.take(&key, now).is_ok()
    }

    /// No code was made after all.
    pub fn give_request_back(&self, email: &Email, client: &Client, known: Option<&DeviceId>) {
        self.requests_by_ip.give_back(&origin(client, known));
        self.addresses
            .give_back(&Key::Address(email.folded(), known));
    }

    /// Counts a try as a wrong one, before anything is compared.
    ///
    /// # Errors
    /// [`Limited::Network`].
    pub fn take_try(
        &self,
        client: &Client,
        known: Option<&DeviceId>,
        now: Timestamp,
    ) -> Result<(), Limited> {
        self.wrong_tries_by_ip
            .take(&origin(client, known), now)
            .map_err(|refused| Limited::Network(refused.retry_after))
    }

    /// The try was right, or was never compared.
    pub fn give_try_back(&self, client: &Client, known: Option<&DeviceId>) {
        self.wrong_tries_by_ip.give_back(&origin(client, known));
    }

    /// How many keys each set of windows holds, by its name.
    pub fn sizes(&self) -> [(&'static str, usize); 4] {
        [
            ("limited_addresses", self.addresses.len()),
            ("limited_networks", self.requests_by_ip.len()),
            ("limited_guessers", self.wrong_tries_by_ip.len()),
            ("limited_notes", self.noted_refusals.len()),
        ]
    }

    /// Forgets what no longer matters.
    pub fn sweep(&self, now: Timestamp) {
        self.addresses.sweep(now);
        self.requests_by_ip.sweep(now);
        self.wrong_tries_by_ip.sweep(now);
        self.noted_refusals.sweep(now);
    }
}

fn origin<'a>(client: &Client, known: Option<&'a DeviceId>) -> Key<'a> {
    known.map_or_else(|| Key::Network(client.ip.network()), Key::Device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BrowserName, ClientIp};

    #[test]
    fn a_request_that_is_given_back_was_none_and_what_has_passed_is_swept_away() {
        let limits = Limits::new(1, 1);
        let email = Email::parse("mira@acme.test").unwrap();
        let client = Client {
            ip: ClientIp::new(std::net::Ipv4Addr::LOCALHOST.into()),
            browser: BrowserName::from_user_agent(""),
            device: None,
        };
        let now = Timestamp(1_000_000_000_000);
        for _ in 0..3 {
            limits.take_request(&email, &client, None, now).unwrap();
            assert!(limits.take_request(&email, &client, None, now).is_err());
            limits.give_request_back(&email, &client, None);
        }
        limits.take_try(&client, None, now).unwrap();
        assert!(limits.is_worth_noting(&email, None, now));
        limits.take_request(&email, &client, None, now).unwrap();
        let held = |limits: &Limits| limits.sizes().map(|(_, keys)| keys);
        limits.sweep(now);
        assert_eq!(held(&limits), [1; 4]);
        limits.sweep(now.plus(DAY));
        assert_eq!(held(&limits), [0; 4]);
    }
}
