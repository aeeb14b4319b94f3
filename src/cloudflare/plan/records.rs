//! Record sets: their desired contents, and the fewest changes that lead there.

use super::Planner;
use super::action::{Action, Change, Effect, RecordOp, Urgency, WithheldReason};
use super::facts::{ATTEMPTS_MAX, facts, found, how_to_settle, is_contested};
use super::ops::{Around, record_ops};
use crate::cloudflare::desired::{DesiredRecords, RecordMember, Switch};
use crate::cloudflare::marker::{self, Owner};
use crate::cloudflare::name::normal;
use crate::cloudflare::observed::{RECORDS_MAX, Record};
use crate::cloudflare::owned::was_marked;
use crate::config::{DnsMode, RecordKind};
use crate::ids::RegionId;
use crate::ordered::Set;
use crate::owned::OwnedRecord;

/// The contents that a record set should have, and why.
pub(super) struct ChosenContents {
    pub(super) contents: Set<String>,
    pub(super) reason: String,
}

impl Planner<'_> {
    pub(super) fn records(&mut self, wanted: &DesiredRecords) {
        let Some(named) = self.observed.records.get(&wanted.name) else { return };
        let what = || format!("{} {}", wanted.name, wanted.kind);
        if let Some(because) = is_delegated(wanted, named) {
            return self.withhold(what(), WithheldReason::RootNs, because);
        }
        if named.len() >= RECORDS_MAX {
            let because = format!("{} or more records are too many to compare", named.len());
            return self.withhold(what(), WithheldReason::Unclear, because);
        }
        let mut sorted: Vec<&Record> = named.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let ours: Vec<&Record> =
            sorted.iter().copied().filter(|record| self.is_ours(wanted, record)).collect();
        let facts = facts(wanted, self.owned, self.now);
        let told = |why: String| [vec![why], texts(&facts)].concat().join("; ");
        let followed = self.followed(wanted);
        let is_empty = followed.as_ref().is_some_and(|chosen| chosen.contents.is_empty());
        if is_empty && !sorted.iter().any(|record| is_of_kind(wanted, record)) {
            return;
        }
        if ours.is_empty()
            && !self.may_return(wanted)
            && let Err((why, because)) = may_be_created(wanted, &sorted)
        {
            return self.withhold(what(), why, told(because));
        }
        let present = Set::of(ours.iter().map(|record| normal(&record.content)));
        let is_following = followed.is_some();
        self.says(wanted, &present);
        let answer = match followed.map_or_else(|| answer(wanted, &present), Ok) {
            Ok(answer) => answer,
            Err((why, because)) => return self.withhold(what(), why, told(because)),
        };
        let contents = answer.contents.clone();
        let strangers = sorted.iter().filter(|r| is_of_kind(wanted, r) && !self.is_ours(wanted, r));
        let taken = Set::of(strangers.map(|record| normal(&record.content)));
        let around = Around { taken, owned: self.owned };
        let ops = record_ops(wanted, &answer.contents, &ours, &around);
        let mut action = action(wanted, &present, answer, ops);
        if is_following {
            self.follow(&present, &mut action);
        }
        let is_idle = matches!(&action.change, Change::Records { ops, .. } if ops.is_empty());
        if !is_idle && !self.is_left(wanted, &action) {
            self.says(wanted, &contents);
            action.reason = told(action.reason);
            return self.plan.actions.push(action);
        }
        if !is_idle {
            self.left.insert(what());
            self.withhold(what(), WithheldReason::TwoOwners, told(why_left(wanted, &action)));
        } else if !facts.is_empty() {
            let because = texts(&facts).join("; ");
            self.withhold(what(), WithheldReason::TwoOwners, because);
        }
    }

    /// Notes what others did to the records of a set, and whether we have stopped to set it right.
    pub(super) fn others(&mut self, wanted: &DesiredRecords) {
        let Some(named) = self.observed.records.get(&wanted.name) else { return };
        let has_ours = named.iter().any(|record| self.is_ours(wanted, record));
        self.plan.facts.extend(found(wanted, self.owned, has_ours, self.now));
    }

    /// Whether a record is ours: by its marker, by `adopt`, or by its id if it lost the marker.
    /// Then it stays ours while it says what some origin of ours has; what leads anywhere else may
    /// have been given to another purpose. Under a rule that is no purpose to leave alone.
    pub(super) fn is_ours(&self, wanted: &DesiredRecords, record: &Record) -> bool {
        if !is_of_kind(wanted, record) {
            return false;
        }
        match marker::owner(record.comment.as_deref(), &wanted.service) {
            Owner::Ours => true,
            Owner::Other(_) => false,
            Owner::Unmarked => wanted.adopt || self.is_known(wanted, record),
        }
    }

    /// Whether the set may have a record again because it was we who deleted the last one: a rule
    /// forbade it, or a stranger says what it should have said.
    pub(super) fn may_return(&self, wanted: &DesiredRecords) -> bool {
        let by_us = |note: &OwnedRecord| note.gone.is_some_and(|gone| gone.by_us);
        self.owned.values().any(|note| wanted.has(note) && was_marked(note) && by_us(note))
    }

    fn is_known(&self, wanted: &DesiredRecords, record: &Record) -> bool {
        let content = normal(&record.content);
        self.owned.get(&record.id).is_some_and(|note| {
            let is_kept = content == note.ours.content
                || wanted.permitted.contains_key(&content)
                || self.desired.places.contains_key(&content);
            wanted.has(note) && was_marked(note) && (is_kept || wanted.is_guarded)
        })
    }

    /// Whether a change is left to the other owner: it was made often enough, and neither is a
    /// region down nor a rule broken.
    fn is_left(&self, wanted: &DesiredRecords, action: &Action) -> bool {
        let Change::Records { ops, .. } = &action.change else { return false };
        action.urgency >= Urgency::Restore && is_contested(wanted, ops, self.owned, self.now)
    }
}

