//! Which pages there are, what they are made from, and how one is made.

use super::fields::field;
use super::frame::{Content, Looker, framed};
use super::who::Asked;
use super::{changes, contracts, drills, incidents, overview, region, service};
use crate::controller::Controller;
use crate::documents::Status;
use crate::order::Look;
use crate::time::Timestamp;
use percent_encoding::percent_decode_str;

/// A page that shows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// How everything stands.
    Overview,
    /// One service.
    Service(String),
    /// One region.
    Region(String),
    /// The incidents that are kept.
    Incidents,
    /// One incident.
    Incident(String),
    /// What services promise.
    Contracts,
    /// The drills that are kept.
    Drills,
    /// One drill.
    Drill(String),
    /// Who goes where.
    Who(Asked),
    /// What changed, from this entry of the audit chain on.
    Changes(Option<u64>),
}

impl Page {
    /// The page of a path behind the prefix, with its query; `None` if it is none.
    #[must_use]
    pub fn of(path: &str, query: &str) -> Option<Self> {
        let mut segments = path.split('/');
        let (first, second) = (segments.next()?, segments.next());
        if segments.next().is_some() {
            return None;
        }
        let id = second.map(decoded).filter(|id| !id.is_empty());
        match (first, id) {
            ("services", Some(id)) => Some(Self::Service(id)),
            ("regions", Some(id)) => Some(Self::Region(id)),
            ("incidents", Some(id)) => Some(Self::Incident(id)),
            ("drills", Some(id)) => Some(Self::Drill(id)),
            _ if second.is_some() => None,
            ("", _) => Some(Self::Overview),
            ("incidents", _) => Some(Self::Incidents),
            ("contracts", _) => Some(Self::Contracts),
            ("drills", _) => Some(Self::Drills),
            ("who", _) => Some(Self::Who(Asked::of(query))),
            ("changes", _) => {
                let from = field(query, "from").and_then(|from| from.parse().ok());
                Some(Self::Changes(from))
            }
            _ => None,
        }
    }
}

/// A page as HTML; `None` if there is no such thing. [`Page::Who`] is not made here, but from the
/// decisions of an isolate.
#[must_use]
pub fn made(controller: &Controller, look: &Look, now: Timestamp) -> Option<String> {
    let looker = Looker::of(look, now);
    let content = content(controller, &Page::of(&look.page, &look.query)?, &looker)?;
    Some(framed(&content, Some(&looker)))
}

fn content(controller: &Controller, page: &Page, looker: &Looker) -> Option<Content> {
    let now = looker.now;
    match page {
        Page::Overview => {
            let (trends, contracts) = (controller.trends(now), controller.contracts(now));
            let status = controller.status(now);
            Some(overview::content(&status, Some((&trends, &contracts)), None, looker))
        }
        Page::Service(id) => {
            let (trends, contracts) = (controller.trends(now), controller.contracts(now));
            let (status, recovery) = (controller.status(now), controller.recovery_page(now));
            service::content(id, &status, (&trends, &contracts, &recovery), looker)
        }
        Page::Region(id) => Some(region::content(&controller.region_page(id, now)?, looker)),
        Page::Incidents => Some(incidents::list(&controller.incident_index(now), looker)),
        Page::Incident(id) => Some(incidents::one(&controller.incident_page(id, now)?, looker)),
        Page::Contracts => Some(contracts::content(&controller.contracts(now), looker)),
        Page::Drills => Some(drills::list(&controller.drill_index(now), looker)),
        Page::Drill(id) => Some(drills::one(&controller.drill_page(id, now)?, looker)),
        Page::Changes(from) => {
            let last = controller.state().audit.head.n;
            let first = from.unwrap_or_else(|| last.saturating_sub(changes::ENTRIES - 1));
            let audit = controller.audit_page(first);
            let known = (&audit, &controller.config_history());
            Some(changes::content(first, &controller.status(now), known, looker))
        }
        Page::Who(_) => None,
    }
}

/// The overview by the copy of the status in KV, while the Controller does not answer.
#[must_use]
pub fn by_copy(status: &Status, silence: &str, looker: &Looker) -> String {
    framed(&overview::content(status, None, Some(silence), looker), Some(looker))
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
