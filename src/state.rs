//! What the Controller remembers from one tick to the next.
//!
//! It is kept twice: as [`rows`] in the Controller's own storage, after every round, and as one
//! document for people in KV under `state`, after every change. Everything else that is written is
//! derived from this and the config.

mod actuation;
pub mod configs;
mod future;
pub mod rows;
mod sight;

use crate::alert::{Book, Outbox};
use crate::config::{Config, Diagnostic, Monitor};
use crate::contract::Promises;
use crate::drill::DrillBook;
use crate::fingerprint::Fingerprint;
use crate::geo::Area;
use crate::health::slow::{Floor, Shift};
use crate::health::{Because, Damping, Health, Hysteresis, Passed, Seen};
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::journal::{AuditLog, Incident};
use crate::json::{self, BadJson, fields, words};
use crate::latency::{Estimate, STALE_AFTER};
use crate::order::{Order, Remembered};
use crate::ordered::Map;
use crate::recovery::Recovery;
use crate::target::Target;
use crate::time::{Millis, Timestamp};
use crate::traffic::Traffic;
pub use actuation::{Actuation, Applied, Denied, Intent, Left, RetryWhy};
use configs::Configs;
pub use sight::{AREA_SILENT_MS, AreaState, Sight};

/// The KV key.
pub const KEY: &str = "state";
/// The version that this build writes and reads.
pub const VERSION: u32 = 1;

/// The Controller's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// [`VERSION`].
    pub version: u32,
    /// Grows by one with every change that a reader of the pages could notice.
    pub generation: u64,
    /// What is known of each target.
    pub targets: Map<Target, TargetState>,
    /// The cron run that is, or was last, under way.
    pub run: Option<Run>,
    /// Since when the observer doubts itself: it has reached nothing since, and failures without a
    /// sign of life do not count.
    pub doubted_since: Option<Timestamp>,
    /// The vantage points, where probes come from areas.
    pub areas: Map<Area, AreaState>,
    /// What people ordered: in force, or to come. In the order in which it was given.
    pub orders: Vec<Order>,
    /// How many orders were ever given; the number of the last one.
    pub orders_given: u64,
    /// The end of the audit chain.
    pub audit: AuditLog,
    /// The configs that were in use.
    pub configs: Configs,
    /// Alerts that are not over, and what was told to whom.
    pub alerts: Book,
    /// Alerts on their way.
    pub outbox: Outbox,
    /// Since when no run has come, once that was told.
    pub silent_since: Option<Timestamp>,
    /// Acts of people that were done under a key, in the order in which they were done; at most
    /// [`crate::order::KEYS_MAX`].
    pub remembered: Vec<Remembered>,
    /// The health of each region of the services for which corruption is declared, as it was when
    /// that came into force.
    pub frozen: Map<ServiceId, Map<RegionId, Health>>,
    /// How each service recovers.
    pub recoveries: Map<ServiceId, Recovery>,
    /// What became of the requests of clients.
    pub traffic: Traffic,
    /// How each service keeps what it promises, where there is something to remember.
    pub promises: Map<ServiceId, Promises>,
    /// What is tried out while all is well, and what came of it.
    pub drills: DrillBook,
    /// The config in KV, where it was refused. It is kept so that a restart does not report the
    /// same refusal again with a new time.
    pub refused: Option<RefusedConfig>,
    /// What we changed at Cloudflare, and what is left to do there.
    pub actuation: Actuation,
    /// Times in which a region of a service was not simply up, in the order in which they began; at
    /// most [`EPISODES_MAX`].
    pub history: Vec<Episode>,
    /// What belongs together, in the order in which it was opened. Those that are over make room
    /// for new ones.
    pub incidents: Vec<Incident>,
    /// How many incidents were ever opened; the number of the last one.
    pub incidents_opened: u64,
    /// Fingerprint of everything that a reader could notice, as of this generation.
    pub substance: Option<Fingerprint>,
    /// What KV holds: the fingerprint of each document's substance, by key.
    pub written: Map<String, Fingerprint>,
    /// When `routes` was last written.
    pub routes_written_at: Option<Timestamp>,
    /// How far the day's writes to KV are spent.
    pub spent: Spent,
}

/// How far the day's writes to KV are spent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Until when what accrues for news in `routes` is spent.
    pub routes_until: Timestamp,
    /// The same for the pages that people read.
    pub pages_until: Timestamp,
}

