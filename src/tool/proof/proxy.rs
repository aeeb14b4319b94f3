//! Requests: whether they go only to permitted regions, and whether refusals are true.

use super::super::oracle::{Kv, SampleRequest, SecondOpinion};
use super::{FailureScenario, ProofCase, Subject};
use crate::config::{Config, Service};
use crate::country::Country;
use crate::passive::{BreakerLimits, FinishedTry, Seen, TryOutcome};
use crate::residency::RegionSet;
use crate::routes::Pin;
use crate::steering::stable_hash::StableHash;
use crate::steering::{Decision, Evidence, KvPin, Refusal, RequestFacts};
use std::fmt::Write;

/// Decides one case and returns what is wrong with the decision. `turn` is the number of the case;
/// it varies what residency ignores.
pub(super) fn check(
    subject: &Subject,
    service: &Service,
    world: &FailureScenario<'_>,
    case: &ProofCase<'_>,
    turn: u64,
) -> Option<String> {
    let SampleRequest { form, method, country } = case.sample;
    let text = kv_entry(form.kv, world.config).map(|entry| {
        let country = form.kv_country;
        serde_json::json!({"allow": [entry], "country": country.map(Country::as_str)}).to_string()
    });
    let pin = text.and_then(|text| world.table.read_pin(&text, world.table.as_of).ok());
    let pin = pin.map(|read| read.pin);
    let [plain, disguised] = &form.spellings;
    let nth = |len: usize, turn: u64| usize::try_from(turn).unwrap_or(0) % len.max(1);
    // One turn in (regions + 1) has no cookie and no location.
    let chosen = service.regions.get(nth(service.regions.len() + 1, turn / 2));
    let region = chosen.and_then(|id| world.config.regions.get(id));
    let incumbent = Some(nth(world.config.regions.len(), turn / 3));
    let facts = RequestFacts {
        host: &form.host,
        path: if turn.is_multiple_of(2) { plain } else { disguised },
        method,
        header: &|name| form.header(name),
        country,
        // Which half of its country the client is in: unknown, western, eastern.
        subdivision: country
            .and_then(Country::halves)
            .and_then(|halves| halves.get(nth(halves.len() + 1, turn)).copied()),
        location: region.and_then(|region| region.location),
        colo: None,
        client: (!turn.is_multiple_of(5)).then(|| StableHash::of_number("proof", turn)),
        pinned_region: chosen.map(crate::ids::RegionId::as_str),
        wrote_just_now: turn.is_multiple_of(3),
        kv_pin: kv_pin(form.kv, pin.as_ref()),
        seed: turn,
        now: world.now,
    };
    // In one turn of seven, this isolate has seen all regions fail, or all but one.
    let failing = turn.is_multiple_of(7).then(|| failing(service.regions.len(), turn / 7, world));
    let evidence = Evidence { seen: failing.as_deref().unwrap_or_default(), incumbent };
    let decision = (subject.decide)(&world.table, &facts, &evidence);
    fault(service, world, case, &decision)
}

/// The evidence of an isolate in which every region fails, except possibly the `turn`-th.
fn failing(regions: usize, turn: u64, world: &FailureScenario<'_>) -> Vec<Seen> {
    let mut dead = Seen::default();
    let (began, due, now) = (world.now, world.now, world.now);
    let silence = FinishedTry { outcome: TryOutcome::Silent, origin: Some(0), began, due, now };
    dead.end(silence, BreakerLimits { failures: 1, success_percent: 0 });
    let mut seen = vec![dead; regions];
    let lives = usize::try_from(turn).unwrap_or(0) % (regions + 1);
    seen.get_mut(lives).into_iter().for_each(|one| *one = Seen::default());
    seen
}

fn kv_pin(kv: Kv, pin: Option<&Pin>) -> KvPin<'_> {
    match (kv, pin) {
        (Kv::Absent, _) => KvPin::Absent,
        (Kv::Country(_) | Kv::Region(_), Some(pin)) => KvPin::Is(pin),
        (Kv::Unread, _) | (Kv::Country(_) | Kv::Region(_), None) => KvPin::Unread,
    }
}

/// The entry of the pin that KV has for the tenant, if it has one.
fn kv_entry(kv: Kv, config: &Config) -> Option<String> {
    match kv {
        Kv::Unread | Kv::Absent => None,
        Kv::Country(country) => Some(country.to_string()),
        Kv::Region(index) => {
            let id = config.regions.keys().nth(index)?.as_str();
            // Two letters would be a country.
            Some(if id.len() == 2 { format!("region:{id}") } else { id.to_owned() })
        }
    }
}

