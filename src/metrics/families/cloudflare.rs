//! What is done at Cloudflare, and what the limits leave.

use crate::metrics::family::{Group, Samples};
use crate::metrics::sources::Sources;

pub(super) const GROUP: Group = Group {
    lines: "\
counter api_calls_total - Calls of Cloudflare's API.
gauge api_calls_recent - The same in the last five minutes.
gauge api_calls_recent_max - Most that may be.
gauge api_blocked - Whether the API asked for silence.
gauge account_compared_age_seconds - Time since the account was last compared. Absent until then.
gauge permissions_denied - Permissions that the API token lacks.
gauge changes_withheld - Changes that are not made, on purpose.
gauge changes_failing - What failed at Cloudflare in the last pass.
gauge changes_in_flight - Changes that no reply has confirmed.
gauge halted - Whether nothing is changed at Cloudflare.
gauge other_owners - Facts about other owners that go on.
gauge origins_disabled - Origins that Pointsman has disabled in pools.
counter kv_writes_total - Writes to KV.
gauge kv_writes_max - Most writes to KV in any 24 hours.
gauge kv_writes_left for Writes to KV that are left now, for what.
gauge kv_documents_held_back - Documents that wait for the day's writes.
gauge kv_documents_too_large - Documents that are too large to be written.",
    make,
};

fn make(s: &Sources<'_>, out: &mut Samples<'_>) {
    let (cloudflare, kv) = (&s.status.cloudflare, &s.status.kv);
    let api = &cloudflare.api;
    out.count("api_calls_total", &[], s.counters.api_calls);
    out.count("api_calls_recent", &[], api.calls_in_5_min.into());
    out.count("api_calls_recent_max", &[], api.calls_in_5_min_max.into());
    out.flag("api_blocked", &[], api.blocked_until.is_some());
    let compared_ms = api.compared_at.map(|at| s.now.since(at));
    out.millis("account_compared_age_seconds", &[], compared_ms);
    out.len("permissions_denied", cloudflare.denied.len());
    out.len("changes_withheld", cloudflare.withheld.len());
    out.len("changes_failing", cloudflare.failures.len());
    out.len("changes_in_flight", cloudflare.in_flight.len());
    out.flag("halted", &[], cloudflare.halted);
    let go_on = cloudflare.other_owners.iter().filter(|it| it.over_at.is_none());
    out.len("other_owners", go_on.count());
    out.len("origins_disabled", cloudflare.disabled_by_us.len());
    out.count("kv_writes_total", &[], s.counters.kv_writes);
    out.count("kv_writes_max", &[], kv.writes_per_day.into());
    out.count("kv_writes_left", &["routes"], kv.left_for_routes.into());
    out.count("kv_writes_left", &["pages"], kv.left_for_pages.into());
    out.len("kv_documents_held_back", kv.held_back.len());
    out.len("kv_documents_too_large", s.status.too_large.as_ref().map_or(0, Vec::len));
}
