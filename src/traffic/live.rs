//! The counts of all isolates, added up.

use super::buckets::Buckets;
use super::counts::Counts;
use super::happened::Happened;
use super::report::{Line, Report};
use super::totals::Totals;
use super::ways::{Way, WayLatency, Ways};
use crate::geo::Area;
use crate::ids::{RegionId, ServiceId};
use crate::json::{self, Reader, Shape, fields};
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, Timestamp};
use serde_json::Value;

const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
/// The longest window that is kept, of the answers of a service. Of a region it is three days.
pub const WINDOW_MS_MAX: Millis = 30 * DAY;
/// How often the counts of a service are written down at most. What was counted since is lost if
/// the Controller is restarted meanwhile.
pub const WRITE_EVERY_MS: Millis = MINUTE;
/// Most rows that counts may take of a day's writes, of 100,000 that the free plan has. Where there
/// are more services, they are written down more rarely. Source:
/// developers.cloudflare.com/durable-objects/platform/pricing.
pub const ROWS_PER_DAY: u64 = 20_000;
/// Most isolates whose last report is remembered. Of more, the ones heard longest ago are
/// forgotten: then a report of theirs that is sent twice counts twice.
pub const HEARD_MAX: usize = 1_000;

type Minutes = Buckets<MINUTE, 61>;
type Fives = Buckets<{ 5 * MINUTE }, 73>;

/// One minute for an hour, five for six hours, an hour for `HOURS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Series<const HOURS: u64> {
    minutes: Minutes,
    fives: Fives,
    hours: Buckets<HOUR, HOURS>,
}

impl<const HOURS: u64> Series<HOURS> {
    fn add(&mut self, counts: &Counts, at: Timestamp) {
        self.minutes.add(counts, at);
        self.fives.add(counts, at);
        self.hours.add(counts, at);
    }

    fn within(&self, window_ms: Millis, now: Timestamp) -> Counts {
        if window_ms <= Minutes::SPAN_MS {
            self.minutes.within(window_ms, now)
        } else if window_ms <= Fives::SPAN_MS {
            self.fives.within(window_ms, now)
        } else {
            self.hours.within(window_ms, now)
        }
    }

    fn forget_the_future(&mut self, now: Timestamp) {
        self.minutes.forget_the_future(now);
        self.fives.forget_the_future(now);
        self.hours.forget_the_future(now);
    }
}

impl<const HOURS: u64> Shape for Series<HOURS> {
    fn read(value: &Value, reader: &mut Reader) -> Option<Self> {
        let (minutes, (fives, hours)) = Shape::read(value, reader)?;
        Some(Self { minutes, fives, hours })
    }

    fn write(&self) -> Value {
        let rest = Value::Array(vec![self.fives.write(), self.hours.write()]);
        Value::Array(vec![self.minutes.write(), rest])
    }
}

/// The counts of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceTraffic {
    /// Answers to clients, after all tries.
    answers: Series<721>,
    /// Tries, by the region that was tried.
    tries: Map<RegionId, Series<73>>,
}

fields!(ServiceTraffic { answers, tries = Map::new() });

/// The last report of an isolate that was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heard {
    number: u64,
    at: Timestamp,
}

fields!(Heard { number, at });

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is counted, without this many lines: they are about nothing that there is, or their
    /// figures are no figures.
    Counted(usize),
    /// It was counted before.
    Known,
    /// It is no report.
    Refused,
}

/// The live traffic of all services.
///
/// Storage holds it as it was when it was last written down: the counts of all services and which
/// reports they hold, together. So a report that is sent again after a restart is counted once,
/// whether or not it was counted before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    services: Map<ServiceId, ServiceTraffic>,
    heard: Map<String, Heard>,
    ways: Ways,
    totals: Totals,
    /// Lines and reports that were refused since the Controller began.
    pub refused: u64,
    /// Rows of services as they were last written down.
    rows: Map<ServiceId, String>,
    /// The same of `heard`.
    heard_row: Option<String>,
    written_at: Timestamp,
}