fn fault(
    service: &Service,
    world: &FailureScenario<'_>,
    case: &ProofCase<'_>,
    decision: &Decision<'_>,
) -> Option<String> {
    let nowhere = RegionSet::none();
    let permitted = match &case.opinion {
        SecondOpinion::Permit(permitted) => permitted,
        SecondOpinion::Refuse(_) => &nowhere,
    };
    for region in &decision.regions {
        let id = &region.entry.id;
        if !permitted.contains(region.index) {
            return Some(format!("it may go to {id}, which is not permitted"));
        }
        if world.failed.contains(region.index) {
            return Some(format!("it may go to {id}, which is down"));
        }
    }
    let truth = Truth { service, world, permitted, case };
    match decision.refusal {
        Some(_) if !decision.regions.is_empty() => {
            Some("it is refused although it has regions left".to_owned())
        }
        Some(refusal) if truth.is_so(refusal) => None,
        Some(refusal) => {
            Some(format!("it is refused for `{}`, which is not true", refusal.as_str()))
        }
        None if decision.regions.is_empty() => Some("it is neither refused nor served".to_owned()),
        None => truth.is_served_elsewhere(decision).or_else(|| truth.is_served_by_fewer(decision)),
    }
}

/// The facts of one case, for checking refusals.
struct Truth<'t> {
    service: &'t Service,
    world: &'t FailureScenario<'t>,
    permitted: &'t RegionSet,
    case: &'t ProofCase<'t>,
}

impl Truth<'_> {
    fn is_so(&self, refusal: Refusal) -> bool {
        if let SecondOpinion::Refuse(right) = &self.case.opinion {
            return refusal == *right;
        }
        let primary = self.primary();
        let mut usable = self.permitted.clone();
        usable.remove_all(&self.world.failed);
        let is_lawful = |primary: usize| self.permitted.contains(primary);
        match refusal {
            Refusal::NoPermittedRegion => {
                self.permitted.is_empty() || primary.is_some_and(|primary| !is_lawful(primary))
            }
            // A write that the law keeps from the primary is refused for good, whatever is down.
            Refusal::NoUsableRegion => {
                !self.permitted.is_empty() && usable.is_empty() && primary.is_none_or(is_lawful)
            }
            Refusal::NoPrimary => primary
                .is_some_and(|primary| is_lawful(primary) && self.world.failed.contains(primary)),
            Refusal::Shed => usable.iter().any(|region| self.sheds(region)),
            Refusal::UnknownHost | Refusal::UnknownTenant | Refusal::TenantUnavailable => false,
        }
    }

    /// A write may go only to the primary.
    fn is_served_elsewhere(&self, decision: &Decision<'_>) -> Option<String> {
        let primary = self.primary()?;
        let other = decision.regions.iter().find(|region| region.index != primary)?;
        Some(format!("it is a write and may go to {}, which is not the primary", other.entry.id))
    }

    /// Whatever is permitted and up is left to it, but for regions that turn some clients away.
    /// Else it would be refused while the others are down.
    fn is_served_by_fewer(&self, decision: &Decision<'_>) -> Option<String> {
        let mut missing = self.permitted.clone();
        missing.remove_all(&self.world.failed);
        missing.remove_all(&decision.regions.iter().map(|region| region.index).collect());
        let missing = missing.iter().find(|region| !self.sheds(*region));
        let missing = missing.filter(|_| self.primary().is_none())?;
        let id = self.world.config.regions.keys().nth(missing)?;
        Some(format!("{id} is permitted and up, and not among the regions that it may go to"))
    }

    /// The primary, if the request is a write and the service has one.
    fn primary(&self) -> Option<usize> {
        let primary = self.service.steering.primary.as_ref()?;
        // Source: RFC 9110 §9.2.1.
        let is_safe = ["GET", "HEAD", "OPTIONS", "TRACE"].contains(&self.case.sample.method);
        let index = || self.world.config.regions.keys().position(|id| *id == primary.region);
        if is_safe { None } else { index() }
    }

    fn sheds(&self, region: usize) -> bool {
        let id = self.world.config.regions.keys().nth(region);
        id.and_then(|id| self.service.steering.shed.get(id)).is_some_and(|percent| *percent > 0)
    }
}

/// The options of `explain` for the request.
pub(super) fn command_line(sample: &SampleRequest<'_>, config: &Config) -> String {
    let form = sample.form;
    let mut line = format!("--host {} --method {}", form.host, sample.method);
    if let Some(country) = sample.country {
        let _ = write!(line, " --country {country}");
    }
    match &form.path {
        Some(path) => {
            let _ = write!(line, " --path {path}");
        }
        None => line.push_str(" --path /xxx… (too long to be read), or /x%2fy"),
    }
    for (name, value) in &form.headers {
        let _ = write!(line, " --header '{name}: {value}'");
    }
    if let Some(entry) = kv_entry(form.kv, config) {
        let _ = write!(line, " --kv-allow {entry}");
        if let Some(country) = form.kv_country {
            let _ = write!(line, " --kv-country {country}");
        }
    } else if form.kv == Kv::Unread {
        line.push_str(" (KV does not answer)");
    }
    line
}
