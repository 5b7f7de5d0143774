//! Every limit of signing in, in one table: how often, in which window, counted for what, kept where, and what a
//! refused person reads.

use std::time::Duration;

use crate::config::{DEFAULT_CODE_LIMIT_ADDRESS, DEFAULT_CODE_LIMIT_IP};
use crate::domain::NetworkSize;
use crate::domain::words::rounded_up;

const MINUTE: Duration = Duration::from_mins(1);
const TEN_MINUTES: Duration = Duration::from_mins(10);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// The window of a limit that ends with the code it counts for.
const LIFE_OF_THE_CODE: Duration = Duration::MAX;

/// How long a code works that an operator makes with `vestibule code`.
pub const OPERATOR_CODE_LIFETIME: Duration = Duration::from_mins(10);
/// The largest clock correction that is expected. A code from further in the future was made before the clock was set
/// back, so its age is unknown.
pub const CLOCK_SLACK: Duration = Duration::from_mins(1);
/// How many rows that anyone can cause a table holds: challenges, wrong tries, and activity without an account
/// (SECURITY rule 37). The longest values fill them with 280 MB.
pub const MOST_ROWS_OF_VISITORS: i64 = 100_000;

/// So many wrong codes for an account in 24 hours bring its owner a mail. The mail names this number.
pub const WRONG_CODES_FOR_A_MAIL: i64 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// The rate is the setting `CODE_LIMIT_ADDRESS`; the table has its default.
    CodesPerMinute,
    CodesPerDay,
    /// The rate is the setting `CODE_LIMIT_IP`; the table has its default.
    CodesPerNetwork,
    /// Requests past the window of their address while an operator's code is in force. Each makes a challenge, which
    /// takes the operator's code, and no mail.
    RequestsWithoutMail,
    WrongCodesPerCode,
    WrongCodesPerNetwork,
    /// Less than [`Limit::WrongCodesOverall`], so one wide network cannot reach that limit alone.
    WrongCodesPerWideNetwork,
    WrongCodesPerAddress,
    /// However many known browsers there are, or have been forgotten.
    WrongCodesFromKnownBrowsers,
    WrongCodesOverall,
    /// Callbacks whose code the provider refuses. A sign-in that succeeds does not count.
    FailedProviderSignIns,
    /// Refused code requests that are written to the activity.
    RecordedRefusals,
    RecordedRefusalsOverall,
    /// Mails that say that an account has moved to WorkOS.
    MovedMails,
    /// Mails about [`WRONG_CODES_FOR_A_MAIL`] wrong codes for an account.
    WrongCodeMails,
    /// Mails to the admins that say that [`Limit::WrongCodesOverall`] is reached.
    GuessingNotices,
}

/// The scope of a limit: each address, network, … is counted separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// An address: once for each known browser, and once for all unknown browsers together.
    Address,
    /// An address, from all its known browsers together.
    KnownBrowsers,
    /// A known browser, or the network of an unknown one: an IPv4 address or an IPv6 /64. An IPv6 /56 has 4 times the
    /// rate. An IPv6 /48 or an IPv4 /24 has 16 times the rate.
    Network,
    /// An IPv6 /48 or an IPv4 /24, from unknown browsers.
    WideNetwork,
    /// The code of a challenge.
    Code,
    /// An account, from all browsers.
    Account,
    /// All accounts together; tries from known browsers do not count.
    Console,
}

/// Where the count is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A restart of the server forgets it.
    Memory,
    /// It outlives a restart.
    Database,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub limit: Limit,
    pub rate: u32,
    /// The window slides: no more than `rate` in any period of this length.
    pub window: Duration,
    pub per: Per,
    pub kept: Kept,
}

