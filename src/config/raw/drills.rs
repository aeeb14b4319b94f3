//! Drills by schedule, and the times in which none begins.

use super::texts::{MomentText, TimeText};
use crate::config::drills::{DrillKind, Weekday};
use crate::ids::{DrillId, RegionId, ServiceId};
use crate::json::{Within, shape};

shape! {
    /// A drill that is made again and again.
    pub(in crate::config) struct RawDrill {
        /// Its name.
        id: DrillId,
        /// The service.
        service: ServiceId,
        /// How far it goes.
        kind: DrillKind,
        /// The region that is taken to fail; the one that serves if absent.
        region: Option<RegionId>,
        /// Days from one to the next, at least.
        every_days: Within<1, 366>,
        /// When on the day, in UTC.
        at: TimeText,
        /// On these days of the week; on any if empty.
        weekdays: Vec<Weekday> = Vec::new(),
    }

    /// A time in which no drill begins: once, with two instants, or every week, with two times of
    /// the day.
    pub(in crate::config) struct RawBlocked {
        /// From then on: an instant, or a time of the day in UTC.
        from: MomentText,
        /// Until then: the same.
        until: MomentText,
        /// Every week: on these days; every day if empty.
        weekdays: Vec<Weekday> = Vec::new(),
        /// Why.
        reason: Option<String>,
    }
}
