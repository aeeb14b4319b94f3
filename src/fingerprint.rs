//! A short hash that says whether two texts are the same. Not a signature: it guards against
//! mistakes, not malice.

use crate::fnv::{self, Fnv};
use crate::json::text_shape;
use std::fmt;
use std::hash::{Hash, Hasher};

/// FNV-1a, 64 bits, written as 16 hex digits so that it can be compared by eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(fnv::hash(bytes))
    }

    /// All 64 bits.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The fingerprint of a value. It is the same on every platform, but not the one of any text.
    pub(crate) fn of_value(value: &impl Hash) -> Self {
        let mut fnv = Fnv::default();
        value.hash(&mut fnv);
        Self(fnv.finish())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = std::num::ParseIntError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        u64::from_str_radix(&text, 16).map(Self)
    }
}

text_shape!(Fingerprint, |text: &str| Fingerprint::try_from(text.to_owned()), "16 hex digits", {
    "type": "string",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_one_still_matches_after_an_update() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        assert_eq!(Fingerprint::of(&all).to_string(), "4242dc5249c33625");
        assert_eq!(Fingerprint::of("Zürich 🚆".as_bytes()).to_string(), "98c1b8e77111b539");
        let value = ("eu-west", [1_u32, 2, 3].as_slice(), Some(7_u64), true, None::<u8>);
        assert_eq!(Fingerprint::of_value(&value).to_string(), "b71584a195fce90e");
        let list = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(Fingerprint::of_value(&list).to_string(), "afe6dd348dfb7270");
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let fingerprint = Fingerprint::of(b"config");
        assert_eq!(Fingerprint::try_from(fingerprint.to_string()), Ok(fingerprint));
    }
}