impl Limit {
    #[rustfmt::skip]
    pub const fn rule(self) -> Rule {
        use Kept::{Database, Memory};
        use Per::{Account, Address, Code, Console, KnownBrowsers, Network, WideNetwork};
        let (rate, window, per, kept) = match self {
            Self::CodesPerMinute              => (DEFAULT_CODE_LIMIT_ADDRESS, MINUTE, Address,     Memory),
            Self::CodesPerDay                 => (100,    DAY,              Address,       Memory),
            Self::CodesPerNetwork             => (DEFAULT_CODE_LIMIT_IP, MINUTE,      Network,       Memory),
            Self::RequestsWithoutMail         => (5,      MINUTE,           Network,       Memory),
            Self::WrongCodesPerCode           => (5,      LIFE_OF_THE_CODE, Code,          Database),
            Self::WrongCodesPerNetwork        => (30,     TEN_MINUTES,      Network,       Memory),
            Self::WrongCodesPerWideNetwork    => (200,    DAY,              WideNetwork,   Memory),
            Self::WrongCodesPerAddress        => (50,     DAY,              Address,       Database),
            Self::WrongCodesFromKnownBrowsers => (100,    DAY,              KnownBrowsers, Database),
            Self::WrongCodesOverall           => (1_000,  DAY,              Console,       Database),
            Self::FailedProviderSignIns       => (60,     MINUTE,           Network,       Memory),
            Self::RecordedRefusals            => (1,      MINUTE,           Address,       Memory),
            Self::RecordedRefusalsOverall     => (120,    MINUTE,           Console,       Memory),
            Self::MovedMails                  => (1,      HOUR,             Account,       Database),
            Self::WrongCodeMails              => (1,      DAY,              Account,       Database),
            Self::GuessingNotices             => (1,      DAY,              Console,       Database),
        };
        Rule { limit: self, rate, window, per, kept }
    }

    /// The message for the refused person: what happened and what to do. `wait` is the time until the next attempt is
    /// allowed.
    pub fn message(self, wait: Duration) -> String {
        let wait = format!("in {}", rounded_up(wait));
        self.text().replace("{wait}", &wait)
    }

    /// `{wait}` becomes “in 3 minutes”. Empty for a limit that refuses no person.
    const fn text(self) -> &'static str {
        match self {
            Self::CodesPerMinute => "Wait one minute before asking for another code.",
            Self::CodesPerDay => {
                "Too many codes for this address today. Ask for another {wait}, or ask your admin."
            }
            Self::CodesPerNetwork => {
                "Too many code requests from your network. Wait one minute, then try again."
            }
            Self::WrongCodesPerCode => "Too many wrong codes. Send a new one.",
            Self::WrongCodesPerNetwork | Self::WrongCodesPerWideNetwork => {
                "Too many wrong codes from your network. Try again {wait}."
            }
            Self::WrongCodesPerAddress => {
                "Too many wrong codes for this address. Try again {wait}, or use a browser you have signed in with before."
            }
            Self::WrongCodesFromKnownBrowsers => {
                "Too many wrong codes for this address. Try again {wait}, or ask your admin."
            }
            Self::WrongCodesOverall => {
                "Someone is guessing codes, so codes work only in browsers that have signed in before. Use one of \
                 those, or ask your admin."
            }
            Self::FailedProviderSignIns => {
                "Too many sign-ins from your network. Wait one minute, then try again."
            }
            // The person reads the message of the address's window.
            Self::RequestsWithoutMail
            | Self::RecordedRefusals
            | Self::RecordedRefusalsOverall
            | Self::MovedMails
            | Self::WrongCodeMails
            | Self::GuessingNotices => "",
        }
    }
}

impl Per {
    const fn label(self) -> &'static str {
        match self {
            Self::Address => "this address",
            Self::KnownBrowsers => "the known browsers of this address",
            Self::Network => "the network",
            Self::WideNetwork => "the wide network",
            Self::Code => "this code",
            Self::Account => "this account",
            Self::Console => "all accounts",
        }
    }
}

impl Rule {
    /// The rule of one network of this size, if there is one.
    pub fn at(self, size: NetworkSize) -> Option<Self> {
        let times = match (self.per, size) {
            (Per::Network, NetworkSize::Narrow) | (Per::WideNetwork, NetworkSize::Wide) => 1,
            (Per::Network, NetworkSize::Middle) => 4,
            (Per::Network, NetworkSize::Wide) => 16,
            _ => return None,
        };
        Some(Self {
            rate: self.rate.saturating_mul(times),
            ..self
        })
    }

    /// For the admin's pages: “the limit of this address for a day”.
    pub fn describe(self) -> String {
        let window = match self.window {
            MINUTE => "a minute".to_owned(),
            HOUR => "an hour".to_owned(),
            DAY => "a day".to_owned(),
            window => rounded_up(window),
        };
        format!("the limit of {} for {window}", self.per.label())
    }
}

/// A refusal by one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    pub limit: Limit,
    /// When the next attempt fits.
    pub retry_after: Duration,
}

impl Limited {
    pub fn message(self) -> String {
        self.limit.message(self.retry_after)
    }
}
