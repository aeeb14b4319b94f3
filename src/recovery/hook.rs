//! A hook: what is sent to an endpoint of the operator's, and what its answer means.
//!
//! The same step is called under the same id until its answer is final, so whoever answers must
//! treat a repetition as done. Of two promotions the one with the later epoch rules.

use super::plan::PlanKind;
use crate::config::{Hook, OriginUrl};
use crate::ids::{RegionId, ServiceId};
use crate::json::{self, fields};
use crate::outgoing::{
    BadAddress, CannotSend, Outcome, OutgoingRequest, Secrets, SigningSecret, address,
};
use crate::time::{Millis, SECOND, Timestamp};

/// How much of an answer is kept for people, in bytes.
pub const HOOK_SAID_BYTES_MAX: usize = 300;
/// How long to wait after a 202 that does not say it.
pub const HOOK_POLL_MS: Millis = 2 * SECOND;
/// First wait after a try that failed. Each further one in a row is longer by as much.
pub const HOOK_BACKOFF_MS: Millis = 5 * SECOND;
/// Longest wait between two tries, whatever a hook asks for.
pub const HOOK_WAIT_MS_MAX: Millis = 60 * SECOND;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCall {
    /// The service.
    pub service: ServiceId,
    /// The index of the step in its plan; absent of a dry call, which belongs to no plan.
    pub index: Option<usize>,
    /// Which try of the step it is, from 1.
    pub tries: u32,
    /// Where it goes, and who signs it.
    pub hook: Hook,
    /// What it says.
    pub body: HookBody,
}

/// What a hook is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookBody {
    /// The service.
    pub service: ServiceId,
    /// The service's epoch. It only grows; with the service it names the promotion.
    pub epoch: u64,
    /// `fence`, `promote`, or the step's name in the config.
    pub step: String,
    /// What the plan is for.
    pub kind: PlanKind,
    /// The region that is left.
    pub from: Option<RegionId>,
    /// The region that takes over.
    pub to: Option<RegionId>,
    /// Why, in words.
    pub reason: String,
    /// Whether only to say if it would work now. Nothing may be changed.
    pub is_dry: bool,
    /// When the plan was begun: the same for every try.
    pub at: Timestamp,
}

fields!(HookBody { service, epoch, step, kind, from, to, reason, is_dry, at });

/// What an answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookAnswer {
    /// It is done, by this call or an earlier one.
    Done {
        /// What was answered beside that.
        said: Option<String>,
    },
    /// It has begun; the question is asked again after this wait.
    Begun {
        /// The wait.
        after_ms: Millis,
        /// What was answered beside that.
        said: Option<String>,
    },
    /// A later epoch rules, or it can never be done.
    Superseded {
        /// Why, in words.
        why: String,
    },
    /// It did not work this time.
    Again {
        /// The least wait that the hook asks for.
        after_ms: Option<Millis>,
        /// Why, in words.
        why: String,
    },
    /// It has failed.
    Failed {
        /// Why, in words.
        why: String,
    },
}

impl HookCall {
    /// What the hook knows this step by: the same for each of its tries.
    #[must_use]
    pub fn id(&self) -> String {
        let HookBody { service, epoch, step, is_dry, .. } = &self.body;
        let dry = if *is_dry { "-dry" } else { "" };
        format!("{service}-{epoch}-{step}{dry}")
    }

    /// What to send now. `now` is the time as others have it. Errors: [`CannotSend`].
    pub fn request(
        &self,
        secrets: &Secrets,
        now: Timestamp,
    ) -> Result<OutgoingRequest, CannotSend> {
        let to = self.body.to.as_ref().map_or("", RegionId::as_str);
        let url = hook_address(&self.hook.url_for(to))?.to_owned();
        let body = json::write(&self.body);
        let mut headers = vec![("content-type", "application/json".to_owned())];
        let id = self.id();
        if let Some(name) = &self.hook.secret {
            let key = secrets.key.as_ref().ok_or_else(|| CannotSend::NoSecret(name.clone()))?;
            let secret = SigningSecret::parse(key)?;
            headers.push(("webhook-signature", secret.sign(&id, now, &body)));
        }
        headers.push(("webhook-timestamp", (now.millis() / SECOND).to_string()));
        headers.push(("webhook-id", id));
        Ok(OutgoingRequest::of(url, headers, body))
    }
}

/// The URL of a hook, if it may be called: by TLS, and at a public name.
fn hook_address(url: &str) -> Result<&str, BadAddress> {
    if !url.trim().starts_with("https://") {
        return Err(BadAddress::NotHttps);
    }
    let host = OriginUrl::of(url.trim()).map_err(|_| BadAddress::Host)?.host().to_owned();
    address(url, &[host])
}

impl HookAnswer {
    /// What the end of a call means.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let Outcome::Answered { status, retry_after_ms, said } = outcome else {
            return Self::again(outcome.unanswered().unwrap_or_default());
        };
        let (status, retry_after_ms) = (*status, *retry_after_ms);
        let said = kept(said);
        let told = match &said {
            Some(said) => format!("it answered {status}: {said}"),
            None => format!("it answered {status}"),
        };
        let asked_ms = retry_after_ms.map(|ms| ms.min(HOOK_WAIT_MS_MAX));
        match status {
            200 => Self::Done { said },
            202 => {
                let after_ms = asked_ms.unwrap_or(HOOK_POLL_MS).max(SECOND);
                Self::Begun { after_ms, said }
            }
            409 => Self::Superseded { why: told },
            429 | 500..=599 => Self::Again { after_ms: asked_ms, why: told },
            _ => Self::Failed { why: told },
        }
    }

    fn again(why: &str) -> Self {
        Self::Again { after_ms: None, why: why.to_owned() }
    }
}

/// How long to wait after so many failures in a row.
#[must_use]
pub fn backoff_ms(failures: u32, asked_ms: Option<Millis>) -> Millis {
    let grown = HOOK_BACKOFF_MS.saturating_mul(u64::from(failures.max(1)));
    grown.max(asked_ms.unwrap_or(0)).min(HOOK_WAIT_MS_MAX)
}

/// The beginning of an answer, on one line; `None` if it says nothing.
fn kept(said: &str) -> Option<String> {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = said.trim().chars().map(plain).collect();
    let end = line.floor_char_boundary(HOOK_SAID_BYTES_MAX);
    let line = line.get(..end).unwrap_or_default().trim();
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests;
