//! Whether a service works, for everybody: a page that a service may have.
//!
//! It is answered from the routing table alone, so it works while every region is down and while
//! the Controller is silent. It says nothing of what the deployment has: no region, no rule, no
//! reason. The words for how it stands are those of public status pages.

use super::isolate::Isolate;
use super::judged::Judged;
use super::question::Question;
use crate::country::Country;
use crate::http::{Audience, Response, StatusPage, WorksHow, status_page};
use crate::routes::{Serving, Table};
use crate::steering::{Evidence, Refusal, RequestFacts, decide};
use crate::time::Timestamp;

impl Isolate {
    /// The status page of the service of a host; `None` where it has none, or there is no table.
    pub(super) fn status_page(
        &mut self,
        question: &Question<'_>,
        now: Timestamp,
    ) -> Option<Response> {
        let table = self.table.clone()?;
        let serving = table.service(&question.target.host)?;
        let title = Some(&serving.proxy.status_page).filter(|title| !title.is_empty())?;
        let made = (table.as_of, table.generation);
        let known = self.judged.filter(|it| it.service == serving.index && it.made == made);
        let how = known.map_or_else(|| how(&table, serving, &question.target.host), |it| it.how);
        self.judged = Some(Judged { service: serving.index, made, how });
        let is_stale = self.is_stale(&table, now);
        let page = StatusPage { title, how, as_of: table.as_of, is_stale };
        let is_json = question.target.path_and_query.contains("format=json");
        let audience = if is_json { Audience::Programs } else { question.audience() };
        Some(status_page(&page, question.method, audience))
    }
}

/// How a service stands, by the decisions about a client of each country: of those who may be
/// served somewhere at all, how many are.
fn how(table: &Table, serving: &Serving, host: &str) -> WorksHow {
    let mut served = 0_u32;
    let mut refused = 0_u32;
    for country in Country::all().map(Some).chain([None]) {
        for method in ["GET", "POST"] {
            let facts = RequestFacts { method, country, ..RequestFacts::new(host) };
            match decide(table, &facts, &Evidence::default()).refusal {
                None => served += 1,
                Some(Refusal::NoUsableRegion | Refusal::NoPrimary | Refusal::Shed) => refused += 1,
                // The law, or what this request lacks, is no outage.
                Some(_) => {}
            }
        }
    }
    match (served, refused) {
        (0, 1..) => WorksHow::MajorOutage,
        (_, 1..) => WorksHow::PartialOutage,
        _ if serving.down.is_empty() => WorksHow::Operational,
        _ => WorksHow::DegradedPerformance,
    }
}
