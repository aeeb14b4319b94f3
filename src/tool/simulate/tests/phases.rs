//! How long it takes from a fault until the record leads elsewhere, whenever it strikes.

use super::*;
use crate::testing::estate::Chance;

/// Faults that are tried; the variable `POINTSMAN_PHASES` asks for more.
const PHASES: u64 = 30;
/// The longest and the median time from a fault until the change is applied.
const WORST_MS: u64 = 60_000;
const MEDIAN_MS: u64 = 20_000;

/// The example, with the interval that most deployments have.
fn config() -> String {
    include_str!("../../../../examples/three-regions.toml")
        .replace("interval_s = 5\n", "interval_s = 15\n")
}

/// From the fault until the record in the account leads elsewhere, and until KV has the table.
fn applied(valid: &ValidConfig, phase_ms: u64, fault: &str) -> (u64, u64) {
    let (host, other) = ("downloads.example.com", "us1.origin.example.com");
    let script = format!(
        "about = ''\nlasts = '6m'\n\
         [[step]]\nat = '{phase_ms}ms'\nregion = {{ id = 'eu-west', {fault} }}\n\
         [[expect]]\nat = '{phase_ms}ms'\nwithin = '5m'\n\
         record = {{ name = '{host}', says = '{other}' }}\n\
         [[expect]]\nat = '{phase_ms}ms'\nwithin = '5m'\n\
         request = {{ country = 'IE', at = [53.3, -6.3], expect = {{ region = 'us-east' }} }}\n"
    );
    let script = read(&script).unwrap();
    let mut played = Play::new(valid, &script).unwrap();
    played.play(&script).unwrap();
    let took = played.watch.took_ms();
    assert_holds(&played.outcome());
    (took[0].unwrap(), took[1].unwrap())
}

#[test]
#[expect(clippy::print_stdout, reason = "the figures are for whoever looks longer by hand")]
fn a_fault_is_answered_within_a_minute_whenever_it_strikes() {
    let phases = std::env::var("POINTSMAN_PHASES").map_or(PHASES, |text| text.parse().unwrap());
    let valid = load::load("config", &config(), Timestamp::default(), false).valid.unwrap();
    let mut chance = Chance::of(17);
    let faults = ["meets = 'refused'", "meets = 'silence'", "status = 503"];
    let (mut records, mut tables) = (Vec::new(), Vec::new());
    for turn in 0..phases {
        let fault = faults[usize::try_from(turn).unwrap() % faults.len()];
        let (record, table) = applied(&valid, chance.between(60_000, 119_999), fault);
        records.push(record);
        tables.push(table);
    }
    for (what, took) in [("record", &mut records), ("routing table", &mut tables)] {
        took.sort_unstable();
        let (median, worst) = (took[took.len() / 2], took[took.len() - 1]);
        println!("fault → {what} applied: median {median} ms, worst {worst} ms of {phases}");
        assert!(median <= MEDIAN_MS && worst <= WORST_MS, "{what}: {median} and {worst} ms");
    }
}
