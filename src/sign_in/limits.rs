//! Limits on signing in: sliding windows in memory, and daily budgets in the database.

mod network_windows;
pub mod rules;
pub mod try_budget;
mod windows;

pub use network_windows::{NetworkWindows, Origin};
pub use rules::{Limit, Limited, Rule};
pub use windows::Windows;

use super::client::Client;
use crate::domain::{Email, KnownBrowserId, Timestamp};

/// The limits of email codes that are kept in memory.
pub struct Limits {
    codes_by_address: Windows,
    codes_by_network: NetworkWindows,
    requests_without_mail: NetworkWindows,
    wrong_codes_by_network: NetworkWindows,
    recorded_refusals: Windows,
}

/// An address, and the known browser that asks. A known browser has its own windows, so a stranger cannot use them up.
#[derive(Hash)]
struct AddressKey(String, Option<KnownBrowserId>);

/// The most keys of a set of windows: about 30 MB for addresses.
const CAPACITY: usize = 200_000;
/// The most networks of each size whose wrong codes are kept. A wide network keeps up to 200 for a day: at most 80 MB.
const GUESSING_NETWORKS: usize = 50_000;

impl Limits {
    /// The rates are the settings `CODE_LIMIT_ADDRESS` and `CODE_LIMIT_IP`.
    pub fn new(codes_per_minute: u32, codes_per_network: u32) -> Self {
        let codes_per_minute = Rule {
            rate: codes_per_minute,
            ..Limit::CodesPerMinute.rule()
        };
        let codes_per_network = Rule {
            rate: codes_per_network,
            ..Limit::CodesPerNetwork.rule()
        };
        Self {
            codes_by_address: Windows::new([codes_per_minute, Limit::CodesPerDay.rule()], CAPACITY),
            codes_by_network: NetworkWindows::new(&[codes_per_network], CAPACITY),
            requests_without_mail: NetworkWindows::new(
                &[Limit::RequestsWithoutMail.rule()],
                CAPACITY,
            ),
            wrong_codes_by_network: NetworkWindows::new(
                &[
                    Limit::WrongCodesPerNetwork.rule(),
                    Limit::WrongCodesPerWideNetwork.rule(),
                ],
                GUESSING_NETWORKS,
            ),
            // A recorded refusal fills its window, and a full window is not evicted. The capacity is therefore the
            // overall limit.
            recorded_refusals: Windows::new(
                [Limit::RecordedRefusals.rule()],
                Limit::RecordedRefusalsOverall.rule().rate as usize,
            ),
        }
    }

    /// Counts a request for a code. A refused request counts nowhere.
    pub fn take_request(
        &self,
        email: &Email,
        client: &Client,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> Result<(), Limited> {
        let from = origin(client, known);
        self.codes_by_network.take(from, now)?;
        self.codes_by_address
            .take(&AddressKey(email.folded(), known), now)
            .inspect_err(|_| self.codes_by_network.give_back(from))
    }

    /// Counts a request that its address's window refused, and that makes a challenge without a mail.
    pub fn take_request_without_mail(
        &self,
        client: &Client,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> Result<(), Limited> {
        self.requests_without_mail.take(origin(client, known), now)
    }

    /// Uncounts such a request.
    pub fn give_request_without_mail_back(&self, client: &Client, known: Option<KnownBrowserId>) {
        self.requests_without_mail.give_back(origin(client, known));
    }

    /// Forgets the requests with an address up to `moment`. Returns whether there were any.
    pub fn forget_requests_until(
        &self,
        email: &Email,
        known: Option<KnownBrowserId>,
        moment: Timestamp,
    ) -> bool {
        let key = AddressKey(email.folded(), known);
        self.codes_by_address.forget_until(&key, moment)
    }

    /// Whether to write a refused request to the activity.
    pub fn should_record_refusal(
        &self,
        email: &Email,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> bool {
        let key = AddressKey(email.folded(), known);
        self.recorded_refusals.take(&key, now).is_ok()
    }

    /// Uncounts a request for which no code was made.
    pub fn give_request_back(&self, email: &Email, client: &Client, known: Option<KnownBrowserId>) {
        self.codes_by_network.give_back(origin(client, known));
        self.codes_by_address
            .give_back(&AddressKey(email.folded(), known));
    }

    /// Counts a try as a wrong one, before its code is compared.
    pub fn take_try(
        &self,
        client: &Client,
        known: Option<KnownBrowserId>,
        now: Timestamp,
    ) -> Result<(), Limited> {
        self.wrong_codes_by_network.take(origin(client, known), now)
    }

    /// Uncounts a try whose code was right, or was not compared.
    pub fn give_try_back(&self, client: &Client, known: Option<KnownBrowserId>) {
        self.wrong_codes_by_network.give_back(origin(client, known));
    }

    /// The number of keys in each set of windows, for the metrics.
    pub fn sizes(&self) -> [(&'static str, usize); 5] {
        [
            ("limited_addresses", self.codes_by_address.len()),
            ("limited_networks", self.codes_by_network.len()),
            (
                "limited_requests_without_mail",
                self.requests_without_mail.len(),
            ),
            ("limited_guessers", self.wrong_codes_by_network.len()),
            ("limited_notes", self.recorded_refusals.len()),
        ]
    }

    /// Removes requests that are older than their windows.
    pub fn sweep(&self, now: Timestamp) {
        self.codes_by_address.sweep(now);
        self.codes_by_network.sweep(now);
        self.requests_without_mail.sweep(now);
        self.wrong_codes_by_network.sweep(now);
        self.recorded_refusals.sweep(now);
    }
}

fn origin(client: &Client, known: Option<KnownBrowserId>) -> Origin {
    known.map_or(Origin::Unknown(client.ip), Origin::KnownBrowser)
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
            browser_token: None,
        };
        let now = Timestamp(1_000_000_000_000);
        for _ in 0..3 {
            limits.take_request(&email, &client, None, now).unwrap();
            assert!(limits.take_request(&email, &client, None, now).is_err());
            limits.give_request_back(&email, &client, None);
        }
        limits.take_try(&client, None, now).unwrap();
        assert!(limits.should_record_refusal(&email, None, now));
        limits.take_request(&email, &client, None, now).unwrap();
        limits
            .take_request_without_mail(&client, None, now)
            .unwrap();
        let held = |limits: &Limits| limits.sizes().map(|(_, keys)| keys);
        limits.sweep(now);
        // An IPv4 address is in networks of two sizes.
        assert_eq!(held(&limits), [1, 2, 2, 2, 1]);
        limits.sweep(now.plus(Limit::CodesPerDay.rule().window));
        assert_eq!(held(&limits), [0; 5]);
    }
}
