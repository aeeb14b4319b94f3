//! What the live traffic of services looks like, as counts.
//!
//! Each isolate of the proxy counts by minute what became of its requests: of each **try** by the
//! region that it went to, and of each **answer** by the service alone. It hands its [`Report`]
//! over with its question for news, so nothing is sent for the counts alone, and no request waits
//! for them. The Controller adds them up as [`Traffic`]. What an isolate had not yet told when it
//! ended is lost: the counts are a large sample, not a bill.
//!
//! A count says nothing about a client: no address, no path, no header. A report names the area
//! that it comes from, which is a part of the world.

mod buckets;
mod counts;
mod happened;
mod latencies;
mod live;
mod report;
mod requests;
mod sum;
mod totals;
mod ways;

pub use buckets::Buckets;
pub use counts::{Counts, Ended};
pub use happened::{Happened, What};
pub use latencies::{LATENCY_BOUNDS_MS, Latencies};
pub use live::{
    HEARD_MAX, ROWS_PER_DAY, ServiceTraffic, Taken, Traffic, WINDOW_MS_MAX, WRITE_EVERY_MS,
};
pub use report::{AHEAD_MS_MAX, HAPPENED_MAX, LATE_MS_MAX, LINES_MAX, Line, Report};
pub use requests::Requests;
pub use sum::Sum;
pub use totals::{TOTALS_MAX, Totals};
pub use ways::{WAY_SAMPLES_MIN, WAY_WINDOW_MS, WAYS_MAX, Way, WayLatency};

#[cfg(test)]
mod tests;
