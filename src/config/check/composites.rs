//! Composite monitors: their members exist, and none contains itself.

use super::monitors::small;
use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::nesting::Levels;
use crate::config::raw::RawMonitor;
use crate::config::{COMPOSITE_DEPTH_MAX, COMPOSITE_MEMBERS_MAX, Composite, CompositeRule};
use crate::ids::MonitorId;
use crate::ordered::Map;

/// The keys of a composite monitor. All others are for probing.
const KEYS: [&str; 4] = ["all", "any", "at_least", "must_pass"];

impl Checker<'_> {
    /// The composite, or `None` if the monitor probes.
    pub(super) fn composite(&mut self, path: &str, raw: &RawMonitor) -> Option<Composite> {
        let at_least = raw.at_least.as_ref();
        let count = at_least.map_or(1, |at_least| small(at_least.count.get()));
        let mut ways = [
            ("all", raw.all.as_ref(), CompositeRule::All),
            ("any", raw.any.as_ref(), CompositeRule::Any),
            ("at_least.of", at_least.map(|at_least| &at_least.of), CompositeRule::AtLeast(count)),
        ]
        .into_iter()
        .filter_map(|(key, of, rule)| Some((key, of?, rule)));
        let (key, of, rule) = ways.next()?;
        if ways.next().is_some() {
            let problem = "it has more than one of `all`, `any` and `at_least`";
            self.report(path, Code::E014, problem, "exactly one of them");
        }
        self.members(&under(path, key), of);
        self.at_most(&under(path, "must_pass"), raw.must_pass.len(), COMPOSITE_MEMBERS_MAX);
        if usize::from(count) > of.len() && !of.is_empty() {
            let problem = format!("`count` is {count}, but the number of members is {}", of.len());
            let path = under(path, "at_least.count");
            self.report(path, Code::E014, problem, "at most the number of members in `of`");
        }
        self.composites_do_not_probe(path);
        Some(Composite { rule, of: of.clone(), must_pass: raw.must_pass.clone() })
    }

    fn members(&mut self, path: &str, of: &[MonitorId]) {
        self.not_empty(path, of.len());
        for (index, member) in self.bounded(path, of, COMPOSITE_MEMBERS_MAX) {
            if of.iter().take(index).any(|other| other == member) {
                self.twice(item(path, index), member.as_str());
            }
        }
    }

    fn composites_do_not_probe(&mut self, path: &str) {
        let written = self.document.pointer(&format!("/{}", path.replace('.', "/")));
        let keys =
            written.and_then(serde_json::Value::as_object).into_iter().flat_map(|o| o.keys());
        for key in keys.filter(|key| !KEYS.contains(&key.as_str())) {
            let problem = format!("`{key}` has no effect: a composite monitor does not probe");
            self.report(under(path, key), Code::E014, problem, "this key in its members");
        }
    }

    pub(super) fn members_are_known(&mut self, raw: &Map<MonitorId, RawMonitor>) {
        for (id, monitor) in raw {
            let at_least = monitor.at_least.as_ref().map(|at_least| &at_least.of);
            for (key, members) in [
                ("all", monitor.all.as_ref()),
                ("any", monitor.any.as_ref()),
                ("at_least.of", at_least),
                ("must_pass", Some(&monitor.must_pass)),
            ] {
                for (index, member) in members.into_iter().flatten().enumerate() {
                    if !raw.contains_key(member) {
                        let path = format!("monitors.{id}.{key}[{index}]");
                        self.unknown(
                            &path,
                            "a monitor",
                            member.as_str(),
                            raw.keys().map(MonitorId::as_str),
                        );
                    }
                }
            }
        }
    }

    /// A composite that contains itself would have no health. One that is nested too deeply is most
    /// likely a mistake.
    pub(super) fn composites_end(&mut self, composites: &Map<MonitorId, Composite>) {
        for id in composites.keys() {
            let path = under("monitors", id.as_str());
            let levels = Levels::below(composites, id, COMPOSITE_MEMBERS_MAX);
            if levels.members().any(|member| member == id) {
                let problem = format!("`{id}` contains itself");
                self.report(path, Code::E015, problem, "members that do not lead back to it");
            } else if levels.last().any(|member| composites.contains_key(member)) {
                let allowed = format!("at most {COMPOSITE_DEPTH_MAX} levels of composites");
                self.report(path, Code::E015, format!("`{id}` is nested too deeply"), &allowed);
            }
        }
    }
}
