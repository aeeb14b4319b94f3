//! What isolates may count: only what the config has and the families tell. So what a wrong report
//! says takes no room.

use crate::config::{Config, Service};
use crate::residency::Mode;
use crate::steering::ChosenBy;
use crate::traffic::{Happened, What};

/// The codes of refusals: of a service, and of requests that have none.
pub const CODES: (&[&str], &[&str]) = (
    &[
        "bad_request",
        "bad_status",
        "client_silent",
        "misdirected",
        "no_permitted_region",
        "no_primary",
        "no_usable_region",
        "resumed_elsewhere",
        "shed",
        "tenant_unavailable",
        "timed_out",
        "unknown_tenant",
        "unreachable",
    ],
    &[
        "bad_request",
        "loop_detected",
        "misspelt_path",
        "no_routes",
        "secret_in_request",
        "unknown_host",
    ],
);

/// Whether there is a counter for it.
#[must_use]
pub fn is_known(config: Option<&Config>, told: &Happened) -> bool {
    let Some(config) = config else { return false };
    let of = told.of.as_deref();
    let Some(id) = &told.service else {
        return of.is_some_and(|of| match told.what {
            What::Refused => CODES.1.contains(&of),
            What::RuledOut => {
                let mut strict = config.residency.iter().filter(|it| it.mode == Mode::Strict);
                strict.any(|rule| rule.id.as_str() == of)
            }
            _ => false,
        });
    };
    let Some(service) = config.services.get(id).filter(|service| is_proxied(service)) else {
        return false;
    };
    match (told.what, of) {
        (What::Decided, Some(how)) => ChosenBy::ALL.iter().any(|known| known.as_str() == how),
        (What::Refused, Some(code)) => CODES.0.contains(&code),
        (What::BodyLost | What::BreakerOpened, Some(region)) => {
            service.regions.iter().any(|id| id.as_str() == region)
        }
        (What::Retried | What::Hedged | What::OverBudget | What::Stale, None) => true,
        _ => false,
    }
}

/// Whether the proxy serves it: a service without hosts is only published.
pub(super) fn is_proxied(service: &Service) -> bool {
    !service.hosts.is_empty()
}
