//! Promotion: its hooks, its fence, where a standby tells its numbers; and managers that promote by
//! themselves.

use super::known::Known;
use super::{Checker, under};
use crate::config::Config;
use crate::config::diagnostic::Code;
use crate::config::follow::Follow;
use crate::config::monitor::{ExpectedJson, LAG_POINTER, Monitor};
use crate::config::nesting::Levels;
use crate::config::raw::{Pointer, RawFollow, RawHook, RawPromote, RawService, RawWrites};
use crate::config::recovery::{Hook, Promote, UnknownLoss};
use crate::config::{HOOK_TO, MonitorKind, ProbeMethod};
use crate::health::FIELDS_MAX;
use crate::ids::MonitorId;
use crate::time::SECOND;
use serde_json::Value;

/// Statuses whose responses have no body. Source: RFC 9110 §15.3.5, §15.3.6 and §15.4.5.
const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

impl Checker<'_> {
    pub(super) fn promote(&mut self, path: &str, raw: &RawPromote) -> Promote {
        self.is_fenced(path, raw);
        let text = |pointer: &Option<Pointer>| pointer.as_ref().map(|pointer| pointer.0.clone());
        let is_blind = raw.contact_age_pointer.is_none() && raw.unknown == UnknownLoss::Refuse;
        if is_blind && !self.has_mistake(path) {
            let problem = "nothing says when a standby last heard from its primary, so every loss \
                           is unknown and every promotion is refused";
            let allowed = "`contact_age_pointer`, or `unknown = \"ask\"`";
            self.report(path, Code::E014, problem, allowed);
        }
        Promote {
            hook: self.hook(path, (&raw.url, raw.secret.as_ref(), raw.timeout_s.get())),
            max_lag_s: raw.max_lag_s.get(),
            lag_pointer: text(&raw.lag_pointer).unwrap_or_else(|| LAG_POINTER.to_owned()),
            contact_age_pointer: text(&raw.contact_age_pointer),
            max_contact_age_s: raw.max_contact_age_s.get(),
            position_pointer: text(&raw.position_pointer),
            unknown: raw.unknown,
            fence: raw.fence.as_ref().map(|fence| {
                let RawHook { url, secret, timeout_s } = fence;
                self.hook(&under(path, "fence"), (url, secret.as_ref(), timeout_s.get()))
            }),
        }
    }

    /// A primary that nobody reaches may still take writes, so somebody has to make sure that it
    /// does not. Where nobody does, the position of the standby is the only witness of its death.
    fn is_fenced(&mut self, path: &str, raw: &RawPromote) {
        let ways = "`fence = { url = … }`, or `no_fence` with the reason";
        match (&raw.fence, &raw.no_fence) {
            (Some(_), None) => {}
            (Some(_), Some(_)) => {
                let problem = "it has a fence, and a reason for having none";
                self.report(under(path, "no_fence"), Code::E014, problem, ways);
            }
            (None, None) => {
                if !self.lost.is_from(&under(path, "fence")) {
                    let problem = "nothing keeps the old primary from taking writes";
                    self.report(under(path, "fence"), Code::E014, problem, ways);
                }
            }
            (None, Some(reason)) => {
                if reason.trim().is_empty() {
                    let path = under(path, "no_fence");
                    self.report(path, Code::E004, "this is empty", "a few words");
                }
                if raw.position_pointer.is_none() && !self.has_mistake(path) {
                    let problem = "without a fence nothing tells whether the old primary is dead";
                    let allowed = "`position_pointer`, which has to stand still, or `fence`";
                    self.report(under(path, "no_fence"), Code::E014, problem, allowed);
                }
            }
        }
    }

    pub(super) fn hook(&mut self, path: &str, hook: (&String, Option<&String>, u32)) -> Hook {
        let (url, secret, seconds) = hook;
        if url.starts_with("https://") {
            // The id of a region can stand in a name.
            self.fetchable(&under(path, "url"), &url.replace(HOOK_TO, "to"));
        } else {
            let problem = format!("`{url}` is no `https://` URL, and a hook is called by no other");
            self.report(under(path, "url"), Code::E008, problem, "`https://`, a host and a path");
        }
        if let Some(secret) = secret {
            self.secret_name(&under(path, "secret"), secret);
        }
        let timeout_ms = u64::from(seconds) * SECOND;
        Hook { url: url.clone(), secret: secret.cloned(), timeout_ms }
    }

    pub(super) fn follow(&mut self, path: &str, raw: &RawFollow) -> Follow {
        let mut primary = Vec::new();
        for (pointer, body) in &raw.primary {
            let path = format!("{path}.primary.{}", pointer.0);
            let Some(said) = self.body(&path, body) else { continue };
            let is_relative = matches!(
                said,
                ExpectedJson::Recent { .. } | ExpectedJson::Bounds { behind_max: Some(_), .. }
            );
            if is_relative {
                let problem = "a role is no matter of time or of other origins";
                self.report(path, Code::E014, problem, "a value, or `min` and `max`");
            }
            primary.push((pointer.0.clone(), said));
        }
        if primary.is_empty() {
            primary = raw.manager.says_of_primary();
        }
        Follow { manager: raw.manager, monitor: raw.monitor.clone(), primary }
    }

    /// Whether there is a primary to replace, one who does it, and a document that says when.
    pub(super) fn promotion_fits(&mut self, path: &str, raw: &RawService, known: &Known<'_>) {
        let (promote, follow) = (&raw.failover.promote, &raw.failover.follow);
        let keys = [("promote", promote.is_some()), ("follow", follow.is_some())];
        for (key, _) in keys.iter().filter(|(_, is_there)| *is_there) {
            if raw.writes != RawWrites::Primary && !self.has_mistake(&under(path, "writes")) {
                let problem = format!("`{key}` has no effect, because every region takes writes");
                let path = format!("{path}.failover.{key}");
                self.report(path, Code::E014, problem, "only with `writes = \"primary\"`");
            }
        }
        if let (Some(_), Some(follow)) = (promote, follow) {
            let manager = follow.manager.as_str();
            let problem = format!("{manager} promotes, and two who promote make two primaries");
            let path = format!("{path}.failover.promote");
            self.report(path, Code::E014, problem, "either `promote` or `follow`");
        }
        if let Some(follow) = follow.as_ref().filter(|it| !known.monitors.contains_key(&it.monitor))
        {
            let names = known.monitors.keys().map(MonitorId::as_str);
            let path = format!("{path}.failover.follow.monitor");
            self.unknown(&path, "a monitor that probes", follow.monitor.as_str(), names);
        }
        if let Some(promote) = promote {
            let path = format!("{path}.failover.promote");
            for (key, pointer) in [
                ("lag_pointer", &promote.lag_pointer),
                ("contact_age_pointer", &promote.contact_age_pointer),
                ("position_pointer", &promote.position_pointer),
            ] {
                if let Some(pointer) = pointer {
                    self.can_be_there(&under(&path, key), &pointer.0, raw, known);
                }
            }
        }
    }

    /// A pointer into what no answer that passes can have would be missing for ever.
    fn can_be_there(&mut self, path: &str, pointer: &str, raw: &RawService, known: &Known<'_>) {
        let levels = Levels::below(known.composites, &raw.monitor, usize::MAX);
        let monitors: Vec<_> = levels.all().filter_map(|id| known.monitors.entry(id)).collect();
        let lacks = |(_, monitor): &(_, &Monitor)| why_never(monitor, pointer);
        let reasons: Vec<_> = monitors.iter().filter_map(lacks).collect();
        if let (true, Some(why)) = (reasons.len() == monitors.len(), reasons.first()) {
            let problem = format!("no answer that passes has `{pointer}`: {why}");
            self.report(path, Code::E014, problem, "a value of the document that the monitor gets");
        }
    }

    /// What is asked of one answer has to fit.
    pub(super) fn fields_can_be_read(&mut self, config: &Config) {
        for (id, monitor) in &config.monitors {
            let fields = config.fields_of(id).len();
            let asking = &monitor.asking;
            let unread = match (asking.kind, asking.request.method) {
                (MonitorKind::Tcp, _) => Some(("type", "its probes read nothing")),
                (_, ProbeMethod::Head) => Some(("method", "the answers to `HEAD` have no body")),
                _ => None,
            };
            if let (1.., Some((key, why))) = (fields, unread) {
                let problem = format!("values of its answers are asked for, but {why}");
                let path = format!("monitors.{id}.{key}");
                self.report(path, Code::E014, problem, "a monitor that gets a document");
            }
            if fields > FIELDS_MAX {
                let problem = format!("{fields} values are asked of each answer");
                let allowed = format!("at most {FIELDS_MAX}, of all services and contracts");
                self.report(format!("monitors.{id}"), Code::E004, problem, &allowed);
            }
        }
    }
}

