//! Bodies that nobody would send, or that everybody sends by mistake: each has an answer that the
//! document describes, and none is a failure of ours.

use super::bodies::{Chance, body};
use super::contract::Contract;
use super::{act, guarded, token};
use crate::support::World;
use pointsman::controller::Controller;
use pointsman::http::v1::{ApiRequest, Caller, Fault, OPENAPI};
use pointsman::journal::{Actor, Role, Way};
use pointsman::order::ActReply;
use pointsman::time::Timestamp;
use std::collections::BTreeMap;

/// So many go through the core, which takes seconds.
const IN_THE_CORE: u64 = 10_000;
/// So many go through workerd, unless `POINTSMAN_BODIES` says another number.
const THROUGH_WORKERD: u64 = 400;
const SEED: u64 = 20_261_129;

#[test]
fn ten_thousand_bodies_end_in_the_core_with_an_answer_that_is_documented() {
    let contract = Contract::new();
    let mut chance = Chance::new(SEED);
    let mut controller = Controller::default();
    controller.offer_config(&guarded().to_string(), Timestamp::from_millis(1_000_000));
    let mut ended: BTreeMap<u16, u32> = BTreeMap::new();
    for number in 0..IN_THE_CORE {
        let text = body(&contract, &mut chance);
        let who = Actor { name: "lead".to_owned(), way: Way::Token };
        let caller = Caller { who, role: Role::Approver };
        let now = Timestamp::from_millis(1_800_000_000_000 + number * 100);
        let status = match ApiRequest::act(&text, caller, None) {
            Err(fault) => fault.code.status(),
            Ok(request) => match controller.act(&request, now) {
                ActReply::Done(_) => 200,
                ActReply::Refused(why) => Fault::from(why).code.status(),
            },
        };
        let documented = &contract.operation("post", "acts")["responses"][status.to_string()];
        assert!(documented.is_object() && status < 500, "{status}: {text}");
        *ended.entry(status).or_default() += 1;
    }
    // Both what is sound and what is not was among them.
    println!("{ended:?} of a document of {} bytes", OPENAPI.len());
    assert!(ended[&200] > 50 && ended[&400] > 1_000, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_makes_the_worker_fail() {
    let world = World::settled_with(&guarded()).await;
    let contract = Contract::new();
    let mut chance = Chance::new(SEED + 1);
    let count = std::env::var("POINTSMAN_BODIES").ok().and_then(|text| text.parse().ok());
    for _ in 0..count.unwrap_or(THROUGH_WORKERD) {
        let text = body(&contract, &mut chance);
        let answer = act(&world, text.clone(), &token(3)).await;
        assert!(answer.status < 500, "{}: {text}", answer.body);
        contract.holds("post", "acts", &answer);
    }
    let log = world.edge().log().join("\n");
    assert!(!log.contains("panicked") && !log.contains("the core has failed"), "{log}");
}
