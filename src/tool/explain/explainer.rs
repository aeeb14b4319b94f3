//! Explains cases, with one routing table per set of regions that are down or draining.

use super::super::scenario::{self, Assumed};
use super::super::whatif;
use super::case::Case;
use super::report::{Explanation, TenantStanding};
use crate::config::Config;
use crate::controller::routes;
use crate::ids::RegionId;
use crate::routes::Table;
use crate::state::State;
use crate::steering::client_key::ClientKey;
use crate::steering::stable_hash::StableHash;
use crate::steering::{Evidence, KvPin, RequestFacts, decide};
use crate::time::Timestamp;
use crate::view::View;
use std::collections::BTreeMap;

/// Most tables that are kept. A file of cases usually has few sets of failures; with many it is
/// slower.
const TABLES_MAX: usize = 1_024;

/// Regions that are down, and regions that drain.
type Failures = (Vec<RegionId>, Vec<RegionId>);

/// A config with the tables that were needed so far.
pub(super) struct Explainer<'c> {
    pub(super) config: &'c Config,
    /// What the deployed Worker believes; without it every region is up.
    live: Option<State>,
    now: Timestamp,
    tables: BTreeMap<Failures, Table>,
}

impl<'c> Explainer<'c> {
    pub(super) fn new(config: &'c Config, live: Option<State>, now: Timestamp) -> Self {
        Self { config, live, now, tables: BTreeMap::new() }
    }

    /// Decides one request as the edge would. Errors: the case is invalid.
    pub(super) fn explain(&mut self, case: &Case) -> Result<Explanation, String> {
        let (config, now) = (self.config, self.now);
        let table = self.table(&case.down, &case.draining)?;
        explained(config, table, case, now)
    }

    fn table(&mut self, down: &[String], draining: &[String]) -> Result<&Table, String> {
        let down = whatif::regions(self.config, down)?;
        let draining = whatif::regions(self.config, draining)?;
        let failures = (down, draining);
        if !self.tables.contains_key(&failures) {
            if self.tables.len() >= TABLES_MAX {
                self.tables.clear();
            }
            let (down, draining) = (failures.0.as_slice(), failures.1.as_slice());
            let (config, state) = match &self.live {
                None => scenario::with(self.config, self.now, down, draining),
                Some(live) => {
                    let assumed = Assumed { down, draining, unknown: &[] };
                    scenario::assume(self.config, live.clone(), self.now, assumed)
                }
            };
            let routes = routes(&View::new(&config, &state, self.now));
            let table = Table::try_from(routes).map_err(|error| error.to_string())?;
            self.tables.insert(failures.clone(), table);
        }
        self.tables.get(&failures).ok_or_else(|| "the table is gone".to_owned())
    }
}

/// Decides one request by a table, as the edge would. Errors: the case is invalid.
pub(super) fn explained(
    config: &Config,
    table: &Table,
    case: &Case,
    now: Timestamp,
) -> Result<Explanation, String> {
    let form = case.form(config, table)?;
    let country = case.country()?;
    let method = case.method()?;
    let path = form.path.as_deref().unwrap_or("/");
    let country_of_pin = &case.kv_country;
    let kv = case
        .kv_allow
        .as_ref()
        .map(|allow| serde_json::json!({"allow": allow, "country": country_of_pin}).to_string());
    let kv = kv.and_then(|text| table.read_pin(&text, now).ok()).map(|read| read.pin);
    let facts = RequestFacts {
        path,
        method: &method,
        header: &|name| form.header(name),
        country,
        subdivision: case.subdivision.as_deref(),
        location: case.at,
        colo: case.colo()?,
        client: case.client.as_ref().map(|key| client(table, &form.host, key)),
        kv_pin: kv.as_ref().map_or(KvPin::Absent, KvPin::Is),
        now,
        ..RequestFacts::new(&form.host)
    };
    let decision = decide(table, &facts, &Evidence::default());
    let standing = decision.tenant.as_ref().map(|tenant| {
        let is_pinned = config.tenants.contains_key(tenant) || kv.is_some();
        let mut named = config.residency.iter().filter_map(|rule| rule.when.tenants.as_ref());
        TenantStanding::of(is_pinned, named.any(|tenants| tenants.contains(tenant)))
    });
    Ok(Explanation::of(table, &facts, &decision, standing))
}

/// The hash that identifies a client: of its address with the service's salt, as at the edge, or of
/// any other text.
fn client(table: &Table, host: &str, key: &str) -> StableHash {
    let salt = table.service(host).map_or("", |service| service.id.as_str());
    let address = ClientKey::of_address(salt, key).map(ClientKey::hash);
    address.unwrap_or_else(|| StableHash::of("client", key))
}
