//! A service with a primary, its operator's hooks and databases, and storage that survives crashes.

use crate::controller::memory::tests::Storage;
use crate::controller::{Controller, HOOKS_AT_ONCE_MAX, Offered};
use crate::health::{Field, Verdict};
use crate::ids::{RegionId, ServiceId};
use crate::journal::Role;
use crate::order::{Act, ActReply, ActRequest};
use crate::outgoing::Outcome;
use crate::recovery::{HookCall, Plan, Recovery, Stage};
use crate::routes;
use crate::testing::{fail, operator};
use crate::tick::{Probe, ProbeResult, RoundReply, RoundRequest};
use crate::time::{MINUTE, SECOND, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

pub(super) fn service() -> ServiceId {
    ServiceId::parse("orders").unwrap()
}

pub(super) fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

/// Three regions, of which `eu-west` takes the writes.
pub(super) fn config() -> Value {
    let region = |host: &str| {
        let url = format!("https://{host}.example.com");
        json!({"country": "IE", "origins": [{"id": format!("{host}-1"), "url": url}]})
    };
    let hook = |step: &str| format!("https://ops.example.net/{step}");
    json!({
        "version": 1,
        "regions": {"eu-west": region("eu"), "us-east": region("us"), "sa-east": region("br")},
        "monitors": {"db": {
            "path": "/health", "interval_s": 15, "timeout_ms": 1000,
            "expect": {"json": {"/replication_lag_s": {"max": 300}}},
        }},
        "observer": {"controls": []},
        "services": {"orders": {
            "hosts": ["orders.example.com"],
            "monitor": "db",
            "regions": ["eu-west", "us-east", "sa-east"],
            "writes": "primary",
            "failover": {"promote": {
                "url": hook("promote"),
                "contact_age_pointer": "/contact_age_s",
                "fence": {"url": hook("fence")},
            }},
        }},
    })
}

/// What the operator runs: databases, and the hooks before them.
#[derive(Debug, Default)]
pub(super) struct Operator {
    /// The databases that take writes.
    pub(super) writers: BTreeSet<String>,
    highest: u64,
    /// All calls that arrived: epoch, step and id.
    pub(super) calls: Vec<(u64, String, String)>,
    /// What was done, once each.
    pub(super) done: Vec<(u64, String)>,
    /// What is answered next to a step, in place of doing it; 0 is no answer.
    pub(super) says: BTreeMap<String, VecDeque<u16>>,
    /// Whether the next answers are lost on their way.
    pub(super) loses: u32,
    /// What dry calls are answered that would not work, by step.
    pub(super) dry_says: BTreeMap<String, u16>,
    /// The dry calls that arrived: step and region.
    pub(super) dry_calls: Vec<(String, String)>,
}

impl Operator {
    fn answer(&mut self, call: &HookCall) -> Outcome {
        let (epoch, step) = (call.body.epoch, call.body.step.clone());
        if call.body.is_dry {
            let to = call.body.to.as_ref().map(ToString::to_string).unwrap_or_default();
            self.dry_calls.push((step.clone(), to));
            assert!(epoch > self.highest, "a dry call has the epoch of the next plan");
            return answered(self.dry_says.get(&step).copied().unwrap_or(200));
        }
        self.calls.push((epoch, step.clone(), call.id()));
        if let Some(status) = self.says.get_mut(&step).and_then(VecDeque::pop_front) {
            return answered(status);
        }
        if epoch < self.highest {
            return answered(409);
        }
        self.highest = epoch;
        if !self.done.contains(&(epoch, step.clone())) {
            self.done.push((epoch, step.clone()));
        }
        match (step.as_str(), &call.body.from, &call.body.to) {
            ("fence", Some(from), _) => drop(self.writers.remove(from.as_str())),
            ("promote", _, Some(to)) => drop(self.writers.insert(to.to_string())),
            _ => {}
        }
        if self.loses > 0 {
            self.loses -= 1;
            return answered(0);
        }
        answered(200)
    }
}

fn answered(status: u16) -> Outcome {
    match status {
        0 => Outcome::NoConnection,
        status => Outcome::Answered { status, retry_after_ms: None, said: String::new() },
    }
}

pub(super) struct World {
    pub(super) controller: Controller,
    storage: Storage,
    pub(super) now: u64,
    /// Origins whose probes fail.
    pub(super) down: Vec<&'static str>,
    /// Origins whose documents have no figures.
    pub(super) mute: Vec<&'static str>,
    pub(super) operator: Operator,
    /// After how many saves the Controller dies, before it does anything else.
    pub(super) dies_after: Option<u32>,
    /// How often it died.
    pub(super) deaths: u32,
}

impl World {
    /// A world in which all is well, and has been for some minutes.
    pub(super) fn settled() -> World {
        World::settled_with(&config())
    }

    pub(super) fn settled_with(config: &Value) -> World {
        let mut controller = Controller::default();
        let start = Timestamp::from_millis(1_000 * MINUTE);
        assert_eq!(controller.offer_config(&config.to_string(), start), Offered::Taken);
        let operator = Operator { writers: ["eu-west".to_owned()].into(), ..Operator::default() };
        let mut world = World {
            controller,
            storage: Storage::default(),
            now: start.millis(),
            down: Vec::new(),
            mute: Vec::new(),
            operator,
            dies_after: None,
            deaths: 0,
        };
        world.minutes(3);
        assert_eq!(world.stage(), Stage::Normal);
        world
    }

    pub(super) fn at(&self) -> Timestamp {
        Timestamp::from_millis(self.now)
    }

    /// Makes the runs of some minutes.
    pub(super) fn minutes(&mut self, count: u32) {
        for _ in 0..count {
            self.minute();
        }
    }

    fn minute(&mut self) {
        let run = Timestamp::from_millis(self.now.next_multiple_of(MINUTE));
        self.pass_until(run.millis());
        let now = self.at();
        let mut request = RoundRequest::first(run, now);
        loop {
            let reply = self.controller.round(&request).reply;
            if !self.save() {
                // The run goes on with the next Controller, as the cron run does.
                continue;
            }
            self.work();
            let RoundReply::Probe { wait_ms, probes, .. } = reply else { return };
            self.pass_until(request.now.plus(wait_ms).millis() + 10);
            request.results = probes.iter().map(|probe| self.probed(probe)).collect();
            request.round += 1;
            request.now = self.at();
        }
    }

    fn probed(&self, probe: &Probe) -> ProbeResult {
        let origin = probe.target.origin.as_str();
        let is_down = self.down.contains(&origin);
        let is_mute = self.mute.contains(&origin);
        let field = |pointer: &String| {
            let number = u64::from(pointer.contains("contact"));
            let field = if is_mute { Field::Missing {} } else { Field::Number(number.into()) };
            (pointer.clone(), field)
        };
        let fields = if is_down { Vec::new() } else { probe.fields.iter().map(field).collect() };
        let lag_s = (!is_mute).then_some(0);
        let verdict = if is_down { fail() } else { Verdict::Pass { latency_ms: 20, lag_s } };
        let (target, at) = (probe.target.clone(), self.at());
        ProbeResult { target, at, verdict, pushed_back_ms: None, took_ms: 10, fields }
    }

    /// Lets time pass, with the alarms that ring meanwhile.
    pub(super) fn pass(&mut self, ms: u64) {
        self.pass_until(self.now + ms);
    }

    fn pass_until(&mut self, end: u64) {
        while let Some(wake) = self.controller.next_wake_with_cron(self.at(), false) {
            let at = wake.at.millis().max(self.now + 1);
            if at > end {
                break;
            }
            self.now = at;
            self.ring();
        }
        self.now = self.now.max(end);
    }

    pub(super) fn ring(&mut self) {
        self.controller.settle(self.at());
        if self.save() {
            self.work();
        }
    }

    /// Publishes and calls, as the lanes do, until nothing is due.
    fn work(&mut self) {
        self.controller.recover_hooks();
        loop {
            self.publish();
            let calls = self.controller.begin_hooks(HOOKS_AT_ONCE_MAX, self.at());
            if calls.is_empty() || !self.save() {
                return;
            }
            for call in calls {
                let outcome = self.operator.answer(&call);
                self.controller.end_hook(&call, &outcome, self.at());
                if !self.save() {
                    return;
                }
            }
        }
    }

    fn publish(&mut self) {
        let due = self.controller.due_documents(self.at());
        for document in due.routes.into_iter().chain(due.pages) {
            self.controller.writing(&document, self.at());
            self.controller.written(&document, self.at());
        }
        self.controller.published(true, self.at());
        self.save();
    }

    /// Saves what there is to save. Returns whether the Controller lives on; if not, its heir is
    /// there.
    fn save(&mut self) -> bool {
        if self.dies_after == Some(0) {
            // It died before it could save.
            self.dies_after = None;
            self.crash();
            return false;
        }
        self.storage.save(&mut self.controller);
        self.dies_after = self.dies_after.map(|saves| saves - 1);
        true
    }

    /// Everything that is not saved is lost.
    pub(super) fn crash(&mut self) {
        self.controller = Controller::remember(self.storage.memory(), None).0;
        self.deaths += 1;
    }

    pub(super) fn act(&mut self, act: Act, role: Role) -> ActReply {
        let request = ActRequest {
            act,
            who: operator("ann"),
            reason: "a test".to_owned(),
            from: None,
            until: None,
            is_dry: false,
            key: None,
            role,
        };
        let reply = self.controller.act(&request, self.at());
        if self.save() {
            self.work();
        }
        reply
    }

    /// The same, where it must be done.
    pub(super) fn done(&mut self, act: Act) -> Vec<String> {
        let what = act.to_string();
        match self.act(act, Role::Operator) {
            ActReply::Done(acted) => acted.changes,
            ActReply::Refused(why) => panic!("{what}: {}", why.problem),
        }
    }

    pub(super) fn refused(&mut self, act: Act, role: Role) -> String {
        let what = act.to_string();
        match self.act(act, role) {
            ActReply::Refused(why) => why.problem,
            ActReply::Done(acted) => panic!("{what}: {acted:?}"),
        }
    }

    pub(super) fn recovery(&self) -> Recovery {
        self.controller.state().recoveries.get(&service()).cloned().unwrap_or_default()
    }

    pub(super) fn plan(&self) -> Plan {
        self.recovery().plan.expect("there is a plan")
    }

    pub(super) fn stage(&self) -> Stage {
        self.recovery().stage
    }

    /// The steps whose hooks were called, in order, without repetitions in a row.
    pub(super) fn called(&self) -> Vec<&str> {
        let mut steps: Vec<&str> = self.operator.calls.iter().map(|call| call.1.as_str()).collect();
        steps.dedup();
        steps
    }

    /// The region that gets writes by the table, if one does.
    pub(super) fn write_target(&self) -> Option<String> {
        let table = self.controller.table_document(self.at()).unwrap().text;
        let table: Value = serde_json::from_str(&table).unwrap();
        let service = &table["services"]["orders"];
        let steering = &service["steering"];
        if steering["no_writer"] == true {
            return None;
        }
        let primary = steering["primary"].as_str().unwrap().to_owned();
        let all = service["regions"].as_array().unwrap();
        let entry = all.iter().find(|entry| entry["id"] == primary.as_str()).unwrap();
        (entry["health"] != "down").then_some(primary)
    }

    /// The epoch that origins are told.
    pub(super) fn told_epoch(&self) -> u64 {
        let text = self.controller.table_document(self.at()).unwrap().text;
        let table = routes::Table::parse(&text).unwrap();
        table.service("orders.example.com").unwrap().epoch.unwrap_or(table.generation)
    }

    /// What the log has to say of this kind since the last time.
    pub(super) fn told(&mut self, kind: &str) -> Vec<String> {
        let lines = self.controller.take_news();
        let lines = lines.iter().map(|line| serde_json::from_str::<Value>(&line.text).unwrap());
        let of = lines.filter(|line| line["event"] == kind);
        of.map(|line| line["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Enough time for any step but those that wait for a person.
    pub(super) fn a_while(&mut self) {
        self.minutes(3);
        self.pass(10 * SECOND);
    }
}
