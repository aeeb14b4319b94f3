//! What follows from orders at the Controller.

use super::*;

#[test]
fn a_halt_is_a_guard_for_one_service_or_for_all_and_a_new_pass_begins_when_it_ends() {
    let mut controller = settled();
    let halts = |controller: &Controller| {
        circumstances(controller.config().unwrap(), controller.state(), NOW).halts
    };
    assert!(controller.begin_reconcile(NOW).is_some());
    let one = give(&mut controller, Act::Halt { service: Some(service("api")) });
    let told = halts(&controller);
    assert_eq!((told.all, told.services.len()), (None, 1));
    let all = give(&mut controller, Act::Halt { service: None });
    let told = halts(&controller);
    assert!(told.all.unwrap().starts_with("halted by ann (token) (order 2;"));
    assert_eq!(told.services.len(), 2);
    let wanted = |controller: &mut Controller| controller.begin_reconcile(NOW).unwrap().wanted;
    let halted = wanted(&mut controller);
    for id in [one, all] {
        done(&mut controller, &request(Act::Lift { order: id }), NOW);
    }
    assert_ne!(wanted(&mut controller), halted, "lifting it is a new wish");
    assert!(!controller.status(NOW).cloudflare.halted);
}

#[test]
fn corruption_keeps_how_regions_stood_and_forgets_it_when_it_is_lifted() {
    let mut controller = settled();
    run(&mut controller, 120_000, &["us-1"]);
    let now = Timestamp::from_millis(178_000);
    let act = request(Act::Corruption { service: Some(service("api")) });
    let acted = done(&mut controller, &act, now);
    assert_eq!(acted.changes, ["api: nobody is moved to another region, whatever goes down"]);
    let frozen = controller.state().frozen.get(&service("api")).unwrap();
    let healths: Vec<&str> = frozen.values().map(|health| health.as_str()).collect();
    assert_eq!(healths, ["up", "up", "down"], "eu-west, sa-east, us-east");
    let told = controller.status(now).frozen.unwrap();
    assert_eq!((told.len(), told.get(&service("api"))), (1, Some(frozen)), "status says it");
    run(&mut controller, 180_000, &["eu-1"]);
    let view = controller.view(Timestamp::from_millis(238_000)).unwrap();
    let (api, files) = (view.services().next().unwrap(), view.services().nth(1).unwrap());
    assert!(api.region(&region("eu-west")).unwrap().is_lost());
    assert!(api.region(&region("us-east")).unwrap().stays_away());
    assert!(!files.region(&region("eu-west")).unwrap().is_lost(), "files goes on as ever");
    let later = Timestamp::from_millis(239_000);
    done(&mut controller, &request(Act::Lift { order: 1 }), later);
    assert!(controller.state().frozen.is_empty());
    assert_eq!(controller.status(later).frozen, None);
}

#[test]
fn corruption_that_is_announced_freezes_what_is_when_it_comes_into_force() {
    let mut controller = settled();
    let from = Some(NOW.plus(SECOND));
    let asked = ActRequest { from, ..request(Act::Corruption { service: None }) };
    done(&mut controller, &asked, NOW);
    assert!(controller.state().frozen.is_empty());
    controller.settle(NOW.plus(SECOND));
    assert_eq!(controller.state().frozen.len(), 2);
}

#[test]
fn status_lists_orders_and_the_page_of_a_region_says_how_to_lift_them() {
    let mut controller = settled();
    give(&mut controller, drain("eu-west", None));
    let status = controller.status(NOW);
    assert_eq!(status.orders, controller.state().orders);
    let why = status.reasons.get(&service("api")).unwrap().get(&region("eu-west")).unwrap();
    assert!(why.why.as_ref().unwrap().contains("`pointsman lift 1` ends it"), "{why:?}");
    let orders = controller.page(&Query::Orders {}, NOW).unwrap();
    assert!(orders.contains("\"drain\""), "{orders}");
}

#[test]
fn a_proxy_that_asks_gets_a_later_table_at_once_and_the_same_one_once() {
    let mut controller = settled();
    let ask = |controller: &mut Controller, than: Option<u64>| {
        let page = controller.page(&Query::Routes { than, report: None }, NOW).unwrap();
        let news: News = crate::json::read(&page).unwrap();
        news.table.map(|text| (Table::parse(&text).unwrap(), text))
    };
    let (first, text) = ask(&mut controller, None).unwrap();
    assert_eq!(text, {
        let view = controller.view(NOW).unwrap();
        crate::json::write_pretty(&routes(&view))
    });
    assert!(ask(&mut controller, Some(first.generation)).is_none());
    assert!(ask(&mut controller, Some(first.generation - 1)).is_some());
    give(&mut controller, drain("eu-west", None));
    let (second, _) = ask(&mut controller, Some(first.generation)).unwrap();
    assert!(second.generation > first.generation);
    let eu = &second.services()[0].candidates[0];
    assert!(eu.entry.draining);
    // What says nothing about the table is no news for a proxy.
    give(&mut controller, Act::Maintenance { service: None, region: None });
    assert!(ask(&mut controller, Some(second.generation)).is_none());
    let due = controller.due_documents(NOW.plus(SECOND)).routes.unwrap();
    assert!(Table::parse(&due.text).unwrap().generation >= second.generation);
}

#[test]
fn a_table_is_never_older_than_the_one_before_though_a_clock_goes_back() {
    let mut controller = settled();
    let written = controller.due_documents(NOW).routes.unwrap();
    controller.written(&written, NOW);
    give(&mut controller, drain("eu-west", None));
    let behind = NOW.minus(3 * SECOND);
    controller.written(&written, behind);
    give(&mut controller, drain("us-east", None));
    let page = controller.page(&Query::Routes { than: None, report: None }, behind).unwrap();
    let news: News = crate::json::read(&page).unwrap();
    let (was, is) = (Table::parse(&written.text), Table::parse(&news.table.unwrap()));
    let (was, is) = (was.unwrap(), is.unwrap());
    assert!(is.as_of >= was.as_of && is.generation > was.generation);
}

#[test]
fn what_is_ordered_and_what_is_desired_agree_for_each_act_and_its_end() {
    let acts = [
        drain("eu-west", None),
        Act::Outage { region: region("eu-west") },
        Act::Switch { service: service("files"), to: region("us-east") },
        set_origin("eu-1", crate::config::OverrideTo::Down),
    ];
    for act in acts {
        let mut controller = settled();
        let answer = |controller: &Controller, now| {
            let desired = desired(&controller.view(now).unwrap());
            desired.records[0].answer.clone().unwrap().0.to_string()
        };
        assert_eq!(answer(&controller, NOW), "eu-west");
        let until = Some(NOW.plus(SECOND));
        done(&mut controller, &ActRequest { until, ..request(act.clone()) }, NOW);
        assert_eq!(answer(&controller, NOW), "us-east", "{act}");
        assert_eq!(answer(&controller, NOW.plus(SECOND)), "eu-west", "{act}");
    }
}

#[test]
fn nobody_but_the_system_ends_an_order_whose_time_is_over() {
    let mut controller = settled();
    let until = Some(NOW.plus(1));
    done(&mut controller, &ActRequest { until, ..request(drain("eu-west", None)) }, NOW);
    controller.follow_orders(NOW.plus(1));
    let event = controller.news.take().pop().unwrap();
    assert_eq!((event.kind, event.who), (EventKind::Lifted, Actor::system()));
}
