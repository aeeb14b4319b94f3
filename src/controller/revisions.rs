//! Configs that people put into force, and those that were in use before.
//!
//! A config comes into use in two ways: somebody edits the key `config` in KV, or somebody pushes
//! it here. Each becomes a revision. A pushed one is in use at once and is then written to KV,
//! again and again until it arrives. KV shows a write late: what it had before must not bring the
//! old config back. [`Configs::is_late_view`] says when what KV shows does not count.

use super::writing::Document;
use super::{Controller, table_too_large};
use crate::config::{self, Config, Diagnostics};
use crate::documents::{ConfigStatus, HistoryAnswer, Metadata, RevisionAnswer};
use crate::fingerprint::Fingerprint;
use crate::journal::{Actor, Event, EventKind};
use crate::json;
use crate::order::{Act, ActRefusal, ActRequest, Acted, RefusalCode};
use crate::state::configs::{LATE_VIEW_MS, Pushed, Revision, TEXTS_BYTES_MAX, TEXTS_MAX};
use crate::state::rows::{Kind, Row, RowChange};
use crate::time::Timestamp;

#[cfg(doc)]
use crate::state::configs::Configs;

/// Most problems of a config that a refusal names.
const PROBLEMS_MAX: usize = 5;

/// Who put a config into force, and why.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'b> {
    pub(super) who: &'b Actor,
    pub(super) why: Option<&'b str>,
}

/// The config of a text. Errors: all that is wrong with it.
pub(super) fn sound(text: &str) -> Result<Config, Diagnostics> {
    let config = Config::parse(text)?;
    match table_too_large(&config) {
        None => Ok(config),
        Some(problem) => Err(problem.into()),
    }
}

impl Controller {
    /// Puts a pushed or an earlier config into force.
    pub(super) fn put_config(
        &mut self,
        request: &ActRequest,
        now: Timestamp,
    ) -> Result<Acted, ActRefusal> {
        self.note_revision(now);
        if request.from.is_some() || request.until.is_some() {
            let problem = "a config comes into force at once and for good: leave out the times";
            return Err(ActRefusal::new(RefusalCode::Invalid, problem));
        }
        let text = match &request.act {
            Act::PushConfig { text, base } => {
                self.check_base(*base)?;
                text.clone()
            }
            Act::RollBack { revision } => self.text_of(*revision)?,
            _ => return Err(ActRefusal::new(RefusalCode::Invalid, "no config is named")),
        };
        let config = sound(&text).map_err(refusal)?;
        let acted = self.what_it_changes(&config, request);
        if !request.is_dry && !acted.changes.is_empty() {
            self.push(config, &text, request, now);
        }
        Ok(acted)
    }

    fn push(&mut self, config: Config, text: &str, request: &ActRequest, now: Timestamp) {
        let fingerprint = config.fingerprint;
        let refused = self.state.refused.as_ref().map(|refused| refused.fingerprint);
        let by = By { who: &request.who, why: Some(&request.reason) };
        self.take_config(config, text, by, now);
        self.state.configs.pushed = Some(Pushed { fingerprint, at: now, arrived: None, refused });
        // Whatever KV shows next has to be looked at.
        self.offered = None;
    }

    fn what_it_changes(&self, config: &Config, request: &ActRequest) -> Acted {
        let to = match &request.act {
            Act::RollBack { revision } => format!("{} (revision {revision})", config.fingerprint),
            _ => config.fingerprint.to_string(),
        };
        let in_use = self.config.as_ref().map(|config| config.fingerprint);
        let is_same = in_use == Some(config.fingerprint);
        let mut acted = Acted { is_dry: request.is_dry, ..Acted::default() };
        match in_use {
            None => acted.changes.push(format!("the config {to} comes into use, the first one")),
            Some(in_use) if !is_same => {
                acted.changes.push(format!("the config {to} comes into use in place of {in_use}"));
            }
            Some(_) => acted.notes.push(format!("the config {to} is in use already")),
        }
        if let Some(refused) = self.state.refused.as_ref().filter(|_| is_same) {
            let refused = refused.fingerprint;
            acted.changes.push(format!("KV gets it in place of {refused}, which is refused"));
        }
        if !acted.changes.is_empty() {
            acted.notes.push("it is written to the KV key `config` behind that".to_owned());
        }
        acted
    }

