//! What every command takes that changes something, and how the names in it are read.

use crate::ids::{RegionId, ServiceId};
use crate::tool::remote::RemoteArgs;
use clap::Args;

/// What every command takes that changes something.
#[derive(Debug, Args)]
pub(in crate::tool) struct DeedArgs {
    /// Why; kept in the audit chain
    #[arg(long, value_name = "TEXT")]
    pub(super) reason: String,
    /// Only show what it would change
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) remote: RemoteArgs,
}

pub(super) fn region(text: &str) -> Result<RegionId, String> {
    RegionId::parse(text).map_err(|bad| bad.to_string())
}

pub(super) fn service(text: &str) -> Result<ServiceId, String> {
    ServiceId::parse(text).map_err(|bad| bad.to_string())
}