/// Why answers that pass a monitor never have anything at a pointer.
fn why_never(monitor: &Monitor, pointer: &str) -> Option<String> {
    let expect = &monitor.expect;
    let is_empty = |status: u16| WITHOUT_BODY.contains(&status);
    if expect.status.iter().all(|range| {
        let (first, last) = range.bounds();
        (first..=last).all(is_empty)
    }) {
        return Some("its statuses come without a body".to_owned());
    }
    let scalar = expect.json.iter().find(|(known, expected)| {
        let is_above = pointer.strip_prefix(known.as_str()).is_some_and(|it| it.starts_with('/'));
        let is_scalar = match expected {
            ExpectedJson::Bounds { .. } | ExpectedJson::Recent { .. } => true,
            ExpectedJson::Equals(value) => !matches!(value, Value::Object(_) | Value::Array(_)),
        };
        is_above && is_scalar
    });
    scalar.map(|(known, _)| format!("`{known}` has nothing within it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::config_text;
    use serde_json::json;

    /// What is found in a config whose service `api` has this.
    fn found(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let found = Config::parse(&promoting(change).to_string());
        let found = found.err().unwrap_or_default();
        found.iter().map(|it| format!("{} {}", it.code.as_str(), it.path)).collect()
    }

    /// A config whose service `api` has this.
    fn promoting(change: impl FnOnce(&mut Value)) -> Value {
        let mut config: Value = serde_json::from_str(&config_text()).unwrap();
        config["services"]["api"]["writes"] = json!("primary");
        config["services"]["api"]["failover"]["promote"] = json!({
            "url": "https://hooks.example.net/promote",
            "contact_age_pointer": "/contact_age_s",
            "fence": {"url": "https://hooks.example.net/fence"},
        });
        change(&mut config);
        config
    }

    const PROMOTE: &str = "services.api.failover.promote";

    fn promote(config: &mut Value) -> &mut Value {
        &mut config["services"]["api"]["failover"]["promote"]
    }

    #[test]
    fn a_promotion_with_a_fence_and_a_proof_of_contact_is_sound() {
        assert_eq!(found(|_| ()), [""; 0]);
    }

    #[test]
    fn a_promotion_needs_a_fence_or_a_reason_and_a_witness() {
        let at = |key: &str| format!("E014 {PROMOTE}.{key}");
        assert_eq!(found(|it| promote(it)["fence"] = json!(null)), [at("fence")]);
        let both = |it: &mut Value| promote(it)["no_fence"] = json!("the disk is shared");
        assert_eq!(found(both), [at("no_fence")]);
        let none = |reason: &'static str, position: Value| {
            move |it: &mut Value| {
                promote(it)["fence"] = json!(null);
                promote(it)["no_fence"] = json!(reason);
                promote(it)["position_pointer"] = position;
            }
        };
        assert_eq!(found(none("the disk is shared", json!("/position"))), [""; 0]);
        assert_eq!(found(none("the disk is shared", json!(null))), [at("no_fence")]);
        let empty = found(none(" ", json!("/position")));
        assert_eq!(empty, [format!("E004 {PROMOTE}.no_fence")]);
    }

    #[test]
    fn a_loss_that_is_always_unknown_may_be_asked_about_and_not_refused() {
        let blind = |it: &mut Value| promote(it)["contact_age_pointer"] = json!(null);
        assert_eq!(found(blind), [format!("E014 {PROMOTE}")]);
        let asked = |it: &mut Value| {
            blind(it);
            promote(it)["unknown"] = json!("ask");
        };
        assert_eq!(found(asked), [""; 0]);
    }

    #[test]
    fn without_a_primary_there_is_nothing_to_promote() {
        let any = |it: &mut Value| it["services"]["api"]["writes"] = json!("any");
        assert_eq!(found(any), [format!("E014 {PROMOTE}")]);
    }

    #[test]
    fn a_pointer_has_to_lead_to_what_an_answer_that_passes_can_have() {
        let lag = |expect: Value, pointer: &'static str| {
            move |it: &mut Value| {
                it["monitors"]["api"]["expect"] = expect;
                promote(it)["lag_pointer"] = json!(pointer);
            }
        };
        let none = format!("E014 {PROMOTE}.lag_pointer");
        let scalar = json!({"json": {"/db": "ok"}});
        assert_eq!(found(lag(scalar.clone(), "/db/lag_s")), std::slice::from_ref(&none));
        assert_eq!(found(lag(scalar, "/db2/lag_s")), [""; 0]);
        let empty = found(lag(json!({"status": "204"}), "/lag_s"));
        assert_eq!(empty, [format!("E014 {PROMOTE}.contact_age_pointer"), none]);
        assert_eq!(found(lag(json!({"status": ["200", "204"]}), "/lag_s")), [""; 0]);
        let syntax = found(lag(json!({}), "lag_s"));
        assert_eq!(syntax, [format!("E002 {PROMOTE}.lag_pointer")]);
    }

    #[test]
    fn the_lag_that_the_gate_reads_is_the_lag_of_reads_and_of_the_way_back() {
        let text = promoting(|it| promote(it)["lag_pointer"] = json!("/lag_s")).to_string();
        let config = Config::parse(&text).unwrap();
        let promoted = |service: &&crate::config::Service| service.failover.promote.is_some();
        let service = config.services.values().find(promoted).unwrap();
        let monitor = config.monitors.get(&service.monitor).unwrap();
        assert_eq!(monitor.lag_pointer.as_deref(), Some("/lag_s"));
    }

    #[test]
    fn the_region_that_takes_over_can_stand_in_the_name_of_a_hook() {
        let at = |url: &'static str| move |it: &mut Value| promote(it)["url"] = json!(url);
        assert_eq!(found(at("https://hook.{to}.example.net/promote")), [""; 0]);
        let bad = [format!("E008 {PROMOTE}.url")];
        for url in ["https://hook.{from}.example.net/", "http://hook.{to}.example.net/"] {
            assert_eq!(found(at(url)), bad, "{url}");
        }
    }

    #[test]
    fn where_a_manager_promotes_nobody_else_does() {
        let both = |it: &mut Value| {
            it["services"]["api"]["failover"]["follow"] =
                json!({"manager": "patroni", "monitor": "api"});
        };
        assert_eq!(found(both), [format!("E014 {PROMOTE}")]);
        let follows = |monitor: &'static str| {
            move |it: &mut Value| {
                it["services"]["api"]["failover"] =
                    json!({"follow": {"manager": "patroni", "monitor": monitor}});
            }
        };
        assert_eq!(found(follows("api")), [""; 0]);
        let unknown = "E006 services.api.failover.follow.monitor";
        assert_eq!(found(follows("patroni")), [unknown]);
    }

    #[test]
    fn as_many_values_as_an_answer_may_be_asked_for_fit_and_one_more_does_not() {
        let many = |count: usize| {
            move |it: &mut Value| {
                let says = (0..count).map(|n| (format!("/{n}"), json!("yes")));
                let says: serde_json::Map<_, _> = says.collect();
                it["services"]["api"]["failover"] = json!({"follow":
                    {"manager": "sentinel", "monitor": "api", "primary": says}});
            }
        };
        assert_eq!(found(many(FIELDS_MAX)), [""; 0]);
        assert_eq!(found(many(FIELDS_MAX + 1)), ["E004 monitors.api"]);
    }
}