/// What is known of one target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetState {
    /// Its health and the evidence behind it.
    pub memory: Hysteresis,
    /// The smoothed latency of its passes.
    pub latency: Option<Estimate>,
    /// When its last probe was made.
    pub probed_at: Option<Timestamp>,
    /// When the last probe was made that gave a verdict.
    pub judged_at: Option<Timestamp>,
    /// When a probe last reached it, whatever it answered.
    pub reached_at: Option<Timestamp>,
    /// The instant before which it asked not to be probed, if its last probe got a 429.
    pub not_before: Option<Timestamp>,
    /// Why the last probe gave no verdict, if it gave none.
    pub note: Option<String>,
    /// The lowest smoothed latency of its passes, which rises slowly with time.
    pub floor: Option<Floor>,
    /// How its latency shifted from the runs before to the last one; only under a monitor that
    /// fails what is slower than its peers.
    pub shift: Option<Shift>,
    /// Whether its last probe failed because it was slower than its peers.
    pub too_slow: bool,
    /// The replication lag that its last answer reported.
    pub lag: Option<Reported>,
    /// How much it has flapped.
    pub damping: Option<Damping>,
    /// The last probe that passed.
    pub passed: Option<Passed>,
    /// What its last answers had at the pointers that somebody asks for.
    pub fields: Map<String, Seen>,
    /// How it looks from each area, where probes come from areas.
    pub sights: Map<Area, Sight>,
}

/// A number that an origin reported about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Seconds.
    pub value_s: u64,
    /// When.
    pub at: Timestamp,
}

/// A config that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedConfig {
    /// Which text it was.
    pub fingerprint: Fingerprint,
    /// When it was refused.
    pub at: Timestamp,
    /// What is wrong with it; at most [`DIAGNOSTICS_MAX`].
    pub problems: Vec<Diagnostic>,
    /// How many problems there are in all.
    pub problems_total: usize,
}

/// One cron run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The instant that it was scheduled for, by which it is known.
    pub scheduled: Timestamp,
    /// When it began.
    pub began: Timestamp,
    /// The last round that was taken in.
    pub round: u32,
    /// Probes so far, including those of controls.
    pub probes: u32,
    /// Whether controls should be asked, or were.
    pub controls: Controls,
    /// The last run that cron began, where this one stands in for cron; absent where cron began it.
    pub cron: Option<CronRun>,
}

impl Run {
    /// An instant that no other run has. Cron may begin a run late, with the instant of the run
    /// that has stood in for it, and in another place.
    #[must_use]
    pub fn own_instant(&self) -> Timestamp {
        if self.cron.is_some() { self.began } else { self.scheduled }
    }

    /// The last run that cron began.
    #[must_use]
    pub fn of_cron(&self) -> CronRun {
        self.cron.unwrap_or(CronRun { scheduled: self.scheduled, began: self.began })
    }
}

/// When cron last began a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CronRun {
    /// The instant that it was scheduled for.
    pub scheduled: Timestamp,
    /// When it began.
    pub began: Timestamp,
}

words! {
    /// How far the question is whether the observer reaches anything.
    #[derive(Default)]
    pub enum Controls {
        /// Nobody asks.
        #[default]
        Idle = "idle",
        /// The last round raised it; the next one asks the controls, soon.
        Due = "due",
        /// The controls answered, and are asked again while it is raised.
        Asked = "asked",
    }
}

/// A time in which a region of a service was down, unknown or drained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// The service.
    pub service: ServiceId,
    /// The region.
    pub region: RegionId,
    /// Its effective health.
    pub health: Health,
    /// What decides that.
    pub because: Because,
    /// Why, in words, when it began.
    pub why: Option<String>,
    /// When it began.
    pub since: Timestamp,
    /// When it ended; `None` while it goes on.
    pub until: Option<Timestamp>,
}

/// Episodes that are kept for people: about 40 KB of KV.
pub const EPISODES_MAX: usize = 100;

/// Applied changes that `status` shows.
pub const APPLIED_MAX: usize = 20;

/// Diagnostics of a refused config that `status` shows.
pub const DIAGNOSTICS_MAX: usize = 20;

