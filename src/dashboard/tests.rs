//! Pages of a small world: what each says, where it leads, and what it never has.

use super::*;
use crate::controller::{Controller, Offered};
use crate::http::v1::ApiRequest;
use crate::http::{ADMIN_PREFIX, Response};
use crate::journal::Role;
use crate::order::{Act, ActReply, Acted, Look};
use crate::testing::{config_text, operator, run};
use crate::time::{MINUTE, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The world of `testing`, where regions have places and Europe has been down for some minutes.
fn world() -> (Controller, Timestamp) {
    let mut config: serde_json::Value = serde_json::from_str(&config_text()).unwrap();
    config["regions"]["eu-west"]["location"] = serde_json::json!([53.3, -6.3]);
    config["regions"]["sa-east"]["location"] = serde_json::json!([-23.5, -46.6]);
    config["services"]["api"]["contract"] = serde_json::json!({
        "rto_s": 300, "rpo_s": 3600, "availability": 99.9,
    });
    let mut controller = Controller::default();
    let begins = Timestamp::from_millis(100 * MINUTE);
    assert_eq!(controller.offer_config(&config.to_string(), begins), Offered::Taken);
    run(&mut controller, begins.millis(), &[]);
    for minute in 1..=4 {
        run(&mut controller, begins.millis() + minute * MINUTE, &["eu-1"]);
    }
    (controller, begins.plus(5 * MINUTE))
}

fn looker(role: Role, now: Timestamp) -> Looker {
    Looker { name: "mia".to_owned(), role, by_cookie: true, now }
}

fn look(path: &str, role: Role) -> Look {
    let (page, query) = path.split_once('?').unwrap_or((path, ""));
    let (page, query) = (page.to_owned(), query.to_owned());
    Look { page, query, name: "mia".to_owned(), role, by_cookie: true }
}

fn made(controller: &Controller, path: &str, role: Role, now: Timestamp) -> String {
    super::made(controller, &look(path, role), now).unwrap_or_else(|| panic!("{path}"))
}

/// The pages of this world, with one incident.
fn paths(controller: &Controller, now: Timestamp) -> Vec<String> {
    let incidents = controller.status(now).incidents;
    let incident = incidents.first().map(|incident| format!("incidents/{}", incident.id)).unwrap();
    let fixed = [
        "",
        "services/api",
        "services/files",
        "regions/eu-west",
        "incidents",
        "contracts",
        "drills",
        "changes",
        "changes?from=1",
    ];
    fixed.into_iter().map(str::to_owned).chain([incident]).collect()
}

fn links(body: &str) -> BTreeSet<String> {
    let starts = body.match_indices("href=\"").map(|(at, found)| at + found.len());
    starts.filter_map(|at| Some(body[at..].split('"').next()?.replace("&amp;", "&"))).collect()
}

#[test]
fn every_page_is_made_and_every_link_leads_to_a_page() {
    let (controller, now) = world();
    let mut seen = BTreeSet::new();
    for path in paths(&controller, now) {
        seen.append(&mut links(&made(&controller, &path, Role::Approver, now)));
    }
    assert!(seen.len() > 20, "{seen:?}");
    for link in seen {
        let Some(page) = link.strip_prefix(ADMIN_PREFIX) else {
            assert!(link.starts_with('#'), "{link}");
            continue;
        };
        let (page, query) = page.split_once('?').unwrap_or((page, ""));
        match page {
            "act" => drop(ActForm::of(query).unwrap_or_else(|fault| panic!("{link}: {fault:?}"))),
            _ if asset(page).is_some() => {}
            _ => assert!(Page::of(page, query).is_some(), "{link}"),
        }
    }
}

#[test]
fn nothing_is_inline_so_that_the_policy_holds() {
    let (controller, now) = world();
    for path in paths(&controller, now) {
        let body = made(&controller, &path, Role::Approver, now);
        for word in ["style=", "<style", "onclick", "javascript:", "http-equiv"] {
            assert!(!body.contains(word), "{path}: {word}");
        }
        assert_eq!(body.matches("<script").count(), 1, "{path}");
    }
}

#[test]
fn the_overview_says_first_what_is_wrong() {
    let (controller, now) = world();
    let body = made(&controller, "", Role::Viewer, now);
    let headline = body.split("<h1").nth(1).unwrap().split("</h1>").next().unwrap();
    assert!(headline.contains("One incident goes on; all services have a region that is up"));
    assert!(body.contains("Nobody looks after it."));
    assert!(body.contains("<svg class=\"map\""));
    assert!(body.contains("api was down for 0 ms") || body.contains("api was never down"));
}

#[test]
fn who_may_only_look_is_offered_nothing_to_do() {
    let (controller, now) = world();
    for path in paths(&controller, now) {
        let acts = |body: &str| body.matches("/.pointsman/act?").count();
        assert_eq!(acts(&made(&controller, &path, Role::Viewer, now)), 0, "{path}");
    }
    assert!(made(&controller, "services/api", Role::Operator, now).contains("act?do=drain"));
}

#[test]
fn what_is_not_there_is_not_found_and_an_unknown_path_is_no_page() {
    let (controller, now) = world();
    for path in ["services/none", "regions/none", "incidents/none", "drills/none", "services/a%20b"]
    {
        assert!(Page::of(path, "").is_some(), "{path}");
        assert_eq!(super::made(&controller, &look(path, Role::Viewer), now), None, "{path}");
    }
    for path in ["status", "services", "services/", "services/a/b", "x", "incidents/", "who/x"] {
        assert_eq!(Page::of(path, ""), None, "{path}");
    }
}

#[test]
fn without_the_controller_the_overview_is_made_from_the_copy_in_kv() {
    let (controller, now) = world();
    let why = "it did not answer within 5 s";
    let body = by_copy(&controller.status(now), why, &looker(Role::Viewer, now));
    assert!(body.contains("This is the copy in KV") && body.contains(why), "{body}");
    assert!(body.contains("services/api"));
}

#[test]
fn words_of_others_are_never_markup() {
    let (mut controller, now) = world();
    let text =
        r#"{"act": {"drain": {"region": "us-east"}}, "reason": "<img src=x onerror=alert(1)>"}"#;
    let caller = crate::http::v1::Caller { who: operator("<i>"), role: Role::Operator };
    let request = ApiRequest::act(text, caller, None).unwrap();
    assert!(matches!(controller.act(&request, now), ActReply::Done(_)));
    for path in ["", "changes", "services/api"] {
        let body = made(&controller, path, Role::Approver, now);
        assert!(!body.contains("<img") && !body.contains("<i>"), "{path}");
    }
    assert!(made(&controller, "changes", Role::Approver, now).contains("&lt;img"));
}

// Acts

fn asked(text: &str) -> ActForm {
    ActForm::of(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"))
}

/// The fields of the form of a page, as a browser would send them.
fn submitted(response: &Response) -> String {
    let form =
        response.body.split("<form method=\"post\" action=\"/.pointsman/act\"").nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!("{name}=\"")).nth(1)?;
        Some(value.split('"').next()?.replace("&amp;", "&"))
    };
    let inputs = form.split("<input").skip(1);
    let pairs = inputs.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?)));
    let mut sent = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs {
        sent.append_pair(&name, &value);
    }
    sent.finish()
}

