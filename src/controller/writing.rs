//! What to write into KV, and when.
//!
//! KV allows 1,000 writes a day on the free plan, and one a second for each key, so steady state
//! must write next to nothing. A document is written when its **substance** changed: its content
//! without instants and latencies, which change all the time. Beyond that only `routes` is renewed,
//! as a heartbeat that tells proxies how old their table is: 288 writes a day. On a bad day even
//! substances change all the time; then `spending` says which documents wait.

mod drafts;
mod drills;
mod making;
mod regions;

use super::Controller;
use super::compile;
use super::publishing::{bytes_max, fits};
use super::rationing::Purse;
use super::spending::{HEARTBEAT_MS, Share, Shares};
use super::summary;
use crate::alert::AlertsStatus;
use crate::config::{self};
use crate::documents::{
    CONTRACTS_KEY, ControllerStatus, DrillStatus, HISTORY_KEY, KvStatus, Metadata, OpenIncident,
    RunStatus, STATUS_KEY, Status,
};
use crate::fingerprint::Fingerprint;
use crate::json;
use crate::ordered::{Map, Set};
use crate::routes;
use crate::state::{self, State};
use crate::time::Timestamp;
use crate::view::{ServiceStanding, View};
pub(in crate::controller) use drafts::Drafts;
#[cfg(test)]
pub(in crate::controller) use drafts::PRINTED;
use drafts::Printed;
use making::{
    contracts_document, document, history_document, incident_documents, page, recovery_document,
    routes_document, status_document,
};
pub(in crate::controller) use regions::Look;
use regions::{areas, frozen, overrides, reasons, region_document, region_key, service_health};

/// One KV value to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its key.
    pub key: String,
    /// Its value.
    pub text: String,
    /// What the dashboard shows beside the key.
    pub metadata: Metadata,
    substance: Fingerprint,
}

impl Document {
    /// A document that is made elsewhere.
    pub(super) fn whole(
        key: String,
        text: String,
        metadata: Metadata,
        substance: Fingerprint,
    ) -> Self {
        Self { key, text, metadata, substance }
    }

    fn draft(key: String, substance: Fingerprint, now: Timestamp) -> Self {
        Self { key, substance, text: String::new(), metadata: Metadata::new(now, String::new()) }
    }
}

impl Document {
    /// What it says, without instants and latencies.
    pub(super) fn substance(&self) -> Fingerprint {
        self.substance
    }
}

/// What should be written now.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The routing table. It goes out before anything else is done, because proxies wait for it.
    pub routes: Option<Document>,
    /// The other documents.
    pub pages: Vec<Document>,
    /// Documents that are too large to be written and were not a moment ago, for people.
    pub too_large: Vec<String>,
}

/// All documents that can be written, and the keys of those that are too large, with their bytes
/// where they are known.
struct Made {
    documents: Vec<Document>,
    too_large: Map<String, Option<usize>>,
}

/// Which documents are made.
enum Wanted<'k> {
    /// All of them, without their texts.
    Drafts(&'k mut Drafts),
    /// Those of these keys, with their texts.
    Whole(&'k Set<String>),
}

impl Wanted<'_> {
    fn has(&self, key: &str) -> bool {
        match self {
            Self::Drafts(_) => true,
            Self::Whole(keys) => keys.contains(key),
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Self::Whole(keys) if keys.is_empty())
    }

    /// What only whole documents have.
    fn words(&self, make: impl FnOnce() -> String) -> String {
        if let Self::Whole(_) = self { make() } else { String::new() }
    }

    fn drafts(&mut self) -> Option<&mut Drafts> {
        match self {
            Self::Drafts(drafts) => Some(drafts),
            Self::Whole(_) => None,
        }
    }
}

