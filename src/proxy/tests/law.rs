//! Whatever is tried, and however it ends, it is inside what the law permits.

use super::*;
use proptest::prelude::*;

fn ends() -> impl Strategy<Value = TryEnd> {
    prop_oneof![
        Just(TryEnd::Unreachable),
        Just(TryEnd::TimedOut),
        (200u16..600, proptest::option::of(0u64..100))
            .prop_map(|(status, retry_after_s)| TryEnd::Answered { status, retry_after_s }),
    ]
}

proptest! {
    #[test]
    fn no_try_of_a_brazilian_request_leaves_brazil(
        requests in proptest::collection::vec(
            (any::<bool>(), proptest::collection::vec(ends(), 1..6), 0u64..3_000, any::<bool>()),
            1..30,
        ),
        hedge in any::<bool>(),
        pinned in any::<bool>(),
    ) {
        let proxy = json!({"hedge": hedge, "attempts": 5});
        let mut isolate = isolate(&[
            ("/services/api/proxy", proxy),
            ("/services/api/steering", json!({"policy": "ordered", "affinity": "cookie"})),
        ]);
        let key = SigningKey::new(&"k".repeat(32)).unwrap();
        let cookie = format!("__Host-pointsman-region={}", crate::steering::token::sign(
            &key,
            crate::steering::token::Purpose::Affinity,
            &crate::ids::ServiceId::parse("api").unwrap(),
            &crate::ids::RegionId::parse("us-east").unwrap(),
            at(1_000_000),
        ));
        isolate.take_key(Some(key));
        let headers = [pinned.then_some(cookie.as_str())];
        let mut now = 0;
        for (is_brazilian, ends, wait, is_late) in requests {
            now += wait;
            // A client whose country is not known is under the rule as well.
            let countries = ["BR", "T1", ""];
            let country = countries[usize::try_from(now).unwrap() % 3];
            let country = if is_brazilian { country } else { "DE" };
            let asking = Asking { country, headers: &headers, ..GET };
            let mut next = asking.ask(&mut isolate, AskReason::First, "", now);
            let mut tries = 0;
            for end in ends {
                let Instruction::Send(sent) = next else { break };
                tries += 1;
                prop_assert!(tries <= 5);
                prop_assert!(!is_brazilian || sent.url.starts_with("https://sa-east"));
                if is_late {
                    let hedge = asking.ask(&mut isolate, AskReason::Late, &sent.trail, now);
                    if let Instruction::Send(other) = hedge {
                        prop_assert!(!is_brazilian || other.url.starts_with("https://sa-east"));
                    }
                }
                let Some(reason) = isolate.over(&sent, end, 1, now) else { break };
                next = asking.ask(&mut isolate, reason, &sent.trail, 0);
            }
        }
    }
}

#[test]
fn a_pin_that_nobody_could_read_refuses_and_one_that_was_read_binds() {
    let mut isolate =
        isolate(&[("/services/api/tenancy", json!({"source": "header x-tenant", "kv": true}))]);
    let asking = Asking { headers: &[Some("acme")], ..GET };
    assert_eq!(
        asking.ask(&mut isolate, AskReason::First, "", 0),
        Instruction::ReadPin("tenant:acme".to_owned())
    );
    let mut fetched = |fetched| asking.go_on(&mut isolate, Progress { fetched, ..FIRST }, 0);
    let next = fetched(Fetched::Pin(Some(r#"{"allow":["US"]}"#)));
    assert_eq!(sent(next).region(), "us-east");
    let next = fetched(Fetched::Pin(None));
    assert_eq!(sent(next).region(), "eu-west", "a tenant without a pin");
    for next in [fetched(Fetched::PinUnavailable), fetched(Fetched::Pin(Some("not a pin")))] {
        assert_eq!(refused(next), (503, "refused; code=tenant_unavailable".to_owned()));
    }
}

#[test]
fn what_a_front_end_tells_of_the_account_narrows_and_never_widens() {
    let mut isolate =
        isolate(&[("/services/api/second_witness", json!({"header": "x-account-country"}))]);
    let names = isolate.names.to_vec();
    assert_eq!(names, ["x-account-country"], "it crosses only where a service asks");
    for (country, said, region) in [
        ("DE", None, "eu-west"),
        ("DE", Some("DE"), "eu-west"),
        ("DE", Some("BR"), "sa-east"),
        ("DE", Some("who knows"), "sa-east"),
        ("BR", None, "sa-east"),
        ("BR", Some("DE"), "sa-east"),
    ] {
        let headers = [said];
        let asking = Asking { country, headers: &headers, ..GET };
        assert_eq!(asking.first(&mut isolate, 0).region(), region, "{country} {said:?}");
    }
}