    /// Whether a config was made from the one in use. Errors: it was not.
    fn check_base(&self, base: Option<Fingerprint>) -> Result<(), ActRefusal> {
        let Some(config) = &self.config else { return Ok(()) };
        if base == Some(config.fingerprint) {
            return Ok(());
        }
        let in_use = self.in_use();
        let problem = match base {
            Some(base) => format!(
                "it was made from the config {base}, and {in_use} is in use now: make it from that"
            ),
            None => format!("`base` is missing: it names the config in use, which is {in_use}"),
        };
        Err(ActRefusal::conflict(problem))
    }

    fn in_use(&self) -> String {
        match self.state.configs.in_use() {
            Some(Revision { number, fingerprint, at, who, .. }) => {
                format!("{fingerprint} (revision {number}, by {who} at {at})")
            }
            None => "none".to_owned(),
        }
    }

    fn text_of(&self, number: u64) -> Result<String, ActRefusal> {
        if self.state.configs.revision(number).is_none() {
            let problem = format!("there is no revision {number} of the config");
            return Err(ActRefusal::not_found(problem));
        }
        self.texts.get(&number).cloned().ok_or_else(|| {
            let kept: Vec<String> = self.texts.keys().map(ToString::to_string).collect();
            let kept = if kept.is_empty() { "none".to_owned() } else { kept.join(", ") };
            let problem =
                format!("the text of revision {number} is not kept any more; kept: {kept}");
            ActRefusal::not_found(problem)
        })
    }

    /// Takes a sound config into use.
    pub(super) fn take_config(&mut self, config: Config, text: &str, by: By<'_>, now: Timestamp) {
        self.state.follow(&config);
        let fingerprint = config.fingerprint;
        self.config = Some(config);
        self.has_large_table = false;
        self.state.refused = None;
        self.keep_config(text);
        let number = self.revise(fingerprint, by, now);
        let text = format!("a new config is in use: {fingerprint}, revision {number}");
        let event = Event::new(EventKind::ConfigTaken, text, now).by(by.who.clone());
        self.news.tell(match by.why {
            Some(why) => event.because(why.to_owned()),
            None => event,
        });
    }

    /// Notes the config in use as a revision, if it is none or without its text: a build without
    /// revisions took it, or the rows are lost.
    pub(super) fn note_revision(&mut self, now: Timestamp) {
        let Some(config) = &self.config else { return };
        let fingerprint = config.fingerprint;
        let noted = self.state.configs.in_use().filter(|it| it.fingerprint == fingerprint);
        if noted.is_none_or(|it| !self.texts.contains_key(&it.number)) {
            self.revise(fingerprint, By { who: &Actor::config(), why: None }, now);
        }
    }

    /// Makes a revision of the config in use, and returns its number. One that is the last revision
    /// already, as after the memory was lost, is none.
    fn revise(&mut self, fingerprint: Fingerprint, by: By<'_>, now: Timestamp) -> u64 {
        let text = self.text.clone().unwrap_or_default();
        let configs = &mut self.state.configs;
        let same = configs.in_use().filter(|last| last.fingerprint == fingerprint);
        let number = same.map(|last| last.number);
        let number = number.unwrap_or_else(|| {
            let (who, why) = (by.who.clone(), by.why.map(str::to_owned));
            let bytes = text.len();
            configs.add(Revision { number: 0, fingerprint, at: now, who, why, bytes })
        });
        if !text.is_empty() {
            let (kind, id) = (Kind::ConfigText.as_str().to_owned(), text_id(number));
            self.unsaved.push(RowChange::PutRow(Row { kind, id, value: text.clone() }));
            self.texts.insert(number, text);
            self.shed_texts();
        }
        number
    }

    /// Forgets the oldest texts that are too many, or too much.
    fn shed_texts(&mut self) {
        let mut bytes: usize = self.texts.values().map(String::len).sum();
        let mut count = self.texts.len();
        let numbers: Vec<u64> = self.texts.keys().copied().collect();
        for number in numbers {
            if count <= 1 || (count <= TEXTS_MAX && bytes <= TEXTS_BYTES_MAX) {
                return;
            }
            let text = self.texts.remove(&number).unwrap_or_default();
            (count, bytes) = (count.saturating_sub(1), bytes.saturating_sub(text.len()));
            self.unsaved.push(RowChange::delete(Kind::ConfigText, text_id(number)));
        }
    }

    /// Notes that KV shows this config. Returns whether that is a late view, which does not count.
    pub(super) fn is_late_view(&self, shown: Fingerprint, now: Timestamp) -> bool {
        self.config.is_some() && self.state.configs.is_late_view(shown, now)
    }

