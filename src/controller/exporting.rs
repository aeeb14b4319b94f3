//! Metrics that are pushed.
//!
//! They go with a run, as often as the config says. One that fails is not tried again: all numbers
//! are told as they stand, so the next one has whatever this one had.

use super::Controller;
use super::quota::Quota;
use crate::config::{Otlp, RUN_MS};
use crate::documents::ExportStatus;
use crate::json;
use crate::metrics::{self, GROUPS, OTLP_CONTENT_TYPE};
use crate::outgoing::{CannotSend, Outcome, OutgoingRequest, headers};
use crate::secret::Secret;
use crate::tick::RoundRequest;
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::Value;
use std::borrow::Cow;

/// Longest time that a `Retry-After` may ask for.
pub const RETRY_AFTER_MS_MAX: Millis = 60 * MINUTE;
/// Most characters of what a receiver says of points that it refuses.
const SAID_CHARS_MAX: usize = 200;

/// What of exports a restart may forget.
#[derive(Debug, Default)]
pub(super) struct Exporting {
    /// When the counters began.
    since: Option<Timestamp>,
    is_due: bool,
    /// When the last one began.
    began: Option<Timestamp>,
    /// The receiver wants none before.
    not_before: Timestamp,
    status: ExportStatus,
}

/// One push. Its request has no secret yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    otlp: Otlp,
    body: String,
}

impl Export {
    /// The name of the secret that it needs.
    #[must_use]
    pub fn headers_secret(&self) -> Option<&String> {
        self.otlp.headers_secret.as_ref()
    }

    /// What is sent. Errors: [`CannotSend`] if the secret is not set, or holds no headers.
    pub fn request(self, secret: Option<&Secret>) -> Result<OutgoingRequest, CannotSend> {
        let Self { otlp: Otlp { url, headers_secret, .. }, body } = self;
        let mut all = vec![(Cow::Borrowed("content-type"), OTLP_CONTENT_TYPE.to_owned())];
        if let Some(name) = headers_secret {
            let secret = secret.ok_or(CannotSend::NoSecret(name))?;
            let named = headers(secret.expose())?;
            all.extend(named.into_iter().map(|(name, value)| (Cow::Owned(name), value)));
        }
        Ok(OutgoingRequest { url, headers: all, body })
    }
}

impl Controller {
    /// Notes when the counters began: with this object.
    #[must_use]
    pub fn counting_since(mut self, now: Timestamp) -> Self {
        self.exporting.since = Some(now);
        self
    }

    /// A run has come, with which metrics may be due.
    pub(super) fn export_with(&mut self, request: &RoundRequest) {
        let Some(otlp) = self.config.as_ref().and_then(|config| config.otlp.as_ref()) else {
            self.exporting.is_due = false;
            return;
        };
        // Runs come each minute, and not quite to the second.
        let pause_ms = otlp.every_ms.saturating_sub(RUN_MS / 2);
        let Exporting { began, not_before, .. } = self.exporting;
        let is_rested =
            began.is_none_or(|began| !(began..began.plus(pause_ms)).contains(&request.now));
        self.exporting.is_due |= request.round == 0 && is_rested && request.now >= not_before;
    }

    /// The push that is due, if the quota allows it; it counts as made.
    pub fn take_export(&mut self, quota: &mut Quota, now: Timestamp) -> Option<Export> {
        if !self.exporting.is_due {
            return None;
        }
        let otlp = self.config.as_ref()?.otlp.clone()?;
        if !quota.use_export() {
            return None;
        }
        self.exporting.is_due = false;
        self.exporting.began = Some(now);
        let since = self.exporting.since.unwrap_or(now).min(now);
        let body = self.with_sources(now, |sources| metrics::otlp(&GROUPS, sources, since));
        Some(Export { otlp, body })
    }

    /// Notes how it ended.
    pub fn end_export(&mut self, outcome: &Outcome, now: Timestamp) {
        let failure = outcome.failure();
        let is_taken = failure.is_none();
        let mut refused = None;
        if let Outcome::Answered { retry_after_ms, said, .. } = outcome {
            if is_taken {
                refused = partial(said);
            } else {
                let wait_ms = retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MS_MAX);
                self.exporting.not_before = now.plus(wait_ms);
            }
        }
        let count =
            if is_taken { &mut self.counters.exports } else { &mut self.counters.exports_failed };
        *count += 1;
        let status = &mut self.exporting.status;
        if is_taken {
            status.taken_at = Some(now);
        }
        status.last_failure = failure.or(refused);
    }

    pub(super) fn export_status(&self) -> Option<ExportStatus> {
        self.config.as_ref()?.otlp.as_ref()?;
        Some(self.exporting.status.clone())
    }
}

/// What a receiver says of points that it has refused, although it has taken the request. Source:
/// `ExportMetricsPartialSuccess` of OTLP.
fn partial(said: &str) -> Option<String> {
    let value = json::parse(said).ok()?;
    let partial = value.get("partialSuccess")?;
    let refused = match partial.get("rejectedDataPoints")? {
        Value::String(digits) => digits.parse().ok()?,
        number => number.as_u64()?,
    };
    if refused == 0 {
        return None;
    }
    let why = partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    let why: String = why.chars().take(SAID_CHARS_MAX).collect();
    let colon = if why.is_empty() { "" } else { ": " };
    Some(format!("it refused {refused} points{colon}{why}"))
}