fn why_left(wanted: &DesiredRecords, action: &Action) -> String {
    format!(
        "it was set right {ATTEMPTS_MAX} times within the hour, and is left until that is past \
         ({}); {}",
        action.reason,
        how_to_settle(wanted)
    )
}

fn texts(facts: &[(String, String)]) -> Vec<String> {
    facts.iter().map(|(_, fact)| fact.clone()).collect()
}

fn action(
    wanted: &DesiredRecords,
    present: &Set<String>,
    answer: ChosenContents,
    ops: Vec<RecordOp>,
) -> Action {
    let ChosenContents { contents, reason } = answer;
    let member = |content: &String| wanted.permitted.get(content);
    let (mut serving, mut away) = (Set::new(), Set::new());
    for RecordMember { region, .. } in contents.iter().filter_map(member) {
        serving.insert(region.clone());
    }
    for RecordMember { region, .. } in present.iter().filter_map(member) {
        if !serving.contains(region) {
            away.insert(region.clone());
        }
    }
    let gone = || present.iter().filter(|content| !contents.contains(content.as_str()));
    let is_down = |content: &String| member(content).is_some_and(|m| m.switch == Switch::Disable);
    let is_strange = present.iter().any(|content| member(content).is_none());
    let urgency = if wanted.is_guarded && is_strange {
        Urgency::Law
    } else if present.is_empty() || gone().any(is_down) {
        Urgency::Failover
    } else if *present == contents {
        Urgency::Upkeep
    } else {
        Urgency::Restore
    };
    let moves = urgency != Urgency::Upkeep;
    Action {
        urgency,
        service: Some(wanted.service.clone()),
        change: Change::Records {
            zone: wanted.zone.clone(),
            name: wanted.name.clone(),
            kind: wanted.kind,
            ops,
        },
        reason: if moves { reason } else { "restore its settings".to_owned() },
        effect: Effect { away, serving: moves.then_some(serving) },
    }
}

/// A delegated name is answered by others. The zone's root always has NS records and is never
/// delegated; a CNAME there hides nothing, because Cloudflare answers it with addresses.
pub(super) fn is_delegated(wanted: &DesiredRecords, named: &[Record]) -> Option<String> {
    let servers = named.iter().filter(|record| record.kind == "NS").count();
    (servers > 0 && !is_root(wanted))
        .then(|| format!("the name is delegated (NS records: {servers})"))
}

fn is_root(wanted: &DesiredRecords) -> bool {
    wanted.name == wanted.zone
}

/// Whether Cloudflare answers a CNAME with addresses, so that any other records may stand beside
/// it: always at the zone's root, and wherever it is proxied. Source:
/// developers.cloudflare.com/dns/cname-flattening/set-up-cname-flattening.
fn is_flattened(wanted: &DesiredRecords) -> bool {
    is_root(wanted) || wanted.proxied == Some(true)
}

fn is_of_kind(wanted: &DesiredRecords, record: &Record) -> bool {
    record.kind == wanted.kind.as_str()
}

