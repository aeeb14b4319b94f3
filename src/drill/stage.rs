//! How far a drill has come, and how one ends.

use crate::json::words;

words! {
    /// What is being done, and waited for.
    pub enum DrillStage {
        /// Clients are led away: everybody who has to know is told.
        Away = "away",
        /// The regions that took over have to answer.
        Verify = "verify",
        /// It is watched whether all stays well.
        Watch = "watch",
        /// The clients return: everybody who has to know is told.
        Back = "back",
        /// The region that they return to has to answer.
        Check = "check",
        /// A plan moves the primary away.
        Switch = "switch",
        /// It is watched whether the new primary does well.
        Serve = "serve",
        /// A person has to say that the data of the old primary are back in sync.
        Confirm = "confirm",
        /// A plan moves the primary back.
        Return = "return",
        /// It has ended.
        Over = "over",
    }

    /// How a drill ended. Source of the words: AWS, "Zonal autoshift practice run outcomes".
    #[derive(Default)]
    pub enum Outcome {
        /// It goes on.
        #[default]
        Pending = "PENDING",
        /// All that was tried worked.
        Succeeded = "SUCCEEDED",
        /// It could not go on: a person stopped it, or something that is no fault came between.
        Interrupted = "INTERRUPTED",
        /// Something that was tried did not work.
        Failed = "FAILED",
        /// The other regions do not carry the load.
        CapacityCheckFailed = "CAPACITY_CHECK_FAILED",
        /// Something went wrong while it was under way, and it was ended so as not to add to it.
        AbortedSafety = "ABORTED_SAFETY",
    }

    /// What a drill has reached.
    pub enum Milestone {
        /// Everybody who has to know knows that the clients are elsewhere.
        Moved = "moved",
        /// The regions that took over have answered.
        Verified = "verified",
        /// It was watched for long enough, or given up.
        TurnedBack = "turned_back",
        /// Everybody who has to know knows that the clients return.
        Returned = "returned",
        /// The region that they returned to has answered.
        Checked = "checked",
    }
}

impl DrillStage {
    /// Whether the region's clients are to be elsewhere now.
    #[must_use]
    pub fn is_away(self) -> bool {
        matches!(self, Self::Away | Self::Verify | Self::Watch)
    }

    /// Whether plans do the moving: it is about a primary.
    #[must_use]
    pub fn is_by_plan(self) -> bool {
        matches!(self, Self::Switch | Self::Serve | Self::Confirm | Self::Return)
    }
}

impl Milestone {
    /// What it is, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Moved => "clients were elsewhere, acknowledged",
            Self::Verified => "the regions that took over answered",
            Self::TurnedBack => "the return began",
            Self::Returned => "clients were back, acknowledged",
            Self::Checked => "the region answered again",
        }
    }
}
