//! Which requests may be sent once more, and what that takes.

use super::body::{Body, Sending};
use super::progress::AskReason;
use super::question::Question;
use crate::config::Proxying;
use crate::http::is_idempotent;
use crate::steering::Decision;

/// Most tries of a request whose body the shell keeps: the first one and one replay.
const KEPT_BODY_TRIES_MAX: usize = 2;

/// How many tries any request may have. No more regions have to be in order: each try goes to
/// another one, as long as there are any.
pub(super) fn attempts(proxy: &Proxying) -> usize {
    usize::try_from(proxy.attempts.get()).unwrap_or(1)
}

/// How many tries the request may have, those before included. A request may be repeated if its
/// method is idempotent, or if nothing of the last try can have taken effect; and only if its body
/// is still there. Source: RFC 9110 section 9.2.2.
pub(super) fn tries_max(question: &Question<'_>, proxy: &Proxying) -> usize {
    let attempts = attempts(proxy);
    let was_unsent = question.progress.reason == AskReason::Unsent;
    match question.body {
        _ if !was_unsent && !is_idempotent(question.method) => 1,
        Body::None => attempts,
        Body::Kept(_) => attempts.min(KEPT_BODY_TRIES_MAX),
        Body::Sized(_) | Body::Unsized => 1,
    }
}

/// How to send the body: kept only if there is another origin that a replay could go to.
pub(super) fn sending(
    question: &Question<'_>,
    proxy: &Proxying,
    decision: &Decision<'_>,
) -> Sending {
    let origins: usize = decision.regions.iter().map(|region| region.entry.origins.len()).sum();
    let may_go_on = proxy.attempts.get() > 1 && origins > 1 && question.progress.tries() == 0;
    match question.body {
        Body::Kept(_) if may_go_on && is_idempotent(question.method) => Sending::Kept,
        Body::Kept(_) if may_go_on => Sending::KeptInPieces,
        _ => Sending::Once,
    }
}
