//! The columns of a data point.

use crate::traffic::LATENCY_BOUNDS_MS;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in a query. It says the place.
    pub name: &'static str,
    /// What is in it.
    pub says: &'static str,
}

/// How many texts a point has.
pub const BLOBS: usize = 5;
/// How many numbers a point has.
pub const DOUBLES: usize = 6 + LATENCY_BOUNDS_MS.len();

/// All columns: the index, the texts, the numbers.
pub const COLUMNS: [Column; 1 + BLOBS + DOUBLES] = [
    column("index1", "The service; empty where there is none. Analytics Engine samples by it."),
    column(
        "blob1",
        "What is counted: `answers` to clients, `tries` at a region, or what happened.",
    ),
    column("blob2", "The service; empty where there is none."),
    column("blob3", "The region that was tried, or that it happened to; else empty."),
    column("blob4", "The area of the isolate; empty where it is not known."),
    column("blob5", "To what it happened, or how: a rule, a code, a reason; else empty."),
    column("double1", "When the minute began, in seconds since 1970."),
    column("double2", "How many."),
    column("double3", "How many of them failed: a status from 500, or no answer."),
    column("double4", "How many of the failures had no answer."),
    column("double5", "Milliseconds to the heads of the answers that did not fail, summed up."),
    column("double6", "How many of those came within 5 ms."),
    column("double7", "… within 10 ms."),
    column("double8", "… within 25 ms."),
    column("double9", "… within 50 ms."),
    column("double10", "… within 100 ms."),
    column("double11", "… within 250 ms."),
    column("double12", "… within 500 ms."),
    column("double13", "… within 1 s."),
    column("double14", "… within 2.5 s."),
    column("double15", "… within 5 s."),
    column("double16", "… within 10 s."),
    column("double17", "… at all."),
];

const fn column(name: &'static str, says: &'static str) -> Column {
    Column { name, says }
}