impl Traffic {
    /// Adds what an isolate tells. `is_known` says whether there is such a service, with such a
    /// region.
    pub fn take(
        &mut self,
        report: &Report,
        is_known: impl Fn(&ServiceId, Option<&RegionId>) -> bool,
        now: Timestamp,
    ) -> Taken {
        if !report.is_sound() {
            self.refused = self.refused.saturating_add(1);
            return Taken::Refused;
        }
        let last = self.heard.get(report.isolate.as_str());
        if last.is_some_and(|last| last.number >= report.number) {
            return Taken::Known;
        }
        self.heard.insert(report.isolate.clone(), Heard { number: report.number, at: now });
        self.forget_isolates();
        let mut refused = 0;
        for line in &report.lines {
            if line.is_sound(now) && is_known(&line.service, line.region.as_ref()) {
                self.add(line, report.area);
            } else {
                refused += 1;
            }
        }
        self.refused = self.refused.saturating_add(u64::try_from(refused).unwrap_or(u64::MAX));
        Taken::Counted(refused)
    }

    /// Adds what else a report tells, once it is counted. `is_known` says whether there is such a
    /// thing.
    pub fn take_happened(&mut self, told: &[Happened], is_known: impl Fn(&Happened) -> bool) {
        for one in told {
            if one.is_sound() && is_known(one) {
                self.totals.add_happened(one);
            } else {
                self.refused = self.refused.saturating_add(1);
            }
        }
    }

    fn add(&mut self, line: &Line, area: Option<Area>) {
        self.totals.add((&line.service, line.region.as_ref()), line.requests());
        self.services.insert_if_absent(line.service.clone(), ServiceTraffic::default());
        let Some(service) = self.services.get_mut(&line.service) else { return };
        match &line.region {
            None => service.answers.add(&line.counts, line.minute),
            Some(region) => {
                if let Some(area) = area {
                    let way = (line.service.clone(), region.clone(), area);
                    self.ways.add(&way, &line.requests(), line.minute);
                }
                service.tries.insert_if_absent(region.clone(), Series::default());
                if let Some(tries) = service.tries.get_mut(region) {
                    tries.add(&line.counts, line.minute);
                }
            }
        }
    }

    fn forget_isolates(&mut self) {
        while self.heard.len() > HEARD_MAX {
            let oldest = self.heard.iter().min_by_key(|(_, heard)| heard.at);
            let Some(oldest) = oldest.map(|(isolate, _)| isolate.clone()) else { return };
            self.heard.remove(oldest.as_str());
        }
    }

    /// What happened in the last `window_ms`: the tries at a region, or the answers of the service
    /// to its clients. Without counts it is nothing.
    ///
    /// The step in which the window begins counts whole: a minute in windows of up to an hour, five
    /// minutes in windows of up to six, an hour in longer ones. A region has no more than three
    /// days, a service [`WINDOW_MS_MAX`].
    #[must_use]
    pub fn window(
        &self,
        service: &ServiceId,
        region: Option<&RegionId>,
        window_ms: Millis,
        now: Timestamp,
    ) -> Counts {
        let Some(service) = self.services.get(service) else { return Counts::default() };
        match region {
            None => service.answers.within(window_ms, now),
            Some(region) => {
                let tries = service.tries.get(region);
                tries.map(|tries| tries.within(window_ms, now)).unwrap_or_default()
            }
        }
    }

    /// The answers of a service in each of the last so many hours, the oldest first. The last hour
    /// goes on.
    #[must_use]
    pub fn last_hours(&self, service: &ServiceId, hours: u64, now: Timestamp) -> Vec<Counts> {
        let known = self.services.get(service);
        let back = |hours: u64| now.minus(hours.saturating_mul(HOUR));
        let of_hour = |at| known.map(|known| known.answers.hours.of_step(at)).unwrap_or_default();
        (0..hours).rev().map(|hours| of_hour(back(hours))).collect()
    }

