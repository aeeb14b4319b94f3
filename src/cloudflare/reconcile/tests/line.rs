//! Calls under way in a test: in which order the API carries them out and their replies arrive.

use super::model::{Account, Fate};
use super::*;

/// The calls of a life.
#[derive(Default)]
pub(super) struct Line {
    /// Which call is next, drawn; the first one once they are used up. Without draws each call is
    /// answered before the next one begins.
    pub(super) draws: Option<Vec<u8>>,
    under_way: Vec<UnderWay>,
    /// Every call that has begun, as method and path.
    pub(super) begun: Vec<String>,
    /// Most calls that were under way at once.
    pub(super) most: usize,
    /// The least urgent change that has begun in this pass.
    urgency: Option<Urgency>,
    /// Whether the API has asked for no more calls in this pass.
    is_blocked: bool,
    /// Whether all calls of this pass were answered.
    pub(super) is_well: bool,
}

struct UnderWay {
    number: CallNumber,
    call: Call,
    fate: Fate,
    /// Once it was carried out.
    reply: Option<Reply>,
}

impl Line {
    /// Calls side by side, in an order that is drawn.
    pub(super) fn drawn(draws: Vec<u8>) -> Self {
        Self { draws: Some(draws), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn begin_pass(&mut self) {
        (self.urgency, self.is_blocked, self.is_well) = (None, false, true);
    }

    pub(super) fn begin(&mut self, number: CallNumber, call: Call, fate: Fate) {
        self.is_well &= fate == Fate::Answered;
        self.begun.push(format!("{} {}", call.method.as_str(), call.path));
        self.under_way.push(UnderWay { number, call, fate, reply: None });
        self.most = self.most.max(self.under_way.len());
    }

    /// Whether a call under way goes on before the pass is asked what is next.
    pub(super) fn is_answered_first(&self) -> bool {
        let next = self.draws.as_ref().map(|draws| draws.last().copied().unwrap_or(0));
        !self.is_empty() && next.is_none_or(|draw| draw > 200)
    }

    pub(super) fn step_ms(&self) -> u64 {
        if self.draws.is_some() { 20 } else { 100 }
    }

    /// Carries a call out or, if it was, takes it out with its reply.
    pub(super) fn step(&mut self, account: &mut Account) -> Option<(CallNumber, Reply)> {
        let draw = self.draws.as_mut().and_then(Vec::pop).unwrap_or(0);
        let index = usize::from(draw) % self.under_way.len();
        let one = &mut self.under_way[index];
        if one.reply.is_none() {
            one.reply = Some(account.meet(&one.call, one.fate));
            return None;
        }
        let UnderWay { number, reply, .. } = self.under_way.remove(index);
        let reply = reply.unwrap();
        self.is_blocked |= matches!(reply, Reply::Answered { status: 429, .. });
        Some((number, reply))
    }

    /// No call begins after the API has asked for none, and no change before all that are more
    /// urgent.
    pub(super) fn check_begin(&mut self, call: &Call, urgency: Option<Urgency>) {
        assert!(!self.is_blocked, "{call:?} after a 429");
        assert!(self.urgency <= urgency, "{call:?} after {:?}", self.urgency);
        self.urgency = urgency;
    }

    /// The process ends: every second call that is under way is still carried out.
    pub(super) fn die(&mut self, account: &mut Account) {
        for (index, one) in std::mem::take(&mut self.under_way).into_iter().enumerate() {
            if one.reply.is_none() && index % 2 == 0 {
                account.meet(&one.call, one.fate);
            }
        }
    }
}
