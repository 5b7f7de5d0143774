use std::sync::{Mutex, PoisonError};

use crate::domain::Timestamp;
use crate::mail::transport::Delivery;
use crate::metrics::Metrics;

/// How deliveries went since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deliveries {
    /// When the mail server last took a mail.
    pub last_accepted: Option<Timestamp>,
    /// When it last did not, and its answer.
    pub last_failure: Option<(Timestamp, String)>,
}

/// Keeps and counts them.
pub(super) struct DeliveryLog {
    kept: Mutex<Deliveries>,
    metrics: Metrics,
}

impl DeliveryLog {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self {
            kept: Mutex::default(),
            metrics,
        }
    }

    pub(super) fn so_far(&self) -> Deliveries {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clone()
    }

    pub(super) fn note(&self, delivery: &Delivery, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let word = match delivery {
            Delivery::Accepted(_) => "accepted",
            Delivery::Later(_) => "later",
            Delivery::Refused(_) => "refused",
        };
        match delivery {
            Delivery::Accepted(_) => kept.last_accepted = Some(now),
            Delivery::Later(answer) | Delivery::Refused(answer) => {
                kept.last_failure = Some((now, answer.clone()));
            }
        }
        self.metrics.delivery(word);
    }
}
