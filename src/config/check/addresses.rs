//! Addresses of origins: somebody on the Internet must be able to reach them.

use super::{Checker, item, under};
use crate::config::diagnostic::Code;
use crate::config::host::unreachable;
use crate::config::raw::RawOrigin;
use crate::config::{ADDRESSES_MAX, OriginUrl};
use std::net::IpAddr;

impl Checker<'_> {
    /// A record with the address of no machine, or of everybody's own, leads clients to themselves.
    pub(super) fn addresses(&mut self, path: &str, raw: &RawOrigin) {
        let written = [("ipv4", raw.ipv4.map(IpAddr::V4)), ("ipv6", raw.ipv6.map(IpAddr::V6))];
        for (key, ip) in written {
            let Some((ip, why)) = ip.and_then(|ip| Some((ip, unreachable(ip)?))) else { continue };
            let problem = format!("`{ip}` leads no client to this origin: the address is {why}");
            self.report(under(path, key), Code::E028, problem, "the public address of the origin");
        }
        let is_local = OriginUrl::parse(&raw.url).is_ok_and(|url| url.is_local());
        self.connected_addresses(&under(path, "addresses"), &raw.addresses, is_local);
    }

    /// The addresses that each probe connects to. An origin on this machine has those of it.
    fn connected_addresses(&mut self, path: &str, addresses: &[IpAddr], is_local: bool) {
        for (index, ip) in self.bounded(path, addresses, ADDRESSES_MAX) {
            let path = item(path, index);
            let why = unreachable(*ip).filter(|_| !is_local || !ip.is_loopback());
            if let Some(why) = why {
                let problem = format!("no probe reaches `{ip}`: the address is {why}");
                self.report(path, Code::E028, problem, "a public address of the origin");
            } else if addresses.iter().take(index).any(|other| other == ip) {
                self.twice(path, &ip.to_string());
            }
        }
    }
}