#[test]
fn a_form_makes_the_body_that_the_api_takes() {
    let (_, now) = world();
    let sent = asked("do=drain&region=eu-west&service=api&reason=disk+full&for=2+hours");
    let caller = crate::http::v1::Caller { who: operator("mia"), role: Role::Operator };
    let request = ApiRequest::act(&sent.body(true, now), caller, None).unwrap();
    let Act::Drain { region, service: Some(_) } = &request.act else { panic!("{request:?}") };
    assert_eq!(region.as_str(), "eu-west");
    assert_eq!(request.reason, "disk full");
    assert_eq!(request.until, Some(now.plus(120 * MINUTE)));
    assert!(request.is_dry);
    let lift = asked("do=lift&order=7&reason=over&for=2+hours");
    assert!(!lift.body(false, now).contains("until"), "it ends at once");
}

#[test]
fn what_is_no_act_or_about_nothing_is_refused() {
    for text in [
        "",
        "do=",
        "do=dance",
        "do=push_config&text=x",
        "do=drain",
        "do=lift&order=x",
        "do=drill&service=api&kind=dance",
        "do=drain&region=eu+west",
    ] {
        assert_eq!(ActForm::of(text).unwrap_err().code.status(), 400, "{text}");
    }
    let long = format!("do=halt&reason={}", "x".repeat(FORM_BYTES_MAX));
    assert_eq!(ActForm::of(&long).unwrap_err().code.status(), 413);
}

#[test]
fn only_what_was_shown_is_done() {
    let (_, now) = world();
    let looker = looker(Role::Operator, now);
    let would =
        Acted { changes: vec!["eu-west drains".to_owned()], is_dry: true, ..Acted::default() };
    let first = asked("do=drain&region=eu-west&reason=x&step=show");
    assert!(!confirmed(&first, &would));
    let page = shown(&first, &would, "key-1", &looker);
    assert!(page.body.contains("eu-west drains") && page.body.contains("Do it: drain eu-west"));
    let pressed = asked(&submitted(&page));
    assert!(confirmed(&pressed, &would));
    assert_eq!(pressed.key, "key-1");
    let other = Acted { changes: vec!["something else".to_owned()], ..would };
    assert!(!confirmed(&pressed, &other), "what it would do has changed meanwhile");
    assert!(shown(&pressed, &other, "key-2", &looker).body.contains("Nothing was done"));
}

#[test]
fn the_form_keeps_what_was_written_when_it_is_refused() {
    let (_, now) = world();
    let fault = crate::http::v1::Fault::new(crate::http::v1::Code::Invalid, "a <reason> is needed");
    let sent = asked("do=halt&reason=%22quoted%22");
    let page = refused(&sent, &fault, &looker(Role::Operator, now));
    assert_eq!(page.status, 400);
    assert!(page.body.contains("a &lt;reason&gt; is needed"));
    assert!(page.body.contains("value=\"&quot;quoted&quot;\""), "{}", page.body);
    assert!(submitted(&page).contains("do=halt"));
}

