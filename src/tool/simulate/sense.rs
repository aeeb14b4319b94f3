//! Whether the steps of a script make sense under a config.

use super::script::{HookStep, OriginStep, PersonStep, Script, Step, TrafficStep};
use crate::config::Config;
use crate::ids::MonitorId;
use crate::journal::Role;
use crate::json;
use crate::order::Act;
use crate::time::MINUTE;

/// Errors: the first step that makes no sense, and why.
pub(super) fn check(script: &Script, config: &Config) -> Result<(), String> {
    // Until then nothing is known, and nothing is settled.
    if script.calm.0 < MINUTE {
        return Err("`calm` is at least a minute".to_owned());
    }
    for (index, step) in script.steps.iter().enumerate() {
        of_step(step, config).map_err(|why| format!("step {}: {why}", index + 1))?;
        if step.at > script.lasts {
            return Err(format!("step {}: it is behind the end", index + 1));
        }
    }
    Ok(())
}

fn of_step(step: &Step, config: &Config) -> Result<(), String> {
    let Step { at: _, region, origin, controls, observer, api, kv, cron, .. } = step;
    let Step { clock_ahead, person, record, receiver, hook, traffic, controller, .. } = step;
    let there = [
        region.is_some(),
        origin.is_some(),
        controls.is_some(),
        observer.is_some(),
        api.is_some(),
        kv.is_some(),
        cron.is_some(),
        clock_ahead.is_some(),
        person.is_some(),
        record.is_some(),
        receiver.is_some(),
        hook.is_some(),
        traffic.is_some(),
        controller.is_some(),
    ];
    if there.into_iter().filter(|is_there| *is_there).count() != 1 {
        return Err("write exactly one thing that happens".to_owned());
    }
    if let Some(OriginStep { id, .. }) = region
        && !config.regions.keys().any(|region| region.as_str() == id)
    {
        return Err(format!("there is no region `{id}`"));
    }
    let mut origins = config.regions.values().flat_map(|region| &region.origins);
    if let Some(OriginStep { id, .. }) = origin
        && !origins.any(|origin| origin.id.as_str() == id)
    {
        return Err(format!("there is no origin `{id}`"));
    }
    region.iter().chain(origin).try_for_each(|step| of_origin(step, config))?;
    if let Some(id) = receiver.as_ref().and_then(|step| step.id.as_ref())
        && !config.alerts.iter().any(|receiver| receiver.id.as_str() == id)
    {
        return Err(format!("there is no receiver `{id}`"));
    }
    if let Some(TrafficStep { service, region, .. }) = traffic {
        let of = config.services.iter().find(|(id, _)| id.as_str() == service);
        let mut regions = of.into_iter().flat_map(|(_, of)| &of.regions);
        if !regions.any(|id| id.as_str() == region) {
            return Err(format!("there is no service `{service}` with a region `{region}`"));
        }
    }
    hook.iter().try_for_each(|hook| of_hook(hook, config))?;
    person.iter().try_for_each(of_person)
}

fn of_origin(step: &OriginStep, config: &Config) -> Result<(), String> {
    let OriginStep { monitor, meets, status, after_ms, fields, .. } = step;
    let is_known = |id: &String| {
        MonitorId::parse(id).is_ok_and(|monitor| config.monitors.contains_key(&monitor))
    };
    if let Some(id) = monitor.as_ref().filter(|id| !is_known(id)) {
        return Err(format!("there is no monitor `{id}` that probes"));
    }
    if meets.is_some() && status.is_some() {
        return Err("write either `meets` or `status`".to_owned());
    }
    if meets.is_none() && status.is_none() && after_ms.is_none() && fields.is_empty() {
        return Err("write what is met: `meets`, `status`, `after_ms` or `fields`".to_owned());
    }
    match fields.keys().find(|pointer| !pointer.starts_with('/')) {
        Some(pointer) => Err(format!("`{pointer}` is no JSON pointer: it begins with `/`")),
        None => Ok(()),
    }
}

fn of_hook(hook: &HookStep, config: &Config) -> Result<(), String> {
    let HookStep { service: id, step, then, .. } = hook;
    let service = config.services.iter().find(|(service, _)| service.as_str() == id);
    let (_, service) = service.ok_or_else(|| format!("there is no service `{id}`"))?;
    let failover = &service.failover;
    let promote = failover.promote.as_ref();
    let is_known = match step.as_str() {
        "promote" => promote.is_some(),
        "fence" => promote.is_some_and(|promote| promote.fence.is_some()),
        name => failover.steps.iter().any(|step| step.name == name),
    };
    if !is_known {
        return Err(format!("`{id}` has no hook `{step}`"));
    }
    for region in then {
        if !config.regions.keys().any(|known| known.as_str() == region.id) {
            return Err(format!("there is no region `{}`", region.id));
        }
        of_origin(region, config)?;
    }
    Ok(())
}

fn of_person(person: &PersonStep) -> Result<(), String> {
    let act: Act = json::from_value(&person.does).map_err(|bad| format!("`does`: {bad}"))?;
    if act.is_about_config() {
        return Err("a scenario keeps its config: play the other one by itself".to_owned());
    }
    match Role::parse(&person.role) {
        Some(_) => Ok(()),
        None => {
            Err(format!("`{}` is no role: write one of {}", person.role, Role::WORDS.join(", ")))
        }
    }
}
