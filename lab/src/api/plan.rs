//! Plans and their limits.

/// The most pools of an account, and the most origins of a pool, without an Enterprise contract.
pub(crate) const OBJECTS_MAX: usize = 20;

/// The shortest interval of a monitor under any plan, and the longest, in seconds.
pub(crate) const INTERVAL_S: (i64, i64) = (10, 3600);

/// What a zone's owner pays for; limits depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// 200 records, 200 changes a batch, comments of 100 characters, no tags, TTL from 60 s.
    Free,
    /// 3,500 records, 3,500 changes a batch, comments of 500 characters, tags, TTL from 60 s.
    Pro,
    /// As [`Plan::Pro`], with TTL from 30 s and steering by data center.
    Enterprise,
}

impl Plan {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Free => "Free Website",
            Self::Pro => "Pro Website",
            Self::Enterprise => "Enterprise Website",
        }
    }

    pub(crate) fn ttl_s_min(self) -> i64 {
        if self == Self::Enterprise { 30 } else { 60 }
    }

    /// The most records of a zone, and also the most changes of one batch.
    pub(crate) fn records_max(self) -> usize {
        if self == Self::Free { 200 } else { 3500 }
    }

    pub(crate) fn comment_chars_max(self) -> usize {
        if self == Self::Free { 100 } else { 500 }
    }
}
