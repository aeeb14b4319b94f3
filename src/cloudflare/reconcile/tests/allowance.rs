//! What happens when there are no calls left.

use super::*;

/// One name leads to what is down, and the time to live of another is wrong.
fn urgent_and_not() -> (PassInput, Value) {
    let mut wanted = over(vec![named("a.example.com"), named("b.example.com")]);
    wanted.desired.records[1].ttl_s = 300;
    let seen = json!([
        record_of("ra", "a.example.com", "eu.example.com"),
        record_of("rb", "b.example.com", "us.example.com"),
    ]);
    (wanted, seen)
}

const PATCH_A: &str = "PATCH /zones/z1/dns_records/ra";
const PATCH_B: &str = "PATCH /zones/z1/dns_records/rb";

fn with(calls: u32, upkeep: u32) -> (Reconcile, Value) {
    let (wanted, seen) = urgent_and_not();
    let allowance = Allowance { calls, upkeep };
    (Reconcile::new(PassInput { allowance, ..wanted }), seen)
}

fn moved() -> Value {
    record_of("ra", "a.example.com", "us.example.com")
}

#[test]
fn with_enough_calls_nothing_is_put_off() {
    let (mut pass, seen) = with(3, 3);
    let mut slow = record_of("rb", "b.example.com", "us.example.com");
    slow["ttl"] = json!(300);
    play(&mut pass, &[(RECORDS, ok(&seen)), (PATCH_A, ok(&moved())), (PATCH_B, ok(&slow))]);
    assert_clean(&pass.finish());
}

#[test]
fn upkeep_is_put_off_first() {
    let (mut pass, seen) = with(3, 2);
    play(&mut pass, &[(RECORDS, ok(&seen)), (PATCH_A, ok(&moved()))]);
    let report = pass.finish();
    assert_eq!(report.put_off, Some(Urgency::Upkeep));
    assert_eq!((report.applied.len(), report.calls), (1, 2));
    assert_eq!((report.failures.len(), report.open.len()), (0, 0));
}

#[test]
fn what_is_urgent_is_put_off_only_when_no_call_is_left() {
    let (mut pass, seen) = with(1, 0);
    play(&mut pass, &[(RECORDS, ok(&seen))]);
    let report = pass.finish();
    assert_eq!(report.put_off, Some(Urgency::Failover));
    assert_eq!((report.applied.len(), report.open.len()), (0, 0));
    assert!(report.is_planned);
}

#[test]
fn a_pass_may_be_given_fewer_calls_than_the_config_allows_and_never_more() {
    for (most, calls) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3)] {
        let (mut pass, seen) = with(3, 3);
        pass.limit_calls(most);
        let mut slow = record_of("rb", "b.example.com", "us.example.com");
        slow["ttl"] = json!(300);
        let replies = [(RECORDS, ok(&seen)), (PATCH_A, ok(&moved())), (PATCH_B, ok(&slow))];
        play(&mut pass, &replies[..calls]);
        assert_eq!(usize::try_from(pass.finish().calls), Ok(calls), "{most}");
    }
}

#[test]
fn without_a_call_nothing_is_even_read() {
    let (mut pass, _) = with(0, 0);
    play(&mut pass, &[]);
    let report = pass.finish();
    assert_eq!((report.put_off, report.calls), (Some(Urgency::Law), 0));
    assert!(!report.is_planned);
}

#[test]
fn a_pool_that_was_read_and_cannot_be_written_any_more_is_put_off() {
    let survivor = pool("us", "us.example.com", Switch::Enable);
    let pools_wanted = vec![pool("eu", "eu.example.com", Switch::Disable), survivor];
    let desired = Desired { pools: pools_wanted, ..Desired::default() };
    let input = PassInput { desired, ..PassInput::default() };
    let mut pass = limited(input.clone(), 2, 0, Readings::default());
    play(&mut pass, &[(POOLS, ok(&pools(true))), (READ_POOL, ok(&full_pool(true)))]);
    let report = pass.finish();
    assert_eq!(report.put_off, Some(Urgency::Failover));
    assert_eq!((report.failures.len(), report.open.len()), (0, 0), "it has read the pools");
    // To read the pools again, and one of them once more, and to write it takes three.
    let mut pass = limited(input.clone(), 2, 0, report.readings.clone());
    play(&mut pass, &[]);
    let stuck = pass.finish();
    assert_eq!(stuck.put_off, Some(Urgency::Failover));
    assert_eq!(
        stuck.failures,
        ["2 API calls are not enough for one change: raise `limits.api_calls_per_pass`"]
    );
    let mut pass = limited(input, 3, 0, report.readings);
    let written = ok(&full_pool(false));
    let script = [(POOLS, ok(&pools(true))), (READ_POOL, ok(&full_pool(true)))];
    play(&mut pass, &[script.as_slice(), &[(WRITE_POOL, written)]].concat());
    assert_clean(&pass.finish());
}
