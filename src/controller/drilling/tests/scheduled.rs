use super::*;

/// The config with a drill at ten past midnight, every so many days.
fn daily(every_days: u32, blocked: &Value) -> Value {
    let mut config = config();
    config["drills"] = json!([{
        "id": "nightly", "service": "api", "kind": "canary", "region": "eu-west",
        "every_days": every_days, "at": "00:10",
    }]);
    config["blocked"] = blocked.clone();
    config
}

fn until(play: &mut Play, to: u64) {
    let count = to.saturating_sub(play.minute);
    play.minutes(count, &[]);
}

const DAY: u64 = 24 * 60;

#[test]
fn it_begins_at_its_time_and_not_again_before_its_days_are_over() {
    let mut play = Play::with(&daily(2, &json!([])));
    until(&mut play, 10);
    assert_eq!(play.controller.state().drills.given, 0);
    until(&mut play, 12);
    assert_eq!(play.last().began, minute(10));
    assert_eq!(play.last().schedule.as_ref().unwrap().as_str(), "nightly");
    let index = play.controller.drill_index(play.now());
    assert_eq!(index.schedules[0].next, Some(minute(2 * DAY + 10)));
    play.minute = DAY;
    until(&mut play, DAY + 20);
    assert_eq!(play.controller.state().drills.given, 1, "the next day is too early");
    play.minute = 2 * DAY;
    until(&mut play, 2 * DAY + 20);
    assert_eq!(play.controller.state().drills.given, 2);
    assert_eq!(play.last().outcome, Outcome::Succeeded, "{:?}", play.last());
}

#[test]
fn in_a_blocked_time_none_begins_and_the_next_day_counts() {
    let blocked = json!([{
        "from": "2026-12-01T00:00:00Z", "until": "2026-12-01T12:00:00Z", "reason": "sale",
    }]);
    let mut play = Play::with(&daily(90, &blocked));
    let why = play.drill(DrillKind::Plan, "eu-west").unwrap_err().problem;
    assert_eq!(why, "the config lets no drill begin now (`blocked`): sale");
    until(&mut play, 75);
    assert_eq!(play.controller.state().drills.given, 0);
    let index = play.controller.drill_index(play.now());
    assert_eq!(index.schedules[0].skipped.as_deref(), Some(why.as_str()));
    play.minute = DAY;
    until(&mut play, DAY + 12);
    assert_eq!(play.last().began, minute(DAY + 10));
}

#[test]
fn what_is_in_the_way_for_a_while_makes_it_late_and_not_too_late() {
    for (lifted_at, begins) in [(69, true), (72, false)] {
        let mut play = Play::with(&daily(90, &json!([])));
        play.act(Act::Halt { service: None }).unwrap();
        until(&mut play, lifted_at);
        play.act(Act::Lift { order: 1 }).unwrap();
        play.minutes(2, &[]);
        assert_eq!(play.controller.state().drills.given, u64::from(begins), "{lifted_at}");
    }
}

#[test]
fn a_schedule_that_is_refused_for_want_of_capacity_is_told_as_one_that_ended_so() {
    let mut config = daily(90, &json!([]));
    for region in ["eu-west", "us-east", "sa-east"] {
        config["regions"][region]["capacity_rps"] = json!(100);
    }
    config["services"]["api"]["peak_rps"] = json!(290);
    config["drills"][0]["kind"] = json!("full");
    let mut play = Play::with(&config);
    until(&mut play, 12);
    let drill = play.last();
    assert_eq!((drill.outcome, drill.is_under_way()), (Outcome::CapacityCheckFailed, false));
    assert_eq!(play.shares(), [100; 3]);
}

#[test]
fn a_time_before_anybody_knew_of_it_is_past() {
    let mut play = Play::new();
    until(&mut play, 12);
    let taken = play.controller.offer_config(&daily(1, &json!([])).to_string(), play.now());
    assert_eq!(taken, Offered::Taken);
    play.minutes(5, &[]);
    assert_eq!(play.controller.state().drills.given, 0);
}

#[test]
fn a_contract_whose_last_drill_is_too_old_is_broken_until_there_is_a_new_one() {
    let mut config = config();
    config["services"]["api"]["contract"] = json!({"drill_every_days": 2});
    let mut play = Play::with(&config);
    let drill = |play: &Play| {
        let page = play.controller.contracts(play.now());
        page.services.get(&api()).unwrap().drill.clone().unwrap()
    };
    let begun = play.controller.state().promises.get(&api()).unwrap().drill_asked_since.unwrap();
    let days = |days: u64| (begun.millis() - BEGIN) / MINUTE + days * DAY;
    play.minute = days(2) - 1;
    play.minutes(1, &[]);
    assert_eq!(drill(&play).overdue_since, None, "it is not two days yet");
    play.minutes(2, &[]);
    assert!(drill(&play).overdue_since.is_some());
    play.drill(DrillKind::Decision, "eu-west").unwrap();
    play.minutes(1, &[]);
    assert!(drill(&play).overdue_since.is_some(), "that moved nobody");
    play.drill(DrillKind::Canary, "eu-west").unwrap();
    play.minutes(8, &[]);
    let told = drill(&play);
    assert_eq!((told.overdue_since, told.last), (None, play.last().ended));
    let texts: Vec<String> = play.news();
    let broken = texts.iter().filter(|text| text.contains("a drill every 2 days is promised"));
    assert_eq!(broken.count(), 1);
    assert_eq!(texts.iter().filter(|text| text.contains("drilled again")).count(), 1);
}
