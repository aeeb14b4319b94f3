//! Addresses of origins: somebody on the Internet must be able to reach them.

use super::{Checker, under};
use crate::config::diagnostic::Code;
use crate::config::host::{unreachable_v4, unreachable_v6};
use crate::config::raw::RawOrigin;

impl Checker<'_> {
    /// A record with the address of no machine, or of everybody's own, leads clients to themselves.
    pub(super) fn addresses(&mut self, path: &str, raw: &RawOrigin) {
        let v4 = raw.ipv4.and_then(|ip| Some(("ipv4", ip.to_string(), unreachable_v4(ip)?)));
        let v6 = raw.ipv6.and_then(|ip| Some(("ipv6", ip.to_string(), unreachable_v6(ip)?)));
        for (key, ip, why) in [v4, v6].into_iter().flatten() {
            let problem = format!("`{ip}` leads no client to this origin: the address is {why}");
            self.report(under(path, key), Code::E028, problem, "the public address of the origin");
        }
    }
}
