//! An isolate counts what becomes of its requests, and tells the Controller with its questions.
//!
//! On the way of a request a count is a few additions: the counts of this minute lie with the
//! service and its regions. Once a minute they become lines, and data points if there is a dataset.

use super::counted::Counted;
use super::happenings::add_up;
use super::isolate::Isolate;
use super::progress::AskReason;
use super::service::SeenService;
use super::token::Token;
use super::try_end::{STATUS_MAX, TryEnd};
use crate::geo::Within;
use crate::http::{says_unreachable, says_unsent};
use crate::ids::{RegionId, ServiceId};
use crate::time::{Millis, Timestamp};
use crate::traffic::{Ended, LINES_MAX, Line, Report, Requests, Sum};

impl Isolate {
    /// What to tell the Controller with this question; `None` where nothing was counted. `chance`
    /// is any number: the first one names this isolate.
    pub fn traffic_report(&mut self, chance: u64, now: Timestamp) -> Option<Report> {
        self.turn_minute(now);
        self.end_minute();
        let counted = &mut self.counted;
        let has_news = !counted.lines.is_empty() || !counted.happened.is_empty();
        if counted.sent.is_none() && has_news {
            let isolate = counted.isolate.get_or_insert_with(|| format!("{chance:x}")).clone();
            counted.number += 1;
            let lines = std::mem::take(&mut counted.lines);
            let area = counted.country.take().and_then(|country| country.area(Within::default()));
            let (number, happened) = (counted.number, std::mem::take(&mut counted.happened));
            counted.sent = Some(Report { isolate, number, area, lines, happened });
        }
        counted.sent.clone()
    }

    /// Notes that the Controller has what it was told.
    pub(super) fn traffic_is_told(&mut self) {
        self.counted.sent = None;
    }

    /// Counts a try at a region. Returns how it ended, unless that says nothing of the region.
    pub(super) fn count_try(
        &mut self,
        (service, token): (usize, Token),
        end: TryEnd,
        took_ms: Millis,
    ) -> Option<Ended> {
        let ended = ended(end)?;
        let mine = self.services.get_mut(service)?;
        if let Some(counts) = mine.counts_of(token) {
            counts.note(ended, took_ms);
        }
        Some(ended)
    }

    /// Counts an answer to a client: the service's own, or a refusal of ours.
    pub(super) fn count_answer(&mut self, service: usize, ended: Ended, took_ms: Millis) {
        if let Some(mine) = self.services.get_mut(service) {
            mine.answers.note(ended, took_ms);
        }
    }

    /// Takes back that an answer was well: its body broke off.
    pub(super) fn count_lost_body(&mut self, service: usize, token: Token) {
        let Some(mine) = self.services.get_mut(service) else { return };
        mine.answers.lose();
        mine.counts_of(token).into_iter().for_each(Requests::lose);
    }

    /// Begins the minute of `now`, if it has begun.
    pub(super) fn turn_minute(&mut self, now: Timestamp) {
        let minute = now.minute();
        if self.counted.minute != minute {
            self.end_minute();
            self.counted.minute = minute;
        }
    }

    /// Makes lines of what was counted.
    pub(super) fn end_minute(&mut self) {
        let Counted { minute, lines, happened, points, without_service, .. } = &mut self.counted;
        let (before, mut given) = (lines.len(), Vec::new());
        without_service.give(None, &mut given);
        for service in &mut self.services {
            service.happenings.give(Some(&service.id), &mut given);
            service.give_counts(|service, region, requests| {
                lines.push(Line::of(*minute, (service.clone(), region.cloned()), requests));
            });
        }
        if let Some(points) = points {
            points.add_lines(lines.get(before..).unwrap_or_default());
            points.add_happened(&given, *minute);
        }
        add_up(given, happened);
        let excess = lines.len().saturating_sub(LINES_MAX);
        lines.drain(..excess);
    }
}

impl SeenService {
    fn counts_of(&mut self, token: Token) -> Option<&mut Requests> {
        let region = self.regions.iter_mut().find(|region| region.number == token.region)?;
        Some(&mut region.tries)
    }

    fn give_counts(&mut self, mut give: impl FnMut(&ServiceId, Option<&RegionId>, Requests)) {
        let mut taken = |requests: &mut Requests, region: Option<&RegionId>| {
            let requests = std::mem::take(requests);
            if !requests.is_empty() {
                give(&self.id, region, requests);
            }
        };
        taken(&mut self.answers, None);
        for known in &mut self.regions {
            taken(&mut known.tries, Some(&known.id));
        }
    }
}

/// How a try ended, as far as the region is concerned. What the edge says of an origin that gave no
/// answer is no answer.
fn ended(end: TryEnd) -> Option<Ended> {
    match end {
        TryEnd::Answered { status, .. } => Some(of_status(status)),
        TryEnd::Unreachable | TryEnd::TimedOut | TryEnd::Unsent => Some(Ended::Unanswered),
        // The request or its client failed, not the region.
        TryEnd::Invalid | TryEnd::ClientSilent => None,
    }
}

fn of_status(status: u16) -> Ended {
    match status {
        520 | 524 => Ended::Unanswered,
        status if says_unsent(status) || says_unreachable(status) => Ended::Unanswered,
        500..=STATUS_MAX => Ended::Badly,
        600.. => Ended::Unanswered,
        _ => Ended::Well,
    }
}

/// How a request ends for its client that gets this of a try that is to be followed by no other;
/// `None` where it has not ended.
pub(super) fn relayed(reason: AskReason) -> Option<Ended> {
    match reason {
        AskReason::Failed => Some(Ended::Badly),
        AskReason::PushedBack | AskReason::Misdirected => Some(Ended::Well),
        _ => None,
    }
}

/// How a request ends for its client that gets this status from us.
pub(super) fn refused(status: u16) -> Ended {
    if status >= 500 { Ended::Unanswered } else { Ended::Well }
}
