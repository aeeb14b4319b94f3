//! Whether answers make a valid config, as the reader of configs sees it.

use super::answers::{Answers, ORIGINS_MIN, Origin};
use super::draft;
use crate::country::Country;
use crate::ids::RegionId;
use crate::time::Timestamp;
use crate::tool::finding::{Finding, Severity};
use crate::tool::load;

/// The name of a draft, which nobody sees.
const NAME: &str = "draft.toml";

/// Everything that is wrong, one sentence each.
pub(super) fn problems(answers: &Answers, now: Timestamp) -> Vec<String> {
    if answers.origins.len() < ORIGINS_MIN {
        return vec![format!("name {ORIGINS_MIN} origins or more")];
    }
    let text = draft::config(answers, NAME, "");
    let mut problems = of_countries(answers);
    let findings = load::load(NAME, &text, now, false).findings;
    problems.extend(findings.iter().filter(|one| one.severity == Severity::Error).map(told));
    problems
}

/// The first thing that is wrong with answers some of which are still to come.
pub(super) fn problem(answers: &Answers, now: Timestamp) -> Option<String> {
    let mut answers = answers.clone();
    // What is not asked yet is not wrong: other servers in a region of their own.
    while answers.origins.len() < ORIGINS_MIN {
        let origin = to_come(&answers)?;
        answers.origins.push(origin);
    }
    problems(&answers, now).into_iter().next()
}

/// An origin that goes with those that are there: all have to be on this machine, or none.
fn to_come(answers: &Answers) -> Option<Origin> {
    let number = answers.origins.len();
    let is_local = answers.origins.iter().any(|origin| origin.url.contains("://localhost"));
    let url = if is_local {
        format!("http://localhost:{}", u16::MAX - u16::try_from(number).ok()?)
    } else {
        format!("https://origin-{number}.invalid")
    };
    let region = RegionId::parse(&format!("to-come-{number}")).ok()?;
    Some(Origin { region, country: Country::parse("IE").ok()?, url })
}

/// A region is in one country.
fn of_countries(answers: &Answers) -> Vec<String> {
    let moved = answers.origins.iter().filter_map(|origin| {
        let first = answers.country_of(&origin.region).filter(|first| *first != origin.country)?;
        Some(format!("region `{}` is in {first} and in {}", origin.region, origin.country))
    });
    moved.collect()
}

fn told(finding: &Finding) -> String {
    let mut text = finding.problem.clone();
    if !finding.allowed.is_empty() {
        text.push_str("; allowed: ");
        text.push_str(&finding.allowed);
    }
    if let Some(hint) = &finding.hint {
        text.push_str("; ");
        text.push_str(hint);
    }
    text
}
