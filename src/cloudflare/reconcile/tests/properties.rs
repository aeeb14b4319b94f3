//! Whatever is wanted and whatever there is: a pass leads to what is wanted, a second one finds
//! nothing to do, nothing of others changes, and no fault on the way changes where it ends.

use super::line::Line;
use super::model::{Account, Fate, text};
use super::world::{OURS, World, world};
use super::*;
use crate::cloudflare::name::normal;
use crate::hold;
use crate::other_owner::{FactNews, OtherOwners, follow};
use crate::owned::OwnedRecords;
use crate::time::{MINUTE, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

/// Passes that are enough for anything that can be done at all.
const PASSES_MAX: usize = 12;

/// An account, and what is remembered from pass to pass.
pub(super) struct Life {
    pub(super) desired: Desired,
    pub(super) account: Account,
    pub(super) holds: Set<Hold>,
    pub(super) claims: Vec<Claim>,
    zone_ids: Map<String, String>,
    /// What is remembered of our records, and changes of which nobody heard.
    owned: OwnedRecords,
    open: Vec<String>,
    /// What a person takes back.
    pub(super) take_backs: Map<String, Timestamp>,
    /// What is remembered of other owners, and what was told of them.
    pub(super) others: OtherOwners,
    pub(super) news: Vec<FactNews>,
    /// Whether the changes of an hour are counted against the service's budget.
    pub(super) is_counting: bool,
    /// When a change of the service was made.
    pub(super) changes: Vec<Timestamp>,
    pub(super) now: Timestamp,
    readings: Readings,
    /// Everything that passes said they did and withheld.
    pub(super) told: Vec<String>,
    /// The fate of each next call; all are answered once it is used up.
    pub(super) fates: Vec<Fate>,
    pub(super) writes: usize,
    /// The calls that are under way, and in which order they are carried out and answered.
    pub(super) line: Line,
}

impl Life {
    pub(super) fn new(world: World, fates: Vec<Fate>) -> Self {
        let World { desired, account, holds } = world;
        Self {
            desired,
            account,
            holds,
            claims: Vec::new(),
            zone_ids: Map::new(),
            owned: OwnedRecords::new(),
            open: Vec::new(),
            take_backs: Map::new(),
            others: OtherOwners::new(),
            news: Vec::new(),
            is_counting: false,
            changes: Vec::new(),
            now: Timestamp::try_from("2026-08-02T00:00:00Z".to_owned()).unwrap(),
            readings: Readings::default(),
            told: Vec::new(),
            fates,
            writes: 0,
            line: Line::default(),
        }
    }

    pub(super) fn wait(&mut self, ms: u64) {
        self.now = self.now.plus(ms);
        self.account.time = self.now.to_string();
    }

    fn begin_pass(&mut self, allowance: Allowance) -> Reconcile {
        self.wait(2_000);
        Reconcile::new(PassInput {
            desired: self.desired.clone(),
            holds: self.holds.clone(),
            claims: self.claims.clone(),
            zone_ids: self.zone_ids.clone(),
            circumstances: Circumstances {
                now: self.now,
                owned: self.owned.clone(),
                open: self.open.clone(),
                take_backs: self.take_backs.clone(),
                changes: self.changes_of_the_hour(),
                ..Circumstances::default()
            },
            readings: std::mem::take(&mut self.readings),
            allowance,
            ..PassInput::default()
        })
    }

    /// Goes on with a pass until it is over, or until so many calls of this life have begun.
    /// Returns whether it is over.
    fn go_on(&mut self, pass: &mut Reconcile, calls_max: usize) -> bool {
        self.line.begin_pass();
        loop {
            pass.tell_time(self.now);
            if self.line.is_answered_first() {
                self.step_of_the_line(pass);
                continue;
            }
            match pass.next_step() {
                Next::Done => {
                    assert!(pass.under_way.is_empty() && self.line.is_empty());
                    return true;
                }
                Next::Intend { what, takes, gives } => {
                    let ours = (&mut self.holds, &mut self.claims);
                    hold::begin(ours, takes, gives, self.now);
                    self.open.push(what);
                }
                Next::Wait => {
                    assert!(!self.line.is_empty(), "it waits for nothing");
                    self.step_of_the_line(pass);
                }
                Next::Call(number, call) => {
                    self.check_begin(pass, number, &call);
                    self.writes += usize::from(call.is_write());
                    let fate = self.fates.pop().unwrap_or(Fate::Answered);
                    self.line.begin(number, call, fate);
                    if self.line.begun.len() >= calls_max {
                        return false;
                    }
                }
            }
        }
    }

    /// A call under way is carried out or, if it was, its reply arrives.
    fn step_of_the_line(&mut self, pass: &mut Reconcile) {
        self.wait(self.line.step_ms());
        if let Some((number, reply)) = self.line.step(&mut self.account) {
            pass.tell_time(self.now);
            pass.answer(number, &reply, self.now);
        }
    }

    /// What must hold whenever a call begins.
    fn check_begin(&mut self, pass: &Reconcile, number: CallNumber, call: &Call) {
        let begun = pass.under_way.get(&number).unwrap();
        let others = || pass.under_way.iter().filter(|(other, _)| **other != number);
        assert!(others().count() < CALLS_AT_ONCE);
        assert!(begun.is_recorded);
        if begun.operation.is_write() {
            assert!(self.open.contains(&begun.operation.subject()), "{call:?} was not intended");
            for hold in begun.ours.takes.iter().chain(&begun.ours.gives) {
                assert!(self.claims.iter().any(|claim| claim.hold == *hold), "no claim: {hold:?}");
            }
        }
        for (_, other) in others() {
            assert_eq!(other.operation.stage(), begun.operation.stage(), "{call:?}");
            let object = begun.operation.object();
            assert!(object.is_none() || other.operation.object() != object, "{object:?} twice");
        }
        self.line.check_begin(call, begun.operation.urgency());
    }

    /// Makes a pass that ends with its process once so many calls of this life have begun. Of those
    /// under way some are still carried out. Returns whether it came to that.
    pub(super) fn die_in_pass(&mut self, calls: usize) -> bool {
        let mut pass = self.begin_pass(Allowance::default());
        if self.go_on(&mut pass, calls) {
            self.end_pass(pass);
            return false;
        }
        self.readings = Readings::default();
        self.line.die(&mut self.account);
        true
    }

    pub(super) fn pass(&mut self, allowance: Allowance) -> PassReport {
        let mut pass = self.begin_pass(allowance);
        self.go_on(&mut pass, usize::MAX);
        self.end_pass(pass)
    }

    fn end_pass(&mut self, pass: Reconcile) -> PassReport {
        let mut report = pass.finish();
        self.readings = std::mem::take(&mut report.readings);
        let ours = (&mut self.holds, &mut self.claims);
        hold::settle(ours, &report.holds, report.machine);
        self.zone_ids = report.zone_ids.clone();
        self.owned = report.owned.clone();
        self.open.retain(|what| report.open.contains(what) || !report.is_planned);
        self.news.extend(follow(&mut self.others, &report.looked, self.now));
        self.take_backs.retain(|set, _| !report.looked.taken_back.contains(set));
        self.changes.extend(report.applied.iter().map(|_| self.now));
        self.told.extend(report.withheld.iter().map(ToString::to_string));
        self.told.extend(report.applied.iter().map(|done| done.what.clone()));
        report
    }

    /// Changes of the last hour, as the guard of a service's budget counts them where this world
    /// has one.
    fn changes_of_the_hour(&self) -> Map<ServiceId, u32> {
        let lately = self.changes.iter().filter(|at| self.now.since(**at) < 60 * MINUTE).count();
        let count = if self.is_counting { u32::try_from(lately).unwrap() } else { 0 };
        [(service("files"), count)].into()
    }

    /// Makes passes until one has nothing left to do.
    pub(super) fn settle(&mut self, allowance: Allowance) -> Result<PassReport, TestCaseError> {
        for _ in 0..PASSES_MAX + self.fates.len() {
            let is_untroubled = self.fates.is_empty();
            let report = self.pass(allowance);
            let is_over = report.failures.is_empty() && report.put_off.is_none();
            if is_untroubled && self.line.is_well {
                prop_assert!(report.failures.is_empty(), "{report:#?}");
                prop_assert!(report.open.is_empty(), "{report:#?}");
            }
            if is_over && !report.is_partial {
                return Ok(report);
            }
        }
        Err(TestCaseError::fail("it never settles"))
    }
}

pub(super) fn is_ours(record: &Value, desired: &Desired) -> bool {
    let comment = text(record, "comment");
    let wanted = desired.records.iter().find(|wanted| wanted.name == text(record, "name"));
    let is_marked = comment.split(' ').next() == Some(OURS);
    wanted.is_some_and(|wanted| {
        let adopted = wanted.adopt && !comment.starts_with("pointsman:");
        text(record, "type") == "A" && (is_marked || adopted)
    })
}

fn with_id<'a>(rows: &'a [Value], of: &Value) -> Option<&'a Value> {
    rows.iter().find(|row| row["id"] == of["id"])
}

