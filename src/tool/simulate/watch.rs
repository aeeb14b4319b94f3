//! What is expected: looked at after each thing that happens.

use super::super::explain;
use super::script::{Count, Expect, HealthIs, RecordIs, Script, ServiceIs};
use super::seen::Seen;
use super::span::Span;
use super::transcript::clock;
use super::world::World;
use crate::config::Config;
use crate::health::Health;
use crate::ids::RegionId;
use crate::recovery::Stage;
use crate::time::Timestamp;

/// How an expectation ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) what: String,
    /// The figure, or what is wrong.
    pub(super) verdict: Result<String, String>,
}

/// An expectation that is waited for.
#[derive(Debug)]
struct Waited<'s> {
    expect: &'s Expect,
    from: Timestamp,
    /// It is so at the latest then. Counts are taken then.
    until: Timestamp,
    became: Option<Timestamp>,
    broken: Option<String>,
    /// What was the case when it was looked at last.
    last: String,
}

/// All expectations of a scenario.
#[derive(Debug, Default)]
pub(super) struct Watch<'s>(Vec<Waited<'s>>);

impl<'s> Watch<'s> {
    /// Errors: an expectation makes no sense.
    pub(super) fn of(
        script: &'s Script,
        config: &Config,
        begins: Timestamp,
    ) -> Result<Self, String> {
        let waited = script.expects.iter().enumerate().map(|(index, expect)| {
            check(expect, config).map_err(|why| format!("expectation {}: {why}", index + 1))?;
            let from = begins.plus(expect.at.0);
            let counts = is_count(expect);
            let until = match expect.within {
                Some(within) => from.plus(within.0),
                None if counts => begins.plus(script.lasts.0),
                None => from,
            };
            let last = "it was never looked at".to_owned();
            Ok(Waited { expect, from, until, became: None, broken: None, last })
        });
        Ok(Self(waited.collect::<Result<_, String>>()?))
    }

    /// When something has to be looked at, whatever happens.
    pub(super) fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.0.iter().flat_map(|it| {
            let held = it.expect.holds.map(|holds| it.until.plus(holds.0));
            [Some(it.from), Some(it.until), held].into_iter().flatten()
        })
    }

    /// Looks at everything whose time it is.
    pub(super) fn look(&mut self, world: &World<'_>) {
        let now = world.now;
        for it in self.0.iter_mut().filter(|it| it.from <= now && it.broken.is_none()) {
            if is_count(it.expect) {
                continue;
            }
            match it.became {
                None => match so(it.expect, world) {
                    Ok(()) => it.became = Some(now),
                    Err(why) if now > it.until => it.broken = Some(why),
                    Err(why) => it.last = why,
                },
                Some(became) => {
                    let holds = it.expect.holds.map_or(0, |holds| holds.0);
                    if now <= became.plus(holds)
                        && let Err(why) = so(it.expect, world)
                    {
                        let after = clock(now.since(world.transcript.begins));
                        it.broken = Some(format!("no longer at {after}: {why}"));
                    }
                }
            }
        }
    }

    /// How long each took, where it has come.
    #[cfg(test)]
    pub(super) fn took_ms(&self) -> Vec<Option<u64>> {
        self.0.iter().map(|it| Some(it.became?.since(it.from))).collect()
    }

    /// How all of them ended.
    pub(super) fn ended(&mut self, world: &World<'_>) -> Vec<Ended> {
        let mut all: Vec<Ended> = self.0.iter().map(|it| ended(it, world)).collect();
        let mismatches = world.seen.mismatches.iter();
        all.extend(
            mismatches.map(|(what, why)| Ended { what: what.clone(), verdict: Err(why.clone()) }),
        );
        all
    }
}

fn ended(it: &Waited<'_>, world: &World<'_>) -> Ended {
    let verdict = match (is_count(it.expect), &it.broken, it.became) {
        (true, ..) => counted(it, &world.seen),
        (false, Some(why), _) => Err(why.clone()),
        (false, None, Some(became)) => {
            Ok(format!("after {}", Span(became.since(it.from))).replace("after 0 s", "at once"))
        }
        (false, None, None) => Err(it.last.clone()),
    };
    Ended { what: words(it, world.transcript.begins), verdict }
}

fn is_count(expect: &Expect) -> bool {
    let Expect { event, alert, write, hook, incident, .. } = expect;
    [event, alert, write, hook, incident].into_iter().any(Option::is_some)
}