/// Whether a first record may be created. Errors: why not.
fn may_be_created(
    wanted: &DesiredRecords,
    named: &[&Record],
) -> Result<(), (WithheldReason, String)> {
    let foreign = named.iter().filter(|record| is_of_kind(wanted, record));
    let foreign: Vec<String> = foreign.map(|r| format!("`{}`", normal(&r.content))).collect();
    if !foreign.is_empty() {
        let marker = marker::of(&wanted.service);
        let because = format!(
            "its records ({}) are not marked as ours; put `{marker}` into the comment of \
             one, or set `adopt = true`",
            foreign.join(", ")
        );
        return Err((WithheldReason::Foreign, because));
    }
    if !wanted.manage {
        let because = "there is no such record; create one, or set `manage = true`".to_owned();
        return Err((WithheldReason::Missing, because));
    }
    let is_in_the_way = |record: &&&Record| match (wanted.kind, record.kind.as_str()) {
        (_, "CNAME") | (RecordKind::Cname, "A" | "AAAA") => true,
        (RecordKind::Cname, _) => !is_flattened(wanted),
        _ => false,
    };
    match named.iter().find(is_in_the_way) {
        Some(other) => {
            let because = format!(
                "a CNAME must be the only record of its name, unless Cloudflare answers it with \
                 addresses (`proxied = true`, or at the zone's root), and there is a record of \
                 type {}",
                other.kind
            );
            Err((WithheldReason::Foreign, because))
        }
        None => Ok(()),
    }
}

/// The contents that the set should have, given its present ones. Errors: why it stays as it is.
fn answer(
    wanted: &DesiredRecords,
    present: &Set<String>,
) -> Result<ChosenContents, (WithheldReason, String)> {
    let mut lawful = present.clone();
    lawful.retain(|content| wanted.permitted.contains_key(content));
    if wanted.permitted.is_empty() {
        // Nothing is permitted any more, for instance because a membership ended. Only an empty
        // answer is lawful.
        let reason = "no region is permitted any more".to_owned();
        return Ok(ChosenContents { contents: Set::new(), reason });
    }
    // Without a rule that binds the name, any content is lawful, even one that is not ours.
    let is_lawful = !wanted.is_guarded || lawful.len() == present.len();
    if let Some(region) = unknown_and_better(wanted, present) {
        if wanted.returning.contains(region) {
            let reason = format!("{region} is up again, so the records stay");
            return Ok(ChosenContents { contents: lawful, reason });
        }
        let because = format!("the health of {region} is unknown, which is no reason to leave it");
        return Err((WithheldReason::NoneUp, because));
    }
    let chosen = match wanted.mode {
        DnsMode::Failover => wanted.answer.as_ref().map(|(region, contents)| ChosenContents {
            reason: format!("answer {} ({region})", listed(contents)),
            contents: contents.clone(),
        }),
        DnsMode::Members => members(wanted, &lawful),
    };
    if let Some(chosen) = chosen {
        return Ok(chosen);
    }
    match &wanted.refuge {
        // The records may stay only if all of their contents are permitted.
        Some((region, contents)) if !is_lawful => {
            let (contents, note) = if lawful.is_empty() {
                (contents.clone(), format!(" ({region})"))
            } else {
                (lawful, String::new())
            };
            let reason = format!(
                "answer {}{note}, because the residency rules permit no other",
                listed(&contents)
            );
            Ok(ChosenContents { contents, reason })
        }
        _ if wanted.manual => {
            Err((WithheldReason::Manual, "the failover mode of its service is `manual`".to_owned()))
        }
        _ => Err((
            WithheldReason::NoneUp,
            "no permitted region is up and takes new clients, so the records stay as they are"
                .to_owned(),
        )),
    }
}

/// The region that the records name now, if its health is Unknown, or clients return to it by
/// stages, and it precedes the next one in failover order.
fn unknown_and_better<'w>(
    wanted: &'w DesiredRecords,
    present: &Set<String>,
) -> Option<&'w RegionId> {
    let (to, _) = wanted.answer.as_ref().filter(|_| wanted.mode == DnsMode::Failover)?;
    let index = |region: &RegionId| wanted.regions.iter().position(|known| known == region);
    let mut unknown = None;
    for content in present {
        match wanted.permitted.get(content) {
            Some(RecordMember { switch: Switch::Leave, region }) => unknown = Some(region),
            Some(RecordMember { switch: Switch::Enable, .. }) => {}
            Some(RecordMember { switch: Switch::Disable, .. }) | None => return None,
        }
    }
    unknown.filter(|region| index(region) < index(to))
}

/// All members that are up, and the present ones whose health is Unknown. `None` if none is known
/// to be up, so that a set never becomes empty.
fn members(wanted: &DesiredRecords, lawful: &Set<String>) -> Option<ChosenContents> {
    let stays = |content: &String, switch: Switch| match switch {
        Switch::Enable => true,
        Switch::Leave => lawful.contains(content.as_str()),
        Switch::Disable => false,
    };
    let fit = wanted.permitted.iter().filter(|(content, member)| stays(content, member.switch));
    let contents: Set<String> = fit.map(|(content, _)| content.clone()).collect();
    let is_known = wanted.permitted.values().any(|member| member.switch == Switch::Enable);
    let reason = format!("answer {}", listed(&contents));
    (!wanted.manual && is_known && !contents.is_empty())
        .then_some(ChosenContents { contents, reason })
}

pub(super) fn listed(contents: &Set<String>) -> String {
    contents.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
