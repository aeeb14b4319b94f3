//! `pointsman check`: errors, a summary, the residency proof, and who depends on which region.

use super::accepted::AcceptedReport;
use super::args::CheckArgs;
use super::finding::{Finding, Severity};
use super::load::{self, Loaded, ValidConfig};
use super::proof::{Proof, Subject, prove};
use super::recovery_times::{RecoveryTimes, recovery_times};
use super::survivors::{Survivors, survivors};
use super::terminal::{CommandFailure, Exit, Terminal};
use super::text::{count, grouped, write_json};
use crate::config::{ApiReads, Config};
use crate::time::Timestamp;
use serde::Serialize;
use std::io::Write;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct CheckReport {
    now: Timestamp,
    files: Vec<FileReport>,
}

#[derive(Debug, Serialize)]
struct FileReport {
    file: String,
    /// Why the file could not be read; everything else is empty then.
    unread: Option<String>,
    sound: bool,
    problems: Vec<ProblemReport>,
    /// How many there are: more than are listed if the config has too many mistakes.
    problems_total: usize,
    /// Warnings that the config accepts.
    accepted: Vec<AcceptedReport>,
    summary: Option<Summary>,
    proof: Option<Proof>,
    proof_took_ms: Option<u64>,
    survivors: Option<Survivors>,
    /// How long recovery takes at most, of services that promise a time.
    recovery_times: Option<RecoveryTimes>,
}

#[derive(Debug, Serialize)]
struct ProblemReport {
    severity: &'static str,
    code: String,
    path: String,
    #[serde(rename = "problem")]
    what: String,
    allowed: String,
    hint: Option<String>,
    /// The paths of some others that are the same but for an id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<String>,
    /// How many there are, this one included.
    count: usize,
}

#[derive(Debug, Serialize)]
struct Summary {
    fingerprint: String,
    regions: usize,
    origins: usize,
    monitors: usize,
    services: usize,
    rules: usize,
    tenants: usize,
    targets: usize,
    /// The areas, each of which probes all targets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    areas: Vec<&'static str>,
    /// Calls that it takes to read what is published.
    api_reads: ApiReads,
    api_calls_per_pass: u32,
}

/// Checks each file by itself: one that cannot be read does not stop the others.
pub(super) fn run(args: &CheckArgs, terminal: &mut Terminal<'_>) -> Result<Exit, CommandFailure> {
    let now = args.common.now.unwrap_or_else(terminal.clock);
    let mut report = CheckReport { now, files: Vec::new() };
    let mut has_findings = false;
    for file in &args.files {
        let text = match load::text(file, terminal) {
            Ok(text) => text,
            Err(why) => {
                writeln!(terminal.err, "error: {why}")?;
                report.files.push(FileReport { unread: Some(why), ..FileReport::new(file) });
                continue;
            }
        };
        let loaded = load::load(load::name(file), &text, now, terminal.colour);
        has_findings |= loaded.findings.iter().any(|finding| {
            finding.severity == Severity::Error
                || finding.severity == Severity::Warning && args.deny_warnings
        });
        let of_file = of_file(file, &loaded, now, terminal)?;
        has_findings |= of_file.proof.as_ref().is_some_and(|proof| !proof.holds);
        if !args.common.json {
            terminal.err.write_all(loaded.rendered.as_bytes())?;
            if report.files.iter().any(|before| before.unread.is_none()) {
                writeln!(terminal.out)?;
            }
            of_file.write(args.verbose, terminal.out)?;
        }
        report.files.push(of_file);
    }
    if args.common.json {
        write_json(terminal.out, &report)?;
    }
    let all_read = report.files.iter().all(|file| file.unread.is_none());
    Ok(if all_read { Exit::findings_if(has_findings) } else { Exit::BadUsage })
}

