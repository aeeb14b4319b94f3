//! A hash that shares traffic out: the same key always lands in the same place, and the places
//! fill evenly.
//!
//! FNV-1a reads the text, because it is short and agrees on every machine. Alone it would not do:
//! its upper bits hardly move for short keys that differ in their last letter, and the upper bits
//! are what a share is cut from. The finaliser of `SplitMix64` behind it changes half of all bits
//! for each bit of input. The obvious other, the standard library's hasher, promises no result that
//! lasts beyond one release, and a canary that changes its clients with the compiler is none.
//!
//! Every use has its own salt. Without it the same tenth of clients would be the first to try
//! everything: each canary, each drill, each failback.
//!
//! It is no signature: who knows the salt can find keys that fall where he likes. What must
//! withstand an attacker is signed (`token`).

use crate::fnv;

/// How many buckets a hash can fall into: a bucket is a basis point.
pub const BUCKETS: u16 = 10_000;

/// The step of `SplitMix64` from one state to the next: 2^64 divided by the golden ratio, odd.
pub(crate) const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// 64 evenly spread bits of one key under one salt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StableHash(u64);

impl StableHash {
    /// The hash of the text `key` under `salt`, such as the name of the rollout it is for.
    #[must_use]
    pub fn of(salt: &str, key: &str) -> Self {
        Self::of_number(salt, fnv::hash(key.as_bytes()))
    }

    /// The hash of the number `key` under `salt`.
    #[must_use]
    pub fn of_number(salt: &str, key: u64) -> Self {
        // The salt is mixed before it meets the key: two salts that differ in one letter must not
        // leave two keys as far apart as they were.
        Self(mix(mix(fnv::hash(salt.as_bytes())) ^ key))
    }

    /// All 64 bits.
    #[must_use]
    pub fn value(self) -> u64 {
        self.0
    }

    /// The bucket it falls into, 0 to 9,999. Equal shares up to one part in 400,000.
    #[must_use]
    pub fn bucket(self) -> u16 {
        let scaled = ((self.0 >> 32) * u64::from(BUCKETS)) >> 32;
        u16::try_from(scaled).unwrap_or(BUCKETS - 1)
    }

    /// Whether it is among the first `percent` of all. 0 admits nobody, 100 and more everybody, and
    /// who is in at 10 is in at 25, so that a stage of a rollout only ever adds clients.
    #[must_use]
    pub fn admitted(self, percent: u8) -> bool {
        self.bucket() < u16::from(percent) * (BUCKETS / 100)
    }
}

/// One output of `SplitMix64` for the state `x`. A bijection: different inputs never meet.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014; the
/// constants are Stafford's variant 13.
#[must_use]
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(GAMMA);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEYS: u32 = 100_000;

    fn hashes(salt: &str) -> impl Iterator<Item = StableHash> {
        (0..KEYS).map(move |key| StableHash::of(salt, &format!("client-{key}")))
    }

    #[test]
    fn its_finaliser_agrees_with_the_published_vectors() {
        // splitmix64.c with seed 0, and the widely copied run with seed 1234567.
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mix(GAMMA), 0x6e78_9e6a_a1b9_65f4);
        assert_eq!(mix(1_234_567), 6_457_827_717_110_365_317);
        assert_eq!(mix(GAMMA.wrapping_add(1_234_567)), 3_203_168_211_198_807_973);
    }

    #[test]
    fn it_is_the_same_on_every_machine_and_in_every_release() {
        for (salt, key, value) in [
            ("", "", 0xa049_0b00_7fca_3c4b),
            ("canary", "client-1", 0x9f2d_287b_38b3_6f3f),
            ("canary", "203.0.113.7", 0xab15_fffb_2fd8_688d),
            ("canary", "2001:db8::1", 0xdce9_b452_f741_e34f),
            ("region", "eu-west-1", 0xaad8_939f_3df0_2539),
            ("straße", "тест", 0xdc76_896a_bea7_c269),
        ] {
            assert_eq!(StableHash::of(salt, key).value(), value, "{salt} {key}");
        }
        for (key, value) in [
            (0, 0xb7e5_b533_f53c_325e),
            (1, 0x0d96_ee1a_b88b_4846),
            (u64::MAX, 0x28ac_a6c6_b074_cdf3),
        ] {
            assert_eq!(StableHash::of_number("spill", key).value(), value, "{key}");
        }
        assert_eq!(StableHash::of("canary", "client-1").bucket(), 6_217);
    }

    #[test]
    fn each_of_many_clients_stays_where_it_is() {
        for (salt, all) in [
            ("", 0x99ff_3950_f6ae_7438),
            ("canary", 0x1a94_49fa_aceb_b8fd),
            ("failback", 0xf8a0_5b93_6d81_ddf3),
            ("spill", 0xd75a_afab_4a7a_1fed),
            ("region", 0xcb2c_8f86_9a6d_52bf),
            ("straße", 0xa1d0_38c9_744c_d64f),
        ] {
            let clients = hashes(salt).take(10_000);
            let seen = clients.fold(0_u64, |seen, hash| seen.rotate_left(1) ^ hash.value());
            assert_eq!(seen, all, "the clients of `{salt}` have moved");
        }
    }

    #[test]
    fn nobody_is_admitted_at_zero_and_everybody_at_a_hundred_and_above() {
        for bits in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
            assert!(!StableHash(bits).admitted(0));
            assert!(StableHash(bits).admitted(100) && StableHash(bits).admitted(255));
        }
        assert_eq!(StableHash(0).bucket(), 0);
        assert_eq!(StableHash(u64::MAX).bucket(), BUCKETS - 1);
    }

    #[test]
    fn each_stage_admits_its_share_within_a_point() {
        for percent in [1, 10, 25, 50, 75, 99] {
            let admitted = hashes("failback").filter(|hash| hash.admitted(percent)).count();
            let off = admitted.abs_diff(usize::from(percent) * 1_000);
            assert!(off < 1_000, "{percent} %: {admitted}");
        }
    }

    #[test]
    fn the_buckets_fill_evenly() {
        // 100 cells of 1,000 expected: chi-square with 99 degrees of freedom is below 149 in 999
        // of 1,000 fair samples.
        let mut cells = [0_i64; 100];
        for hash in hashes("evenly") {
            cells[usize::from(hash.bucket()) / 100] += 1;
        }
        let chi_square = cells.iter().map(|n| (n - 1_000).pow(2)).sum::<i64>() / 1_000;
        assert!(chi_square < 149, "{chi_square}");
    }

    #[test]
    fn salts_choose_independently_of_each_other() {
        for (one, other) in [("drill-1", "drill-2"), ("a", "b"), ("", "x")] {
            let both = hashes(one)
                .zip(hashes(other))
                .filter(|(one, other)| one.admitted(10) && other.admitted(10))
                .count();
            // A tenth of a tenth of 100,000; five standard deviations are 157.
            assert!(both.abs_diff(1_000) < 157, "{one} and {other}: {both}");
        }
    }

    #[test]
    fn salt_and_key_do_not_run_into_each_other() {
        assert_ne!(StableHash::of("ab", "c"), StableHash::of("a", "bc"));
        assert_ne!(StableHash::of("a", "b"), StableHash::of("b", "a"));
    }

    proptest! {
        #[test]
        fn who_is_in_stays_in(bits: u64, percent in 0u8..=100, more in 0u8..=100) {
            let hash = StableHash(bits);
            prop_assert!(!hash.admitted(percent) || hash.admitted(percent.max(more)));
        }
    }
}