/// The row without some of its fields.
fn without(row: &Value, keys: &[&str]) -> Value {
    let mut row = row.clone();
    let fields = row.as_object_mut().unwrap();
    fields.retain(|key, _| !keys.contains(&key.as_str()));
    row
}

/// A switch that is left out is on.
pub(super) fn is_on(row: &Value) -> bool {
    row["enabled"] != json!(false)
}

fn check_records(before: &World, after: &Account) -> Result<(), TestCaseError> {
    for record in &before.account.records {
        let now = with_id(&after.records, record);
        if !is_ours(record, &before.desired) {
            prop_assert_eq!(now, Some(record));
        } else if let Some(now) = now {
            let ours = ["content", "ttl", "proxied"];
            prop_assert_eq!(without(now, &ours), without(record, &ours));
        }
    }
    Ok(())
}

fn check_pool(before: &World, pool: &Value, now: &Value) -> Result<(), TestCaseError> {
    let wanted = before.desired.pools.iter().find(|wanted| wanted.name == text(pool, "name"));
    let is_foreign = text(pool, "description") == "pointsman:other";
    let Some(wanted) = wanted.filter(|_| !is_foreign) else {
        prop_assert_eq!(now, pool);
        return Ok(());
    };
    let ours = ["origins", "enabled", "disabled_at", "monitor"];
    prop_assert_eq!(without(now, &ours), without(pool, &ours));
    let held =
        |address: &str| before.holds.iter().any(|h| h.pool == wanted.name && h.address == address);
    if !is_on(pool) && !held("*") {
        prop_assert!(!is_on(now), "a person disabled it: {now}");
    }
    let (origins, changed) =
        (pool["origins"].as_array().unwrap(), now["origins"].as_array().unwrap());
    prop_assert_eq!(origins.len(), changed.len());
    for (origin, now) in origins.iter().zip(changed) {
        if !wanted.origins.contains_key(&normal(text(origin, "address"))) {
            prop_assert_eq!(now, origin);
        }
        let ours = ["enabled", "weight", "disabled_at"];
        prop_assert_eq!(without(now, &ours), without(origin, &ours));
        if !is_on(origin) && !held(text(origin, "address")) {
            prop_assert!(!is_on(now), "a person disabled it: {now}");
        }
    }
    Ok(())
}