    /// The text of the config that was put into force here and that KV does not have.
    fn config_due(&self) -> Option<&str> {
        let pushed = self.state.configs.pushed.as_ref().filter(|it| it.arrived.is_none())?;
        let config = self.config.as_ref()?;
        self.text.as_deref().filter(|_| config.fingerprint == pushed.fingerprint)
    }

    /// Whether KV does not have it.
    pub(super) fn has_config_due(&self) -> bool {
        self.config_due().is_some() && self.state.configs.in_use().is_some()
    }

    /// The pushed config, as long as it has not arrived in KV.
    pub(super) fn config_document(&self, now: Timestamp) -> Option<Document> {
        let text = self.config_due()?.to_owned();
        let Revision { number, fingerprint, at, who, .. } = self.state.configs.in_use()?;
        let summary = format!("revision {number}: {fingerprint}, put into force by {who} at {at}");
        let metadata = Metadata::new(now, summary);
        Some(Document::whole(config::KEY.to_owned(), text, metadata, *fingerprint))
    }

    /// Notes that a config has arrived in KV. Returns whether the document is one.
    pub(super) fn config_arrived(
        &mut self,
        key: &str,
        substance: Fingerprint,
        now: Timestamp,
    ) -> bool {
        if key != config::KEY {
            return false;
        }
        let pushed = self.state.configs.pushed.as_mut();
        if let Some(pushed) = pushed.filter(|pushed| pushed.fingerprint == substance) {
            pushed.arrived = Some(now);
        }
        true
    }

    /// What KV may still show, for people; absent where it shows the config in use.
    pub(super) fn kv_config(&self) -> Option<String> {
        let Pushed { fingerprint, arrived, .. } = self.state.configs.pushed.as_ref()?;
        Some(match arrived {
            None => format!("{fingerprint} is on its way to KV; an older one there is not taken"),
            Some(at) => {
                let until = at.plus(LATE_VIEW_MS);
                format!("{fingerprint} has arrived; until {until} an older one is not taken")
            }
        })
    }

    /// What the status says of configs.
    pub(super) fn config_status(&self) -> ConfigStatus {
        let in_use = self.config.as_ref().map(|config| config.fingerprint);
        let revision = self.state.configs.in_use().filter(|it| Some(it.fingerprint) == in_use);
        ConfigStatus {
            in_use,
            refused: self.state.refused.clone(),
            revision: revision.map(|revision| revision.number),
            kv: self.kv_config(),
        }
    }

    /// The configs that were in use.
    #[must_use]
    pub fn config_history(&self) -> HistoryAnswer {
        let configs = &self.state.configs;
        let revisions = configs.revisions.iter().rev();
        HistoryAnswer {
            in_use: configs.in_use().map(|it| it.number).filter(|_| self.config.is_some()),
            kv: self.kv_config(),
            revisions: revisions.map(|it| self.told(it)).collect(),
        }
    }

    /// One config, or the one in use.
    pub(super) fn config_page(&self, number: Option<u64>) -> Option<String> {
        let configs = &self.state.configs;
        let revision = match number {
            Some(number) => configs.revision(number)?,
            None => self.config.as_ref().and_then(|_| configs.in_use())?,
        };
        let text = self.texts.get(&revision.number).cloned();
        Some(json::write_pretty(&RevisionAnswer { text, ..self.told(revision) }))
    }

    fn told(&self, revision: &Revision) -> RevisionAnswer {
        let Revision { number, fingerprint, at, who, why, bytes } = revision.clone();
        let has_text = self.texts.contains_key(&number);
        RevisionAnswer { revision: number, fingerprint, at, who, why, bytes, has_text, text: None }
    }
}

/// Rows are sorted by their ids.
fn text_id(number: u64) -> String {
    format!("{number:020}")
}

/// The number of a text's row.
pub(super) fn text_number(id: &str) -> Option<u64> {
    id.parse().ok()
}

fn refusal(found: Diagnostics) -> ActRefusal {
    let total = found.total();
    let mut causes: Vec<String> =
        found.into_iter().take(PROBLEMS_MAX).map(|cause| cause.to_string()).collect();
    if let Some(more @ 1..) = total.checked_sub(causes.len()) {
        causes.push(format!("and {more} more"));
    }
    let causes = causes.join(" | ");
    ActRefusal::new(RefusalCode::Invalid, format!("the config is not valid: {causes}"))
}

#[cfg(test)]
mod tests;
