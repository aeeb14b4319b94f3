//! A person takes a record back that another owner touched.
//!
//! It ends our patience with ourselves: what was set right too often within the hour is set right
//! now. A record that lost its marker gets it back, and one that we do not know is made ours if it
//! is the only one of its name and type without a marker. What is marked for another owner stays
//! another's.

use super::Controller;
use crate::cloudflare::{DesiredRecords, desired};
use crate::journal::{Event, EventKind};
use crate::order::{ActRefusal, ActRequest, Acted, Orders, RefusalCode};
use crate::ordered::Set;
use crate::owned::OwnedRecord;
use crate::time::Timestamp;

impl Controller {
    /// Takes a record set back, such as `files.example.com A`: the next pass, which begins at once,
    /// writes what is said here. Errors: no service publishes it.
    pub(super) fn take_back(
        &mut self,
        request: &ActRequest,
        record: &str,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        let (wanted, set) = self.named(record, now)?;
        let changes = self.changes_to(&wanted);
        let notes = self.notes_on(&wanted, now);
        if !request.is_dry {
            self.state.actuation.take_backs.insert(set.clone(), now);
            self.compare_soon();
            // Whatever else there is to do or not: a pass begins.
            self.state.actuation.settled = None;
            let text = format!("take back {}", changes.join("; "));
            let event = Event::new(EventKind::Acted, text, now).by(request.who.clone());
            let event = event.because(request.reason.clone());
            self.news.tell(event.about(Some(&wanted.service), None));
        }
        Ok(Acted { order: None, changes, notes, is_dry: request.is_dry })
    }

    /// The record set that a person names, in any case and with or without the final dot.
    fn named(&self, record: &str, now: Timestamp) -> Result<(DesiredRecords, String), ActRefusal> {
        let mut words = record.split_whitespace();
        let (Some(name), Some(kind), None) = (words.next(), words.next(), words.next()) else {
            let problem = "name the record with its type, such as `api.example.com A`";
            return Err(ActRefusal::new(RefusalCode::Invalid, problem));
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let kind = kind.to_ascii_uppercase();
        let all = self.view(now).map(|view| desired(&view).records).unwrap_or_default();
        let names: Vec<String> = all.iter().map(DesiredRecords::set).collect();
        let is_it = |wanted: &DesiredRecords| wanted.name == name && wanted.kind.as_str() == kind;
        if let Some(wanted) = all.into_iter().find(is_it) {
            let set = wanted.set();
            return Ok((wanted, set));
        }
        let known = match names.as_slice() {
            [] => "no service publishes a record".to_owned(),
            names => format!("published are {}", names.join(", ")),
        };
        let problem = format!("no service publishes `{name} {kind}`; {known}");
        Err(ActRefusal::not_found(problem))
    }

    /// What taking it back writes, as far as it is known before the account is read.
    fn changes_to(&self, wanted: &DesiredRecords) -> Vec<String> {
        let set = wanted.set();
        let owned = self.state.actuation.owned.iter();
        let of_set: Vec<(&String, &OwnedRecord)> =
            owned.filter(|(_, note)| wanted.has(note)).collect();
        let known = of_set.iter();
        let mut changes: Vec<String> =
            known.filter_map(|(id, note)| change_to(wanted, id, note)).collect();
        if of_set.is_empty() {
            changes.push(format!(
                "{set}: the only record of this name and type without a marker becomes ours: it \
                 gets the comment `pointsman:{}`{}",
                wanted.service,
                said(wanted).map(|said| format!(" and says {said}")).unwrap_or_default()
            ));
        }
        if changes.is_empty() {
            changes.push(format!(
                "{set}: nothing is known to be wrong; it is read now, and set right if it is"
            ));
        }
        changes
    }

    fn notes_on(&self, wanted: &DesiredRecords, now: Timestamp) -> Vec<String> {
        let mut notes = vec![
            "records of others, and those marked for another owner, are not touched".to_owned(),
            "it begins at once; `status` and the log say when it is done".to_owned(),
        ];
        let guards = self.config.as_ref().map(|config| config.guards);
        let by_order = Orders::new(&self.state.orders, now).halt(Some(&wanted.service)).is_some();
        if by_order || guards.is_some_and(|guards| guards.halted) {
            notes.push("its changes are halted, so it waits until that is lifted".to_owned());
        }
        if wanted.manual {
            notes.push(
                "a person moves what this record says; only its marker and TTL are set \
                        right"
                    .to_owned(),
            );
        }
        notes
    }
}

/// What a failover set should say; a set of members says what is up.
fn said(wanted: &DesiredRecords) -> Option<String> {
    let (_, contents): &(_, Set<String>) = wanted.answer.as_ref()?;
    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
    Some(format!("`{}`", contents.join("`, `")))
}

/// What becomes of one record that we know; `None` if it is as we left it.
fn change_to(wanted: &DesiredRecords, id: &str, note: &OwnedRecord) -> Option<String> {
    let set = wanted.set();
    if note.gone.is_some_and(|gone| !gone.by_us) {
        return Some(format!("{set}: record `{id}` is gone; `{}` is made anew", note.ours.content));
    }
    let theirs = &note.theirs.as_ref()?.value;
    let mut to = Vec::new();
    if theirs.comment != note.ours.comment {
        to.push(format!("comment `{}` to `{}`", theirs.comment, note.ours.comment));
    }
    if theirs.content != note.ours.content {
        let now = said(wanted).unwrap_or_else(|| format!("`{}`", note.ours.content));
        to.push(format!("content `{}` to {now}", theirs.content));
    }
    let ttl_s = wanted.ttl_s_where(theirs.proxied);
    if theirs.ttl_s != ttl_s {
        to.push(format!("TTL {} s to {ttl_s} s", theirs.ttl_s));
    }
    Some(format!("{set}: record `{id}`: {}", to.join(", ")))
}

#[cfg(test)]
mod tests;
