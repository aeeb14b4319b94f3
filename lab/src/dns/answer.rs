//! Answers one question, as a pure function of the record table.
use super::rdata::{absolute, build, build_edge, kind, soa};
use super::{DnsRecord, RecordSource};
use anyhow::Result;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, Record, RecordType};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The address that stands for the edge in answers for proxied names. Source: RFC 5737.
const EDGE_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The same for IPv6. Source: RFC 3849.
const EDGE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// The longest chain of `CNAME`s that is followed, which also ends loops.
const CHAIN_MAX: usize = 8;

/// The answer to a client.
#[derive(Debug, PartialEq)]
pub(super) struct DnsAnswer {
    pub(super) code: ResponseCode,
    pub(super) authoritative: bool,
    pub(super) answers: Vec<Record>,
    /// The zone's `SOA` when the answer is a "no", so that resolvers know how long to remember it
    /// (RFC 2308).
    pub(super) authority: Option<Record>,
}

impl DnsAnswer {
    /// An answer without records, for questions outside the zones or errors.
    pub(super) fn bare(code: ResponseCode) -> Self {
        Self { code, authoritative: false, answers: Vec::new(), authority: None }
    }
}

/// Answers one question. `name` is in lower case, without the final dot.
///
/// A record that cannot be encoded makes the answer `SERVFAIL`, as on a name server with a broken
/// zone.
pub(super) fn answer(source: &dyn RecordSource, name: &str, kind: RecordType) -> DnsAnswer {
    let zones = source.zones();
    if zone_of(&zones, name).is_none() {
        return DnsAnswer::bare(ResponseCode::Refused);
    }
    follow(source, &zones, name, kind).unwrap_or_else(|_| DnsAnswer::bare(ResponseCode::ServFail))
}

/// The most specific zone that the name lies in.
fn zone_of<'a>(zones: &'a [String], name: &str) -> Option<&'a str> {
    let inside = |zone: &str| {
        name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    zones.iter().map(String::as_str).filter(|zone| inside(zone)).max_by_key(|zone| zone.len())
}

/// Collects records from `name` on, following `CNAME`s while they stay inside the zones.
fn follow(
    source: &dyn RecordSource,
    zones: &[String],
    name: &str,
    wanted: RecordType,
) -> Result<DnsAnswer> {
    let mut name = name.to_owned();
    let mut chain = Vec::new();
    while let Some(zone) = zone_of(zones, &name)
        && chain.len() < CHAIN_MAX
    {
        let records = source.records(&name);
        let found = matching(&records, &name, zone, wanted)?;
        if !found.is_empty() {
            chain.extend(found);
            break;
        }
        let Some(alias) = records.iter().find(|r| r.kind == "CNAME" && !r.proxied) else {
            return no_such_record(chain, zone, records.is_empty() && name != zone);
        };
        chain.push(build(alias)?);
        name = alias.content.trim_end_matches('.').to_ascii_lowercase();
    }
    let code = ResponseCode::NoError;
    Ok(DnsAnswer { code, authoritative: true, answers: chain, authority: None })
}

/// The records of one name that answer a question for the type `wanted`.
fn matching(
    records: &[DnsRecord],
    name: &str,
    zone: &str,
    wanted: RecordType,
) -> Result<Vec<Record>> {
    let hidden = |record: &DnsRecord| {
        record.proxied && matches!(record.kind.as_str(), "A" | "AAAA" | "CNAME")
    };
    if wanted == RecordType::SOA && name == zone {
        return Ok(vec![soa(zone)?]);
    }
    if records.iter().any(hidden) {
        match wanted {
            RecordType::A => return Ok(vec![build_edge(name, RData::A(EDGE_V4.into()))?]),
            RecordType::AAAA => return Ok(vec![build_edge(name, RData::AAAA(EDGE_V6.into()))?]),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for record in records.iter().filter(|record| !hidden(record)) {
        if kind(record)? == wanted {
            let mut record = build(record)?;
            record.name = absolute(name)?;
            found.push(record);
        }
    }
    Ok(found)
}

/// `NXDOMAIN` if the name does not exist, "no data" if it has only records of other types.
fn no_such_record(chain: Vec<Record>, zone: &str, is_unknown_name: bool) -> Result<DnsAnswer> {
    let code = if is_unknown_name { ResponseCode::NXDomain } else { ResponseCode::NoError };
    Ok(DnsAnswer { code, authoritative: true, answers: chain, authority: Some(soa(zone)?) })
}