    /// How long live requests take on a way, in the last minutes; `None` with fewer than
    /// [`super::WAY_SAMPLES_MIN`] that were answered well.
    #[must_use]
    pub fn latency(&self, way: &Way, now: Timestamp) -> Option<WayLatency> {
        self.ways.latency(way, now)
    }

    /// The same of all ways to a region of a service, by the areas in which they begin.
    #[must_use]
    pub fn latencies(&self, to: (&ServiceId, &RegionId), now: Timestamp) -> Map<Area, WayLatency> {
        self.ways.latencies(to, now)
    }

    /// What was told since the Controller began.
    #[must_use]
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many isolates have told something in the last `window_ms`.
    #[must_use]
    pub fn isolates(&self, window_ms: Millis, now: Timestamp) -> usize {
        self.heard.values().filter(|heard| now.since(heard.at) <= window_ms).count()
    }

    /// Since when answers of a service are counted; `None` without any.
    #[must_use]
    pub fn counted_since(&self, service: &ServiceId) -> Option<Timestamp> {
        self.services.get(service)?.answers.hours.begins()
    }

    /// Forgets what the config no longer has.
    pub fn retain(
        &mut self,
        is_known: impl Fn(&ServiceId, Option<&RegionId>) -> bool,
        now: Timestamp,
    ) {
        self.ways.retain(&is_known, now);
        self.services.retain(|id, service| {
            service.tries.retain(|region, _| is_known(id, Some(region)));
            is_known(id, None)
        });
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        for service in self.services.values_mut() {
            service.answers.forget_the_future(now);
            service.tries.values_mut().for_each(|tries| tries.forget_the_future(now));
        }
        self.heard.values_mut().for_each(|heard| heard.at = heard.at.unless_ahead(now));
        self.ways.forget_the_future(now);
        self.written_at = self.written_at.unless_ahead(now);
    }

    /// Writes the counts down for storage, if it is time. Returns whether it was.
    pub fn write_down(&mut self, now: Timestamp) -> bool {
        let rows = u64::try_from(self.services.len()).unwrap_or(u64::MAX).saturating_add(1);
        let every_ms = (rows.saturating_mul(DAY) / ROWS_PER_DAY).max(WRITE_EVERY_MS);
        if self.services.is_empty() && self.rows.is_empty() || now.since(self.written_at) < every_ms
        {
            return false;
        }
        self.written_at = now;
        let row = |(id, service): (&ServiceId, &ServiceTraffic)| (id.clone(), json::write(service));
        self.rows = Map::of(self.services.iter().map(row));
        self.heard_row = Some(json::write(&self.heard));
        true
    }

    /// The rows of services, as they were last written down.
    pub fn rows(&self) -> impl Iterator<Item = (&ServiceId, &String)> {
        self.rows.iter()
    }

    /// The row that says which reports they hold.
    #[must_use]
    pub fn heard_row(&self) -> Option<&str> {
        self.heard_row.as_deref()
    }

    /// Takes the row of a service back. Errors: it does not read.
    pub fn restore(&mut self, service: ServiceId, row: &str) -> Result<(), json::BadJson> {
        self.services.insert(service.clone(), json::read(row)?);
        self.rows.insert(service, row.to_owned());
        Ok(())
    }

    /// Takes back which reports the rows hold. Errors: it does not read.
    pub fn restore_heard(&mut self, row: &str) -> Result<(), json::BadJson> {
        self.heard = json::read(row)?;
        self.heard_row = Some(row.to_owned());
        Ok(())
    }
}

/// The document for people has no counts: they would change it all the time. The page about
/// contracts has what they say.
impl Shape for Traffic {
    fn read(_: &Value, _: &mut Reader) -> Option<Self> {
        Some(Self::default())
    }

    fn write(&self) -> Value {
        Value::Null
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}
