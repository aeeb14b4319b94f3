//! All families. What matters most comes first: what does not fit is left out from the end.

mod cloudflare;
mod health;
mod people;
mod promises;
mod running;
mod traffic;

use super::family::Group;

/// Every family, in the order in which they are told.
pub static GROUPS: [Group; 8] = [
    running::GROUP,
    health::REGIONS,
    people::GROUP,
    promises::GROUP,
    cloudflare::GROUP,
    traffic::BY_SERVICE,
    health::ORIGINS,
    traffic::BY_REGION,
];
