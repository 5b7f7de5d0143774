//! Prometheus metrics. This file imports nothing of the crate, so that every layer can count.
//!
//! Every label has few values, and all of them are literals in the code. An address or a path as typed is
//! never a label, since a visitor chooses it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

type Timings<L> = Family<L, Histogram, fn() -> Histogram>;

/// The number of status classes, 1xx to 5xx.
pub const STATUS_CLASSES: usize = CLASS_LABELS.len();
const CLASS_LABELS: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// All metrics. Clones share their counters.
#[derive(Clone)]
pub struct Metrics(Arc<All>);

struct All {
    registry: Registry,
    sign_ins: Family<SignIn, Counter>,
    code_requests: Family<Outcome, Counter>,
    deliveries: Family<Outcome, Counter>,
    provider_calls: Timings<Call>,
    requests: Timings<Request>,
    hash_waits: Histogram,
    hashes: Family<State, Gauge>,
    levels: Family<Level, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignIn {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    call: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Level {
    of: &'static str,
}

/// Keeps a gauge raised by one until it is dropped.
#[must_use]
pub struct Raised(Gauge);

/// The timing of one route's responses of one status class.
pub struct RequestTiming(Histogram);

impl RequestTiming {
    pub fn observe(&self, took: Duration) {
        self.0.observe(took.as_secs_f64());
    }
}

/// The class of a status, from 0 for 1xx to 4 for 5xx.
pub fn status_class(status: u16) -> usize {
    usize::from(status / 100).clamp(1, STATUS_CLASSES) - 1
}

impl Default for Metrics {
    fn default() -> Self {
        let mut all = All {
            registry: Registry::with_prefix("vestibule"),
            sign_ins: Family::default(),
            code_requests: Family::default(),
            deliveries: Family::default(),
            provider_calls: Family::new_with_constructor(calls),
            requests: Family::new_with_constructor(requests),
            hash_waits: waits(),
            hashes: Family::default(),
            levels: Family::default(),
        };
        all.register();
        Self(Arc::new(all))
    }
}

impl All {
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "sign_ins",
            "Sign-in attempts, by method and outcome",
            self.sign_ins.clone(),
        );
        registry.register(
            "code_requests",
            "Requests for a code, by first outcome",
            self.code_requests.clone(),
        );
        registry.register(
            "mail_deliveries",
            "Mail delivery attempts, by outcome",
            self.deliveries.clone(),
        );
        registry.register(
            "provider_call_duration_seconds",
            "Calls to the identity provider, by outcome",
            self.provider_calls.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Requests, by route and status class",
            self.requests.clone(),
        );
        registry.register(
            "hash_wait_seconds",
            "Time that codes waited for argon2",
            self.hash_waits.clone(),
        );
        registry.register(
            "hashes",
            "Codes that wait for argon2 or are being hashed",
            self.hashes.clone(),
        );
        registry.register(
            "level",
            "Current amounts, by what is counted",
            self.levels.clone(),
        );
    }
}

impl Metrics {
    pub fn sign_in(&self, method: &'static str, outcome: &'static str) {
        let label = SignIn { method, outcome };
        self.0.sign_ins.get_or_create(&label).inc();
    }

    pub fn code_request(&self, outcome: &'static str) {
        self.0
            .code_requests
            .get_or_create(&Outcome { outcome })
            .inc();
    }

    /// Counts an attempt to deliver a mail.
    pub fn delivery(&self, outcome: &'static str) {
        self.0.deliveries.get_or_create(&Outcome { outcome }).inc();
    }

    pub fn provider_call(&self, call: &'static str, outcome: &'static str, took: Duration) {
        let timing = self.0.provider_calls.get_or_create(&Call { call, outcome });
        timing.observe(took.as_secs_f64());
    }

    /// The timing of the responses of a route. `route` is its pattern in the table of routes; `class` comes from
    /// [`status_class`].
    pub fn request_timing(&self, route: &'static str, class: usize) -> RequestTiming {
        let status = CLASS_LABELS.get(class).copied().unwrap_or("5xx");
        let label = Request { route, status };
        RequestTiming(self.0.requests.get_or_create_owned(&label))
    }

    /// Counts a code as waiting for argon2.
    pub fn hash_waits(&self) -> Raised {
        self.hash("waiting")
    }

    /// Counts a code as being hashed, after it has waited for `waited`.
    pub fn hash_begins(&self, waited: Duration) -> Raised {
        self.0.hash_waits.observe(waited.as_secs_f64());
        self.hash("running")
    }

    fn hash(&self, state: &'static str) -> Raised {
        let gauge = self.0.hashes.get_or_create_owned(&State { state });
        gauge.inc();
        Raised(gauge)
    }

    /// Sets a current amount.
    pub fn level(&self, of: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.levels.get_or_create(&Level { of }).set(count);
    }

    /// Removes an amount that is unknown now, so that its last value is not shown as current.
    pub fn level_unknown(&self, of: &'static str) {
        self.0.levels.remove(&Level { of });
    }

    /// All metrics in the OpenMetrics 1.0 text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _cannot_fail = encode(&mut text, &self.0.registry);
        text
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics(…)")
    }
}

fn requests() -> Histogram {
    Histogram::new([0.001, 0.005, 0.025, 0.1, 0.3, 1.0, 3.0])
}

fn calls() -> Histogram {
    Histogram::new([0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0])
}

fn waits() -> Histogram {
    Histogram::new([0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_counted_events_and_no_removed_levels() {
        let metrics = Metrics::default();
        metrics.clone().sign_in("email_code", "signed_in");
        let timing = metrics.request_timing("/sign-in", status_class(303));
        timing.observe(Duration::from_millis(2));
        drop(metrics.hash_waits());
        let running = metrics.hash_begins(Duration::ZERO);
        metrics.level("sessions", 3);
        metrics.level("gone", 1);
        metrics.level_unknown("gone");
        let text = metrics.text();
        for line in [
            r#"vestibule_sign_ins_total{method="email_code",outcome="signed_in"} 1"#,
            r#"vestibule_request_duration_seconds_count{route="/sign-in",status="3xx"} 1"#,
            r#"vestibule_hashes{state="waiting"} 0"#,
            r#"vestibule_hashes{state="running"} 1"#,
            r#"vestibule_level{of="sessions"} 3"#,
            "# EOF",
        ] {
            assert!(text.lines().any(|l| l == line), "no {line} in {text}");
        }
        assert!(!text.contains("gone"));
        drop(running);
        let over = r#"vestibule_hashes{state="running"} 0"#;
        assert!(metrics.text().contains(over));
    }
}