/// What is expected, for people.
fn words(it: &Waited<'_>, begins: Timestamp) -> String {
    let Expect { at, within, holds, .. } = it.expect;
    let from = clock(begins.plus(at.0).since(begins));
    let when = match within {
        Some(within) if is_count(it.expect) => format!(", from {from} for {within}"),
        Some(within) => format!(", within {within} of {from}"),
        None if is_count(it.expect) => format!(", from {from}"),
        None => format!(", at {from}"),
    };
    let holds = holds.map(|holds| format!(", for {holds}")).unwrap_or_default();
    format!("{}{when}{holds}", what(it.expect))
}

fn what(expect: &Expect) -> String {
    let count = |name: &str, count: &Count| {
        let Count { kind, says, times } = count;
        let kind = kind.as_ref().map(|kind| format!(" {kind}")).unwrap_or_default();
        let says = says.as_ref().map(|says| format!(" that says \"{says}\"")).unwrap_or_default();
        let times = match times {
            Some(0) => "no".to_owned(),
            Some(times) => format!("{times} ×"),
            None => "at least one".to_owned(),
        };
        format!("{times} {name}{kind}{says}")
    };
    let Expect { record, health, request, primary, stage, .. } = expect;
    let Expect { event, alert, write, hook, incident, .. } = expect;
    let counts = [
        ("event", event),
        ("alert", alert),
        ("write", write),
        ("call of the hook", hook),
        ("incident", incident),
    ];
    let counts = counts.into_iter().filter_map(|(name, it)| Some(count(name, it.as_ref()?)));
    let record = record.as_ref().map(|RecordIs { name, says, not }| match (says, not) {
        (Some(says), _) => format!("{name} says {says}"),
        (None, Some(not)) => format!("{name} does not say {not}"),
        (None, None) => format!("{name} says nothing"),
    });
    let health = health.as_ref();
    let health =
        health.map(|HealthIs { service, region, is }| format!("{service}/{region} is {is}"));
    let request = request.as_ref().map(explain::told);
    let primary = primary.as_ref();
    let primary = primary.map(|ServiceIs { service, is }| format!("{service} writes in {is}"));
    let stage = stage.as_ref().map(|ServiceIs { service, is }| format!("{service} is {is}"));
    let states = [record, health, request, primary, stage];
    states.into_iter().flatten().chain(counts).collect::<Vec<_>>().join(" and ")
}

/// Errors: it does not expect exactly one thing, or names what is not there.
fn check(expect: &Expect, config: &Config) -> Result<(), String> {
    let Expect { record, health, request, primary, stage, .. } = expect;
    let Expect { event, alert, write, hook, incident, .. } = expect;
    let states = [record.is_some(), health.is_some(), request.is_some()];
    let states = states.into_iter().chain([primary.is_some(), stage.is_some()]);
    let counts = [event, alert, write, hook, incident].map(Option::is_some);
    if states.chain(counts).filter(|is_there| *is_there).count() != 1 {
        return Err("write exactly one thing that is expected".to_owned());
    }
    if is_count(expect) && expect.holds.is_some() {
        return Err("`holds` goes with what is so, not with what is counted".to_owned());
    }
    let service = |id: &str| {
        let is_there = config.services.keys().any(|service| service.as_str() == id);
        is_there.then_some(()).ok_or_else(|| format!("there is no service `{id}`"))
    };
    if let Some(RecordIs { says, not, .. }) = record
        && says.is_some() == not.is_some()
    {
        return Err("write either `says` or `not`".to_owned());
    }
    if let Some(HealthIs { service: id, region, is }) = health {
        service(id)?;
        known_region(region, config)?;
        Health::parse(is)
            .ok_or_else(|| format!("`{is}` is none of {}", Health::WORDS.join(", ")))?;
    }
    if let Some(case) = request {
        explain::check(case, config)?;
    }
    if let Some(ServiceIs { service: id, is }) = primary {
        service(id)?;
        known_region(is, config)?;
    }
    if let Some(ServiceIs { service: id, is }) = stage {
        service(id)?;
        Stage::parse(is).ok_or_else(|| format!("`{is}` is none of {}", Stage::WORDS.join(", ")))?;
    }
    Ok(())
}

fn known_region(id: &str, config: &Config) -> Result<(), String> {
    let is_there = config.regions.keys().any(|region| region.as_str() == id);
    is_there.then_some(()).ok_or_else(|| format!("there is no region `{id}`"))
}

