//! Converts a record's text to wire data.
use super::DnsRecord;
use anyhow::{Context, Result};
use hickory_proto::rr::rdata::{SOA, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

/// What "auto" (TTL 1) is answered as. Source: Cloudflare DNS, "Time to Live".
const AUTO_TTL_S: u32 = 300;

/// The longest character string inside a `TXT` record, in bytes. Source: RFC 1035 section 3.3.14.
const TXT_CHUNK_MAX: usize = 255;

/// Parses an absolute name, with or without its final dot.
pub(super) fn absolute(name: &str) -> Result<Name> {
    let mut parsed = Name::from_utf8(name).with_context(|| format!("bad name `{name}`"))?;
    parsed.set_fqdn(true);
    Ok(parsed)
}

/// The type of a record as hickory knows it.
///
/// **Errors**: the type is not one that DNS knows.
pub(super) fn kind(record: &DnsRecord) -> Result<RecordType> {
    record.kind.parse().with_context(|| format!("unknown record type `{}`", record.kind))
}

/// Builds the resource record of an unproxied record.
///
/// **Errors**: the content does not parse as the record's type.
pub(super) fn build(record: &DnsRecord) -> Result<Record> {
    let data = data(kind(record)?, &record.content)
        .with_context(|| format!("{} {} has bad content", record.name, record.kind))?;
    let ttl_s = if record.ttl_s == 1 { AUTO_TTL_S } else { record.ttl_s };
    Ok(Record::from_rdata(absolute(&record.name)?, ttl_s, data))
}

/// Builds the record with which the edge answers for a proxied name.
pub(super) fn build_edge(name: &str, data: RData) -> Result<Record> {
    Ok(Record::from_rdata(absolute(name)?, AUTO_TTL_S, data))
}

fn data(kind: RecordType, content: &str) -> Result<RData> {
    match kind {
        // A zone file would read these as relative to its origin; the table's are absolute.
        RecordType::CNAME | RecordType::NS | RecordType::MX => {
            let absolute = format!("{}.", content.trim_end_matches('.'));
            Ok(RData::try_from_str(kind, &absolute)?)
        }
        RecordType::TXT if !content.starts_with('"') => {
            let chunks = content.as_bytes().chunks(TXT_CHUNK_MAX).collect();
            Ok(RData::TXT(TXT::from_bytes(chunks)))
        }
        _ => Ok(RData::try_from_str(kind, content)?),
    }
}

/// The `SOA` of a zone, with the timers that Cloudflare's zones have; its minimum is how long a
/// "no" is remembered.
pub(super) fn soa(zone: &str) -> Result<Record> {
    const MINIMUM_S: u32 = 1800;
    let name = absolute(zone)?;
    let (primary, mailbox) = (name.prepend_label("ns1")?, name.prepend_label("dns")?);
    let soa = SOA::new(primary, mailbox, 1, 10_000, 2_400, 604_800, MINIMUM_S);
    Ok(Record::from_rdata(name, MINIMUM_S, RData::SOA(soa)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_absolute_with_and_without_the_final_dot() {
        for (kind, content, expected) in [
            (RecordType::CNAME, "eu.example.com", "eu.example.com."),
            (RecordType::CNAME, "eu.example.com.", "eu.example.com."),
            (RecordType::MX, "10 mail.example.com", "10 mail.example.com."),
        ] {
            assert_eq!(data(kind, content).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn a_long_text_is_split_into_strings_of_255_bytes() {
        let RData::TXT(txt) = data(RecordType::TXT, &"x".repeat(256)).unwrap() else {
            panic!("not a TXT record");
        };
        let lengths: Vec<usize> = txt.txt_data.iter().map(|chunk| chunk.len()).collect();
        assert_eq!(lengths, [255, 1]);
    }

    #[test]
    fn an_address_that_is_none_is_an_error() {
        assert!(data(RecordType::A, "eu.example.com").is_err());
    }
}
