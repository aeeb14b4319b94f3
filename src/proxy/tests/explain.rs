//! Requests that nobody has sent are explained as they would be decided.

use super::*;
use crate::http::v1::{Imagined, Removed};

fn imagined(host: &str, country: &str) -> Imagined {
    Imagined {
        host: host.to_owned(),
        path: "/".to_owned(),
        method: "GET".to_owned(),
        country: crate::country::Country::parse(country).ok(),
        ..Imagined::default()
    }
}

#[test]
fn a_rule_that_removes_regions_is_named() {
    let isolate = isolate(&[]);
    let told = isolate.explain(&imagined(HOST, "BR"), at(1)).unwrap();
    let regions: Vec<_> = told.regions.iter().map(crate::ids::RegionId::as_str).collect();
    assert_eq!((regions, &*told.how), (vec!["sa-east"], "only"));
    let removed =
        |told: &Removed| (told.region.to_string(), told.rule.as_ref().map(ToString::to_string));
    let removed: Vec<_> = told.removed.iter().map(removed).collect();
    let lgpd = Some("lgpd".to_owned());
    assert_eq!(removed, [("eu-west".to_owned(), lgpd.clone()), ("us-east".to_owned(), lgpd)]);
    let told = isolate.explain(&imagined(HOST, "DE"), at(1)).unwrap();
    assert_eq!((told.regions.len(), told.removed.len()), (3, 0));
}

#[test]
fn a_host_that_nobody_serves_and_a_table_that_is_not_there_are_told() {
    let told = isolate(&[]).explain(&imagined("ops.example.com", "DE"), at(1)).unwrap();
    assert_eq!((told.service, told.refusal.as_deref()), (None, Some("unknown_host")));
    assert_eq!(Isolate::default().explain(&imagined(HOST, "DE"), at(1)), None);
}
