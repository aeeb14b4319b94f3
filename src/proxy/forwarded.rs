//! The headers that tell an origin about the client and the request.
//!
//! A client can send each of these headers itself, and an origin behind us believes them. So each
//! is set, or removed if there is nothing to say. Source: RFC 7239 for `Forwarded`.

use super::instruction::HOPS_MAX;
use super::question::Question;

/// Names and values; an empty value removes the header. `resolve` is the host to connect to, if it
/// is not the one that the origin is told. `epoch` is that of the service's last promotion.
pub(super) fn headers(
    question: &Question<'_>,
    epoch: u64,
    resolve: Option<&str>,
) -> [(&'static str, String); 7] {
    let target = &question.target;
    // The host that is told may be one that this Worker serves. If Cloudflare connects there after
    // all, the request comes back to us, and as a stranger's: it must not be sent on.
    let hops = if resolve.is_some() { HOPS_MAX } else { question.hops.saturating_add(1) };
    [
        ("x-forwarded-for", question.client.to_owned()),
        ("x-forwarded-host", target.authority()),
        ("x-forwarded-proto", target.scheme.to_owned()),
        ("forwarded", forwarded(question)),
        ("x-request-id", question.id.to_owned()),
        ("x-failover-epoch", epoch.to_string()),
        ("x-pointsman-hops", hops.to_string()),
    ]
}

fn forwarded(question: &Question<'_>) -> String {
    let target = &question.target;
    let client = if question.client.is_empty() { "unknown" } else { question.client };
    let (open, close) = if client.contains(':') { ("\"[", "]\"") } else { ("", "") };
    // A colon has to be quoted: before a port, or in an IPv6 address.
    let (colon, port) = target.port.map_or(("", ""), |port| (":", port));
    let quote = if target.port.is_some() || target.host.contains(':') { "\"" } else { "" };
    let mut text = String::with_capacity(96);
    for part in [
        "for=",
        open,
        client,
        close,
        ";host=",
        quote,
        &target.host,
        colon,
        port,
        quote,
        ";proto=",
        target.scheme,
    ] {
        text.push_str(part);
    }
    text
}