/// What is not ours is as it was.
fn check_others(before: &World, after: &Account) -> Result<(), TestCaseError> {
    check_records(before, after)?;
    for pool in &before.account.pools {
        check_pool(before, pool, with_id(&after.pools, pool).unwrap())?;
    }
    for monitor in &before.account.monitors {
        let now = with_id(&after.monitors, monitor).unwrap();
        prop_assert_eq!(&now["header"], &monitor["header"]);
        if text(monitor, "description") == "by hand" {
            prop_assert_eq!(now, monitor);
        }
    }
    for balancer in &before.account.balancers {
        let now = with_id(&after.balancers, balancer).unwrap();
        let named = before.desired.balancers.iter().any(|b| b.name == text(balancer, "name"));
        if !named || text(balancer, "description") == "pointsman:other" {
            prop_assert_eq!(now, balancer);
        }
        for key in ["id", "name", "description", "enabled", "adaptive_routing"] {
            prop_assert_eq!(&now[key], &balancer[key]);
        }
    }
    Ok(())
}

pub(super) fn fate() -> impl Strategy<Value = Fate> {
    use Fate::{Answered, Broken, CutOff, LostAfter, LostBefore};
    select(vec![Answered, Answered, Answered, LostAfter, LostBefore, Broken, CutOff])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_second_pass_writes_nothing_and_nothing_of_others_has_changed(world in world()) {
        let mut life = Life::new(world.clone(), Vec::new());
        life.settle(Allowance::default())?;
        check_others(&world, &life.account)?;
        let (rows, holds, writes) = (sorted(life.account.clone()), life.holds.clone(), life.writes);
        let report = life.pass(Allowance::default());
        prop_assert_eq!(report.planned, 0);
        prop_assert_eq!(life.writes, writes);
        prop_assert_eq!((sorted(life.account), life.holds), (rows, holds));
        prop_assert_eq!(life.claims, []);
    }

    #[test]
    fn faults_on_the_way_do_not_change_where_it_ends(
        world in world(),
        fates in proptest::collection::vec(fate(), 0..30),
    ) {
        let mut clean = Life::new(world.clone(), Vec::new());
        clean.settle(Allowance::default())?;
        let mut troubled = Life::new(world.clone(), fates);
        troubled.settle(Allowance::default())?;
        troubled.fates.clear();
        troubled.settle(Allowance::default())?;
        check_others(&world, &troubled.account)?;
        let (troubled_rows, clean_rows) = (sorted(troubled.account), sorted(clean.account));
        for (troubled, clean) in troubled_rows.iter().zip(&clean_rows) {
            prop_assert_eq!(troubled, clean);
        }
        prop_assert_eq!(troubled_rows.len(), clean_rows.len());
        prop_assert_eq!(troubled.holds, clean.holds);
        prop_assert_eq!(troubled.claims, []);
    }

    #[test]
    fn what_a_person_disables_stays_disabled_whatever_was_lost_before(
        world in world(),
        fates in proptest::collection::vec(fate(), 0..30),
        (after, pool, origin) in (0..6_usize, select(vec!["eu", "us"]), 0..2_usize),
    ) {
        let mut life = Life::new(world, fates);
        for _ in 0..after {
            life.pass(Allowance::default());
        }
        life.wait(1);
        let by_hand = life.account.disable_by_hand(pool, origin);
        life.settle(Allowance::default())?;
        // The region returns: everything is up.
        for member in life.desired.pools.iter_mut().flat_map(|pool| pool.origins.values_mut()) {
            member.switch = Switch::Enable;
        }
        life.fates.clear();
        life.settle(Allowance::default())?;
        let row = life.account.pools.iter().find(|row| text(row, "name") == pool);
        let origins = row.and_then(|row| row["origins"].as_array()).into_iter().flatten();
        for row in origins.filter(|row| Some(text(row, "address")) == by_hand.as_deref()) {
            prop_assert!(!is_on(row), "a person disabled it: {row}");
        }
    }

    #[test]
    fn few_calls_at_a_time_lead_to_the_same_end(world in world(), calls in 5..12_u32) {
        let mut clean = Life::new(world.clone(), Vec::new());
        clean.settle(Allowance::default())?;
        let mut slow = Life::new(world, Vec::new());
        slow.settle(Allowance { calls, upkeep: calls })?;
        prop_assert_eq!(sorted(slow.account), sorted(clean.account));
    }
}

/// All rows by their ids: neither the order in which they were created nor the time at which
/// something was disabled is a part of what there is.
pub(super) fn sorted(account: Account) -> Vec<Value> {
    let Account { records, mut pools, monitors, balancers, .. } = account;
    for pool in &mut pools {
        let origins = pool["origins"].as_array_mut().into_iter().flatten();
        origins.for_each(|origin| *origin = without(origin, &["disabled_at"]));
        *pool = without(pool, &["disabled_at"]);
    }
    let mut rows = [records, pools, monitors, balancers].concat();
    rows.sort_by(|a, b| text(a, "id").cmp(text(b, "id")));
    rows
}
