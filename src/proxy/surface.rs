//! What this isolate knows that our own pages need: which hosts are a service's, and who may use
//! the admin API.

use super::isolate::Isolate;
use crate::config::Admin;
use crate::time::Timestamp;

/// What the table says of our own pages at a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPages {
    /// Whether the host is a service's. It is none as long as there is no table.
    pub is_a_service: bool,
    /// Where the admin API answers, and who may use it.
    pub admin: Option<Admin>,
}

impl Isolate {
    /// Whether to load the table before a page of ours is answered: a token that was taken out of
    /// the config should open nothing.
    pub fn should_load(&mut self, now: Timestamp) -> bool {
        self.looks.next_for_page(now)
    }

    /// What the table says of our own pages at this host, which is in lower case.
    #[must_use]
    pub fn own_pages(&self, host: &str) -> OwnPages {
        let Some(table) = &self.table else { return OwnPages::default() };
        OwnPages { is_a_service: table.service(host).is_some(), admin: table.admin.clone() }
    }
}