impl Controller {
    /// Everything that should be written now. The generation grows when any substance changed since
    /// it last grew. Until [`Controller::written`] says that a document arrived, it stays due.
    pub fn due_documents(&mut self, now: Timestamp) -> Due {
        self.follow_health(now);
        self.decided(now);
        let mut made = self.made(now);
        let is_news = |key: &&String| !self.publishing.too_large.contains(*key);
        let news: Vec<String> = made.too_large.keys().filter(is_news).cloned().collect();
        if made.too_large.len() != self.publishing.too_large.len() || !news.is_empty() {
            self.publishing.too_large = made.too_large.keys().cloned().collect();
            // The status says so.
            made = self.made(now);
        }
        let said = |key: &String| match made.too_large.get(key) {
            Some(Some(bytes)) => {
                format!(
                    "`{key}` has {bytes} bytes of at most {}: it is not written",
                    bytes_max(key)
                )
            }
            _ => format!("`{key}` is too large: it is not written"),
        };
        let too_large = news.iter().map(said).collect();
        if let Some(told) = self.publishing.rations.news(now) {
            self.news.held_back(&told, now);
            self.settle(now);
        }
        let (routes, pages) = made.documents.into_iter().partition(|doc| doc.key == routes::KEY);
        let routes: Vec<Document> = routes;
        Due { routes: routes.into_iter().next(), pages, too_large }
    }

    /// What all documents say, and the substance of all. The generation grows if that changed.
    pub(super) fn grow(&mut self, now: Timestamp) -> (Vec<Document>, Fingerprint) {
        let mut drafts = std::mem::take(&mut self.drafts);
        let made = self.documents(&mut Wanted::Drafts(&mut drafts), now);
        self.drafts = drafts;
        let mut substances: Vec<_> = made.iter().map(|doc| doc.substance).collect();
        substances.extend(self.audit_substance());
        let substance = Fingerprint::of(json::write(&substances).as_bytes());
        if self.state.substance != Some(substance) {
            self.state.substance = Some(substance);
            self.state.generation = self.state.generation.saturating_add(1);
            self.outdate_table();
        }
        (made, substance)
    }

    /// The routing table as it would be written now; `None` where there is none, or too large a
    /// one.
    pub(super) fn table_document(&self, now: Timestamp) -> Option<Document> {
        let only = Set::of([routes::KEY.to_owned()]);
        let made = self.documents(&mut Wanted::Whole(&only), now);
        made.into_iter().find(|it| it.key == routes::KEY)
    }

    /// The documents that are due, as far as they may be written. Only of those texts are made, and
    /// of those that were too large: they may fit again.
    fn made(&mut self, now: Timestamp) -> Made {
        let (drafts, substance) = self.grow(now);
        let due = self.due_keys(&drafts, substance, now);
        let (large, due): (Vec<String>, Vec<String>) =
            due.into_iter().partition(|key| self.publishing.too_large.contains(key));
        let allowed = self.allowed(due, now);
        let wanted = Set::of(allowed.iter().chain(&large).cloned());
        // The documents carry the generation, which may just have grown.
        let mut all = self.documents(&mut Wanted::Whole(&wanted), now);
        if wanted.contains(state::KEY) {
            all.push(self.state_document(substance, now));
        }
        all.extend(self.audit_documents(&wanted, now));
        all.extend(self.config_document(now).filter(|doc| wanted.contains(&doc.key)));
        let mut too_large = Map::new();
        if self.has_large_table {
            too_large.insert(routes::KEY.to_owned(), None);
        }
        all.retain(|doc| {
            let bytes = doc.text.len();
            if !fits(&doc.key, bytes) {
                too_large.insert(doc.key.clone(), Some(bytes));
                return false;
            }
            // What fits again is written once nobody counts it among those.
            !large.contains(&doc.key)
        });
        Made { documents: all, too_large }
    }

    /// The keys of all documents with news, in the order in which they are made.
    fn due_keys(&self, drafts: &[Document], all: Fingerprint, now: Timestamp) -> Vec<String> {
        let written = &self.state.written;
        let is_new = |key: &str, substance| written.get(key) != Some(&substance);
        let is_heartbeat = self.is_heartbeat(now);
        let is_due = |doc: &&Document| {
            is_new(&doc.key, doc.substance) || (doc.key == routes::KEY && is_heartbeat)
        };
        let mut due: Vec<String> = drafts.iter().filter(is_due).map(|it| it.key.clone()).collect();
        if is_new(state::KEY, all) {
            due.push(state::KEY.to_owned());
        }
        due.extend(self.audit_keys());
        due.extend(self.has_config_due().then(|| config::KEY.to_owned()));
        due
    }

