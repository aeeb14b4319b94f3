//! An authoritative DNS server over the record table of the emulated API.
//!
//! A failover that moves a record is complete only when clients resolve the new address. So the lab
//! answers DNS from the table that the API writes, without copy or delay. Where it matters for
//! failover, answers are like those of Cloudflare's name servers: a record with TTL `1` ("auto") is
//! answered with 300 s, and a proxied name shows the edge's address (here a documentation address),
//! never its origin.
//!
//! [`answer`] is pure: a question and a table in, an answer out. [`server`] serves it on UDP and
//! TCP, and [`client`] asks like `dig`.
mod answer;
mod client;
mod rdata;
mod server;

pub use client::{ask, lookup};
pub use server::DnsServer;

/// One record as the record table keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsRecord {
    /// The owner's full name, without the final dot.
    pub name: String,
    /// The type in capitals: `A`, `AAAA`, `CNAME`, `TXT`, `NS`, `MX`.
    pub kind: String,
    /// The data in zone-file form. Host names are absolute with or without the final dot; `MX` is
    /// `10 mail.example.com`.
    pub content: String,
    /// Seconds; `1` is "auto".
    pub ttl_s: u32,
    /// The edge answers for this name: clients see the edge's address in place of the content.
    pub proxied: bool,
}

/// A table of records, read anew for each question.
pub trait RecordSource: Send + Sync + 'static {
    /// The apex names of the zones that this server is authoritative for, in lower case, without
    /// the final dot.
    fn zones(&self) -> Vec<String>;

    /// All records of exactly this name, which is in lower case and without the final dot.
    fn records(&self, name: &str) -> Vec<DnsRecord>;
}
