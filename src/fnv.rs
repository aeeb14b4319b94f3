//! FNV-1a, 64 bits: short, and the same on every machine and in every release. Source: Fowler,
//! Noll, Vo, draft-eastlake-fnv.
//!
//! The crate `fnv` hashes a length with as many bytes as the machine has, so a value would have
//! another hash on the host than in the wasm; what corrects that is as long as this.

use std::hash::Hasher;

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The hash of `bytes`.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut fnv = Fnv::default();
    fnv.write(bytes);
    fnv.finish()
}

/// What has been hashed so far.
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(OFFSET)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, b| (hash ^ u64::from(*b)).wrapping_mul(PRIME));
    }

    /// A length counts as 64 bits, on the host as in the wasm.
    fn write_usize(&mut self, number: usize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_published_vectors() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_length_is_hashed_as_64_bits() {
        let mut fnv = Fnv::default();
        fnv.write_usize(3);
        assert_eq!(fnv.finish(), hash(&[3, 0, 0, 0, 0, 0, 0, 0]));
    }
}
