//! Where a request would go that nobody has sent, as this isolate would decide it now.

use super::answer::client;
use super::isolate::Isolate;
use crate::http::v1::{Behind, Explained, Imagined, Removed};
use crate::routes::{Serving, Table};
use crate::steering::{Decision, Evidence, RemovalReason, RequestFacts, Wish, decide};
use crate::time::Timestamp;

impl Isolate {
    /// The hosts that the table knows.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let table = self.table.as_deref();
        table.map(|table| table.hosts().cloned().collect()).unwrap_or_default()
    }

    /// Explains a request; `None` as long as there is no table. A tenant that only KV knows counts
    /// as one whose pin cannot be read.
    #[must_use]
    pub fn explain(&self, asked: &Imagined, now: Timestamp) -> Option<Explained> {
        let table = self.table.as_deref()?;
        let serving = table.service(&asked.host);
        let header = |name: &str| asked.header(name);
        let facts = RequestFacts {
            path: &asked.path,
            method: &asked.method,
            header: &header,
            country: asked.country,
            subdivision: asked.subdivision.as_deref(),
            colo: asked.colo.as_deref(),
            client: serving
                .zip(asked.client.as_deref())
                .and_then(|(serving, address)| client(serving, address)),
            now,
            ..RequestFacts::new(&asked.host)
        };
        let mine = serving.and_then(|serving| Some((self.services.get(serving.index)?, serving)));
        let evidence = mine.map_or_else(Evidence::default, |(mine, serving)| {
            mine.evidence(serving, asked.country)
        });
        Some(told(table, &decide(table, &facts, &evidence)))
    }
}

fn told(table: &Table, decision: &Decision<'_>) -> Explained {
    let removed = decision.removed().into_iter().map(|removed| Removed {
        region: removed.region.clone(),
        filter: removed.filter.as_str().to_owned(),
        rule: match removed.why {
            RemovalReason::Rule(rule) => Some(rule.clone()),
            RemovalReason::Filter => None,
        },
    });
    let behind = decision.wishes.iter().map(|wish| behind(decision.service, wish));
    Explained {
        service: decision.service.map(|service| service.id.clone()),
        regions: decision.regions.iter().map(|region| region.entry.id.clone()).collect(),
        how: decision.how.as_str().to_owned(),
        refusal: decision.refusal.map(|refusal| refusal.as_str().to_owned()),
        rules: decision.rules().iter().map(|rule| rule.id.clone()).collect(),
        removed: removed.collect(),
        behind: behind.collect(),
        generation: table.generation,
        as_of: table.as_of,
    }
}

fn behind(service: Option<&Serving>, wish: &Wish) -> Behind {
    let candidates = service.iter().flat_map(|service| &service.candidates);
    let put = candidates.filter(|candidate| wish.behind.contains(candidate.index));
    Behind {
        filter: wish.filter.as_str().to_owned(),
        regions: put.map(|candidate| candidate.entry.id.clone()).collect(),
    }
}
