//! The second witness of a service: it asks somebody who can answer.

use super::{Checker, under};
use crate::config::SecondWitness;
use crate::config::diagnostic::Code;
use crate::config::raw::RawService;

impl Checker<'_> {
    pub(super) fn second_witness(
        &mut self,
        path: &str,
        service: &RawService,
    ) -> Option<SecondWitness> {
        let raw = service.second_witness.as_ref()?;
        if raw.header.is_none() && !raw.tenant && !self.has_mistake(path) {
            let problem = "it asks nobody";
            self.report(path, Code::E014, problem, "`header`, `tenant = true`, or both");
        }
        if raw.tenant && service.tenant.is_none() && !self.lost.is_from(path) {
            let problem = "the service reads no tenant";
            let allowed = "`tenant` in the service, which says where a request names its tenant";
            self.report(under(path, "tenant"), Code::E014, problem, allowed);
        }
        let header = raw.header.as_ref().map(|name| name.0.to_ascii_lowercase());
        Some(SecondWitness { header, tenant: raw.tenant, required: raw.required })
    }
}