/// Why a text cannot be read as a state.
#[derive(Debug, thiserror::Error)]
pub enum BadState {
    /// Not this document.
    #[error("the state does not read: {0}")]
    Shape(#[from] BadJson),
    /// A version of another build.
    #[error("the state has version {0}, this build reads {VERSION}")]
    Version(u32),
}

fields!(State {
    version,
    generation,
    targets = Map::new(),
    run,
    doubted_since,
    areas = Map::new(),
    orders = Vec::new(),
    orders_given = 0,
    audit = AuditLog::default(),
    configs = Configs::default(),
    alerts = Book::default(),
    outbox = Outbox::default(),
    silent_since,
    remembered = Vec::new(),
    frozen = Map::new(),
    recoveries = Map::new(),
    traffic if any = Traffic::default(),
    promises = Map::new(),
    drills = DrillBook::default(),
    refused,
    actuation = Actuation::default(),
    history = Vec::new(),
    incidents = Vec::new(),
    incidents_opened = 0,
    substance,
    written = Map::new(),
    routes_written_at,
    spent = Spent::default(),
});

fields!(Spent { routes_until, pages_until });

fields!(TargetState {
    memory,
    latency,
    probed_at,
    judged_at,
    reached_at,
    not_before if any,
    note,
    floor,
    shift if any,
    too_slow = false,
    lag,
    damping,
    passed if any,
    fields = Map::new(),
    sights = Map::new(),
});

fields!(Reported { value_s, at });
fields!(RefusedConfig { fingerprint, at, problems, problems_total });
fields!(Run { scheduled, began, round, probes, controls = Controls::default(), cron if any });
fields!(CronRun { scheduled, began });

fields!(Episode { service, region, health, because, why, since, until });

impl Default for State {
    fn default() -> Self {
        Self {
            version: VERSION,
            generation: 0,
            targets: Map::new(),
            run: None,
            doubted_since: None,
            areas: Map::new(),
            orders: Vec::new(),
            orders_given: 0,
            audit: AuditLog::default(),
            configs: Configs::default(),
            alerts: Book::default(),
            outbox: Outbox::default(),
            silent_since: None,
            remembered: Vec::new(),
            frozen: Map::new(),
            recoveries: Map::new(),
            traffic: Traffic::default(),
            promises: Map::new(),
            drills: DrillBook::default(),
            refused: None,
            actuation: Actuation::default(),
            history: Vec::new(),
            incidents: Vec::new(),
            incidents_opened: 0,
            substance: None,
            written: Map::new(),
            routes_written_at: None,
            spent: Spent::default(),
        }
    }
}

/// What is known of the targets of one origin.
#[derive(Debug, Clone, Copy)]
pub struct TargetsOf<'s>(&'s [(Target, TargetState)]);

impl<'s> TargetsOf<'s> {
    /// What one monitor knows of it; `None` where it does not probe it.
    #[must_use]
    pub fn get(self, monitor: &MonitorId) -> Option<&'s TargetState> {
        self.0.iter().find(|(target, _)| target.monitor == *monitor).map(|(_, known)| known)
    }
}

impl State {
    /// What is known of the targets of an origin: looked up once, for whoever asks for several of
    /// its monitors.
    #[must_use]
    pub fn targets_of(&self, origin: &OriginId) -> TargetsOf<'_> {
        TargetsOf(self.targets.among(|target| target.origin.cmp(origin)))
    }

    /// The incidents that go on.
    pub fn open_incidents(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.iter().filter(|incident| incident.is_open())
    }

    /// Those of them that hurt a service, or have hurt it.
    pub fn open_incidents_of(&self, service: &ServiceId) -> impl Iterator<Item = &Incident> {
        self.open_incidents().filter(move |it| it.services().any(|of| of == service))
    }

    /// Reads the document. Errors: [`BadState`].
    pub fn parse(text: &str) -> Result<Self, BadState> {
        let state: Self = json::read(text)?;
        if state.version == VERSION { Ok(state) } else { Err(BadState::Version(state.version)) }
    }

    /// Adds the targets that the config has, and forgets those that it no longer has. A target that
    /// stays keeps its history, whatever else changed about it (invariant 5).
    pub fn follow(&mut self, config: &Config) {
        // Both are in order, so that no target is inserted before others: that would move them.
        let mut known = std::mem::take(&mut self.targets).into_iter().peekable();
        self.targets = Map::of(config.targets().map(|target| {
            while known.next_if(|(before, _)| *before < target).is_some() {}
            let state = known.next_if(|(same, _)| *same == target).map(|(_, state)| state);
            (target, state.unwrap_or_default())
        }));
        self.areas.retain(|area, _| config.areas.contains(area));
        for known in self.targets.values_mut() {
            known.sights.retain(|area, _| config.areas.contains(area));
        }
    }
}

impl TargetState {
    /// What is believed of the target: by all areas together, and by each of those that took part
    /// in its last probe, up to `spread_ms` apart, and had a verdict.
    pub fn beliefs(&self, spread_ms: Millis) -> impl Iterator<Item = &Hysteresis> {
        let all = self.probed_at.unwrap_or_default();
        let took_part = move |sight: &&Sight| {
            let is_new = sight.probed_at.is_some_and(|one| all.since(one) <= spread_ms);
            is_new && sight.note.is_none()
        };
        let sights = self.sights.values().filter(took_part);
        [&self.memory].into_iter().chain(sights.map(|sight| &sight.memory))
    }

    /// Whether the next probe could change one of the [`Self::beliefs`].
    #[must_use]
    pub fn is_unsettled(&self, spread_ms: Millis) -> bool {
        self.beliefs(spread_ms).any(Hysteresis::is_unsettled)
    }

    /// Whether the last verdict is too old to go by: older than [`Monitor::patience_ms`], or than
    /// [`STALE_AFTER`] where there is no such monitor any more.
    #[must_use]
    pub fn is_stale(&self, monitor: Option<&Monitor>, now: Timestamp) -> bool {
        let patience_ms = monitor.map_or(STALE_AFTER, Monitor::patience_ms);
        self.judged_at.is_none_or(|at| now.since(at) > patience_ms)
    }
}

#[cfg(test)]
mod tests;
