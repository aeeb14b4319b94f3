//! Who loses service behind records, pools and load balancers, as `check` and `whatif` say.

use super::{NOW, fed, json};
use serde_json::{Value, json as value};
use std::fmt::Write;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

/// A config whose only service has these regions, and what follows in `service`.
fn config(regions: &[&str], service: &str) -> String {
    let mut text = "version = 1\n[monitors.www]\n".to_owned();
    for (index, id) in regions.iter().enumerate() {
        let address = format!("203.0.113.{index}");
        let origin = format!(
            "id = \"{id}-1\", url = \"https://{id}.origin.example.com\", ipv4 = \"{address}\""
        );
        writeln!(text, "[regions.{id}]\ncountry = \"DE\"\norigins = [{{ {origin} }}]").unwrap();
    }
    text + &format!("[services.www]\nmonitor = \"www\"\nregions = {regions:?}\n{service}")
}

const RECORD: &str = "[[services.www.publish]]\n\
    dns = { zone = \"a.example\", name = \"a.example\", type = \"A\" }\n";
const BALANCER: &str =
    "[[services.www.publish]]\nload_balancer = { zone = \"a.example\", name = \"lb.a.example\" }\n";
const MANUAL: &str = "failover = { mode = \"manual\" }\n";

fn pool(name: &str, region: &str) -> String {
    format!(
        "[[services.www.publish]]\n\
         pool = {{ account = \"{ACCOUNT}\", name = \"{name}\", regions = [\"{region}\"] }}\n"
    )
}

/// The verdict of `check`, and whose service is lost with which region and why.
fn check(config: &str) -> (String, Vec<Value>) {
    let said = fed(&["check", "-", "--now", NOW], config);
    assert_eq!(said.code, 0, "{}", said.err);
    let verdict = said.out.lines().find_map(|line| line.strip_prefix("if one region fails: "));
    let report = json(&fed(&["check", "-", "--now", NOW, "--json"], config).out);
    let rows = report["files"][0]["survivors"]["rows"].as_array().unwrap();
    let lost = rows.iter().filter(|row| row["loses_service"] == true);
    let lost = lost.map(|row| value!([row["clients"], row["down"], row["reason"]]));
    (verdict.unwrap().to_owned(), lost.collect())
}

#[test]
fn a_record_that_only_a_person_moves_goes_on_answering_what_is_down() {
    let record = value!({"record": "a.example A"});
    let (verdict, lost) = check(&config(&["fra", "hel"], &(MANUAL.to_owned() + RECORD)));
    assert_eq!(verdict, "service is lost in 1 case");
    assert_eq!(lost, [value!([record, "fra", "manual"])]);
    let (verdict, lost) = check(&config(&["fra", "hel"], RECORD));
    assert_eq!((verdict.as_str(), lost.len()), ("nobody loses service", 0));
    let (verdict, lost) = check(&config(&["fra"], RECORD));
    assert_eq!(verdict, "service is lost in 1 case");
    assert_eq!(lost, [value!([record, "fra", "none_up"])]);
}

#[test]
fn a_pool_has_nobody_else_when_its_only_region_fails() {
    let (verdict, lost) = check(&config(&["fra"], &pool("p", "fra")));
    assert_eq!(verdict, "service is lost in 1 case");
    assert_eq!(lost, [value!([{"pools": "pool p"}, "fra", "last_usable"])]);
    let two = pool("p", "fra") + &pool("q", "hel");
    let (verdict, lost) = check(&config(&["fra", "hel"], &two));
    assert_eq!((verdict.as_str(), lost.len()), ("nobody loses service", 0));
    let (_, lost) = check(&config(&["fra", "hel"], &(MANUAL.to_owned() + &two)));
    let pools = value!({"pools": "pools p, q"});
    assert_eq!(lost, [value!([pools, "fra", "manual"]), value!([pools, "hel", "manual"])]);
}

#[test]
fn a_region_that_is_in_no_pool_saves_no_client_of_the_pools() {
    let (verdict, lost) = check(&config(&["fra", "hel"], &pool("p", "fra")));
    assert_eq!(verdict, "service is lost in 1 case");
    assert_eq!(lost, [value!([{"pools": "pool p"}, "fra", "last_usable"])]);
}

#[test]
fn a_balancer_has_as_many_ways_out_as_its_pools_have_regions() {
    let balancer = value!({"load_balancer": "lb.a.example"});
    let one = pool("p", "fra") + BALANCER;
    let (_, lost) = check(&config(&["fra"], &one));
    assert_eq!(lost, [value!([balancer, "fra", "none_up"])]);
    let two = pool("p", "fra") + &pool("q", "hel") + BALANCER;
    let (verdict, lost) = check(&config(&["fra", "hel"], &two));
    assert_eq!((verdict.as_str(), lost.len()), ("nobody loses service", 0));
    let (_, lost) = check(&config(&["fra", "hel"], &(MANUAL.to_owned() + &two)));
    assert_eq!(lost, [value!([balancer, "fra", "manual"])]);
}

#[test]
fn a_config_that_serves_nobody_is_not_said_to_lose_nobody() {
    let (verdict, _) = check(&config(&["fra", "hel"], ""));
    assert_eq!(verdict, "nobody is served: no service has `hosts` or `publish`");
}

#[test]
fn what_stays_where_it_is_although_that_is_down_is_a_loss() {
    let whatif = |service: &str| {
        let config = config(&["fra", "hel"], service);
        let args = ["whatif", "-", "--down", "fra", "--now", NOW];
        let text = fed(&args, &config).out;
        let report = json(&fed(&[&args[..], &["--json"]].concat(), &config).out);
        (text, report["services"][0].clone())
    };
    let (text, report) = whatif(&(MANUAL.to_owned() + RECORD));
    assert!(text.contains("www: 1 change, 1 with loss of service\n"), "{text}");
    assert!(text.contains("NOWHERE: until a person moves it (`manual`)"), "{text}");
    let moved = value!({"name": "a.example A", "from": "fra", "to": null, "reason": "manual"});
    assert_eq!(report["records"], value!([moved]));
    let (text, report) = whatif(&pool("p", "fra"));
    assert!(text.contains("www: 1 change, 1 with loss of service\n"), "{text}");
    let moved = value!({"pools": "pool p", "from": ["fra"], "to": [], "reason": "last_usable"});
    assert_eq!(report["objects"], value!([moved]));
    let two = pool("p", "fra") + &pool("q", "hel") + BALANCER;
    let (text, report) = whatif(&two);
    assert!(text.contains("www: 1 change\n"), "{text}");
    let from = value!(["fra", "hel"]);
    let moved =
        value!({"load_balancer": "lb.a.example", "from": from, "to": ["hel"], "reason": null});
    assert_eq!(report["objects"], value!([moved]));
}
