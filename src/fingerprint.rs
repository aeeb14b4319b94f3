//! A short hash that says whether two texts are the same. Not a signature: it guards against
//! mistakes, not malice.

use crate::json::text_shape;
use std::fmt;
use std::hash::{Hash, Hasher};

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// What has been hashed so far.
struct Fnv(u64);

/// FNV-1a over the bytes, 64 bits, written as 16 hex digits so that it can be compared by eye.
/// Source: Fowler, Noll, Vo, draft-eastlake-fnv.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Fnv(OFFSET);
        hasher.write(bytes);
        Self(hasher.finish())
    }

    /// The fingerprint of a value. It is the same on every platform, but not the one of any text.
    pub(crate) fn of_value(value: &impl Hash) -> Self {
        let mut hasher = Fnv(OFFSET);
        value.hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(PRIME));
    }

    /// Lengths are as long on the host as in the wasm.
    fn write_usize(&mut self, number: usize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }

    fn finish(&self) -> u64 {
        self.0
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
    fn it_agrees_with_the_published_vectors() {
        assert_eq!(Fingerprint::of(b"").to_string(), "cbf29ce484222325");
        assert_eq!(Fingerprint::of(b"a").to_string(), "af63dc4c8601ec8c");
        assert_eq!(Fingerprint::of(b"foobar").to_string(), "85944171f73967e8");
    }

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
