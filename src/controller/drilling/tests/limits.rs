use super::*;

/// The config with capacities, and this peak.
fn loaded(peak_rps: u32) -> Value {
    let mut config = config();
    for region in ["eu-west", "us-east", "sa-east"] {
        config["regions"][region]["capacity_rps"] = json!(100);
    }
    config["services"]["api"]["peak_rps"] = json!(peak_rps);
    config
}

#[test]
fn the_regions_that_are_left_have_to_carry_the_peak_and_not_more() {
    for (peak_rps, fits) in [(199, true), (200, true), (201, false)] {
        let mut play = Play::with(&loaded(peak_rps));
        let full = play.drill(DrillKind::Full, "eu-west");
        assert_eq!(full.is_ok(), fits, "{peak_rps}: {full:?}");
        if !fits {
            let why = full.unwrap_err().problem;
            assert_eq!(
                why,
                "the regions that are left carry 200 rps, and 201 rps are needed at peak"
            );
            play.drill(DrillKind::Decision, "eu-west").unwrap();
            assert_eq!(play.last().outcome, Outcome::CapacityCheckFailed);
            // A tenth of it fits.
            play.drill(DrillKind::Canary, "eu-west").unwrap();
        }
    }
}

#[test]
fn one_that_leaves_somebody_no_region_is_refused() {
    let mut play = Play::new();
    for kind in [DrillKind::Canary, DrillKind::Full] {
        let why = play.drill(kind, "sa-east").unwrap_err().problem;
        assert_eq!(why, "the rule `lgpd` leaves its clients no other region");
    }
}

#[test]
fn one_goes_on_at_a_time_and_none_beside_an_order_or_an_outage() {
    let mut play = Play::new();
    play.drill(DrillKind::Canary, "eu-west").unwrap();
    let why = play.drill(DrillKind::Decision, "us-east").unwrap_err().problem;
    assert!(why.ends_with("is under way"), "{why}");

    let mut play = Play::new();
    play.act(drain("us-east", None)).unwrap();
    let why = play.drill(DrillKind::Canary, "eu-west").unwrap_err().problem;
    assert_eq!(why, "order 1 is in force: drain us-east");

    let mut play = Play::new();
    play.minutes(2, &["us-1"]);
    let why = play.drill(DrillKind::Canary, "eu-west").unwrap_err().problem;
    assert!(why.contains("not all returned to us-east"), "{why}");
}

#[test]
fn a_guard_of_regions_that_are_away_holds_it_back_beforehand() {
    let mut config = config();
    config["guards"] = json!({"regions_away": 1});
    config["services"]["files"] = json!({
        "hosts": ["files.example.com"], "monitor": "api", "regions": ["eu-west", "us-east"],
    });
    let mut play = Play::with(&config);
    play.act(drain("us-east", Some("files"))).unwrap();
    let why = play.drill(DrillKind::Full, "eu-west").unwrap_err().problem;
    assert!(why.starts_with("`guards.regions_away` allows 1, and away would be"), "{why}");
    play.drill(DrillKind::Canary, "eu-west").unwrap();
}

#[test]
fn what_cannot_be_divided_or_takes_the_writes_is_refused() {
    let mut config = config();
    config["services"]["api"]["writes"] = json!("primary");
    config["services"]["api"]["publish"] =
        json!([{"pool": {"account": crate::testing::ACCOUNT, "name": "eu"}}]);
    let mut play = Play::with(&config);
    let why = play.drill(DrillKind::Full, "eu-west").unwrap_err().problem;
    assert!(why.starts_with("records and load balancers cannot tell"), "{why}");
}

#[test]
fn one_whose_table_does_not_arrive_fails_and_returns() {
    let mut play = Play::new();
    play.drill(DrillKind::Canary, "eu-west").unwrap();
    // The old table is what KV has, so nobody has to be told that it counts again.
    for stage in [DrillStage::Away; 10].into_iter().chain([DrillStage::Over]) {
        play.minute += 1;
        let now = minute(play.minute).millis();
        run(&mut play.controller, now, &[]);
        assert_eq!(play.last().stage, stage, "{}", play.minute);
    }
    let drill = play.last();
    assert_eq!(drill.outcome, Outcome::Failed);
    assert!(drill.why_ended.as_deref().unwrap().starts_with("not acknowledged within 10 min"));
    assert_eq!(play.shares(), [100; 3]);
}

#[test]
fn one_that_is_slower_than_the_contract_has_failed() {
    let mut config = config();
    config["services"]["api"]["contract"] = json!({"rto_s": 300});
    let mut play = Play::with(&config);
    play.drill(DrillKind::Canary, "eu-west").unwrap();
    play.minutes(8, &[]);
    let drill = play.last();
    assert_eq!(drill.outcome, Outcome::Succeeded, "{drill:?}");
    assert!(drill.asserted[0].words.starts_with("RTO 300 s, recovery took "), "{drill:?}");

    play.drill(DrillKind::Canary, "eu-west").unwrap();
    for _ in 0..6 {
        let now = minute(play.minute).millis();
        run(&mut play.controller, now, &[]);
        play.minute += 1;
    }
    play.minutes(6, &[]);
    let drill = play.last();
    assert_eq!((drill.outcome, drill.asserted[0].is_kept), (Outcome::Failed, false), "{drill:?}");
}

#[test]
fn what_is_withheld_already_is_in_the_way() {
    let mut config = config();
    config["services"]["api"]["publish"] =
        json!([{"pool": {"account": crate::testing::ACCOUNT, "name": "eu"}}]);
    let mut play = Play::with(&config);
    play.controller.state.actuation.withheld = vec!["pool eu: not ours [foreign]".to_owned()];
    let why = play.drill(DrillKind::Full, "eu-west").unwrap_err().problem;
    assert_eq!(why, "withheld at Cloudflare: pool eu: not ours [foreign]");
}
