//! What has room in an answer.

use super::family::{Family, Group};
use super::sources::Sources;

/// Most series that are told.
pub const SERIES_MAX: usize = 40_000;
/// Most bytes that are told: they have to be written and read whole before the next time.
pub const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Room for what says which families are left out, and for what stands around all of them.
const END_BYTES: usize = 8 * 1024;

/// The family that counts those that are left out; it always has room.
pub(super) const LEFT_OUT: &str = "pointsman_metrics_left_out";
pub(super) const LEFT_OUT_HELP: &str =
    "Families that are left out of this answer, for want of room.";

/// Adds all families to a text, each by `add`, which says how many series it has added. What does
/// not fit is left out, family by family. Returns the names of those.
pub(super) fn fit(
    (groups, sources): (&[Group], &Sources<'_>),
    text: &mut String,
    add: &dyn Fn(&mut String, &Family) -> usize,
) -> Vec<String> {
    let (mut series, mut left_out) = (0, Vec::new());
    for family in groups.iter().flat_map(|group| group.made(sources)) {
        let before = text.len();
        let added = if family.samples.is_empty() { 0 } else { add(text, &family) };
        if text.len() > BYTES_MAX - END_BYTES || series + added >= SERIES_MAX {
            text.truncate(before);
            left_out.push(family.name);
        } else {
            series += added;
        }
    }
    left_out
}
