//! The plan as text.

use super::super::text::{count, list};
use super::belief::Basis;
use super::report::{
    ChangeReport, FieldReport, OriginReport, PlanReport, RecordReport, WithheldReport,
};
use std::io::{self, Write};

/// The TTL that stands for automatic.
const AUTOMATIC: u32 = 1;

impl PlanReport {
    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.basis.write(out)?;
        for change in &self.changes {
            writeln!(out)?;
            change.write(out)?;
        }
        section(out, "withheld", self.withheld.iter().map(WithheldReport::line))?;
        if self.is_partial {
            writeln!(out, "  some of this may be possible after the changes above")?;
        }
        section(out, "failures", self.failures.iter().map(|failure| plain(failure)))?;
        writeln!(out)?;
        if !self.is_planned {
            writeln!(out, "There is no plan: the account could not be read.")?;
        } else if !self.is_whole {
            writeln!(out, "The plan is incomplete: part of the account could not be read.")?;
        } else if self.changes.is_empty() {
            writeln!(out, "Nothing to change.")?;
        }
        writeln!(
            out,
            "{}, {} withheld, {}, config {}",
            count(self.changes.len(), "change"),
            self.withheld.len(),
            count(usize::try_from(self.calls).unwrap_or(usize::MAX), "call"),
            self.config
        )
    }
}

impl Basis {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let assumed = [("down", &self.down), ("draining", &self.draining)];
        let assumed = assumed.into_iter().chain([("unknown", &self.unknown)]);
        let assumed = assumed.filter(|(_, regions)| !regions.is_empty());
        let mut health: Vec<String> =
            assumed.map(|(word, regions)| format!("{} {word}", list(regions))).collect();
        let others = match (self.state_as_of, health.is_empty()) {
            (Some(as_of), true) => format!("as in the state of {as_of}"),
            (Some(as_of), false) => format!("all else as in the state of {as_of}"),
            (None, true) => "every region up".to_owned(),
            (None, false) => "all others up".to_owned(),
        };
        health.push(others);
        writeln!(out, "health: {}", health.join("; "))?;
        if self.state_as_of.is_some() {
            let disabled = self.disabled_by_us.iter().map(|name| plain(name));
            return writeln!(out, "disabled by us: {}", list(disabled));
        }
        writeln!(out, "no state given: nothing that is disabled counts as disabled by us")
    }
}

impl ChangeReport {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let service = self.service.as_ref().map(|id| format!(", service {id}"));
        let service = service.unwrap_or_default();
        writeln!(out, "{}: {}{service}", self.urgency, plain(&self.what))?;
        writeln!(out, "  {}", plain(&self.reason))?;
        if let Some(serving) = &self.serving {
            let away = match self.away.as_slice() {
                [] => String::new(),
                away => format!("away from {}, ", list(away)),
            };
            let serving = if serving.is_empty() { "nobody".to_owned() } else { list(serving) };
            writeln!(out, "  {away}served by {serving}")?;
        }
        let records = self.records.iter().map(RecordReport::line);
        let origins = self.origins.iter().flat_map(OriginReport::lines);
        let fields = self.fields.iter().map(|field| field.line(self.creates));
        let mut details = records.chain(origins).chain(fields);
        details.try_for_each(|detail| writeln!(out, "  {detail}"))
    }
}

impl RecordReport {
    fn line(&self) -> String {
        let mut settings = match self.ttl_s {
            Some(AUTOMATIC) => "ttl automatic".to_owned(),
            Some(ttl_s) => format!("ttl {ttl_s}"),
            None => String::new(),
        };
        settings.push_str(match self.proxied {
            Some(true) => ", proxied",
            Some(false) => ", not proxied",
            None => "",
        });
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if from == to => {
                format!("~ content {} stays ({settings})", plain(to))
            }
            (Some(from), Some(to)) => {
                format!("~ content {} -> {} ({settings})", plain(from), plain(to))
            }
            (None, Some(to)) => format!("+ content {} ({settings})", plain(to)),
            (from, None) => format!("- content {}", plain(from.as_deref().unwrap_or_default())),
        }
    }
}

impl OriginReport {
    fn lines(&self) -> impl Iterator<Item = String> {
        let address = plain(&self.address);
        let enabled = self.enabled.map(|to| format!("~ {address}: enabled {} -> {to}", !to));
        let weight = self.weight.as_ref().map(|to| format!("~ {address}: weight -> {to}"));
        let told = self.host_header.as_ref().map(|to| format!("~ {address}: host -> {to}"));
        enabled.into_iter().chain(weight).chain(told)
    }
}

impl FieldReport {
    fn line(&self, is_new: bool) -> String {
        let Self { name, from, to } = self;
        if is_new { format!("+ {name}: {to}") } else { format!("~ {name}: {from} -> {to}") }
    }
}

impl WithheldReport {
    fn line(&self) -> String {
        let Self { what, why, because, .. } = self;
        format!("{}: {} [{why}]", plain(what), plain(because))
    }
}

fn section(
    out: &mut dyn Write,
    title: &str,
    lines: impl ExactSizeIterator<Item = String>,
) -> io::Result<()> {
    if lines.len() == 0 {
        return Ok(());
    }
    writeln!(out, "\n{title}:")?;
    for line in lines {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Text from others, with control characters escaped so that no terminal obeys them.
fn plain(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.into() };
    text.chars().map(escaped).collect()
}
