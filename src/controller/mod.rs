//! The one writer: takes everything in, one thing at a time, and says what is to be done.
//!
//! A [`Controller`] owns the [`State`] and the config in use. It is a value without effects: the
//! shell feeds it config texts, rounds and reports, and carries out what it returns. That is why
//! the same code runs in tests on the host and in the Durable Object.
//!
//! The order within a round: the config that KV holds now is offered; the results are folded in;
//! what must be said is compiled into documents; what must be done at Cloudflare begins as a
//! [`Pass`].

mod account;
mod acting;
mod actuation;
mod alerting;
mod asking_hooks;
mod auditing;
mod clock;
mod command;
mod compile;
mod contracting;
mod denials;
mod drilling;
mod ending;
mod exporting;
mod following;
mod foresight;
mod grounds;
mod hearing_traffic;
mod history;
mod hooking;
mod incidents;
mod journal;
mod lane;
mod latest;
#[cfg(test)]
mod matrix;
mod measuring;
mod memory;
mod news;
mod orders;
mod others;
mod planning;
mod public_check;
mod publishing;
mod quota;
mod rationing;
mod readiness;
mod reading;
mod recovering;
mod returning;
mod revisions;
mod spending;
mod stages;
mod standbys;
mod standing_in;
mod stepping;
mod summary;
mod table_size;
mod taking_back;
mod trends;
mod waking;
mod writing;
mod zones;

pub use acting::REASON_BYTES_MAX;
pub use actuation::{Pass, circumstances};
pub use alerting::Heartbeat;
pub use auditing::audit_search;
pub use clock::Clock;
pub use command::{Command, CommandError, CommandReply};
pub use compile::{routes, routes_of};
pub use exporting::{Export, RETRY_AFTER_MS_MAX};
pub use foresight::FORESEEN_MAX;
pub use hooking::HOOKS_AT_ONCE_MAX;
pub use lane::{Lane, SILENCE_MS_MAX, Turn};
pub use memory::{CONFIG_ENTRY, Memory};
pub use news::LogLine;
pub use orders::{ORDER_MS_DEFAULT, ORDER_MS_MAX, ORDERS_MAX};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use planning::may_take_over;
pub use publishing::{DOCUMENT_BYTES_MAX, KEY_REST_MS};
pub use quota::{HOOKS_PER_INVOCATION_MAX, INVOCATION_CALLS_MAX, Quota};
pub use reading::{read_page, read_text};
pub use spending::HEARTBEAT_MS;
pub use standing_in::STAND_IN_AFTER_MS;
pub use stepping::{FLIP_MS, GATE_MS_MAX, POOLED_MS, PROXIES_MS, PUBLISH_MS_MAX, VERIFY_MS_MAX};
pub use table_size::table_too_large;
pub use waking::{WAKE_AGAIN_MS, Wake, WakeReason};
pub use writing::{Document, Due};

use crate::cloudflare::Readings;
use crate::config::{self, Config, Diagnostics};
use crate::fingerprint::Fingerprint;
use crate::ids::ServiceId;
use crate::journal::Actor;
use crate::json;
use crate::jurisdiction::ControllerJurisdiction;
use crate::metrics::Counters;
use crate::ordered::Map;
use crate::recovery::HookCall;
use crate::state::rows::{Kept, RowChange};
use crate::state::{DIAGNOSTICS_MAX, RefusedConfig, State};
use crate::tick::{self, Changed, Done, RoundReply, RoundRequest};
use crate::time::Timestamp;
use crate::view::View;
use alerting::Calling;
use exporting::Exporting;
use latest::LatestTable;
use news::{Log, News};
use publishing::Publishing;
use revisions::By;
use writing::Drafts;

/// The single writer's mind.
#[derive(Debug, Default)]
pub struct Controller {
    state: State,
    config: Option<Config>,
    /// The text that was offered last, and that this build has read itself. A refusal in the state
    /// may be another build's, and this one may know better.
    offered: Option<Fingerprint>,
    /// What its Durable Object is bound to.
    jurisdiction: Option<ControllerJurisdiction>,
    /// Whether the routing table of the config in use may be too large to be written.
    has_large_table: bool,
    /// What storage holds.
    kept: Kept,
    /// What has to be done to storage beside that.
    unsaved: Vec<RowChange>,
    /// The text of the config in use; absent where there is none, or it is lost.
    text: Option<String>,
    /// The texts of the last revisions, by their numbers.
    texts: Map<u64, String>,
    /// The last entry of the audit chain that storage holds.
    audit_saved: u64,
    /// That the memory was lost, and what it was restored from; no listener has heard.
    restored: Option<String>,
    publishing: Publishing,
    /// What documents said when they were last looked at.
    drafts: Drafts,
    /// Pushes of metrics.
    exporting: Exporting,
    /// What happened, and no listener has heard.
    news: News,
    /// What the log has still to say.
    log: Log,
    /// What was seen of targets since incidents last followed.
    signs: incidents::Signs,
    /// What passes that did not come to their end have read. A restart forgets it, and the next
    /// pass reads it again.
    readings: Readings,
    /// How the account was when the last pass came to its end. Nothing is changed by it: it is for
    /// what people want to know beforehand. A restart forgets it.
    seen: Readings,
    /// What of alerts a restart may forget.
    calling: Calling,
    /// The last table that was made, until something happens.
    table: Option<LatestTable>,
    /// Hooks that are asked whether they would work now.
    dry_calls: Vec<HookCall>,
    /// When they were asked who have not answered, by service and step.
    dry_asked: Map<(ServiceId, String), Timestamp>,
    /// When it was last looked whether plans would work, and under which config.
    looked: Option<(Fingerprint, Timestamp)>,
    /// Until when proxies have turns to ask for it.
    asked_until: Timestamp,
    /// Latencies of the last hours, for people.
    noted: trends::Noted,
    /// When a run was asked for last that stands in for cron.
    stand_in_asked: Option<Timestamp>,
    /// What is counted for machines that watch. A restart begins anew.
    counters: Counters,
}