    /// Of the keys that are due, in their order, those that may be written now.
    fn allowed(&mut self, due: Vec<String>, now: Timestamp) -> Vec<String> {
        self.publishing.begin(self.state.written.keys(), now);
        let rested = self.publishing.rested(&due, now);
        let mut due = due;
        due.retain(|key| rested.contains(key));
        if let Some(table) = self.drafts.table() {
            self.publishing.rations.look(table, now);
        }
        if let Some(purse) = self.purse(now) {
            // What a person puts into force waits for nothing.
            let is_rationed = |key: &String| key != config::KEY;
            let rationed: Vec<String> =
                due.iter().filter(|key| is_rationed(key)).cloned().collect();
            let allowed = self.publishing.rations.allow(&rationed, &purse);
            due.retain(|key| !is_rationed(key) || allowed.contains(key));
        }
        due
    }

    /// Whether `routes` is to be renewed even if it says nothing new.
    fn is_heartbeat(&self, now: Timestamp) -> bool {
        self.state.routes_written_at.is_none_or(|at| now.since(at) >= HEARTBEAT_MS)
    }

    /// What may be written of the day's writes. Without a config there is no limit: what is written
    /// then is that there is none.
    fn purse(&self, now: Timestamp) -> Option<Purse> {
        let shares = Shares::of(self.config.as_ref()?);
        let is_heartbeat = self.is_heartbeat(now);
        Some(Purse { shares, spent: self.state.spent, is_heartbeat, now })
    }

    /// Notes that a document is on its way. Until its arrival is confirmed nobody knows what KV
    /// holds, so it is due again, whatever its substance.
    pub fn writing(&mut self, document: &Document, now: Timestamp) {
        self.counters.kv_writes += 1;
        if let Some(purse) = self.purse(now) {
            self.state.spent = self.publishing.rations.sending(&document.key, &purse);
        }
        self.state.written.remove(&document.key);
        self.publishing.touching(&document.key, now);
    }

    /// Notes that a document has arrived in KV.
    pub fn written(&mut self, document: &Document, now: Timestamp) {
        if document.key == routes::KEY {
            // A clock that is behind must not make the next table look older.
            self.state.routes_written_at = self.state.routes_written_at.max(Some(now));
            self.proxies_told(now);
        }
        self.publishing.rations.arrived(&document.key);
        self.publishing.touching(&document.key, now);
        let (key, substance) = (&document.key, document.substance);
        if !self.audit_arrived(key, substance) && !self.config_arrived(key, substance, now) {
            self.state.written.insert(key.clone(), substance);
        }
    }

    /// Notes whether everything arrived that was sent for one piece of news.
    pub fn published(&mut self, all_arrived: bool, now: Timestamp) {
        self.publishing.sent(all_arrived, now);
        // A plan or a drill may wait for what has arrived.
        let has_plan = self.state.recoveries.values().any(|it| it.under_way().is_some());
        if has_plan || self.state.drills.under_way().is_some() {
            self.settle(now);
        }
    }

