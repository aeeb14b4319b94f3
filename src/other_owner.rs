//! What other owners do to records of ours: five facts, each with a beginning and an end.
//!
//! A pass finds facts; here they become news. A fact is told when it begins, again when it comes
//! back after it was set right, when we stop setting it right, and when it is over: never in each
//! pass. What is over is kept for as long as it counts, so that whoever looks the next morning
//! sees it (ADR-0019).

use crate::ids::ServiceId;
use crate::json::{fields, words};
use crate::ordered::{Map, Set};
use crate::owned::{UNDONE_KEPT_MS, UNDONE_MAX};
use crate::time::{SECOND, Timestamp};

/// Most facts that are remembered. A tool that touches every record of the largest config makes
/// about as many; what is beyond is told in `withheld` alone.
pub const OTHER_OWNERS_MAX: usize = 500;

words! {
    /// What another owner did to a record of ours.
    pub enum ForeignFact {
        /// Its comment no longer begins with our marker.
        MarkerLost = "marker_lost",
        /// It names another content than the one that we left.
        ContentMoved = "content_moved",
        /// Its TTL is another one.
        TtlChanged = "ttl_changed",
        /// A record that is not ours answers the same name.
        SecondRecord = "second_record",
        /// It is not there any more.
        Gone = "gone",
    }
}

/// One fact, as a pass found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFact {
    /// What it is.
    pub fact: ForeignFact,
    /// The record set, such as `files.example.com A`.
    pub record: String,
    /// The id of the record: ours, or the second one.
    pub id: String,
    /// The service that the set follows.
    pub service: ServiceId,
    /// What we had left.
    pub ours: String,
    /// When that was.
    pub ours_at: Timestamp,
    /// What is there instead.
    pub theirs: String,
    /// When it was found.
    pub at: Timestamp,
    /// Whether it is left as it is, because it was set right often enough.
    pub is_stopped: bool,
}

/// What one pass saw and did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looked {
    /// The facts that it found.
    pub facts: Vec<FoundFact>,
    /// The record sets that the config publishes.
    pub published: Set<String>,
    /// Those of them that were read.
    pub read: Set<String>,
    /// Those of them that were written, as replies confirmed.
    pub written: Set<String>,
    /// Those of them that a person takes back, where nothing is left to do.
    pub taken_back: Set<String>,
}

/// What is remembered of facts, by [`FoundFact::key`].
pub type OtherOwners = Map<String, OtherOwner>;

/// One fact, as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherOwner {
    /// What it is.
    pub fact: ForeignFact,
    /// The record set, such as `files.example.com A`.
    pub record: String,
    /// The id of the record: ours, or the second one.
    pub id: String,
    /// The service that the set follows.
    pub service: ServiceId,
    /// What we had left.
    pub ours: String,
    /// When that was.
    pub ours_at: Timestamp,
    /// What was found instead.
    pub theirs: String,
    /// When that was.
    pub at: Timestamp,
    /// When others did it, in the last seven days, oldest first; at most [`UNDONE_MAX`].
    pub times: Vec<Timestamp>,
    /// Whether it is left as it is, because it was set right often enough.
    pub stopped: bool,
    /// When we wrote it last since it was found; absent once a later look has judged that.
    pub set_right_at: Option<Timestamp>,
    /// When it was found to be over.
    pub over_at: Option<Timestamp>,
}

/// One fact, as people read it in `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherOwnerStatus {
    /// What it is.
    pub fact: ForeignFact,
    /// The record set.
    pub record: String,
    /// The id of the record: ours, or the second one.
    pub id: String,
    /// What we had left.
    pub ours: String,
    /// When that was.
    pub ours_at: Timestamp,
    /// What was found instead.
    pub theirs: String,
    /// When that was.
    pub at: Timestamp,
    /// How often it happened in the last seven days; from [`UNDONE_MAX`] on, at least so often.
    pub count: u32,
    /// Whether it is left as it is, because it was set right often enough.
    pub stopped: bool,
    /// When it was found to be over; absent while it goes on.
    pub over_at: Option<Timestamp>,
}

fields!(OtherOwner {
    fact,
    record,
    id,
    service,
    ours,
    ours_at,
    theirs,
    at,
    times,
    stopped = false,
    set_right_at,
    over_at,
});
fields!(OtherOwnerStatus {
    fact,
    record,
    id,
    ours,
    ours_at,
    theirs,
    at,
    count,
    stopped,
    over_at if any,
});

