//! What is counted and measured, in Prometheus's text form. It imports nothing of ours, so every layer
//! may count.
//!
//! Every label has few values, all of them written in this code: no address, no path as it was typed,
//! nothing that a visitor decides.

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

/// Every metric. Copies count together.
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

/// Something that is going on, counted until this is dropped.
#[must_use]
pub struct GoingOn(Gauge);

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
            "Tries to sign in, by method and what came of them",
            self.sign_ins.clone(),
        );
        registry.register(
            "code_requests",
            "Requests for a code, by what became of them at first",
            self.code_requests.clone(),
        );
        registry.register(
            "mail_deliveries",
            "Attempts to deliver a mail, by how they went",
            self.deliveries.clone(),
        );
        registry.register(
            "provider_call_duration_seconds",
            "What the identity provider was asked for, and how long it took",
            self.provider_calls.clone(),
        );
        registry.register(
            "request_duration_seconds",
            "Requests by route, and how long they took",
            self.requests.clone(),
        );
        registry.register(
            "hash_wait_seconds",
            "How long codes waited for their turn at argon2",
            self.hash_waits.clone(),
        );
        registry.register(
            "hashes",
            "Codes that wait for argon2 or are in it",
            self.hashes.clone(),
        );
        registry.register(
            "level",
            "How much there is of something right now",
            self.levels.clone(),
        );
    }
}

impl Metrics {
    /// Somebody tried to sign in.
    pub fn sign_in(&self, method: &'static str, outcome: &'static str) {
        let label = SignIn { method, outcome };
        self.0.sign_ins.get_or_create(&label).inc();
    }

    /// Somebody asked for a code.
    pub fn code_request(&self, outcome: &'static str) {
        self.0
            .code_requests
            .get_or_create(&Outcome { outcome })
            .inc();
    }

    /// A mail was offered to the mail server.
    pub fn delivery(&self, outcome: &'static str) {
        self.0.deliveries.get_or_create(&Outcome { outcome }).inc();
    }

    /// The provider was asked for something.
    pub fn provider_call(&self, call: &'static str, outcome: &'static str, took: Duration) {
        let timing = self.0.provider_calls.get_or_create(&Call { call, outcome });
        timing.observe(took.as_secs_f64());
    }

    /// A request was answered. `route` is its pattern in the table of routes.
    pub fn request(&self, route: &'static str, status: u16, took: Duration) {
        let status = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        let timing = self.0.requests.get_or_create(&Request { route, status });
        timing.observe(took.as_secs_f64());
    }

    /// A code begins to wait for argon2.
    pub fn hash_waits(&self) -> GoingOn {
        self.hash("waiting")
    }

    /// A code has its turn, after this long.
    pub fn hash_begins(&self, waited: Duration) -> GoingOn {
        self.0.hash_waits.observe(waited.as_secs_f64());
        self.hash("running")
    }

    fn hash(&self, state: &'static str) -> GoingOn {
        let gauge = self.0.hashes.get_or_create_owned(&State { state });
        gauge.inc();
        GoingOn(gauge)
    }

    /// Says how much there is of something right now.
    pub fn level(&self, of: &'static str, count: usize) {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        self.0.levels.get_or_create(&Level { of }).set(count);
    }

    /// What is not known right now is not shown as it was.
    pub fn level_unknown(&self, of: &'static str) {
        self.0.levels.remove(&Level { of });
    }

    /// All of it, as Prometheus reads it (OpenMetrics 1.0).
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A string takes everything.
        let _cannot_fail = encode(&mut text, &self.0.registry);
        text
    }
}

impl Drop for GoingOn {
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
    fn what_was_counted_is_in_the_text_and_what_is_over_is_not() {
        let metrics = Metrics::default();
        metrics.clone().sign_in("email_code", "signed_in");
        metrics.request("/sign-in", 303, Duration::from_millis(2));
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
