//! What the JSON Schema says beside what the reader reads: examples, the words of closed sets that
//! the reader takes as texts, and which keys are not acted on. For editors only.

use super::raw::RawAlertKind;
use crate::geo::Area;
use crate::residency::sets;
use serde_json::{Value, json};

/// Marks a key that is checked and not acted on (W104); JSON Schema has no word of its own for it.
const NOT_ACTED_ON: &str = "x-not-acted-on";

/// The keys that this version checks and does not act on, with what they are used for all the same.
/// `check` says the same of them (W104), and docs/config.md marks them.
const KEYS_NOT_ACTED_ON: [(&str, &str, &str); 1] = [(
    "Region",
    "capacity_rps",
    "it limits no traffic, and is for advice (W109) and for the guard of `peak_rps`.",
)];

/// Adds what is said here to the schema of a config.
pub(super) fn add(schema: &mut Value) {
    for (table, keys) in examples() {
        for (key, examples) in keys.as_object().into_iter().flatten() {
            put(schema, table, key, "examples", examples.clone());
        }
    }
    for (table, key, words) in closed_sets() {
        let Some(property) = property(schema, table, key) else { continue };
        match property.get_mut("items") {
            Some(items) => *items = json!({"enum": words}),
            None => insert(property, "enum", json!(words)),
        }
    }
    for (table, key, about) in KEYS_NOT_ACTED_ON {
        let Some(property) = property(schema, table, key) else { continue };
        let said = property.get("description").and_then(Value::as_str).unwrap_or_default();
        let said = format!("{said} Checked and not acted on: {about}");
        insert(property, "description", said.into());
        insert(property, NOT_ACTED_ON, true.into());
    }
}

/// Closed sets that the reader takes as texts, to say more about a wrong one than a schema can.
fn closed_sets() -> [(&'static str, &'static str, Vec<&'static str>); 3] {
    let members = sets::names().filter_map(sets::builtin).flat_map(sets::NamedSet::members);
    let mut attested: Vec<&str> = members.filter_map(|member| member.requires).collect();
    attested.sort_unstable();
    attested.dedup();
    // A receiver that ends is read, so that its refusal can say what to take instead.
    let kinds = RawAlertKind::WORDS.iter().copied().filter(|word| *word != "opsgenie");
    [
        ("Areas", "use", Area::WORDS.to_vec()),
        ("Region", "attest", attested),
        ("Alert", "kind", kinds.collect()),
    ]
}

fn put(schema: &mut Value, table: &str, key: &str, word: &str, value: Value) {
    if let Some(property) = property(schema, table, key) {
        insert(property, word, value);
    }
}

fn property<'s>(schema: &'s mut Value, table: &str, key: &str) -> Option<&'s mut Value> {
    schema.get_mut("$defs")?.get_mut(table)?.get_mut("properties")?.get_mut(key)
}

fn insert(property: &mut Value, word: &str, value: Value) {
    if let Value::Object(object) = property {
        object.insert(word.to_owned(), value);
    }
}

/// Examples of each key whose value is not one of some words.
fn examples() -> Vec<(&'static str, Value)> {
    [of_places(), of_monitors(), of_services(), of_recovery(), of_objects(), of_people()].concat()
}

fn of_places() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Config",
            json!({
                "$schema": ["./pointsman.schema.json"],
                "version": [1],
                "sets": [{"nordic": ["DK", "FI", "NO", "SE"]}],
            }),
        ),
        (
            "Region",
            json!({
                "country": ["IE"],
                "location": [[53.35, -6.26]],
                "capacity_rps": [2_000],
            }),
        ),
        (
            "Origin",
            json!({
                "id": ["eu-west-1"],
                "url": ["https://eu1.origin.example.com", "http://localhost:9001"],
                "host_header": ["api.example.com"],
            }),
        ),
        (
            "Rule",
            json!({
                "id": ["gdpr"],
                "allow": [["@eea", "@eu_adequate"], "BR", ["region:eu-west"]],
                "basis": ["GDPR ch. V"],
            }),
        ),
        (
            "When",
            json!({
                "country": ["@eea", ["BR"]],
                "host": ["api.example.com"],
                "path": ["/account/*"],
                "method": [["POST", "PUT"]],
                "header": [{"x-data-class": ["personal", "health"]}],
                "tenant": ["acme"],
            }),
        ),
        (
            "Tenant",
            json!({
                "allow": ["eu-west", ["DE", "IE"]],
                "basis": ["contract of 2026-03-01"],
                "country": ["FR"],
            }),
        ),
        (
            "DatedSet",
            json!({
                "members": [["@eea", "CH"]],
                "source": ["board decision of 2026-05-04"],
            }),
        ),
        (
            "Override",
            json!({
                "author": ["on-call"],
                "origin": ["eu-west-1"],
                "reason": ["OPS-12"],
                "region": ["eu-west"],
            }),
        ),
    ]
}

