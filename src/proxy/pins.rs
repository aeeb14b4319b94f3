//! Pins of tenants that are kept in KV.

use super::isolate::Isolate;
use crate::fingerprint::Fingerprint;
use crate::ids::TenantId;
use crate::routes::{Pin, Table};
use crate::time::Timestamp;

/// Prefix of the KV keys that hold tenants' pins.
const TENANT_PREFIX: &str = "tenant:";

/// The KV key of a tenant's pin.
pub(super) fn pin_key(tenant: &TenantId) -> String {
    format!("{TENANT_PREFIX}{tenant}")
}

impl Isolate {
    /// Reads a pin. One that does not read, or does not mean what it says, is noted for the log. A
    /// tenant's id may be personal data, so the note has only the fingerprint of its key.
    pub(super) fn read_pin(
        &mut self,
        table: &Table,
        tenant: &TenantId,
        text: &str,
        now: Timestamp,
    ) -> Option<Pin> {
        let read = table.read_pin(text, now);
        let problem = match &read {
            Ok(read) if read.unknown == 0 => None,
            Ok(read) => Some(format!("{} of its entries mean nothing", read.unknown)),
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            let key = pin_key(tenant);
            self.notes.add(&[&key, text], || {
                let fingerprint = Fingerprint::of(key.as_bytes());
                format!("a pin in KV (`{TENANT_PREFIX}…`, fingerprint {fingerprint}): {problem}")
            });
        }
        read.ok().map(|read| read.pin)
    }
}
