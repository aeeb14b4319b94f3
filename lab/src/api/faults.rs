//! Faults that a test or the demo injects between a client and the API.
//!
//! A fault waits for calls that match its method and path prefix, strikes a number of them, and is
//! then removed. For a client, what matters is whether the change was made. `DropReplyAfterApply`
//! and `CloseBeforeApply` look the same to it, and only reading back tells them apart.
//!
//! Two disturbances are not faults, because they combine with faults: latency of all calls
//! ([`Api::set_latency`](super::Api::set_latency)), and an edit by another person between a
//! client's read and its write ([`Api::on_next_get`](super::Api::on_next_get)).

/// What happens to a matching call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Answers this HTTP status in the usual envelope; nothing is applied.
    Status(u16),
    /// Answers this HTTP status with a page in HTML, as a firewall or a proxy in between would;
    /// nothing is applied.
    Page(u16),
    /// Answers 429 with `retry-after`; nothing is applied.
    TooManyRequests {
        /// Value of the header, in seconds.
        retry_after_s: u32,
    },
    /// Never answers; nothing is applied. The connection stays open until the client or server
    /// closes it.
    Hang,
    /// Waits this many milliseconds, then handles the call as usual.
    Delay(u64),
    /// Applies the call, then closes the connection without an answer.
    DropReplyAfterApply,
    /// Applies the call, then never answers.
    HangAfterApply,
    /// Closes the connection before anything is applied.
    CloseBeforeApply,
    /// Applies the call, then answers with half of the JSON.
    MalformedJson,
    /// Answers 404 as if the object were gone; nothing is applied.
    NotFoundOnce,
    /// Answers 400 with one error that points here, as a batch is refused whole for one bad
    /// element; nothing is applied.
    RefuseElement {
        /// JSON pointer into the body, such as `/patches/1/content`.
        pointer: &'static str,
    },
    /// Answers this HTTP status with a message that repeats the caller's token; nothing is applied.
    EchoToken(u16),
}

impl FaultKind {
    /// Whether the call is applied, so that only its reply suffers.
    pub(crate) fn applies(self) -> bool {
        matches!(
            self,
            Self::Delay(_) | Self::DropReplyAfterApply | Self::HangAfterApply | Self::MalformedJson
        )
    }
}

/// A fault, and the calls that it strikes.
#[derive(Clone, Debug)]
pub struct Fault {
    kind: FaultKind,
    method: Option<String>,
    path_prefix: String,
    calls: usize,
}

impl Fault {
    /// Strikes the next call.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, method: None, path_prefix: String::new(), calls: 1 }
    }

    /// Strikes only calls with this method and path prefix below `/client/v4`.
    #[must_use]
    pub fn on(mut self, method: &str, path_prefix: &str) -> Self {
        self.method = Some(method.to_owned());
        path_prefix.clone_into(&mut self.path_prefix);
        self
    }

    /// Strikes this many matching calls instead of one.
    #[must_use]
    pub fn times(mut self, calls: usize) -> Self {
        self.calls = calls;
        self
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        self.calls > 0
            && self.method.as_deref().is_none_or(|wanted| wanted == method)
            && path.starts_with(&self.path_prefix)
    }
}

/// The waiting faults, in the order of injection.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<Fault>,
}

impl Faults {
    pub(crate) fn inject(&mut self, fault: Fault) {
        self.waiting.push(fault);
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Takes the first fault that matches a call; a call meets at most one fault.
    pub(crate) fn strike(&mut self, method: &str, path: &str) -> Option<FaultKind> {
        let fault = self.waiting.iter_mut().find(|fault| fault.matches(method, path))?;
        fault.calls -= 1;
        let kind = fault.kind;
        self.waiting.retain(|fault| fault.calls > 0);
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_matching_calls_and_is_spent() {
        let mut faults = Faults::default();
        faults.inject(Fault::new(FaultKind::Status(500)).on("PATCH", "/accounts/").times(2));
        assert_eq!(faults.strike("GET", "/accounts/a"), None);
        assert_eq!(faults.strike("PATCH", "/zones/z"), None);
        assert_eq!(faults.strike("PATCH", "/accounts/a"), Some(FaultKind::Status(500)));
        assert_eq!(faults.strike("PATCH", "/accounts/b"), Some(FaultKind::Status(500)));
        assert_eq!(faults.strike("PATCH", "/accounts/b"), None);
    }
}
