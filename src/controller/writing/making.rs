//! The documents but those of regions, areas and drills: what each shows, and what of it is news.

use super::drafts::{Drafts, Printed};
use super::{Document, Wanted};
use crate::controller::incidents::{incident_key, incident_line_substance, incident_substance};
use crate::controller::summary;
use crate::documents::{
    ApiStatus, CONTRACTS_KEY, ContractsPage, HISTORY_KEY, History, INCIDENTS_KEY, IncidentIndex,
    IncidentPage, KvStatus, Metadata, RECOVERY_KEY, RecoveryPage, STATUS_KEY, ServicePromises,
    Status, is_worth_telling,
};
use crate::fingerprint::Fingerprint;
use crate::health::Because;
use crate::ids::ServiceId;
use crate::journal::Incident;
use crate::json::{self, Shape};
use crate::ordered::Map;
use crate::recovery::Recovery;
use crate::routes::{self, Routes};
use crate::state::Episode;
use crate::time::Timestamp;

pub(super) fn status_document(wanted: &mut Wanted<'_>, status: Status, now: Timestamp) -> Document {
    let key = STATUS_KEY.to_owned();
    document((wanted, key), status, now, summary::of_status, |status, drafts| {
        drafts.status.of(status_substance(status))
    })
}

fn status_substance(mut status: Status) -> Status {
    (status.as_of, status.generation) = (Timestamp::default(), 0);
    // Calls change all the time; the live status shows them.
    status.cloudflare.api = ApiStatus::default();
    status.kv = KvStatus::default();
    status.alerts = status.alerts.substance();
    for region in status.reasons.values_mut().flat_map(Map::values_mut) {
        if region.because == Because::Observed {
            // How a region fails may differ from probe to probe; its own page follows that.
            region.why = None;
        }
    }
    for denied in status.cloudflare.denied.values_mut() {
        // Each try moves these.
        (denied.last_at, denied.next_at, denied.told_at) = (None, None, None);
        denied.sightings = 0;
    }
    status
}

pub(super) fn routes_document(
    wanted: &mut Wanted<'_>,
    routes: Routes,
    now: Timestamp,
    words: String,
) -> Document {
    let key = routes::KEY.to_owned();
    document(
        (wanted, key),
        routes,
        now,
        |_| words,
        |routes, drafts| drafts.print_routes(routes_substance(routes)),
    )
}

fn routes_substance(mut routes: Routes) -> Routes {
    (routes.as_of, routes.generation) = (Timestamp::default(), 0);
    for service in routes.services.values_mut() {
        let steering = &service.steering;
        let lag_max = steering.primary.as_ref().map(|_| steering.max_lag_s);
        for region in &mut service.regions {
            region.latency_ms = None;
            region.area_latency_ms = Map::new();
            // A lag changes all the time; that it passes the bound is news.
            let passed = region.lag_s.zip(lag_max).map(|(lag, max)| u64::from(lag > max));
            region.lag_s = passed;
        }
    }
    routes
}

/// A document of a value.
pub(super) fn document<T: Shape>(
    (wanted, key): (&mut Wanted<'_>, String),
    value: T,
    now: Timestamp,
    words: impl FnOnce(&T) -> String,
    substance: impl FnOnce(T, &mut Drafts) -> Fingerprint,
) -> Document {
    match wanted {
        Wanted::Drafts(drafts) => Document::draft(key, substance(value, drafts), now),
        Wanted::Whole(_) => {
            let text = json::write_pretty(&value);
            let metadata = Metadata::new(now, words(&value));
            Document { key, text, metadata, substance: substance(value, &mut Drafts::default()) }
        }
    }
}

/// A document whose substance does not come from what it shows.
pub(super) fn page<T: Shape>(
    (wanted, key): (&mut Wanted<'_>, String),
    made: impl FnOnce() -> T,
    now: Timestamp,
    words: impl FnOnce(&T) -> String,
    substance: impl FnOnce(&mut Drafts) -> Fingerprint,
) -> Document {
    match wanted {
        Wanted::Drafts(drafts) => Document::draft(key, substance(drafts), now),
        Wanted::Whole(_) => {
            let value = made();
            let (text, words) = (json::write_pretty(&value), words(&value));
            let substance = substance(&mut Drafts::default());
            Document { key, text, metadata: Metadata::new(now, words), substance }
        }
    }
}

pub(super) fn history_document(
    wanted: &mut Wanted<'_>,
    history: &[Episode],
    now: Timestamp,
) -> Document {
    let made = || History::of(history, now);
    page((wanted, HISTORY_KEY.to_owned()), made, now, summary::of_history, |drafts| {
        let said = |history: &Vec<Episode>| History::of(history, Timestamp::default());
        drafts.history.made_of(history, said)
    })
}

/// How services keep what they promise; none where nothing is promised.
pub(super) fn contracts_document(wanted: &mut Wanted<'_>, page: ContractsPage) -> Option<Document> {
    let has_promises = page.services.values().any(ServicePromises::is_promised);
    has_promises.then(|| {
        let (key, now) = (CONTRACTS_KEY.to_owned(), page.as_of);
        document((wanted, key), page, now, summary::of_contracts, |page, drafts| {
            drafts.contracts.of(page.substance())
        })
    })
}

pub(super) fn recovery_document(
    wanted: &mut Wanted<'_>,
    recoveries: &Map<ServiceId, Recovery>,
    now: Timestamp,
) -> Option<Document> {
    let is_there = recoveries.values().any(is_worth_telling) && wanted.has(RECOVERY_KEY);
    let page = is_there.then(|| RecoveryPage::of(recoveries, now))?;
    let key = RECOVERY_KEY.to_owned();
    Some(document((wanted, key), page, now, summary::of_recovery, |page, drafts| {
        drafts.recovery.of(page.substance())
    }))
}

pub(super) fn incident_documents(
    wanted: &mut Wanted<'_>,
    incidents: &[Incident],
    now: Timestamp,
) -> Vec<Document> {
    let mut documents = Vec::new();
    if !incidents.is_empty() && wanted.has(INCIDENTS_KEY) {
        let key = INCIDENTS_KEY.to_owned();
        let made = || IncidentIndex::of(incidents, now);
        documents.push(page((wanted, key), made, now, summary::of_incidents, |drafts| {
            // How long each has lasted is no news.
            let said = |all: &Vec<Incident>| -> Vec<Incident> {
                all.iter().map(incident_line_substance).collect()
            };
            drafts.incidents.made_of(incidents, said)
        }));
    }
    for incident in incidents {
        let key = incident_key(incident);
        if wanted.has(&key) {
            let made = || IncidentPage::of(incident, now);
            let words = |page: &IncidentPage| page.summary.clone();
            documents.push(page((wanted, key), made, now, words, |drafts| {
                let print = |it: &mut Printed<Incident>| it.made_of(incident, incident_substance);
                drafts.incident.with(&incident.id, print)
            }));
        }
    }
    if let Some(drafts) = wanted.drafts() {
        let is_there = |id: &String| incidents.iter().any(|incident| incident.id == *id);
        drafts.incident.forget(incidents.len(), is_there);
    }
    documents
}
