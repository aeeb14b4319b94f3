//! Other tools write to our records between two passes: what they did is told, what is ours is set
//! right, what is theirs stays, and nobody fights for ever.

use super::model::{Account, text};
use super::properties::{Life, is_ours, sorted};
use super::world::{OURS, World, world};
use super::*;
use crate::time::{MINUTE, Timestamp};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What another tool does to one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// A PUT of what it says, without comment and tags.
    LoseMarker,
    /// A PATCH of its content.
    Move,
    /// A PUT of another content, without comment and tags.
    MoveAndLoseMarker,
    /// A PATCH of its TTL.
    Slow,
    /// A POST of a second record beside it.
    Second,
    Delete,
}

const SECOND: &str = "203.0.113.9";

/// Carries out the act. Returns the content that the record had and the new one; `None` where the
/// API would refuse it or there is nothing to change.
fn act(account: &mut Account, index: usize, act: Act) -> Option<(String, String)> {
    let record = account.records[index].clone();
    let (name, was) = (text(&record, "name").to_owned(), text(&record, "content").to_owned());
    let taken = |content: &String| {
        account.records.iter().any(|r| text(r, "name") == name && text(r, "content") == content)
    };
    let other = (0..4).map(|n| format!("192.0.2.{n}")).find(|content| !taken(content));
    let row = &mut account.records[index];
    let mut now = was.clone();
    match act {
        Act::Slow if row["proxied"] == json!(true) => return None,
        Act::Slow => row["ttl"] = json!(4_000),
        Act::Second => {
            let second = json!({"id": "second", "name": name, "type": "A", "content": SECOND,
                                "ttl": 60, "proxied": false, "comment": null, "tags": []});
            account.records.push(second);
            return Some((was, SECOND.to_owned()));
        }
        Act::Delete => drop(account.records.remove(index)),
        Act::LoseMarker | Act::Move | Act::MoveAndLoseMarker => {
            if act != Act::LoseMarker {
                now = other?;
                row["content"] = json!(now);
            }
            if act != Act::Move {
                (row["comment"], row["tags"]) = (Value::Null, json!([]));
            }
        }
    }
    Some((was, now))
}

/// What must be said about an act; `None` where it made what we want, or where a person decides.
fn must_be_told(
    act: Act,
    was: &str,
    now: &str,
    row: &Value,
    set: &DesiredRecords,
) -> Option<String> {
    let is_marked = text(row, "comment").starts_with(OURS);
    let moved = format!("its content is `{now}` instead of `{was}`");
    let answer = set.answer.as_ref().is_some_and(|(_, contents)| contents.contains(now));
    let is_up = set.permitted.get(now).is_some_and(|member| member.switch == Switch::Enable);
    let is_wanted = if set.mode == DnsMode::Failover { answer } else { is_up };
    match act {
        Act::LoseMarker => is_marked.then(|| "its marker is lost".to_owned()),
        Act::MoveAndLoseMarker if is_marked => Some(moved),
        Act::Move | Act::MoveAndLoseMarker => (!is_wanted && !set.manual).then_some(moved),
        Act::Slow => Some("its TTL is 4000 s instead of".to_owned()),
        Act::Second => Some(SECOND.to_owned()),
        Act::Delete => Some(format!("({was}) is gone")),
    }
}

