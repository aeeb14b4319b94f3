//! What an origin is told of the client and of the request.
//!
//! A client can send each of these headers itself, so each is set, or taken off where there is
//! nothing to say: an origin behind us may believe them. Source: RFC 7239 for `Forwarded`.

use super::asked::Asked;
use crate::routes::Table;

/// Names and values; an empty value takes the header off.
pub(super) fn headers(asked: &Asked<'_>, table: &Table) -> [(&'static str, String); 7] {
    let target = &asked.target;
    [
        ("x-forwarded-for", asked.client.to_owned()),
        ("x-forwarded-host", target.host.clone()),
        ("x-forwarded-proto", target.scheme.to_owned()),
        ("forwarded", forwarded(asked)),
        ("x-request-id", asked.id.to_owned()),
        ("x-failover-epoch", table.generation.to_string()),
        ("x-pointsman-hops", asked.hops.saturating_add(1).to_string()),
    ]
}

fn forwarded(asked: &Asked<'_>) -> String {
    let target = &asked.target;
    let (open, close) = if asked.client.contains(':') { ("\"[", "]\"") } else { ("", "") };
    let client = if asked.client.is_empty() { "unknown" } else { asked.client };
    // A host with a colon in it is an address in brackets, which has to be quoted.
    let quote = if target.host.contains(':') { "\"" } else { "" };
    let mut text = String::with_capacity(96);
    for part in [
        "for=",
        open,
        client,
        close,
        ";host=",
        quote,
        &target.host,
        quote,
        ";proto=",
        target.scheme,
    ] {
        text.push_str(part);
    }
    text
}
