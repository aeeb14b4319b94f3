//! Who takes the writes of a service once its primary is down, and who begins it.
//!
//! Nobody's writes are taken until then, so service is lost all the same; but for how long, and who
//! has to do something, is another thing at night.

use crate::config::{FailoverMode, Follow, Manager};
use crate::controller::may_take_over;
use crate::ids::{RegionId, ServiceId};
use crate::steering::Refusal;
use crate::view::View;
use serde::{Serialize, Serializer};
use std::fmt;

/// How writes are taken again that no region takes.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Promotion {
    by: PromotedBy,
    /// The first region in failover order that may take over, unless its data forbid it then.
    /// `None` if there is none, or if a failover manager chooses.
    to: Option<RegionId>,
}

/// Who promotes.
#[derive(Debug, Clone, Copy)]
enum PromotedBy {
    /// A plan of ours, begun as the mode has it.
    Plan(FailoverMode),
    /// A failover manager, by itself.
    Manager(Manager),
}

impl Promotion {
    /// How a service would take writes again in a world in which its primary is down. `None` if
    /// nothing in its config makes another region the primary.
    pub(super) fn of(view: &View<'_>, id: &ServiceId) -> Option<Self> {
        let standing = view.standing(id)?;
        let primary = standing.primary?.region;
        let failover = &standing.service.failover;
        if let Some(Follow { manager, .. }) = &failover.follow {
            return Some(Self { by: PromotedBy::Manager(*manager), to: None });
        }
        failover.promote.as_ref()?;
        let to = may_take_over(view, &standing, primary).next().cloned();
        Some(Self { by: PromotedBy::Plan(failover.mode), to })
    }

    /// Whether clients who are refused for this wait for a promotion.
    pub(super) fn helps(refusal: Option<&str>) -> bool {
        refusal == Some(Refusal::NoPrimary.as_str())
    }

    /// Whether writes are taken again some time.
    pub(super) fn is_possible(&self) -> bool {
        self.to.is_some() || matches!(self.by, PromotedBy::Manager(_))
    }
}

impl Serialize for PromotedBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Plan(FailoverMode::Automatic) => "automatic",
            Self::Plan(FailoverMode::Approve) => "approve",
            Self::Plan(FailoverMode::Manual) => "manual",
            Self::Manager(manager) => manager.as_str(),
        })
    }
}

impl fmt::Display for Promotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.by {
            PromotedBy::Plan(mode) => mode,
            PromotedBy::Manager(manager) => {
                return write!(f, "until {} promotes another region", manager.as_str());
            }
        };
        let Some(to) = &self.to else {
            return f.write_str("and no other region may be promoted");
        };
        match mode {
            FailoverMode::Automatic => write!(f, "until {to} is promoted"),
            FailoverMode::Approve => write!(f, "until a person agrees that {to} is promoted"),
            FailoverMode::Manual => write!(f, "until a person has {to} promoted"),
        }
    }
}
