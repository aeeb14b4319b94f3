//! What we disabled at Cloudflare and may therefore enable again.

use crate::json::fields;
use crate::ordered::Set;
use crate::time::{Millis, SECOND, Timestamp};

/// How long after its begin a call may still change something. Longer than the timeout of a call,
/// which is 8 s.
pub const CALL_LASTS_MS: Millis = 10 * SECOND;

/// The record that we disabled an origin, so we may enable it again. It is made once a reply or a
/// later read has shown that we did: a change that was only intended is a [`Claim`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hold {
    /// The account's id.
    pub account: String,
    /// The pool's name.
    pub pool: String,
    /// The origin's address, with its port if that is not 0; `*` for the whole pool.
    pub address: String,
}

/// A hold that is not proved: we began a call and do not know what became of it. It is written
/// down **before** the call.
///
/// If the origin is disabled later, either our call did it and its reply was lost, or a person did
/// it. The API's `disabled_at` tells: a person comes after the call. What it does not tell is not
/// ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What would be held.
    pub hold: Hold,
    /// When the call was begun, by the machine's clock.
    pub begun: Timestamp,
    /// Until when a disabled origin is one that we disabled. For a call that disables, its end, or
    /// [`CALL_LASTS_MS`] after its begin if nobody saw the end. For a call that enables what we
    /// held, its begin: whoever disabled it afterwards is not us.
    pub until: Timestamp,
    /// Whether the origin was found disabled and nothing shows that we did it.
    pub is_doubtful: bool,
}

fields!(Hold { account, pool, address });
fields!(Claim { hold, begun, until, is_doubtful = false });

impl Claim {
    /// Counts a call that a clock that was wrong put ahead of `now` as begun now. Otherwise what a
    /// person disables until then would count as ours.
    pub fn forget_the_future(&mut self, now: Timestamp) {
        let Self { hold: _, begun, until, is_doubtful: _ } = self;
        *begun = begun.unless_ahead(now);
        *until = (*until).min(begun.plus(CALL_LASTS_MS));
    }
}

/// What a pass found out about holds and claims.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoldChanges {
    /// Holds that are over.
    pub released: Set<Hold>,
    /// Claims that were proved: they are holds from now on.
    pub claimed: Set<Hold>,
    /// Claims that are over: the change was not made, or what it made is enabled or gone.
    pub dropped: Set<Hold>,
    /// Claims of which nothing shows that the change was ours.
    pub doubtful: Set<Hold>,
}

impl HoldChanges {
    /// A call about it begins: nothing that was found before counts.
    pub fn begin(&mut self, hold: &Hold) {
        self.dropped.remove(hold);
        self.doubtful.remove(hold);
    }

    /// A reply or a read has shown that we disabled it.
    pub fn claim(&mut self, hold: Hold) {
        self.released.remove(&hold);
        self.dropped.remove(&hold);
        self.claimed.insert(hold);
    }

    /// It is enabled or gone.
    pub fn release(&mut self, hold: Hold) {
        self.claimed.remove(&hold);
        self.dropped.insert(hold.clone());
        self.released.insert(hold);
    }
}

/// Writes down that a call begins. What it disables (`takes`), and what we hold and it enables
/// (`gives`), is a claim until something proves more.
pub fn begin(
    (holds, claims): (&mut Set<Hold>, &mut Vec<Claim>),
    takes: Vec<Hold>,
    gives: Vec<Hold>,
    now: Timestamp,
) {
    let disabled = takes.into_iter().map(|hold| (hold, now.plus(CALL_LASTS_MS)));
    for (hold, until) in disabled.chain(gives.into_iter().map(|hold| (hold, now))) {
        holds.remove(&hold);
        claims.retain(|claim| claim.hold != hold);
        claims.push(Claim { hold, begun: now, until, is_doubtful: false });
    }
    claims.sort_by(|a, b| a.hold.cmp(&b.hold));
}

/// Makes holds of the claims that were proved, and ends what is over. `pass` is when the pass began
/// and ended, by the machine's clock, if anybody looked at it.
pub fn settle(
    (holds, claims): (&mut Set<Hold>, &mut Vec<Claim>),
    changes: &HoldChanges,
    pass: Option<(Timestamp, Timestamp)>,
) {
    holds.retain(|hold| !changes.released.contains(hold));
    holds.extend(changes.claimed.iter().cloned());
    claims.retain_mut(|claim| {
        claim.is_doubtful |= changes.doubtful.contains(&claim.hold);
        if let Some((_, end)) = pass.filter(|(began, _)| claim.begun >= *began) {
            // Its call has ended by then.
            claim.until = claim.until.min(end);
        }
        !changes.dropped.contains(&claim.hold) && !changes.claimed.contains(&claim.hold)
    });
}