fn of_monitors() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Monitor",
            json!({
                "path": ["/health"],
                "port": [8443],
                "down_interval_s": [60],
                "headers": [{"x-probe": "pointsman", "authorization": {"secret": "PROBE_TOKEN"}}],
                "host_header": ["api.example.com"],
                "quorum": ["majority", 2],
                "all": [["web", "database"]],
                "any": [["web", "web-by-tcp"]],
                "must_pass": [["database"]],
            }),
        ),
        ("SecretHeader", json!({"secret": ["PROBE_TOKEN"]})),
        ("Composite", json!({"count": [2], "of": [["web", "database", "queue"]]})),
        (
            "Expect",
            json!({
                "status": ["2xx", ["200", "204"], "200-299"],
                "body_contains": ["healthy"],
                "json": [{"/status": "ok", "/replication_lag_s": {"max": 30}}],
                "headers": [{"content-type": "application/json", "etag": true}],
            }),
        ),
        (
            "Bounds",
            json!({
                "min": [1],
                "max": [30],
                "behind_max": [1000],
                "max_age_s": [86_400],
            }),
        ),
        ("Observer", json!({"controls": [["https://www.google.com/generate_204"], []]})),
    ]
}

fn of_services() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Service",
            json!({
                "hosts": [["api.example.com"], ["*.example.com"]],
                "monitor": ["health"],
                "regions": [["eu-west", "us-east"]],
                "primary": ["eu-west"],
                "weights": [{"eu-west": 2, "us-east": 1}],
                "canary": [{"us-east": 5}],
                "shed": [{"eu-west": 20}],
                "peak_rps": [1_500],
                "host_header": ["api.example.com"],
            }),
        ),
        (
            "Geo",
            json!({
                "pops": [{"FRA": ["eu-central", "eu-west"]}],
                "countries": [{"DE": ["eu-central", "eu-west"]}],
                "regions": [{"WEU": ["eu-west"], "ENAM": ["us-east"]}],
            }),
        ),
        (
            "TenantSource",
            json!({
                "header": ["x-tenant"],
                "cookie": ["tenant"],
                "host_label": [1],
                "path_segment": [2],
            }),
        ),
        ("SecondWitness", json!({"header": ["x-account-country"]})),
        ("AffinityHeader", json!({"header": ["x-session"]})),
        (
            "Proxying",
            json!({
                "retry_on": [[502, 503, 504]],
                "stale_paths": [["/", "/catalogue/*"]],
                "status_page": ["Acme payments"],
            }),
        ),
    ]
}

fn of_recovery() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Contract",
            json!({
                "rto_s": [240],
                "rpo_s": [30],
                "availability": [99.9],
                "drill_every_days": [90],
            }),
        ),
        (
            "Component",
            json!({
                "monitor": ["database"],
                "bounds": [{"/backup_finished_at": {"max_age_s": 90_000}}],
                "rto_s": [600],
                "rpo_s": [60],
            }),
        ),
        ("FieldBounds", json!({"min": [1], "max": [30], "max_age_s": [86_400]})),
        ("Failback", json!({"stages": [[10, 50, 100]]})),
        ("Follow", json!({"monitor": ["primary"], "primary": [{"/role": "primary"}]})),
        (
            "Promote",
            json!({
                "url": ["https://dr.example.com/promote"],
                "secret": ["DR_KEY"],
                "no_fence": ["the standby's promotion revokes the lease of the old primary"],
                "lag_pointer": ["/replication_lag_s"],
                "contact_age_pointer": ["/contact_age_s"],
                "position_pointer": ["/position"],
            }),
        ),
        ("Hook", json!({"url": ["https://dr.example.com/fence"], "secret": ["DR_KEY"]})),
        (
            "Step",
            json!({
                "name": ["warm-caches"],
                "url": ["https://dr.example.com/warm"],
                "secret": ["DR_KEY"],
            }),
        ),
        (
            "Drill",
            json!({
                "id": ["quarterly"],
                "service": ["api"],
                "region": ["eu-west"],
                "every_days": [90],
                "at": ["09:30"],
            }),
        ),
        (
            "Blocked",
            json!({
                "from": ["2026-12-20T00:00:00Z", "12:00"],
                "until": ["2027-01-03T00:00:00Z", "08:00"],
                "reason": ["holidays"],
            }),
        ),
    ]
}

fn of_objects() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Dns",
            json!({
                "zone": ["example.com"],
                "name": ["api.example.com"],
                "ttl_s": [60, 1],
                "ttl_at_risk_s": [60],
            }),
        ),
        (
            "Pool",
            json!({
                "account": ["0123456789abcdef0123456789abcdef"],
                "name": ["api-eu-west"],
                "regions": [["eu-west"]],
            }),
        ),
        (
            "LoadBalancer",
            json!({
                "zone": ["example.com"],
                "name": ["api.example.com"],
                "ttl_s": [30],
                "session_affinity_ttl_s": [1_800],
            }),
        ),
        ("Guards", json!({"regions_away": [1]})),
    ]
}

