//! Acts and orders in words, for people.

use super::act::{Act, Order};
use crate::ids::{RegionId, ServiceId};
use std::fmt;

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |service: &Option<ServiceId>| match service {
            Some(service) => format!(" for {service}"),
            None => String::new(),
        };
        match self {
            Self::Drain { region, service } => write!(f, "drain {region}{}", of(service)),
            Self::Override { origin: Some(origin), set, .. } => {
                write!(f, "set origin {origin} to {}", set.as_str())
            }
            Self::Override { region, set, .. } => {
                let region = region.as_ref().map_or("?", RegionId::as_str);
                write!(f, "set all origins of {region} to {}", set.as_str())
            }
            Self::Outage { region } => write!(f, "declare an outage of {region}"),
            Self::Corruption { service } => write!(f, "declare corruption{}", of(service)),
            Self::Halt { service } => write!(f, "halt changes at Cloudflare{}", of(service)),
            Self::Switch { service, to } => write!(f, "switch {service} to {to}"),
            Self::Maintenance { service, region } => {
                f.write_str("announce maintenance")?;
                f.write_str(&of(service))?;
                region.iter().try_for_each(|region| write!(f, " in {region}"))
            }
            Self::Lift { order } => write!(f, "lift order {order}"),
            Self::Acknowledge { incident } => write!(f, "acknowledge incident {incident}"),
            Self::PushConfig { .. } => f.write_str("push a config"),
            Self::RollBack { revision } => write!(f, "roll the config back to {revision}"),
            Self::Compare {} => f.write_str("compare with Cloudflare"),
            Self::TakeBack { record } => write!(f, "take the record {record} back"),
            Self::Approve { service } => write!(f, "approve the plan of {service}"),
            Self::Abort { service } => write!(f, "abort the plan of {service}"),
            Self::FailBack { service, region } => write!(f, "bring {service} back to {region}"),
            Self::Confirm { service, region } => {
                write!(f, "confirm that the data of {service} in {region} are back in sync")
            }
            Self::Drill { service, kind, region } => {
                write!(f, "drill ({}) {service}", kind.as_str())?;
                region.iter().try_for_each(|region| write!(f, " without {region}"))
            }
            Self::TestAlert { receiver: Some(receiver) } => {
                write!(f, "send a test alert to {receiver}")
            }
            Self::TestAlert { receiver: None } => f.write_str("send a test alert"),
        }
    }
}

impl Act {
    /// The service that it is about, if it is about one.
    #[must_use]
    pub fn service(&self) -> Option<&ServiceId> {
        match self {
            Self::Drain { service, .. }
            | Self::Corruption { service }
            | Self::Halt { service }
            | Self::Maintenance { service, .. } => service.as_ref(),
            Self::Switch { service, .. }
            | Self::Approve { service }
            | Self::Abort { service }
            | Self::FailBack { service, .. }
            | Self::Confirm { service, .. }
            | Self::Drill { service, .. } => Some(service),
            _ => None,
        }
    }

    /// The region that it is about, if it is about one.
    #[must_use]
    pub fn region(&self) -> Option<&RegionId> {
        match self {
            Self::Drain { region, .. }
            | Self::Outage { region }
            | Self::FailBack { region, .. }
            | Self::Confirm { region, .. } => Some(region),
            Self::Override { region, .. }
            | Self::Maintenance { region, .. }
            | Self::Drill { region, .. } => region.as_ref(),
            Self::Switch { to, .. } => Some(to),
            _ => None,
        }
    }
}

impl Order {
    /// Who gave it, until when it counts, its number and how it is lifted, and why it was given.
    #[must_use]
    pub fn told(&self) -> String {
        let Self { id, who, reason, until, .. } = self;
        let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
        format!("by {who}{until} (order {id}; `pointsman lift {id}` ends it): {reason}")
    }
}
