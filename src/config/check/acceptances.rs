//! Acceptances of warnings: each has a reason, and names what it accepts in a way that lasts.

use super::{Checker, item, under};
use crate::config::Acceptance;
use crate::config::diagnostic::Code;
use crate::config::raw::RawAcceptance;

/// Most acceptances in one config.
pub(super) const ACCEPTANCES_MAX: usize = 200;
/// The lists whose items have ids, as they end in a path.
const WITH_IDS: [&str; 2] = ["residency", ".origins"];

impl Checker<'_> {
    pub(super) fn acceptances(&mut self, raw: &[RawAcceptance]) -> Vec<Acceptance> {
        let mut acceptances: Vec<Acceptance> = Vec::new();
        for (index, entry) in self.bounded("check.accept", raw, ACCEPTANCES_MAX) {
            let path = item("check.accept", index);
            if entry.reason.trim().is_empty() {
                let path = under(&path, "reason");
                self.report(path, Code::E004, "this is empty", "why the warning is accepted");
            }
            if entry.path.is_empty() {
                let allowed = "the path that the warning names, or one that contains it";
                self.report(under(&path, "path"), Code::E004, "this is empty", allowed);
            }
            if let Some(list) = by_position(&entry.path) {
                let problem =
                    format!("an item of `{list}` is named by its position, which changes");
                let allowed = "the id of the item in the brackets, such as `residency[gdpr]`";
                self.report(under(&path, "path"), Code::E014, problem, allowed);
            }
            let code = entry.code.0.clone();
            if acceptances.iter().any(|other| other.code == code && other.path == entry.path) {
                let problem = format!("`{code}` at `{}` is accepted twice", entry.path);
                self.report(path, Code::E005, problem, "each warning once");
            }
            acceptances.push(Acceptance {
                code,
                path: entry.path.clone(),
                reason: entry.reason.clone(),
                until: entry.until,
            });
        }
        acceptances
    }
}

/// The list of which a path names an item by its position although the items have ids.
fn by_position(path: &str) -> Option<&str> {
    path.match_indices('[').find_map(|(at, _)| {
        let (list, rest) = path.split_at(at);
        let index = rest.trim_start_matches('[').split(']').next()?;
        let has_ids = WITH_IDS.iter().any(|end| list.ends_with(end));
        (has_ids && index.parse::<usize>().is_ok()).then_some(list)
    })
}
