//! Tokens of the admin API: how they look, and what is kept of them.
//!
//! A token is made by chance and never by a person: `pmt_`, 160 bits in hexadecimal, and a checksum
//! of what comes before. By the mark, scanners of secrets find one that has leaked; by the
//! checksum, a slip of a letter is told apart from a wrong token. The config has only the hash.
//! From a hash nobody can tell how much chance was in the token, so what has not this form opens
//! nothing, whatever its hash is.

use crate::hex;
use crate::json::text_shape;
use crate::secret::Secret;
use sha2::{Digest, Sha256};
use std::fmt;

/// What each token begins with.
pub const MARK: &str = "pmt_";
/// How many bytes of chance are in a token: 160 bits.
pub const CHANCE_BYTES: usize = 20;
/// How many bytes the checksum has.
const CHECK_BYTES: usize = 4;
/// How many bytes a hash has.
const HASH_BYTES: usize = 32;

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It does not begin like one.
    #[error("it is none that `pointsman token new` makes")]
    Foreign,
    /// It begins like one, and has a slip.
    #[error("it has a slip: its checksum does not fit")]
    Misspelt,
}

/// The token that is made of this chance.
#[must_use]
pub fn made_of(chance: [u8; CHANCE_BYTES]) -> Secret {
    let begun = [MARK, &hex::write(&chance)].concat();
    let check = checksum(&begun);
    Secret::new(begun + &check)
}

/// The SHA-256 of a token: what the config has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHash([u8; HASH_BYTES]);

/// A text that is no SHA-256 in 64 hexadecimal digits, in lower case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no SHA-256 in 64 hexadecimal digits, in lower case")]
pub struct BadHash;

impl TokenHash {
    /// The hash of a token. Errors: the text is none.
    pub fn of(token: &str) -> Result<Self, BadToken> {
        let chance = token.strip_prefix(MARK).ok_or(BadToken::Foreign)?;
        let digits = 2 * CHANCE_BYTES;
        let (chance, check) = chance.split_at_checked(digits).ok_or(BadToken::Misspelt)?;
        let is_hex = chance.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hex || checksum(&[MARK, chance].concat()) != check {
            return Err(BadToken::Misspelt);
        }
        Ok(Self(Sha256::digest(token.as_bytes()).into()))
    }

    /// Whether two hashes are the same. Takes the same time wherever they differ.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        let difference = self.0.iter().zip(&other.0).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(difference) == 0
    }

    /// Reads a hash in hexadecimal digits. Errors: the text is none.
    pub fn parse(text: &str) -> Result<Self, BadHash> {
        hex::read(text).map(Self).ok_or(BadHash)
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::write(&self.0))
    }
}

text_shape!(TokenHash, Self::parse, "a SHA-256 in 64 hexadecimal digits, in lower case", {
    "type": "string",
    "pattern": "^[0-9a-f]{64}$",
});

/// Whether there is a token in a text, whosever it is.
#[must_use]
pub fn is_in(text: &str) -> bool {
    let length = MARK.len() + 2 * (CHANCE_BYTES + CHECK_BYTES);
    let mut found = text.match_indices(MARK);
    found.any(|(at, _)| text.get(at..at + length).is_some_and(|text| TokenHash::of(text).is_ok()))
}

fn checksum(begun: &str) -> String {
    let hash = Sha256::digest(begun.as_bytes());
    hex::write(hash.get(..CHECK_BYTES).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use proptest::prelude::*;

    #[test]
    fn a_token_is_known_by_its_hash() {
        let token = made_of([7; CHANCE_BYTES]);
        let text = token.expose();
        assert_eq!(text.len(), MARK.len() + 2 * (CHANCE_BYTES + CHECK_BYTES));
        let hash = TokenHash::of(text).unwrap();
        assert!(hash.is(&TokenHash::of(text).unwrap()));
        assert!(!hash.is(&TokenHash::of(made_of([8; CHANCE_BYTES]).expose()).unwrap()));
        let written = json::write(&hash);
        assert_eq!(json::read::<TokenHash>(&written).unwrap(), hash);
    }

    #[test]
    fn a_hash_is_that_of_other_tools() {
        // printf '%s' TOKEN | sha256sum
        let token = made_of([0; CHANCE_BYTES]);
        assert!(token.expose().starts_with("pmt_0000000000000000000000000000000000000000"));
        let hash = TokenHash(Sha256::digest(b"abc").into());
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), known);
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in ["", "ab", &"a".repeat(63), &"a".repeat(65), &"A".repeat(64), &"é".repeat(32)]
        {
            assert_eq!(TokenHash::parse(text), Err(BadHash), "{text}");
        }
    }

    #[test]
    fn what_people_think_of_is_no_token() {
        for text in ["", "hunter2", "pmt-x", "Pmt_00"] {
            assert_eq!(TokenHash::of(text), Err(BadToken::Foreign), "{text}");
        }
        for text in ["pmt_", "pmt_hunter2", &format!("pmt_{}", "0".repeat(48))] {
            assert_eq!(TokenHash::of(text), Err(BadToken::Misspelt), "{text}");
        }
    }

    #[test]
    fn a_token_is_found_within_a_text_and_what_is_none_is_not() {
        let token = made_of([9; CHANCE_BYTES]).expose().to_owned();
        assert!(is_in(&token) && is_in(&format!("/x?t=pmt_1&u={token}&é")));
        for text in ["", "pmt_", "/pay/pmt_1234567890", &token[..51], &format!("pmt_é{token:.40}")]
        {
            assert!(!is_in(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_slip_of_one_letter_is_a_token(
            chance in any::<[u8; CHANCE_BYTES]>(),
            at in 0_usize..2 * (CHANCE_BYTES + CHECK_BYTES),
            letter in "[0-9a-f]",
        ) {
            let token = made_of(chance).expose().to_owned();
            let mut slip = token.clone();
            slip.replace_range(MARK.len() + at..=MARK.len() + at, &letter);
            prop_assert_eq!(TokenHash::of(&slip).is_ok(), slip == token);
        }
    }
}
