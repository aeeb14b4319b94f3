//! Whether it runs: the config, runs, probes, areas, isolates.

use crate::journal::EventKind;
use crate::metrics::counters::SAID;
use crate::metrics::family::{Group, Samples};
use crate::metrics::sources::Sources;
use crate::time::{MINUTE, Millis};

/// How long ago an isolate has told something that counts as heard.
const HEARD_MS: Millis = 5 * MINUTE;

pub(super) const GROUP: Group = Group {
    lines: "\
gauge build_info version Which build this is; always 1.
gauge generation - It grows by one with each change that the pages show.
gauge config_revision - The number of the config in use.
gauge config_refused - Whether the config in KV is refused, and an older one is in use.
gauge run_age_seconds - Time since the last run began. Absent until the first.
gauge run_lateness_seconds - By how much the last run began later than it was scheduled.
gauge run_rounds - Rounds of the last run so far.
gauge run_probes - Probes of the last run so far.
counter runs_total by Runs, by who began them: cron, or the Controller while cron is silent.
gauge cron_silent - Whether cron begins no runs.
gauge observer_in_doubt - Whether probes reach nothing anywhere.
gauge area_heard area Whether the vantage point of an area answers.
gauge area_in_doubt area The same from one area.
counter probes_total region,said Probes of origins, by region and by what they said.
counter events_total event What happened, by kind: the events of the log.
gauge isolates_heard - Isolates that told what they count in the last five minutes.
counter counts_refused_total - Counts of isolates that could not be true.",
    make,
};

fn make(s: &Sources<'_>, out: &mut Samples<'_>) {
    out.flag("build_info", &[env!("CARGO_PKG_VERSION")], true);
    out.count("generation", &[], s.state.generation);
    if let Some(number) = s.status.config.revision {
        out.count("config_revision", &[], number);
    }
    out.flag("config_refused", &[], s.status.config.refused.is_some());
    let mut is_silent = s.state.silent_since.is_some();
    if let Some(run) = &s.status.last_run {
        out.millis("run_age_seconds", &[], Some(s.now.since(run.began)));
        out.millis("run_lateness_seconds", &[], Some(run.began.since(run.scheduled)));
        out.count("run_rounds", &[], run.rounds.into());
        out.count("run_probes", &[], run.probes.into());
        is_silent |= run.cron_silent_since.is_some();
    }
    out.count("runs_total", &["cron"], s.counters.runs);
    out.count("runs_total", &["controller"], s.counters.stand_ins);
    out.flag("cron_silent", &[], is_silent);
    out.flag("observer_in_doubt", &[], s.state.doubted_since.is_some());
    if let Some(view) = s.view {
        for area in &view.config.areas {
            let it = s.state.areas.get(area);
            let labels = [area.as_str()];
            out.flag("area_heard", &labels, it.is_some_and(|it| it.is_heard(s.now)));
            let in_doubt = it.is_some_and(|it| it.doubted_since.is_some());
            out.flag("area_in_doubt", &labels, in_doubt);
        }
        for region in view.config.regions.keys() {
            for said in SAID {
                let count = s.counters.probes(region, said);
                out.count("probes_total", &[region.as_str(), said], count);
            }
        }
    }
    for kind in EventKind::WORDS {
        out.count("events_total", &[kind], s.counters.events(kind));
    }
    out.len("isolates_heard", s.state.traffic.isolates(HEARD_MS, s.now));
    out.count("counts_refused_total", &[], s.state.traffic.refused);
}
