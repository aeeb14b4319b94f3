//! A config of a given size, with every kind of condition.

use serde_json::{Map, Value, json};

#[derive(Clone, Copy)]
pub struct Size {
    pub regions: usize,
    pub rules: usize,
    pub tenants: usize,
    pub services: usize,
}

/// Entries of services that a table has room for beside a thousand rules and 5,000 tenants.
const ENTRIES_MAX: usize = 1_000;
const HOMES: [&str; 20] = [
    "IE", "DE", "FR", "NL", "SE", "PL", "ES", "IT", "US", "CA", "BR", "JP", "SG", "AU", "IN", "GB",
    "CH", "NO", "KR", "MX",
];
const CLIENTS: [&str; 64] = [
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV",
    "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO", "US", "CA",
    "BR", "MX", "JP", "KR", "SG", "AU", "IN", "GB", "CH", "ZA", "NG", "KE", "EG", "TR", "AE", "IL",
    "TH", "VN", "ID", "PH", "MY", "NZ", "AR", "CL", "CO", "PE", "UY", "BO", "EC", "PY", "CR", "PA",
];
/// A key of a config, and what makes its value.
type Made = (&'static str, fn() -> Value);

const TENANT_SOURCES: [Made; 4] = [
    ("x-tenant", || json!({"header": "x-tenant"})),
    ("host", || json!({"host_label": 1})),
    ("path", || json!({"path_segment": 1})),
    ("cookie", || json!({"cookie": "tenant"})),
];

fn pick<T: Copy>(all: &[T], at: usize) -> T {
    all[at % all.len()]
}

pub fn of(size: Size) -> Value {
    let mut document = json!({
        "version": 1,
        "limits": {"probes_per_run": 1_000},
        "monitors": {"m": {}},
        "regions": numbered(size.regions, "r", region),
        "services": numbered(size.services, "s", |number| service(size, number)),
        "residency": (0..size.rules).map(|number| rule(size, number)).collect::<Vec<_>>(),
    });
    if size.tenants > 0 {
        document["tenants"] = numbered(
            size.tenants,
            "t",
            |number| json!({"allow": [pick(&HOMES, number), "region:r0"]}),
        );
    }
    document
}

fn numbered(count: usize, prefix: &str, make: impl Fn(usize) -> Value) -> Value {
    let entries = (0..count).map(|number| (format!("{prefix}{number}"), make(number)));
    Value::Object(entries.collect::<Map<_, _>>())
}

fn region(number: usize) -> Value {
    let origin =
        json!({"id": format!("o{number}"), "url": format!("https://o{number}.example.net")});
    json!({"country": pick(&HOMES, number), "attest": ["dpf_certified"], "origins": [origin]})
}

fn service(size: Size, number: usize) -> Value {
    let count = (ENTRIES_MAX / size.services.max(1)).clamp(1, size.regions);
    // Every service has the first region, which every rule and pin permits.
    let others = (1..count).map(|other| format!("r{}", 1 + (number + other) % (size.regions - 1)));
    let regions: Vec<String> = ["r0".to_owned()].into_iter().chain(others).collect();
    let (_, tenant) = pick(&TENANT_SOURCES, number);
    json!({
        "hosts": [format!("s{number}.example.com"), format!("*.s{number}.example.com")],
        "monitor": "m", "regions": regions, "steering": "ordered", "tenant": tenant(),
    })
}

/// Half of the rules look at the country; the others at path, method, header, tenant or host.
fn rule(size: Size, number: usize) -> Value {
    let (kind, tens) = (number % 10, number / 10);
    let mut when = json!({});
    if kind < 5 {
        let countries = (0..=number % 3).map(|other| pick(&CLIENTS, number * 3 + other));
        when["country"] = json!(countries.collect::<Vec<_>>());
    }
    if matches!(kind, 3 | 5 | 6) {
        when["path"] = json!([format!("/p{number}/*"), format!("/q{}", tens % 50)]);
    }
    if kind == 7 {
        when["method"] = json!([pick(&["POST", "GET", "DELETE", "PATCH"], tens)]);
    }
    if kind == 8 {
        let name = pick(&["x-plan", "x-class", "x-realm"], tens);
        when["header"] = json!({name: format!("v{}", tens % 20)});
    }
    if kind == 9 && size.tenants > 0 {
        let tenants = (0..3).map(|other| format!("t{}", (number * 5 + other) % size.tenants));
        when["tenant"] = json!(tenants.collect::<Vec<_>>());
    }
    if matches!(kind, 4 | 6) || when == json!({}) {
        when["host"] = json!([format!("s{}.example.com", tens % size.services)]);
    }
    let homes = (0..4).map(|other| pick(&HOMES, number + other * 3).to_owned());
    let allow: Vec<String> = ["region:r0".to_owned()].into_iter().chain(homes).collect();
    let mode = if number.is_multiple_of(20) { "preferred" } else { "strict" };
    json!({"id": format!("rule-{number}"), "when": when, "allow": allow, "mode": mode})
}
