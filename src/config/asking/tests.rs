//! What the reader takes of how a monitor asks, for whatever is written there.

use super::*;
use crate::config::{Code, Config, Diagnostics, Monitor};
use crate::fingerprint::Fingerprint;
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(monitor: &Value) -> Result<Monitor, Diagnostics> {
    let config = json!({
        "version": 1,
        "regions": {"eu": {
            "country": "IE",
            "origins": [{"id": "eu-1", "url": "https://eu1.example.net"}],
        }},
        "monitors": {"web": monitor},
        "services": {"web": {"hosts": ["www.example.net"], "monitor": "web", "regions": ["eu"]}},
    });
    let config = Config::read(&config, Fingerprint::of(b""))?;
    Ok(config.monitors.into_iter().next().unwrap().1)
}

#[test]
fn a_header_value_is_visible_ascii_with_blanks_only_inside() {
    for fits in ["x", "Bearer abc", "a\tb", "text/html, */*;q=0.8"] {
        assert!(is_header_value(fits), "{fits:?}");
    }
    for not in ["", " x", "x ", "x\n", "a\r\nb", "é", "a\0b", "\u{7f}"] {
        assert!(!is_header_value(not), "{not:?}");
    }
}

#[test]
fn a_value_may_be_so_long_and_no_longer() {
    let with = |len: usize| read(&json!({"headers": {"x-app": "x".repeat(len)}}));
    assert!(with(PROBE_HEADER_BYTES_MAX).is_ok());
    assert_eq!(with(PROBE_HEADER_BYTES_MAX + 1).unwrap_err().first().unwrap().code, Code::E004);
}

#[test]
fn a_monitor_that_says_nothing_asks_as_ever() {
    assert_eq!(read(&json!({})).unwrap().asking, Asking::default());
}

/// How a name is spelled: any of its letters may be a capital.
fn spelled(name: &'static str) -> impl Strategy<Value = String> {
    proptest::collection::vec(any::<bool>(), name.len()).prop_map(move |capitals| {
        let letters = name.chars().zip(capitals);
        letters.map(|(c, up)| if up { c.to_ascii_uppercase() } else { c }).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn numbers_are_taken_within_their_bounds_and_nowhere_else(
        retries in -1_i64..9,
        redirects in -1_i64..9,
        port in -1_i64..70_000,
    ) {
        let written = json!({"retries": retries, "follow_redirects": redirects, "port": port});
        let fits = (0..=i64::from(RETRIES_MAX)).contains(&retries)
            && (0..=i64::from(REDIRECTS_MAX)).contains(&redirects)
            && (1..=65_535).contains(&port);
        match read(&written) {
            Ok(monitor) => {
                prop_assert!(fits);
                let Asking { request, port: read, .. } = monitor.asking;
                prop_assert_eq!(i64::from(request.retries), retries);
                prop_assert_eq!(i64::from(request.redirects), redirects);
                prop_assert_eq!(read.map(i64::from), Some(port));
            }
            Err(found) => {
                prop_assert!(!fits);
                prop_assert!(found.iter().all(|it| it.path.starts_with("monitors.web.")));
            }
        }
    }

    #[test]
    fn any_token_is_a_name_in_lower_case_and_its_value_stays_as_it_is(
        name in "x-[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,20}",
        value in "[!-~]([ -~]{0,20}[!-~])?",
    ) {
        prop_assume!(!name.to_ascii_lowercase().starts_with("x-pointsman-"));
        let lower = name.to_ascii_lowercase();
        prop_assume!(!["x-api-key", "x-auth-token", "x-vault-token"].contains(&lower.as_str()));
        match read(&json!({"headers": {name.clone(): value.clone()}})) {
            Ok(monitor) => {
                let headers = monitor.asking.request.headers;
                prop_assert_eq!(headers, [(name.to_ascii_lowercase(), ProbeHeader::Text(value))]);
            }
            // What looks like a secret is refused wherever it is.
            Err(found) => prop_assert!(found.iter().all(|it| it.code == Code::E013), "{:?}", found),
        }
    }

    #[test]
    fn credentials_in_plain_text_are_refused_and_never_repeated(
        name in prop_oneof![
            spelled("authorization"), spelled("cookie"), spelled("x-api-key"),
            spelled("cf-access-client-secret"),
        ],
        value in "[a-z]{12,24}",
    ) {
        let found = read(&json!({"headers": {name: value.clone()}})).unwrap_err();
        prop_assert!(found.iter().all(|it| it.code == Code::E013));
        let told = format!("{found:?}");
        prop_assert!(!told.contains(&value));
    }

    #[test]
    fn what_is_not_a_monitors_to_set_is_refused_however_it_is_spelled(
        name in prop_oneof![
            spelled("host"), spelled("connection"), spelled("content-length"),
            spelled("transfer-encoding"), spelled("user-agent"), spelled("proxy-anything"),
            spelled("x-pointsman-hops"), spelled("cf-connecting-ip"),
        ],
    ) {
        let found = read(&json!({"headers": {name: "1"}})).unwrap_err();
        prop_assert!(found.iter().all(|it| it.code == Code::E014), "{:?}", found);
    }
}