// Who goes where

#[test]
fn countries_that_are_answered_alike_are_one_row() {
    let table = crate::controller::routes_of(&config_text(), Timestamp::default());
    let table = crate::json::write(&table.unwrap());
    let mut isolate = crate::proxy::Isolate::default();
    isolate.take(&table, Timestamp::from_millis(MINUTE)).unwrap();
    let Some(Page::Who(asked)) = Page::of("who", "host=API.example.com&path=/x") else { panic!() };
    let now = Timestamp::from_millis(MINUTE);
    let answers = questions(&asked)
        .map(|question| (question.country, isolate.explain(&question, now).unwrap()))
        .collect::<Vec<_>>();
    assert!(answers.len() > 240);
    let rows = destinations(answers);
    // Whoever is not known counts as guarded, and goes where Brazil goes.
    let sizes: Vec<usize> = rows.iter().map(|row| row.countries.len()).collect();
    assert_eq!(sizes.iter().filter(|size| **size == 2).count(), 1, "{sizes:?}");
    assert_eq!(rows.len(), 2, "{sizes:?}");
    let page = asked.page(&rows, &[], &looker(Role::Viewer, now)).body;
    assert!(page.contains("lgpd") && page.contains("sa-east"), "{page}");
}

/// As many regions as a config may have, all over the world, in twenty services. Seven are down.
fn large() -> (Controller, Timestamp) {
    let region = |n: u16| {
        let (north, east) = (f64::from(n * 37 % 120) - 55.0, f64::from(n * 61 % 340) - 170.0);
        let origin = json!({"id": format!("o-{n}"), "url": format!("https://o-{n}.example.com")});
        let country = ["IE", "US", "BR", "JP", "ZA"][usize::from(n % 5)];
        let region = json!({"country": country, "location": [north, east], "origins": [origin]});
        (format!("region-{n:02}"), region)
    };
    let regions: serde_json::Map<String, Value> = (0..100).map(region).collect();
    let ids: Vec<&String> = regions.keys().collect();
    let service = |n: usize| {
        let some = if n == 0 { ids.as_slice() } else { &ids[n * 5 - 5..n * 5 + 5] };
        let hosts = [format!("s-{n}.example.com")];
        (format!("service-{n:02}"), json!({"hosts": hosts, "monitor": "api", "regions": some}))
    };
    let services: serde_json::Map<String, Value> = (0..20).map(service).collect();
    let config = json!({
        "version": 1, "monitors": {"api": {"path": "/health"}}, "observer": {"controls": []},
        "limits": {"probes_per_run": 10_000}, "regions": regions, "services": services,
    });
    let mut controller = Controller::default();
    let begins = Timestamp::from_millis(30_000_000 * MINUTE);
    let taken = controller.offer_config(&config.to_string(), begins);
    assert_eq!(taken, Offered::Taken, "{:?}", controller.state().refused);
    run(&mut controller, begins.millis(), &[]);
    let down: Vec<String> = (0..7).map(|n| format!("o-{}", n * 13)).collect();
    let down: Vec<&str> = down.iter().map(String::as_str).collect();
    for minute in 1..=4 {
        run(&mut controller, begins.millis() + minute * MINUTE, &down);
        controller.due_documents(begins.plus(minute * MINUTE + 59_000));
    }
    (controller, begins.plus(5 * MINUTE))
}

#[test]
fn of_many_regions_those_that_are_down_come_first_and_are_named_on_the_map() {
    let (controller, now) = large();
    let page = made(&controller, "", Role::Approver, now);
    assert!(page.len() < 200_000, "{}", page.len());
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at(">Open incidents<") < at(">Services<") && at(">Services<") < at(">Regions<"));
    let (map, table) = page[at("class=\"map\"")..].split_once("</svg>").unwrap();
    assert_eq!(map.matches("<circle").count(), 100);
    assert_eq!(map.matches("text-anchor").count(), 7, "only what is not up is named");
    let last = map.rsplit_once("aria-label=\"").unwrap().1;
    assert!(last.starts_with("region-78: bad"), "what is down is drawn on top: {last}");
    let first = table.split_once("href=\"/.pointsman/regions/").unwrap().1;
    assert!(first.starts_with("region-00"), "{first}");
    let rows: Vec<&str> = table.split("href=\"/.pointsman/regions/").skip(1).collect();
    assert!(rows.iter().take(7).all(|row| row.contains(" down")), "{:?}", &rows[..7]);
    assert!(page.contains("93 of 100 regions"), "they are not all listed");

    let service = made(&controller, "services/service-00", Role::Approver, now);
    assert!(service.len() < 400_000, "{}", service.len());
    let rows: Vec<&str> = service.split("<th scope=\"row\">").skip(1).collect();
    assert_eq!(rows.len(), 100);
    let is_down = |row: &&str| row.contains(" down") && row.contains("was down for 3 min");
    assert!(rows.iter().take(7).all(is_down), "{:?}", &rows[..7]);
}
