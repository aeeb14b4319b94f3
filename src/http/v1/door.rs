//! At which hosts our pages answer.
//!
//! | host | no `[admin]` | `[admin]` without `hosts` | `[admin]` with `hosts` |
//! | --- | --- | --- | --- |
//! | one of `admin.hosts` | – | – | all pages |
//! | a service's | the three old pages | none, unless `on_service_hosts` | the same |
//! | any other | all pages | all pages | none |
//!
//! The page about a 451 is everybody's, and answers everywhere. As long as there is no routing
//! table, nobody knows which hosts are a service's, and an operator needs the pages most: all
//! answer then.

use crate::config::Admin;

/// The host that a request came to.
#[derive(Debug, Clone, Copy)]
pub struct Door<'d> {
    /// Its name, in lower case.
    pub host: &'d str,
    /// Whether it is a service's.
    pub is_a_service: bool,
    /// What the config says; absent if it does not speak of the API, or there is none.
    pub admin: Option<&'d Admin>,
}

impl Door<'_> {
    /// Whether the API answers here.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let Some(admin) = self.admin else { return !self.is_a_service };
        if self.is_a_service {
            return admin.on_service_hosts;
        }
        admin.hosts.is_empty() || admin.hosts.iter().any(|host| *host == self.host)
    }

    /// Whether the pages answer here that are older than the API: `status`, `proxy`, `compare`.
    #[must_use]
    pub fn is_open_for_old_pages(&self) -> bool {
        self.admin.is_none() || self.is_open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(host: &str, is_a_service: bool, admin: Option<&Admin>) -> (bool, bool) {
        let door = Door { host, is_a_service, admin };
        (door.is_open(), door.is_open_for_old_pages())
    }

    #[test]
    fn the_api_answers_where_the_config_says_and_never_unasked_at_a_customers_host() {
        let ops = vec!["ops.example.com".to_owned()];
        let named = Admin { hosts: ops, ..Admin::default() };
        let everywhere = Admin { on_service_hosts: true, ..named.clone() };
        let anywhere = Admin::default();
        for (admin, at_ops, at_a_service, elsewhere) in [
            (None, (true, true), (false, true), (true, true)),
            (Some(&anywhere), (true, true), (false, false), (true, true)),
            (Some(&named), (true, true), (false, false), (false, false)),
            (Some(&everywhere), (true, true), (true, true), (false, false)),
        ] {
            assert_eq!(open("ops.example.com", false, admin), at_ops, "{admin:?}");
            assert_eq!(open("api.example.com", true, admin), at_a_service, "{admin:?}");
            assert_eq!(open("x.acme.workers.dev", false, admin), elsewhere, "{admin:?}");
        }
    }
}
