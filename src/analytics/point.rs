//! One data point.

use super::columns::{BLOBS, DOUBLES};
use crate::geo::Area;
use crate::ids::{ID_BYTES_MAX, RegionId, ServiceId};
use crate::time::{SECOND, Timestamp};
use crate::traffic::{Happened, Line, Requests, Sum, What};
use serde_json::Value;

/// Most bytes of an index. This and the next three are Cloudflare's limits, of which a point that
/// exceeds one is not recorded, and nobody says so.
pub const INDEX_BYTES_MAX: usize = 96;
/// Most texts of a point.
pub const BLOBS_MAX: usize = 20;
/// Most bytes of all texts of a point.
pub const BLOBS_BYTES_MAX: usize = 16_000;
/// Most numbers of a point.
pub const DOUBLES_MAX: usize = 20;

const _: () = {
    assert!(ID_BYTES_MAX <= INDEX_BYTES_MAX, "every service can be an index");
    assert!(BLOBS <= BLOBS_MAX && DOUBLES <= DOUBLES_MAX, "every column has room");
};

/// What a point counts, and of which minute. Sorted by the minute.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct About {
    pub(super) minute: Timestamp,
    what: &'static str,
    service: String,
    region: String,
    of: String,
}

/// One data point, without the area that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) about: About,
    requests: Requests,
}

impl Point {
    pub(super) fn of_line(line: &Line) -> Self {
        let Line { minute, service, region, counts, latencies } = line;
        let about = About {
            minute: *minute,
            what: if region.is_some() { "tries" } else { "answers" },
            service: service.to_string(),
            region: region.as_ref().map(RegionId::to_string).unwrap_or_default(),
            of: String::new(),
        };
        Self { about, requests: Requests { counts: *counts, latencies: *latencies } }
    }

    pub(super) fn of_happened(happened: &Happened, minute: Timestamp) -> Self {
        let Happened { what, service, of, count } = happened;
        let of = of.clone().unwrap_or_default();
        let is_of_region = matches!(what, What::BodyLost | What::BreakerOpened);
        let (region, of) = if is_of_region { (of, String::new()) } else { (String::new(), of) };
        let service = service.as_ref().map(ServiceId::to_string).unwrap_or_default();
        let mut requests = Requests::default();
        requests.counts.requests = *count;
        Self { about: About { minute, what: what.as_str(), service, region, of }, requests }
    }

    /// Counts another one about the same as well.
    pub(super) fn add(&mut self, other: &Self) {
        self.requests.add(&other.requests);
    }

    /// As JavaScript takes it: a list of the index, the texts and the numbers.
    pub(super) fn value(&self, area: Option<Area>) -> Value {
        let About { what, service, region, of, .. } = &self.about;
        let area = area.map(Area::as_str).unwrap_or_default();
        let blobs: [&str; BLOBS] = [what, service, region, area, of];
        let blobs = blobs.into_iter().map(Value::from).collect();
        let doubles = self.doubles().into_iter().map(Value::from).collect();
        Value::Array(vec![service.as_str().into(), blobs, doubles])
    }

    fn doubles(&self) -> [u64; DOUBLES] {
        let Requests { counts, latencies } = &self.requests;
        let mut doubles = [0; DOUBLES];
        let minute_s = self.about.minute.millis() / SECOND;
        let told =
            [minute_s, counts.requests, counts.failures, counts.unanswered, counts.latency_ms_sum];
        let up_to = latencies.up_to().map(|(_, count)| count);
        let told = told.into_iter().chain(up_to);
        doubles.iter_mut().zip(told).for_each(|(double, told)| *double = told);
        doubles
    }
}
