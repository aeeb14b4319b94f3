//! What an isolate has counted of its requests.

use super::happenings::Happenings;
use crate::analytics::Points;
use crate::country::Country;
use crate::time::Timestamp;
use crate::traffic::{Happened, Line, Report};

/// What an isolate has counted and nobody has taken.
#[derive(Debug, Default)]
pub(super) struct Counted {
    /// The minute whose counts lie with the services.
    pub(super) minute: Timestamp,
    pub(super) lines: Vec<Line>,
    /// What else happened until this minute.
    pub(super) happened: Vec<Happened>,
    /// The same for a dataset, where there is one.
    pub(super) points: Option<Points>,
    /// What happened since to requests that have no service.
    pub(super) without_service: Happenings,
    /// What was sent and not answered. It is sent again as it was, so that it counts once.
    pub(super) sent: Option<Report>,
    pub(super) number: u64,
    pub(super) isolate: Option<String>,
    /// The country of a client since the last report.
    pub(super) country: Option<Country>,
}
