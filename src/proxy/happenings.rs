//! What an isolate counts beside how requests end: which way regions are chosen, refusals, further
//! tries, breakers.
//!
//! On the way of a request a count is a search in a short list. Once a minute the lists of all
//! services are added up for the next report.

use crate::ids::ServiceId;
use crate::traffic::{HAPPENED_MAX, Happened, What};
use std::borrow::Cow;

/// To what something happened, or how; empty where there is nothing to tell apart.
pub(super) type Of = Cow<'static, str>;

/// Counts of one service, or of requests that have none.
#[derive(Debug, Default)]
pub(super) struct Happenings(Vec<(What, Of, u64)>);

impl Happenings {
    pub(super) fn note(&mut self, what: What, of: Of) {
        match self.0.iter_mut().find(|known| known.0 == what && known.1 == of) {
            Some(known) => known.2 = known.2.saturating_add(1),
            None => self.0.push((what, of, 1)),
        }
    }

    /// Gives them away, and begins anew.
    pub(super) fn give(&mut self, service: Option<&ServiceId>, given: &mut Vec<Happened>) {
        for (what, of, count) in self.0.drain(..) {
            let of = Some(of.into_owned()).filter(|of| !of.is_empty());
            given.push(Happened { what, service: service.cloned(), of, count });
        }
    }
}

/// Adds what was given to what will be told. Beyond [`HAPPENED_MAX`] nothing new is told.
pub(super) fn add_up(given: Vec<Happened>, told: &mut Vec<Happened>) {
    for given in given {
        let is_it = |known: &&mut Happened| {
            (known.what, &known.service, &known.of) == (given.what, &given.service, &given.of)
        };
        if let Some(known) = told.iter_mut().find(is_it) {
            known.count = known.count.saturating_add(given.count);
        } else if told.len() < HAPPENED_MAX {
            told.push(given);
        }
    }
}