/// Whether a pass has an answer for the set, so that it changes its records at all.
fn is_answered(set: &DesiredRecords) -> bool {
    let is_up = || set.permitted.values().any(|member| member.switch == Switch::Enable);
    match set.mode {
        DnsMode::Failover => set.answer.is_some(),
        DnsMode::Members => !set.manual && is_up(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_another_tool_did_is_told_and_what_is_ours_is_set_right(
        world in world(),
        which in any::<Index>(),
        deed in select(vec![
            Act::LoseMarker, Act::Move, Act::MoveAndLoseMarker, Act::Slow, Act::Second, Act::Delete,
        ]),
    ) {
        let mut life = Life::new(world, Vec::new());
        life.settle(Allowance::default())?;
        let records = life.account.records.iter().enumerate();
        let ours: Vec<usize> =
            records.filter(|(_, r)| is_ours(r, &life.desired)).map(|(index, _)| index).collect();
        prop_assume!(!ours.is_empty());
        let index = ours[which.index(ours.len())];
        let row = life.account.records[index].clone();
        let set = life.desired.records.iter().find(|set| set.name == text(&row, "name"));
        let set = set.unwrap().clone();
        let before = life.account.clone();
        life.now = Timestamp::from_millis(10 * MINUTE);
        life.told.clear();
        let done = act(&mut life.account, index, deed);
        prop_assume!(done.is_some());
        let (was, now) = done.unwrap();
        // Where every record of a name is adopted, so is the second.
        prop_assume!(deed != Act::Second || !set.adopt);
        life.settle(Allowance::default())?;
        if let Some(told) = must_be_told(deed, &was, &now, &row, &set) {
            let all = life.told.join("\n");
            prop_assert!(all.contains(&told), "{told} is not in {all}");
        }
        let is_theirs = |r: &&Value| !is_ours(r, &life.desired) && r["id"] != row["id"];
        for theirs in before.records.iter().filter(is_theirs) {
            prop_assert!(life.account.records.contains(theirs), "{theirs}");
        }
        if is_answered(&set) && matches!(deed, Act::LoseMarker | Act::Slow)
            && text(&row, "comment").starts_with(OURS)
        {
            prop_assert_eq!(sorted(life.account.clone()), sorted(before.clone()));
        }
        if deed == Act::Second {
            let mut after = life.account.clone();
            after.records.retain(|record| record["id"] != "second");
            prop_assert_eq!(sorted(after), sorted(before.clone()));
        }
        if is_answered(&set) && set.mode == DnsMode::Failover && deed != Act::Second {
            let said = |account: &Account| Set::of(account.records.iter().filter(|r| {
                text(r, "name") == set.name && is_ours(r, &life.desired)
            }).map(|r| text(r, "content").to_owned()));
            let others = ours.iter().any(|i| {
                *i != index && text(&before.records[*i], "name") == set.name
            });
            if deed != Act::Delete || others || set.manage && before.records.iter().all(|r| {
                r["id"] == row["id"] || text(r, "name") != set.name || text(r, "type") == "TXT"
            }) {
                prop_assert_eq!(said(&life.account), said(&before));
            }
        }
        let (writes, account) = (life.writes, life.account.clone());
        let report = life.pass(Allowance::default());
        prop_assert_eq!((report.planned, life.writes), (0, writes));
        prop_assert_eq!(sorted(life.account), sorted(account));
    }
}

/// One record that says `us.example.com`, which is up; `eu.example.com` is down.
fn one_record() -> Life {
    let desired = Desired { records: vec![records("us.example.com")], ..Desired::default() };
    let mut row = record("us.example.com");
    row["tags"] = json!(["team:edge"]);
    row["comment"] = json!("pointsman:files asked for by ann");
    let account = Account { records: vec![row], ..Account::default() };
    Life::new(World { desired, account, holds: Set::new() }, Vec::new())
}

/// A tool that runs every ten minutes for a day, after which a pass is made each time. Returns how
/// often we wrote.
fn a_day_of(life: &mut Life, tool: impl Fn(&mut Value)) -> usize {
    life.pass(Allowance::default());
    for run in 1..=144_u64 {
        life.now = Timestamp::from_millis(run * 10 * MINUTE);
        tool(&mut life.account.records[0]);
        life.told.clear();
        life.pass(Allowance::default());
    }
    life.writes
}

#[test]
fn a_tool_that_insists_on_its_settings_is_told_and_not_fought_without_end() {
    // At most four an hour: three attempts, and one when the first of them is an hour old.
    const MOST: usize = 4 * 24;
    let tools: [fn(&mut Value); 3] = [
        |row| row["ttl"] = json!(3_600),
        |row| (row["comment"], row["tags"]) = (Value::Null, json!([])),
        |row| (row["ttl"], row["comment"], row["tags"]) = (json!(120), Value::Null, json!([])),
    ];
    for tool in tools {
        let mut life = one_record();
        let writes = a_day_of(&mut life, tool);
        assert!((24..=MOST).contains(&writes), "{writes}");
        life.now = Timestamp::from_millis(25 * 60 * MINUTE);
        tool(&mut life.account.records[0]);
        life.pass(Allowance::default());
        assert!(life.told.join("").contains("two owners: others changed it 10 times"));
        let row = &life.account.records[0];
        assert_eq!(row["comment"], "pointsman:files asked for by ann", "after an hour of peace");
        assert_eq!(row["tags"], json!(["team:edge"]));
    }
}

#[test]
fn a_tool_that_leads_clients_to_what_is_down_is_corrected_each_time() {
    let mut life = one_record();
    let writes = a_day_of(&mut life, |row| {
        (row["content"], row["comment"]) = (json!("eu.example.com"), Value::Null);
    });
    assert_eq!(writes, 144);
    assert!(life.told.join("").contains("two owners"));
    assert_eq!(life.account.records[0]["content"], "us.example.com");
}

#[test]
fn a_change_of_ours_that_nobody_heard_of_is_no_change_by_others() {
    use super::model::Fate;
    for fate in [Fate::LostAfter, Fate::CutOff, Fate::LostBefore, Fate::Broken] {
        let mut life = one_record();
        life.account.records[0]["content"] = json!("eu.example.com");
        life.pass(Allowance { calls: 1, upkeep: 0 });
        life.fates = vec![fate, Fate::Answered];
        life.pass(Allowance::default());
        // Before the next pass, what is wanted changes back.
        let wanted = records("eu.example.com");
        life.desired.records = vec![wanted];
        life.pass(Allowance::default());
        let told = life.told.join("\n");
        assert!(!told.contains("by others"), "{fate:?}: {told}");
    }
}

#[test]
fn words_and_tags_outlive_the_deletion_and_return_of_a_record() {
    let rows = |contents: &[&str]| -> Vec<Value> {
        let row = |content: &&str| {
            json!({"id": content, "type": "A", "name": "files.example.com", "content": content,
                   "ttl": 60, "proxied": false, "tags": ["team:edge"],
                   "comment": "pointsman:files asked for by ann"})
        };
        contents.iter().map(row).collect()
    };
    let both = addresses(&["192.0.2.1", "192.0.2.2"]);
    let desired = Desired { records: vec![both.clone()], ..Desired::default() };
    let account = Account { records: rows(&["192.0.2.1", "192.0.2.2"]), ..Account::default() };
    let mut life = Life::new(World { desired, account, holds: Set::new() }, Vec::new());
    life.pass(Allowance::default());
    for contents in [&["192.0.2.3"][..], &["192.0.2.1", "192.0.2.2"]] {
        let answer = Set::of(contents.iter().map(|content| (*content).to_owned()));
        life.desired.records[0].answer = Some((region("us-east"), answer.clone()));
        life.pass(Allowance::default());
        let said = life.account.records.iter().map(|row| text(row, "content").to_owned());
        assert_eq!(Set::of(said), answer);
        for row in &life.account.records {
            assert_eq!(row["comment"], "pointsman:files asked for by ann");
            assert_eq!(row["tags"], json!(["team:edge"]));
        }
    }
    assert_eq!(life.writes, 2, "one batch there and one back");
    assert_eq!(life.account.records.iter().filter(|row| row["id"] == "192.0.2.1").count(), 1);
}