/// Whether it is so now. Errors: what is so instead.
fn so(expect: &Expect, world: &World<'_>) -> Result<(), String> {
    let is =
        |is: &str, wanted: &str| (is == wanted).then_some(()).ok_or_else(|| format!("it is {is}"));
    if let Some(RecordIs { name, says, not }) = &expect.record {
        let said = world.contents(name);
        let is_so = match (says, not) {
            (Some(says), _) => said == [says.as_str()],
            (None, Some(not)) => !said.contains(&not.as_str()),
            (None, None) => false,
        };
        let regions = said.iter().filter_map(|content| world.region_of(content));
        let regions: Vec<String> = regions.map(ToString::to_string).collect();
        let why = || format!("it says {} ({})", said.join(", "), regions.join(", "));
        return if is_so { Ok(()) } else { Err(why()) };
    }
    if let Some(case) = &expect.request {
        let table = world.lawyer.table.as_ref().ok_or("KV has no routing table")?;
        let config = world.controller.config().ok_or("there is no config")?;
        let found = explain::mismatches(config, table, case, world.now)?;
        return if found.is_empty() { Ok(()) } else { Err(found.join("; ")) };
    }
    let view = world.controller.view(world.now).ok_or("there is no config")?;
    let service = |id: &str| {
        let found = view.services().find(|service| service.id.as_str() == id);
        found.ok_or_else(|| format!("there is no service `{id}`"))
    };
    if let Some(HealthIs { service: id, region, is: wanted }) = &expect.health {
        let service = service(id)?;
        let region = RegionId::parse(region).map_err(|bad| bad.to_string())?;
        let region = service.region(&region).ok_or("the service does not have the region")?;
        return is(region.health.as_str(), wanted);
    }
    if let Some(ServiceIs { service: id, is: wanted }) = &expect.primary {
        let service = service(id)?;
        return is(service.primary.map_or("none", |primary| primary.region.as_str()), wanted);
    }
    let Some(ServiceIs { service: id, is: wanted }) = &expect.stage else { return Ok(()) };
    let stage = service(id)?.recovery.map(|recovery| recovery.stage).unwrap_or_default();
    is(stage.as_str(), wanted)
}

/// Counts what happened in its time.
fn counted(it: &Waited<'_>, seen: &Seen) -> Result<String, String> {
    let Expect { event, alert, write, hook, incident, .. } = it.expect;
    let is_in = |at: Timestamp| it.from <= at && at <= it.until;
    let fits = |count: &Count, kind: &str, text: &str| {
        count.kind.as_deref().is_none_or(|wanted| wanted == kind)
            && count.says.as_deref().is_none_or(|wanted| text.contains(wanted))
    };
    let mut found: Vec<String> = Vec::new();
    let mut wanted = None;
    if let Some(count) = event {
        let all = seen.events.iter().filter(|(at, ..)| is_in(*at));
        let all = all.filter(|(_, kind, text)| fits(count, kind, text));
        found.extend(all.map(|(_, kind, text)| format!("{kind}: {text}")));
        wanted = count.times;
    }
    if let Some(count) = incident {
        let opened = seen
            .events
            .iter()
            .filter(|(at, kind, text)| is_in(*at) && kind == "opened" && fits(count, kind, text));
        found.extend(opened.map(|(_, _, text)| text.clone()));
        wanted = count.times;
    }
    if let Some(count) = alert {
        let all = seen.alerts.iter().filter(|(at, _)| is_in(*at));
        let messages = all.map(|(_, delivery)| &delivery.entry.message);
        let fit = messages.filter(|it| fits(count, it.action.as_str(), &it.title));
        found.extend(fit.map(|message| message.title.clone()));
        wanted = count.times;
    }
    if let Some(count) = write {
        let all = seen.writes.iter().filter(|(at, _)| is_in(*at));
        found.extend(all.map(|(_, text)| text.clone()).filter(|text| fits(count, "", text)));
        wanted = count.times;
    }
    if let Some(count) = hook {
        let all = seen.hooks.iter().filter(|(at, ..)| is_in(*at));
        let all = all.filter(|(_, step, text)| fits(count, step, text));
        found.extend(all.map(|(_, step, text)| format!("{step}: {text}")));
        wanted = count.times;
    }
    let times = found.len();
    let is_so = wanted.map_or(times > 0, |wanted| u64::try_from(times) == Ok(wanted));
    match (is_so, found.first()) {
        (true, _) => Ok(format!("{times} ×")),
        (false, None) => Err("there was none".to_owned()),
        (false, Some(first)) => Err(format!("there were {times}, the first: {first}")),
    }
}
