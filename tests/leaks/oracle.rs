//! The same config read by somebody else: straight from the document, rule by rule, with nothing of
//! the code under test.

use crate::world::Request;
use serde_json::Value;
use std::collections::BTreeSet;

/// Members of the sets that the worlds use and that lie in their countries, on the day that they
/// are played: from the acts, by hand. US is adequate on condition, BR since January 2026.
const EU: [&str; 4] = ["IE", "DE", "FR", "RE"];
const EEA_MORE: [&str; 1] = ["NO"];
const ADEQUATE: [&str; 3] = ["CH", "JP", "BR"];
const ON_CONDITION: [&str; 1] = ["US"];
const DACH: [&str; 2] = ["DE", "CH"];
const IN_EUROPE: [&str; 5] = ["IE", "DE", "FR", "NO", "CH"];
const IN_SOUTH_AMERICA: [&str; 1] = ["BR"];
const IN_ASIA: [&str; 2] = ["JP", "IN"];

/// A config as the oracle reads it.
#[derive(Debug)]
pub(crate) struct Oracle {
    document: Value,
}

/// What must hold of a decision.
#[derive(Debug)]
pub(crate) struct Expected {
    /// Regions where the request may go.
    pub(crate) permitted: BTreeSet<String>,
    /// Regions of the service.
    pub(crate) regions: usize,
    /// The region that must take it, where it is a write.
    pub(crate) primary: Option<String>,
    /// Regions that may turn it away.
    pub(crate) shedding: BTreeSet<String>,
    /// Whether it tells no tenant and has to.
    pub(crate) tenant_is_missing: bool,
}

impl Oracle {
    pub(crate) fn of(document: &Value) -> Self {
        Self { document: document.clone() }
    }

    pub(crate) fn expects(&self, request: &Request) -> Expected {
        let service = &self.document["services"]["s"];
        let regions = texts(&service["regions"]);
        let tenant = tenant(service, request);
        let pin = tenant.as_ref().and_then(|tenant| self.document["tenants"].get(tenant));
        let pin = pin.map(|pin| texts(&pin["allow"]));
        let clients = clients(service, request);
        let is_permitted = |region: &&String| {
            let by_rules = self.rules().all(|rule| {
                let binds = rule["mode"] == "strict"
                    && guards(&rule["when"], request, &clients, tenant.as_deref());
                !binds || self.allows(&texts(&rule["allow"]), region)
            });
            by_rules && pin.as_ref().is_none_or(|allow| self.allows(allow, region))
        };
        let is_write = !["GET", "HEAD"].contains(&request.method);
        let takes_writes = service["writes"] == "primary" && is_write;
        let shed = service["shed"].as_object();
        Expected {
            permitted: regions.iter().filter(is_permitted).cloned().collect(),
            regions: regions.len(),
            primary: takes_writes.then(|| service["primary"].as_str().unwrap().to_owned()),
            shedding: shed.map(|shed| shed.keys().cloned().collect()).unwrap_or_default(),
            tenant_is_missing: service["tenant"]["required"] == true && pin.is_none(),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &Value> {
        self.document["residency"].as_array().unwrap().iter()
    }

    /// Whether a list of countries, sets and regions lets data be in a region.
    fn allows(&self, entries: &[String], region: &str) -> bool {
        let id = region;
        let region = &self.document["regions"][region];
        let country = region["country"].as_str().unwrap();
        let attests = texts(&region["attest"]).iter().any(|word| word == "dpf_certified");
        entries.iter().any(|entry| match entry.as_str() {
            "@eu_adequate" => {
                ADEQUATE.contains(&country) || (ON_CONDITION.contains(&country) && attests)
            }
            entry => entry == id || names(entry, country),
        })
    }
}

/// Whether an entry names a country, whatever its conditions.
fn names(entry: &str, country: &str) -> bool {
    match entry {
        "*" => true,
        "@eu" => EU.contains(&country),
        "@eea" => EU.contains(&country) || EEA_MORE.contains(&country),
        "@eu_adequate" => ADEQUATE.contains(&country) || ON_CONDITION.contains(&country),
        "@dach" => DACH.contains(&country),
        code => code == country,
    }
}

/// Every country that somebody tells of the client; `None` among them may be any.
fn clients<'r>(service: &Value, request: &'r Request) -> Vec<Option<&'r str>> {
    let mut clients = vec![request.country];
    let Some(asks) = service.get("second_witness") else { return clients };
    let said = request.headers.iter().find(|(name, _)| *name == "x-account");
    match said.map(|(_, said)| said.as_str()).filter(|said| !said.is_empty()) {
        Some("XX") => clients.push(None),
        Some(country) => clients.push(Some(country)),
        None if asks["required"] == true => clients.push(None),
        None => {}
    }
    clients
}

fn guards(when: &Value, request: &Request, clients: &[Option<&str>], tenant: Option<&str>) -> bool {
    let absent = |key: &str| when.get(key).is_none();
    // Country and continent must both hold of the same country.
    let is_in = |client: &str| {
        let by_country =
            absent("country") || texts(&when["country"]).iter().any(|entry| names(entry, client));
        let by_continent = absent("continent")
            || texts(&when["continent"]).iter().any(|continent| lies_on(continent, client));
        by_country && by_continent
    };
    let by_client = clients.iter().any(|client| client.is_none_or(is_in));
    let by_host = absent("host")
        || texts(&when["host"]).iter().any(|host| match host.strip_prefix("*.") {
            Some(parent) => request.host.split_once('.').unwrap().1 == parent,
            None => host == request.host,
        });
    let by_path = absent("path") || texts(&when["path"]).iter().any(|p| covers(p, request.path));
    let is_read = ["GET", "HEAD"].contains(&request.method);
    let by_method = absent("method")
        || texts(&when["method"]).iter().any(|m| m == request.method || (m == "GET" && is_read));
    let by_header = when.get("header").is_none_or(|header| says(&header["x-data"], request));
    let by_tenant = absent("tenant")
        || tenant.is_some_and(|tenant| texts(&when["tenant"]).iter().any(|name| name == tenant));
    by_client && by_host && by_path && by_method && by_header && by_tenant
}

fn lies_on(continent: &str, country: &str) -> bool {
    match continent {
        "EU" => IN_EUROPE.contains(&country),
        "SA" => IN_SOUTH_AMERICA.contains(&country),
        _ => IN_ASIA.contains(&country),
    }
}

/// Which of the paths of the worlds a pattern covers, written out.
fn covers(pattern: &str, path: &str) -> bool {
    match pattern {
        "/*" => true,
        "/api/*" => ["/api/orders", "/api", "/%61pi/../api/x"].contains(&path),
        "/login" => path == "/login",
        _ => path == "/public/a",
    }
}

fn says(expected: &Value, request: &Request) -> bool {
    let Some(value) = request.header("x-data") else { return false };
    expected == true || texts(expected).contains(&value)
}

fn tenant(service: &Value, request: &Request) -> Option<String> {
    let source = service.get("tenant")?;
    if source.get("header").is_some() {
        return request.header("x-tenant");
    }
    if source.get("cookie").is_some() {
        let cookie = request.header("cookie")?;
        return cookie.split("tenant=").nth(1).map(str::to_owned);
    }
    request.host.split('.').next().map(str::to_owned)
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(many) => many.iter().map(|one| one.as_str().unwrap().to_owned()).collect(),
        _ => Vec::new(),
    }
}