/// What became of a config text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is the one in use, or the one already refused.
    Same,
    /// It is in use from now on, and is kept as the last good one with the next save.
    Taken,
    /// It is refused; the one in use stays.
    Refused,
}

/// What a round led to.
#[derive(Debug)]
pub struct Round {
    /// What the cron run is told.
    pub reply: RoundReply,
    /// Targets whose health changed.
    pub changed: Vec<Changed>,
}

impl Controller {
    /// The same, in a Durable Object of this jurisdiction. It is only told, in the status.
    #[must_use]
    pub fn in_jurisdiction(self, jurisdiction: Option<ControllerJurisdiction>) -> Self {
        Self { jurisdiction, ..self }
    }

    /// What is remembered.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The config in use.
    #[must_use]
    pub fn config(&self) -> Option<&Config> {
        self.config.as_ref()
    }

    /// How everything stands; `None` as long as there is no config.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> Option<View<'_>> {
        self.config.as_ref().map(|config| View::new(config, &self.state, now))
    }

    /// Takes a config text or refuses it whole; the last good one stays then (invariant 6).
    pub fn offer_config(&mut self, text: &str, now: Timestamp) -> Offered {
        // KV is asked every minute; the same text need not be read again.
        let offered = Some(Fingerprint::of(text.as_bytes()));
        if std::mem::replace(&mut self.offered, offered) == offered {
            return Offered::Same;
        }
        self.note_revision(now);
        let fingerprint = config::fingerprint(text);
        if self.is_late_view(fingerprint, now) {
            // It counts once it is no late view any more, so it is looked at again.
            self.offered = None;
            return Offered::Same;
        }
        if self.config.as_ref().is_some_and(|config| config.fingerprint == fingerprint) {
            if self.state.configs.show_in_use(now) {
                // The same text has to be looked at again, until that is over.
                self.offered = None;
            }
            // The good text is back: what was refused meanwhile is history.
            return if self.state.refused.take().is_some() {
                if let Some(config) = &self.config {
                    self.news.config_in_use(config, now);
                }
                self.keep_config(text);
                Offered::Taken
            } else {
                Offered::Same
            };
        }
        match revisions::sound(text) {
            Ok(config) => {
                self.take_config(config, text, By { who: &Actor::config(), why: None }, now);
                self.state.configs.pushed = None;
                Offered::Taken
            }
            Err(problems) => self.refuse(fingerprint, problems, now),
        }
    }

    fn refuse(&mut self, fingerprint: Fingerprint, found: Diagnostics, now: Timestamp) -> Offered {
        let known = self.state.refused.as_ref().filter(|known| known.fingerprint == fingerprint);
        let at = known.map_or(now, |known| known.at);
        let is_new = known.is_none();
        let problems_total = found.total();
        let problems = found.into_iter().take(DIAGNOSTICS_MAX).collect();
        let refused = RefusedConfig { fingerprint, at, problems, problems_total };
        if is_new {
            self.news.config_refused(&refused);
        }
        self.state.refused = Some(refused);
        if is_new { Offered::Refused } else { Offered::Same }
    }

    /// Takes a round in and decides the next one. With each run, whatever lies in the future
    /// although it has happened is corrected first.
    pub fn round(&mut self, request: &RoundRequest) -> Round {
        if request.round == 0 {
            self.state.forget_the_future(request.now);
            self.publishing.forget_the_future(request.now);
        }
        let Some(config) = &self.config else {
            let reply = RoundReply::Done(Done::NothingToProbe);
            return Round { reply, changed: Vec::new() };
        };
        let doubted_since = self.state.doubted_since;
        let stood_in = self.state.run.as_ref().and_then(|run| run.cron);
        let taken_in = tick::take_in(&mut self.state, config, request);
        self.news.doubt(doubted_since, self.state.doubted_since, request.now);
        match taken_in {
            Ok(changed) => {
                self.counters.round(request, config);
                self.news.who_runs(stood_in, self.state.run.as_ref(), request);
                self.news.observed(&changed, config, request.now);
                self.note_signs(&changed, request);
                self.hear_public_answer(request);
                self.beat(request);
                self.export_with(request);
                self.settle(request.now);
                // Settling may begin a plan, which waits for probes.
                let reply = self.next_round(request.now);
                let reply = self.with_public_check(reply, request.now);
                Round { reply, changed }
            }
            Err(why) => Round { reply: RoundReply::Done(why), changed: Vec::new() },
        }
    }

    fn next_round(&mut self, now: Timestamp) -> RoundReply {
        let Some(config) = &self.config else { return RoundReply::Done(Done::NothingToProbe) };
        tick::next_round(&mut self.state, config, now)
    }

    /// Begins a comparison with Cloudflare, if there is something to do or to look after. What was
    /// read before goes along: a pass that never ends may have changed it.
    #[must_use]
    pub fn begin_reconcile(&mut self, now: Timestamp) -> Option<Pass> {
        let view = View::new(self.config.as_ref()?, &self.state, now);
        let pass = actuation::begin(&view, &mut self.readings)?;
        self.decided(now);
        Some(pass)
    }

    /// The state as one text.
    #[must_use]
    pub fn saved_state(&self) -> String {
        json::write(&self.state)
    }
}

#[cfg(test)]
mod tests;