    /// The live status, for somebody who asks now.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        let last_run = self.state.run.as_ref().map(|run| RunStatus {
            scheduled: run.scheduled,
            began: run.began,
            rounds: run.round,
            probes: run.probes,
            cron_silent_since: run.cron.map(|cron| cron.began),
        });
        let alerts = self.alerts_status();
        let (recovery, otlp) = (self.live_recovery(now), self.export_status());
        Status { recovery, alerts, otlp, last_run, ..self.status_of(now) }
    }

    fn status_of(&self, now: Timestamp) -> Status {
        let view = self.view(now);
        let standings: Vec<_> = view.iter().flat_map(View::services).collect();
        self.lasting_status(view.as_ref(), &standings, now)
    }

    /// The documents but the copy of the state.
    fn documents(&self, wanted: &mut Wanted<'_>, now: Timestamp) -> Vec<Document> {
        if wanted.is_nothing() {
            return Vec::new();
        }
        let view = self.view(now);
        let standings: Vec<_> = view.iter().flat_map(View::services).collect();
        let status = self.lasting_status(view.as_ref(), &standings, now);
        let mut documents = Vec::new();
        let table = view.as_ref().filter(|_| !self.has_large_table && wanted.has(routes::KEY));
        let words = wanted.words(|| summary::of_status(&status));
        if wanted.has(STATUS_KEY) {
            documents.push(status_document(wanted, status, now));
        }
        match table {
            Some(view) => {
                let mut routes = compile::routes_by(view, &standings);
                // After a restart on a machine whose clock is behind it is still the later one.
                routes.as_of = routes.as_of.max(self.state.routes_written_at.unwrap_or_default());
                documents.push(routes_document(wanted, routes, now, words));
            }
            None => wanted.drafts().into_iter().for_each(Drafts::forget_table),
        }
        if let Some(view) = &view {
            let keys = view.config.regions.keys().map(|id| (id, region_key(id)));
            let keys: Vec<_> = keys.filter(|(_, key)| wanted.has(key)).collect();
            let look = Look::of(view, &standings);
            documents.extend(
                keys.into_iter().filter_map(|(id, key)| region_document((wanted, key), &look, id)),
            );
        }
        if !self.state.history.is_empty() && wanted.has(HISTORY_KEY) {
            documents.push(history_document(wanted, &self.state.history, now));
        }
        documents.extend(recovery_document(wanted, &self.state.recoveries, now));
        documents.extend(incident_documents(wanted, &self.state.incidents, now));
        documents.extend(self.drill_documents(wanted, now));
        if wanted.has(CONTRACTS_KEY) {
            documents.extend(contracts_document(wanted, self.contracts(now)));
        }
        documents
    }

    /// The copy of the state is written when any document has news: its substance is theirs. Of the
    /// audit chain it has what is saved: a chain that went on behind anything else would fork.
    fn state_document(&self, substance: Fingerprint, now: Timestamp) -> Document {
        let words = format!("generation {}", self.state.generation);
        let metadata = Metadata::new(now, words);
        let audit = self.state.audit.saved(self.audit_saved);
        let text = json::write_pretty(&State { audit, ..self.state.clone() });
        Document { key: state::KEY.to_owned(), text, metadata, substance }
    }

    /// The status without what changes every minute.
    fn lasting_status(
        &self,
        view: Option<&View<'_>>,
        standings: &[ServiceStanding<'_>],
        now: Timestamp,
    ) -> Status {
        Status {
            as_of: now,
            generation: self.state.generation,
            controller: ControllerStatus { jurisdiction: self.jurisdiction },
            config: self.config_status(),
            doubted_since: self.state.doubted_since,
            areas: view.and_then(areas),
            services: service_health(standings),
            reasons: view.map(|view| reasons(view, standings)).unwrap_or_default(),
            frozen: view.and_then(frozen),
            overrides: view.map(overrides).unwrap_or_default(),
            orders: self.state.orders.clone(),
            drill: DrillStatus::of(&self.state.drills),
            recovery: self.recovery_status(),
            incidents: OpenIncident::of(&self.state.incidents, now),
            cloudflare: self.cloudflare_status(now),
            too_large: self.too_large(),
            kv: self.kv_status(now),
            alerts: AlertsStatus { heartbeat: None, ..self.alerts_status() },
            otlp: None,
            last_run: None,
        }
    }

    fn kv_status(&self, now: Timestamp) -> KvStatus {
        let Some(Purse { shares, spent, .. }) = self.purse(now) else { return KvStatus::default() };
        let left = |share: Share, until| u32::try_from(share.left(until, now)).unwrap_or(u32::MAX);
        KvStatus {
            writes_per_day: self.config.as_ref().map_or(0, |config| config.kv_writes_per_day),
            left_for_routes: left(shares.routes, spent.routes_until),
            left_for_pages: left(shares.pages, spent.pages_until),
            held_back: self.publishing.rations.held().cloned().collect(),
        }
    }

    /// The documents that are too large to be written; absent if there is none.
    fn too_large(&self) -> Option<Vec<String>> {
        let keys = &self.publishing.too_large;
        let said = |key: &String| format!("{key}: at most {} bytes are written", bytes_max(key));
        (!keys.is_empty()).then(|| keys.iter().map(said).collect())
    }
}