/// A turn of a fact that has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactTurn {
    /// It begins, or comes back. `is_set_right`: we wrote it in the same pass.
    Begins {
        /// Whether it was set right at once.
        is_set_right: bool,
    },
    /// It is left as it is from now on.
    Stops,
    /// It is no longer so.
    Ends {
        /// Whether the config still publishes the record.
        is_published: bool,
    },
}

/// A turn, and the fact as it is then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactNews {
    /// What happens to the fact.
    pub turn: FactTurn,
    /// The fact.
    pub owner: OtherOwner,
}

impl FoundFact {
    /// What it is remembered by. A record that is gone or was added has a new id each time, so its
    /// content stands for it.
    #[must_use]
    pub fn key(&self) -> String {
        let Self { fact, record, id, ours, theirs, .. } = self;
        let which = match fact {
            ForeignFact::SecondRecord => theirs,
            ForeignFact::Gone => ours,
            ForeignFact::MarkerLost | ForeignFact::ContentMoved | ForeignFact::TtlChanged => id,
        };
        format!("{record} {} {which}", fact.as_str())
    }

    fn begins(&self, before: &[Timestamp]) -> OtherOwner {
        let mut owner = OtherOwner {
            fact: self.fact,
            record: self.record.clone(),
            id: self.id.clone(),
            service: self.service.clone(),
            ours: self.ours.clone(),
            ours_at: self.ours_at,
            theirs: self.theirs.clone(),
            at: self.at,
            times: before.to_vec(),
            stopped: false,
            set_right_at: None,
            over_at: None,
        };
        owner.happened(self.at);
        owner
    }
}

impl OtherOwner {
    /// Whether it goes on.
    #[must_use]
    pub fn is_standing(&self) -> bool {
        self.over_at.is_none()
    }

    fn happened(&mut self, at: Timestamp) {
        self.times.push(at);
        let excess = self.times.len().saturating_sub(UNDONE_MAX);
        self.times.drain(..excess);
    }

    /// Takes in that it is still or again so. Returns whether it came back after it was set right.
    fn goes_on(&mut self, found: &FoundFact) -> bool {
        let is_back = self.set_right_at.is_some_and(|at| found.at > at);
        self.set_right_at = None;
        if is_back || self.theirs != found.theirs {
            self.happened(found.at);
            self.at = found.at;
        }
        self.id.clone_from(&found.id);
        self.theirs.clone_from(&found.theirs);
        self.ours.clone_from(&found.ours);
        self.ours_at = found.ours_at;
        is_back
    }

    /// As people read it.
    #[must_use]
    pub fn status(&self) -> OtherOwnerStatus {
        OtherOwnerStatus {
            fact: self.fact,
            record: self.record.clone(),
            id: self.id.clone(),
            ours: self.ours.clone(),
            ours_at: self.ours_at,
            theirs: self.theirs.clone(),
            at: self.at,
            count: u32::try_from(self.times.len()).unwrap_or(u32::MAX),
            stopped: self.stopped,
            over_at: self.over_at,
        }
    }

    /// Counts what a clock that was wrong put ahead of `now` as of now.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { ours_at, at, times, set_right_at, over_at, .. } = self;
        for at in [ours_at, at].into_iter().chain(times).chain(set_right_at).chain(over_at) {
            *at = at.unless_ahead(now);
        }
    }

    /// What it is, with both values and both times.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { fact, record, id, ours, ours_at, theirs, at, times, .. } = self;
        let what = match fact {
            ForeignFact::MarkerLost => format!("the comment is `{theirs}` instead of `{ours}`"),
            ForeignFact::ContentMoved => format!("the content is `{theirs}` instead of `{ours}`"),
            ForeignFact::TtlChanged => format!("the TTL is {theirs} instead of {ours}"),
            ForeignFact::SecondRecord => format!("`{theirs}` answers beside our `{ours}`"),
            ForeignFact::Gone => format!("our record `{ours}` is gone"),
        };
        let since = times.first().filter(|_| times.len() > 1);
        let often = since.map(|since| format!("; {} times since {since}", times.len()));
        let word = fact.as_str();
        let often = often.unwrap_or_default();
        format!(
            "{record}: {word}: {what}; record `{id}`, found at {at}, ours since {ours_at}{often}"
        )
    }
}

