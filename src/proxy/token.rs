//! Which origin a try or a trial goes to, as one number that JavaScript hands back in its report.
//!
//! A new table may arrive in the middle of a request: a heartbeat is enough. What a try learns
//! belongs to the region and not to a table, so a token names service and region by numbers of
//! their own. They get them when they come into a table and keep them until they leave it.

/// Which origin a try goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// The number of the service.
    pub(super) service: u32,
    /// The number of the region in this service.
    pub(super) region: u32,
    /// Which list of the region's origins `origin` is an index of.
    pub(super) revision: u32,
    /// The index of the origin.
    pub(super) origin: usize,
}

/// Numbers of services repeat after so many, those of regions too, and a region's lists of origins.
/// All together are exact as a float: 16 + 21 + 8 + 8 bits.
const SERVICES: u32 = 1 << 16;
const REGIONS: u32 = 1 << 21;
const REVISIONS: u32 = 1 << 8;
/// More than a region has origins.
const ORIGINS: u64 = 1 << 8;

impl Token {
    /// The number.
    #[must_use]
    pub fn number(self) -> u64 {
        let origin = u64::try_from(self.origin).unwrap_or(0) % ORIGINS;
        let within =
            |number: u64, part: u32, of: u32| number * u64::from(of) + u64::from(part % of);
        let number = within(u64::from(self.service % SERVICES), self.region, REGIONS);
        within(number, self.revision, REVISIONS) * ORIGINS + origin
    }

    /// Back from the number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        let part = |number: u64, of: u32| u32::try_from(number % u64::from(of)).unwrap_or(0);
        let (revision, region) = (number / ORIGINS, number / ORIGINS / u64::from(REVISIONS));
        Self {
            service: part(region / u64::from(REGIONS), SERVICES),
            region: part(region, REGIONS),
            revision: part(revision, REVISIONS),
            origin: usize::try_from(number % ORIGINS).unwrap_or(0),
        }
    }
}

/// Gives out the numbers.
#[derive(Debug, Default)]
pub(super) struct Numbers(u32);

impl Numbers {
    /// Begins with the milliseconds of the clock: a token from before a panic, which another
    /// instance handed out, stands for nothing here.
    pub(super) fn from_clock(ms: u64) -> Self {
        Self(u32::try_from(ms % u64::from(u32::MAX)).unwrap_or(0))
    }

    pub(super) fn service(&mut self) -> u32 {
        self.next() % SERVICES
    }

    pub(super) fn region(&mut self) -> u32 {
        self.next() % REGIONS
    }

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(1);
        self.0
    }
}

/// The revision after this one.
pub(super) fn next_revision(revision: u32) -> u32 {
    revision.wrapping_add(1) % REVISIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_number_back_and_forth() {
        let most = Token { service: 65_535, region: (1 << 21) - 1, revision: 255, origin: 255 };
        let none = Token { service: 0, region: 0, revision: 0, origin: 0 };
        for token in [none, Token { service: 1, region: 2, revision: 3, origin: 4 }, most] {
            assert_eq!(Token::from_number(token.number()), token);
            assert!(token.number() < 1 << 53, "it is exact as a float");
        }
    }

    #[test]
    fn no_two_of_a_few_thousand_regions_have_one_number_wherever_the_clock_stood() {
        for ms in [0, 1_795_305_600_000, u64::from(u32::MAX) - 1] {
            let mut numbers = Numbers::from_clock(ms);
            let given: std::collections::BTreeSet<u32> =
                (0..5_000).map(|_| numbers.region()).collect();
            assert_eq!(given.len(), 5_000);
        }
    }
}