fn of_people() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Alert",
            json!({
                "id": ["second-line"],
                "url_secret": ["SLACK_WEBHOOK"],
                "key_secret": ["PAGERDUTY_KEY"],
                "allow_hosts": [["hooks.example.com"]],
                "services": [["api"]],
            }),
        ),
        (
            "Watchdog",
            json!({
                "heartbeat_secret": ["HEARTBEAT_URL"],
                "allow_hosts": [["heartbeat.example.com"]],
            }),
        ),
        (
            "Otlp",
            json!({
                "url": ["https://otlp.example.com/v1/metrics"],
                "headers_secret": ["OTLP_HEADERS"],
            }),
        ),
        ("Admin", json!({"hosts": [["ops.example.com"]]})),
        (
            "Access",
            json!({
                "team_domain": ["example.cloudflareaccess.com"],
                "aud": ["32eafc7626e737136c1b5b9ef9dd2ad2b2a2b2a2b2a2b2a2b2a2b2a2b2a2b2a2"],
            }),
        ),
        (
            "Token",
            json!({
                "id": ["on-call"],
                "sha256": ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
            }),
        ),
        (
            "Acceptance",
            json!({
                "code": ["W101"],
                "path": ["services.api", "residency[lgpd].allow"],
                "reason": ["one region in Brazil was a choice: BOARD-7"],
            }),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schema;
    use std::collections::BTreeSet;

    const PAGE: &str = include_str!("../../docs/config.md");

    /// Every key: its table, its name and its schema.
    fn keys(schema: &Value) -> Vec<(&str, &str, &Value)> {
        let tables = schema["$defs"].as_object().unwrap().iter();
        tables
            .flat_map(|(table, of_table)| {
                let keys = of_table["properties"].as_object().into_iter().flatten();
                keys.map(move |(key, schema)| (table.as_str(), key.as_str(), schema))
            })
            .collect()
    }

    /// Whether a reader knows from the schema alone what may stand there.
    fn is_plain(schema: &Value) -> bool {
        let has = |word: &str| schema.get(word).is_some();
        if ["$ref", "enum", "const", "format", "examples"].into_iter().any(has) {
            return true;
        }
        if let Some(all) = schema.get("anyOf").or_else(|| schema.get("oneOf")) {
            return all.as_array().unwrap().iter().all(is_plain);
        }
        match schema["type"].as_str() {
            Some("boolean") => true,
            Some("integer" | "number") => has("default"),
            Some("array") => schema.get("items").is_some_and(is_plain),
            Some("object") => schema
                .get("additionalProperties")
                .is_none_or(|inner| inner.is_boolean() || is_plain(inner)),
            _ => false,
        }
    }

    #[test]
    fn each_key_has_words_a_default_or_an_example() {
        let schema = schema();
        let bare: Vec<_> = keys(&schema).into_iter().filter(|(_, _, key)| !is_plain(key)).collect();
        assert!(bare.is_empty(), "add examples of these: {bare:#?}");
    }

    #[test]
    fn each_example_is_of_a_key_that_there_is_and_is_taken_by_its_schema() {
        let schema = schema();
        for (table, examples) in super::examples() {
            for (key, list) in examples.as_object().unwrap() {
                let mut whole = schema.clone();
                let of_key = property(&mut whole, table, key);
                let of_key = of_key.unwrap_or_else(|| panic!("no key {table}.{key}")).clone();
                let document = json!({"$defs": schema["$defs"], "allOf": [of_key]});
                let validator = jsonschema::validator_for(&document).unwrap();
                for example in list.as_array().unwrap() {
                    assert!(validator.is_valid(example), "{table}.{key}: {example}");
                }
            }
        }
    }

    #[test]
    fn the_page_marks_the_keys_that_the_schema_marks_as_not_acted_on() {
        let rows = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` †"));
        let marked: BTreeSet<&str> = rows.map(|(key, _)| key).collect();
        let schema = schema();
        let in_schema = keys(&schema).into_iter().filter(|(_, _, key)| key[NOT_ACTED_ON] == true);
        let in_schema: BTreeSet<&str> = in_schema.map(|(_, key, _)| key).collect();
        assert!(!marked.is_empty());
        assert_eq!(in_schema, marked);
    }

    #[test]
    fn the_closed_sets_are_of_keys_that_there_are() {
        let schema = schema();
        for (table, key, words) in closed_sets() {
            let of_key = &schema["$defs"][table]["properties"][key];
            let said = of_key["items"].get("enum").or_else(|| of_key.get("enum"));
            assert_eq!(said, Some(&json!(words)), "{table}.{key}");
            assert!(words.len() >= 2, "{table}.{key}");
        }
    }
}