impl FactNews {
    /// What happened, in words.
    #[must_use]
    pub fn text(&self) -> String {
        let OtherOwner { fact, record, at, over_at, .. } = &self.owner;
        match self.turn {
            FactTurn::Begins { .. } => self.owner.text(),
            FactTurn::Stops => format!("stopped: {}", self.owner.text()),
            FactTurn::Ends { .. } => {
                let lasted_s = over_at.map_or(0, |over| over.since(*at)) / SECOND;
                format!("over: {record}: {}, which was found {lasted_s} s ago", fact.as_str())
            }
        }
    }

    /// What follows from it, or why it is over.
    #[must_use]
    pub fn why(&self) -> String {
        let OtherOwner { fact, record, .. } = &self.owner;
        let by_command = format!("`pointsman take-back {record}`");
        match (self.turn, fact) {
            (FactTurn::Begins { .. } | FactTurn::Stops, ForeignFact::SecondRecord) => {
                "Pointsman moves its own record and touches no other: delete the other one, or let \
                 its owner do it"
                    .to_owned()
            }
            (FactTurn::Begins { is_set_right: true }, _) => {
                "it is set right; let the other tool leave this record alone".to_owned()
            }
            (FactTurn::Begins { .. }, _) => {
                format!("it is not set right yet; {by_command} does it")
            }
            (FactTurn::Stops, _) => format!(
                "it was set right often enough for now; let the other tool leave this record \
                 alone, then {by_command} sets it right at once"
            ),
            (FactTurn::Ends { is_published: false }, _) => {
                "the config no longer publishes this record".to_owned()
            }
            (FactTurn::Ends { .. }, _) => "the account was read and it is no longer so".to_owned(),
        }
    }

    /// Whether a person has to look.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        !matches!(self.turn, FactTurn::Ends { .. })
    }
}

/// Takes in what a pass saw and did. Returns what has to be told.
pub fn follow(owners: &mut OtherOwners, looked: &Looked, now: Timestamp) -> Vec<FactNews> {
    let mut news = Vec::new();
    for found in &looked.facts {
        take_in(owners, found, looked, &mut news);
    }
    let found = Set::of(looked.facts.iter().map(FoundFact::key));
    let is_past = |key: &str, owner: &OtherOwner| owner.is_standing() && !found.contains(key);
    for (_, owner) in owners.iter_mut().filter(|(key, owner)| is_past(key, owner)) {
        let is_published = looked.published.contains(&owner.record);
        if !is_published || looked.read.contains(&owner.record) {
            (owner.over_at, owner.stopped, owner.set_right_at) = (Some(now), false, None);
            let turn = FactTurn::Ends { is_published };
            news.push(FactNews { turn, owner: owner.clone() });
        }
    }
    let is_mended = |owner: &OtherOwner| {
        owner.fact != ForeignFact::SecondRecord && looked.written.contains(&owner.record)
    };
    for owner in owners.values_mut().filter(|owner| owner.is_standing() && is_mended(owner)) {
        owner.set_right_at = Some(now);
    }
    owners.retain(|_, owner| {
        owner.times.retain(|at| now.since(*at) < UNDONE_KEPT_MS);
        owner.is_standing() || !owner.times.is_empty()
    });
    news
}

fn take_in(owners: &mut OtherOwners, found: &FoundFact, looked: &Looked, news: &mut Vec<FactNews>) {
    let key = found.key();
    if !owners.contains_key(&key) && !make_room(owners) {
        return;
    }
    let begins = match owners.get_mut(&key) {
        Some(owner) if owner.is_standing() => owner.goes_on(found),
        before => {
            let before = before.map(|owner| owner.times.clone()).unwrap_or_default();
            owners.insert(key.clone(), found.begins(&before));
            true
        }
    };
    let Some(owner) = owners.get_mut(&key) else { return };
    let stops = found.is_stopped && !owner.stopped;
    owner.stopped = found.is_stopped;
    if begins {
        let is_set_right = looked.written.contains(&found.record);
        let turn = FactTurn::Begins { is_set_right };
        news.push(FactNews { turn, owner: owner.clone() });
    }
    if stops {
        news.push(FactNews { turn: FactTurn::Stops, owner: owner.clone() });
    }
}

/// Makes room for one more: what has been over for longest goes. Returns whether there is room.
fn make_room(owners: &mut OtherOwners) -> bool {
    if owners.len() < OTHER_OWNERS_MAX {
        return true;
    }
    let over = owners.iter().filter_map(|(key, owner)| Some((owner.over_at?, key)));
    let oldest = over.min().map(|(_, key)| key.clone());
    oldest.is_some_and(|key| owners.remove(&key).is_some())
}

#[cfg(test)]
mod tests;
