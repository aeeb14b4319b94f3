//! The command lines of what is done at the deployed Worker.

use super::deed::{DeedArgs, region, service};
use super::recovery::RecoveryCommand;
use crate::config::OverrideTo;
use crate::ids::{OriginId, RegionId, ServiceId};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use crate::tool::remote::RemoteArgs;
use clap::{ArgGroup, Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(in crate::tool) enum LiveCommand {
    /// Show how everything stands at the deployed Worker
    Status(PageArgs),
    /// Show the incidents of the deployed Worker, or one of them
    Incidents(IncidentsArgs),
    /// Show the drills of the deployed Worker, or one of them
    Drills(DrillsArgs),
    /// List the orders that are in force or to come
    Orders(PageArgs),
    /// Show what services promise, and whether they keep it
    Contracts(PageArgs),
    /// Let a region take no new clients
    Drain(DrainArgs),
    /// Lift the drains of a region
    Undrain(UndrainArgs),
    /// Take an origin, or all origins of a region, to be up, down or drained
    Override(OverrideArgs),
    /// Declare what no probe can see
    #[command(subcommand)]
    Declare(DeclareCommand),
    /// End an order
    Lift(LiftArgs),
    /// Change nothing at Cloudflare any more
    Halt(ServiceArgs),
    /// Lift halts
    Resume(ResumeArgs),
    /// Let a service prefer one region to all others
    Switch(SwitchArgs),
    /// Announce work, so that nobody is called for what it explains
    Maintenance(MaintenanceArgs),
    /// Say that somebody looks after an incident
    Ack(AckArgs),
    /// Set a record right that another owner touched
    TakeBack(TakeBackArgs),
    /// Compare the account at Cloudflare with what should be there, now
    Compare(CompareArgs),
    #[command(flatten)]
    Recovery(RecoveryCommand),
}

#[derive(Debug, Subcommand)]
pub(in crate::tool) enum DeclareCommand {
    /// A region is out, whatever is observed
    Outage(RegionArgs),
    /// Data may be corrupt: nothing moves any more until this is lifted
    Corruption(ServiceArgs),
}

#[derive(Debug, Args)]
pub(in crate::tool) struct PageArgs {
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct IncidentsArgs {
    /// The incident's id [default: list all]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
    #[command(flatten)]
    pub(super) page: PageArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct DrillsArgs {
    /// The drill's id [default: list all]
    #[arg(value_name = "ID")]
    pub(super) id: Option<String>,
    #[command(flatten)]
    pub(super) page: PageArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct TakeBackArgs {
    /// The record's name, such as `api.example.com`
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// The record's type, such as `A`
    #[arg(value_name = "TYPE")]
    pub(super) kind: String,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

/// When an order counts.
#[derive(Debug, Args)]
pub(in crate::tool) struct TimesArgs {
    /// When it comes into force [default: at once]
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(super) from: Option<Timestamp>,
    /// When it ends by itself
    #[arg(long, value_name = "RFC3339", value_parser = instant, conflicts_with = "lasts_ms")]
    pub(super) until: Option<Timestamp>,
    /// How long it lasts, such as `90s`, `30m`, `2h` or `3d`
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub(super) lasts_ms: Option<Millis>,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct DrainArgs {
    /// The region
    #[arg(value_parser = region)]
    pub(super) region: RegionId,
    /// For this service alone
    #[arg(long, value_parser = service)]
    pub(super) service: Option<ServiceId>,
    #[command(flatten)]
    pub(super) times: TimesArgs,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct UndrainArgs {
    /// The region
    #[arg(value_parser = region)]
    pub(super) region: RegionId,
    /// Only drains for this service alone
    #[arg(long, value_parser = service)]
    pub(super) service: Option<ServiceId>,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("whose").required(true))]
pub(in crate::tool) struct OverrideArgs {
    /// This origin
    #[arg(long, value_parser = origin, group = "whose")]
    pub(super) origin: Option<OriginId>,
    /// All origins of this region
    #[arg(long, value_parser = region, group = "whose")]
    pub(super) region: Option<RegionId>,
    /// `up`, `down` or `drain`
    #[arg(value_parser = override_to)]
    pub(super) set: OverrideTo,
    #[command(flatten)]
    pub(super) times: TimesArgs,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct RegionArgs {
    /// The region
    #[arg(value_parser = region)]
    pub(super) region: RegionId,
    #[command(flatten)]
    pub(super) times: TimesArgs,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct ServiceArgs {
    /// For this service alone [default: everything]
    #[arg(long, value_parser = service)]
    pub(super) service: Option<ServiceId>,
    #[command(flatten)]
    pub(super) times: TimesArgs,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct ResumeArgs {
    /// Only halts of this service alone
    #[arg(long, value_parser = service)]
    pub(super) service: Option<ServiceId>,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct SwitchArgs {
    /// The service
    #[arg(value_parser = service)]
    pub(super) service: ServiceId,
    /// The region
    #[arg(long, value_parser = region)]
    pub(super) to: RegionId,
    #[command(flatten)]
    pub(super) times: TimesArgs,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct MaintenanceArgs {
    /// For this service alone
    #[arg(long, value_parser = service)]
    pub(super) service: Option<ServiceId>,
    /// In this region alone
    #[arg(long, value_parser = region)]
    pub(super) region: Option<RegionId>,
    #[command(flatten)]
    pub(super) times: TimesArgs,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct LiftArgs {
    /// The order's number
    #[arg(value_parser = number)]
    pub(super) order: u64,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct AckArgs {
    /// The incident's id
    pub(super) incident: String,
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

#[derive(Debug, Args)]
pub(in crate::tool) struct CompareArgs {
    #[command(flatten)]
    pub(super) deed: DeedArgs,
}

fn number(text: &str) -> Result<u64, String> {
    let wrong = |_| "write the number of an order; `pointsman orders` lists them".to_owned();
    text.parse().map_err(wrong)
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::try_from(text.to_owned()).map_err(|bad| bad.to_string())
}

fn origin(text: &str) -> Result<OriginId, String> {
    OriginId::parse(text).map_err(|bad| bad.to_string())
}

fn override_to(text: &str) -> Result<OverrideTo, String> {
    OverrideTo::parse(text).ok_or_else(|| "it is `up`, `down` or `drain`".to_owned())
}

/// A time such as `2h`: a whole number and a unit.
pub(super) fn duration(text: &str) -> Result<Millis, String> {
    let wrong = || "write a whole number and `s`, `m`, `h` or `d`, such as `2h`".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit_ms = match unit {
        "s" => SECOND,
        "m" => MINUTE,
        "h" => 60 * MINUTE,
        "d" => 24 * 60 * MINUTE,
        _ => return Err(wrong()),
    };
    let is_whole = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: Option<u64> = is_whole.then(|| number.parse().ok()).flatten();
    number.and_then(|number| number.checked_mul(unit_ms)).filter(|ms| *ms > 0).ok_or_else(wrong)
}
