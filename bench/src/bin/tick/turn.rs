//! What the Controller's object does with one request of a run, as `shell::controller` does it: the
//! request is read, the round taken in, what was learnt saved, and behind the reply alerts, hooks
//! and documents are looked at. Nothing is stored or sent; whatever is written counts as arrived.

use crate::world::{Found, TIMEOUT_MS};
use pointsman::controller::{Command, CommandReply, Controller, Document, Quota, Round};
use pointsman::health::{FailureKind, FailureReason, Verdict};
use pointsman::state::rows::RowChange;
use pointsman::tick::{Probe, ProbeResult, RoundReply, RoundRequest};
use pointsman::time::Timestamp;

/// What a request led to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Written {
    /// Rows put into storage.
    pub rows: u64,
    /// Their bytes.
    pub row_bytes: u64,
    /// Documents put into KV.
    pub documents: u64,
}

/// The object.
#[derive(Debug)]
pub struct Object {
    mind: Controller,
    config: String,
    written: Written,
}

impl Object {
    pub fn new(config: String) -> Self {
        Self { mind: Controller::default(), config, written: Written::default() }
    }

    /// What was written since this was last asked.
    pub fn take_written(&mut self) -> Written {
        std::mem::take(&mut self.written)
    }

    /// The request as a text, as it comes from the run.
    pub fn text(request: &RoundRequest) -> String {
        Command::Round(request.clone()).text()
    }

    /// The request of a text.
    pub fn read(text: &str) -> Option<RoundRequest> {
        match Command::parse(text) {
            Ok(Command::Round(request)) => Some(request),
            _ => None,
        }
    }

    /// The text of a reply.
    pub fn reply(reply: &RoundReply) -> String {
        CommandReply::Round(reply.clone()).text()
    }

    /// Takes a request in, and does what follows from it.
    pub fn round(&mut self, request: &RoundRequest) -> RoundReply {
        let now = request.now;
        if request.round == 0 {
            self.mind.offer_config(&self.config, now);
        }
        let Round { reply, .. } = self.mind.round(request);
        self.say_and_save();
        self.follow_up(now);
        reply
    }

    fn follow_up(&mut self, now: Timestamp) {
        let mut quota = self.mind.quota();
        self.deliver(&mut quota, now);
        self.call_hooks(&mut quota, now);
        let due = self.mind.due_documents(now);
        self.write(due.routes.as_slice(), now);
        drop(self.mind.begin_pass(quota, now));
        self.wake_later(now);
        for some in due.pages.chunks(6) {
            self.write(some, now);
        }
        self.mind.published(true, now);
        self.say_and_save();
        self.call_hooks(&mut quota, now);
        self.wake_later(now);
    }

    fn deliver(&mut self, quota: &mut Quota, now: Timestamp) {
        self.mind.recover_deliveries();
        drop(self.mind.begin_deliveries(quota, now));
        drop(self.mind.take_heartbeat(quota));
        drop(self.mind.take_export(quota, now));
        self.save();
        self.wake_later(now);
    }

    fn call_hooks(&mut self, quota: &mut Quota, now: Timestamp) {
        self.mind.recover_hooks();
        drop(self.mind.draw_hooks(quota, now));
        self.wake_later(now);
    }

    fn write(&mut self, documents: &[Document], now: Timestamp) {
        for document in documents {
            self.mind.writing(document, now);
        }
        for document in documents {
            self.mind.written(document, now);
        }
        self.written.documents += u64::try_from(documents.len()).unwrap_or_default();
    }

    fn wake_later(&self, now: Timestamp) {
        drop(self.mind.next_wake(now, false));
    }

    fn say_and_save(&mut self) {
        drop(self.mind.take_news());
        self.save();
    }

    fn save(&mut self) {
        let saving = self.mind.unsaved();
        for change in &saving.changes {
            if let RowChange::PutRow(row) = change {
                self.written.rows += 1;
                self.written.row_bytes += u64::try_from(row.value.len()).unwrap_or_default();
            }
        }
        self.mind.saved(saving);
    }
}

/// The probes of a reply with the wait before them; `None` where the run is over.
pub fn probes(reply: RoundReply) -> Option<(u64, Vec<Probe>)> {
    match reply {
        RoundReply::Probe { wait_ms, probes, .. } => Some((wait_ms, probes)),
        RoundReply::Done(_) => None,
    }
}

/// The first request of a run.
pub fn first(run: Timestamp) -> RoundRequest {
    RoundRequest::first(run, run)
}

/// The result of a probe that was begun at `began`.
pub fn result(probe: &Probe, found: Found, began: Timestamp) -> ProbeResult {
    let failed = |kind| Verdict::Fail { reason: FailureReason::of(kind) };
    let (verdict, took_ms) = match found {
        Found::Pass(latency_ms) => (Verdict::Pass { latency_ms, lag_s: None }, latency_ms),
        Found::Refused => (failed(FailureKind::TcpConnectionFailed), 1),
        Found::Silent => (failed(FailureKind::HttpTimeout), TIMEOUT_MS),
    };
    ProbeResult {
        target: probe.target.clone(),
        at: began.plus(took_ms),
        verdict,
        pushed_back_ms: None,
        took_ms,
        fields: Vec::new(),
    }
}

/// The origin of a probe.
pub fn origin(probe: &Probe) -> &str {
    probe.target.origin.as_str()
}
