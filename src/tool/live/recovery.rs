//! The command lines of how services recover: what a person says to a plan, and drills.

use super::deed::{DeedArgs, region, service};
use crate::config::DrillKind;
use crate::ids::{RegionId, ServiceId};
use crate::order::Act;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::tool) enum RecoveryCommand {
    /// Let the plan of a service go on that waits for a person
    Approve(PlanArgs),
    /// End the plan of a service that is under way
    Abort(PlanArgs),
    /// Bring a service back to a region that it left, or one stage further
    Failback(PlaceArgs),
    /// Say that the data of a region are back in sync, so that it may take writes again
    Confirm(PlaceArgs),
    /// Begin a drill
    Drill(DrillArgs),
}

#[derive(Debug, Args)]
pub(in crate::tool) struct PlanArgs {
    #[arg(value_parser = service)]
    service: ServiceId,
    #[command(flatten)]
    deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct PlaceArgs {
    #[arg(value_parser = service)]
    service: ServiceId,
    #[arg(value_parser = region)]
    region: RegionId,
    #[command(flatten)]
    deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct DrillArgs {
    #[arg(value_parser = service)]
    service: ServiceId,
    /// `plan`, `decision`, `canary` or `full`
    #[arg(value_parser = drill_kind)]
    kind: DrillKind,
    /// The region that is taken to fail [default: the one that serves]
    #[arg(long, value_parser = region)]
    region: Option<RegionId>,
    #[command(flatten)]
    deed: DeedArgs,
}

impl RecoveryCommand {
    pub(super) fn act(&self) -> Act {
        match self {
            Self::Approve(args) => Act::Approve { service: args.service.clone() },
            Self::Abort(args) => Act::Abort { service: args.service.clone() },
            Self::Failback(PlaceArgs { service, region, .. }) => {
                Act::FailBack { service: service.clone(), region: region.clone() }
            }
            Self::Confirm(PlaceArgs { service, region, .. }) => {
                Act::Confirm { service: service.clone(), region: region.clone() }
            }
            Self::Drill(DrillArgs { service, kind, region, .. }) => {
                Act::Drill { service: service.clone(), kind: *kind, region: region.clone() }
            }
        }
    }

    pub(super) fn deed(&self) -> &DeedArgs {
        match self {
            Self::Approve(args) | Self::Abort(args) => &args.deed,
            Self::Failback(args) | Self::Confirm(args) => &args.deed,
            Self::Drill(args) => &args.deed,
        }
    }
}

fn drill_kind(text: &str) -> Result<DrillKind, String> {
    let allowed = "it is `plan`, `decision`, `canary` or `full`";
    DrillKind::parse(text).ok_or_else(|| allowed.to_owned())
}