/// Loads the config that another command works on. Only `check` prints warnings. Errors: the config
/// is invalid; its errors have been printed, as JSON if asked for.
pub(super) fn valid_config(
    file: &str,
    now: Timestamp,
    in_json: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Result<ValidConfig, Exit>, CommandFailure> {
    let text = load::text(file, terminal).map_err(CommandFailure::usage)?;
    let loaded = load::load(load::name(file), &text, now, terminal.colour);
    if loaded.valid.is_none() {
        if in_json {
            let files = vec![of_file(file, &loaded, now, terminal)?];
            write_json(terminal.out, &CheckReport { now, files })?;
        } else {
            terminal.err.write_all(loaded.rendered.as_bytes())?;
        }
    }
    Ok(loaded.valid.ok_or(Exit::BadUsage))
}

fn of_file(
    file: &str,
    loaded: &Loaded,
    now: Timestamp,
    terminal: &Terminal<'_>,
) -> Result<FileReport, CommandFailure> {
    let mut report = FileReport::new(file);
    report.problems = loaded.findings.iter().map(ProblemReport::from).collect();
    report.accepted = loaded.accepted.iter().map(AcceptedReport::from).collect();
    report.problems_total = report.problems.len() + loaded.unlisted;
    if let Some(ValidConfig { config, .. }) = &loaded.valid {
        report.sound = true;
        report.summary = Some(Summary::of(config));
        let began = (terminal.clock)();
        report.proof = Some(prove(config, now, &Subject::default()));
        report.proof_took_ms = Some((terminal.clock)().since(began));
        report.recovery_times = Some(recovery_times(config)).filter(|times| !times.is_empty());
        report.survivors = Some(survivors(config, now).map_err(CommandFailure::usage)?);
    }
    Ok(report)
}

impl FileReport {
    /// A report without results.
    fn new(file: &str) -> Self {
        Self {
            file: load::name(file).to_owned(),
            unread: None,
            sound: false,
            problems: Vec::new(),
            problems_total: 0,
            accepted: Vec::new(),
            summary: None,
            proof: None,
            proof_took_ms: None,
            survivors: None,
            recovery_times: None,
        }
    }

    fn write(&self, verbose: bool, out: &mut dyn Write) -> std::io::Result<()> {
        let counted = |severity: &str| match self
            .problems
            .iter()
            .filter(|problem| problem.severity == severity)
            .count()
        {
            0 => String::new(),
            some => format!(", {}", count(some, severity)),
        };
        let Some(summary) = &self.summary else {
            let errors = count(self.problems_total, "error");
            return writeln!(out, "{}: invalid, {errors}", self.file);
        };
        let accepted = match self.accepted.len() {
            0 => String::new(),
            some => format!(", {} accepted", grouped(some as u64)),
        };
        let (warnings, notes) = (counted("warning"), counted("note"));
        writeln!(out, "{}: valid{warnings}{accepted}{notes}", self.file)?;
        if verbose {
            self.accepted.iter().try_for_each(|accepted| writeln!(out, "  {accepted}"))?;
        }
        summary.write(out)?;
        if let (Some(proof), Some(took_ms)) = (&self.proof, self.proof_took_ms) {
            write!(out, "\n{proof}")?;
            writeln!(out, "  took {} ms", grouped(took_ms))?;
        }
        if let Some(survivors) = &self.survivors {
            write!(out, "\n{survivors}")?;
        }
        if let Some(times) = &self.recovery_times {
            write!(out, "\n{times}")?;
        }
        Ok(())
    }
}

impl Summary {
    fn of(config: &Config) -> Self {
        Self {
            fingerprint: config.fingerprint.to_string(),
            regions: config.regions.len(),
            origins: config.regions.values().map(|region| region.origins.len()).sum(),
            monitors: config.monitors.len() + config.composites.len(),
            services: config.services.len(),
            rules: config.residency.len(),
            tenants: config.tenants.len(),
            targets: config.targets().count(),
            areas: config.areas.iter().map(|area| area.as_str()).collect(),
            api_reads: config.api_reads(),
            api_calls_per_pass: config.api_calls_per_pass,
        }
    }

    fn write(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let counts = [
            (self.regions, "region"),
            (self.origins, "origin"),
            (self.monitors, "monitor"),
            (self.services, "service"),
            (self.rules, "rule"),
            (self.tenants, "tenant"),
        ];
        let counts = counts.map(|(number, one)| count(number, one)).join(", ");
        writeln!(out, "  {counts}")?;
        let (probes, config) = (count(self.targets, "probe"), &self.fingerprint);
        let from = match self.areas.len() {
            0 => String::new(),
            areas => format!(" from each of {}", count(areas, "area")),
        };
        writeln!(out, "  {probes} per round{from}, config {config}")?;
        self.write_reads(out)
    }

    /// What it costs to look at the account; nothing if nothing is published.
    fn write_reads(&self, out: &mut dyn Write) -> std::io::Result<()> {
        if self.api_reads.lists == 0 {
            return Ok(());
        }
        writeln!(
            out,
            "  {} to look at Cloudflare the first time, {} each time after: {} of \
             `limits.api_calls_per_pass` ({})",
            count(self.api_reads.first(), "API call"),
            self.api_reads.lists,
            match self.api_reads.passes(self.api_calls_per_pass) {
                1 => "1 pass".to_owned(),
                passes => format!("{passes} passes"),
            },
            self.api_calls_per_pass
        )
    }
}

impl From<&Finding> for ProblemReport {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            code: finding.code.clone(),
            path: finding.path.clone(),
            what: finding.problem.clone(),
            allowed: finding.allowed.clone(),
            hint: finding.hint.clone(),
            also: finding.also.clone(),
            count: 1 + finding.also.len() + finding.more,
        }
    }
}
