//! Signed cookies that say which region a client was sent to, and until when that holds.
//!
//! Affinity keeps a client with one region. Read-your-writes sends its reads to the region that has
//! its last write. Both need state, and the client's cookie is the nearest place to keep it. A
//! client can change its cookies, so they are signed. A region is no secret, but without a
//! signature anyone could push all traffic into one region, or keep a client off the fresh replica
//! by planting a cookie.
//!
//! ```text
//! 1.eu-west.1795305600.3f1c…    version . region . until, in seconds . 32 hex digits
//! ```
//!
//! The text is readable, because operators look at cookies too. The signature is HMAC-SHA256 cut to
//! its first 128 bits (RFC 2104, section 5, allows half) over purpose, service, region and end,
//! each with its length in front, so that no two meanings share one text. Purpose and service are
//! not in the cookie but in the signature, so a token is valid only where it was issued.
//!
//! A token never permits anything: residency and health filter first, and a region that they remove
//! stays removed.

use crate::ids::{RegionId, ServiceId};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// The longest text that is read: version, the longest id, the largest number, the signature and
/// three dots.
pub const TOKEN_BYTES_MAX: usize = 1 + crate::ids::ID_BYTES_MAX + 20 + SIGNATURE_BYTES * 2 + 3;

/// The longest lifetime of a token, seven days. Source: Cloudflare's limit of
/// `session_affinity_ttl`.
pub const TOKEN_LIFETIME_MAX: Millis = 7 * 24 * 60 * MINUTE;

/// By how much the signer's clock may be ahead of the reader's.
pub const CLOCK_SKEW_MAX: Millis = MINUTE;

/// The shortest key, in bytes. Anyone with a cookie can try keys offline; 32 hex digits are 128
/// bits. Source: RFC 2104, section 3.
pub const KEY_BYTES_MIN: usize = 32;

/// The format of the text. A new format gets a new number, and old cookies are then ignored.
const VERSION: &str = "1";

const SIGNATURE_BYTES: usize = 16;

/// The key that signs tokens. It has no `Serialize`, and its `Debug` prints `[redacted]`.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// The key is short enough to be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key has at least {KEY_BYTES_MIN} bytes")]
pub struct KeyTooShort;

impl SigningKey {
    /// The key from the secret `text`. Errors: [`KeyTooShort`].
    pub fn new(text: &str) -> Result<Self, KeyTooShort> {
        if text.len() < KEY_BYTES_MIN {
            return Err(KeyTooShort);
        }
        Self::of_bytes(text.as_bytes())
    }

    fn of_bytes(bytes: &[u8]) -> Result<Self, KeyTooShort> {
        Hmac::new_from_slice(bytes).map(Self).map_err(|_| KeyTooShort)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What a token is for. A token for one purpose is refused for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Stay with the region.
    Affinity,
    /// Read where the last write went.
    ReadYourWrites,
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionToken {
    /// The region that the client was sent to.
    pub region: RegionId,
    /// When the token expires.
    pub until: Timestamp,
}

/// Why a token is invalid. All of these happen every day: cookies are truncated, edited and kept
/// too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// The text does not have the format of a token.
    #[error("it does not have the format of a token")]
    Malformed,
    /// The signature is not ours, or is for another purpose, service or key.
    #[error("the signature does not match")]
    Forged,
    /// It has expired.
    #[error("it has expired")]
    Expired,
    /// It expires later than any token that is signed now.
    #[error("it expires later than a token may")]
    TooFar,
}

/// The text of a token that is valid until `until`, exclusive, rounded down to whole seconds. A
/// lifetime longer than [`TOKEN_LIFETIME_MAX`] will not be accepted.
#[must_use]
pub fn sign(
    key: &SigningKey,
    purpose: Purpose,
    service: &ServiceId,
    region: &RegionId,
    until: Timestamp,
) -> String {
    let until_s = until.millis() / SECOND;
    let signature = mac(key, purpose, service, region, until_s).finalize().into_bytes();
    let mut text = String::with_capacity(TOKEN_BYTES_MAX);
    for part in [VERSION, region.as_str(), &until_s.to_string()] {
        text.push_str(part);
        text.push('.');
    }
    for byte in signature.iter().take(SIGNATURE_BYTES) {
        text.extend([byte >> 4, byte & 15].map(hex_digit));
    }
    text
}

/// Reads what [`sign`] wrote for the same purpose and service. The signature is compared in
/// constant time, before the expiry is checked.
///
/// Errors: [`BadToken::Malformed`] if the text is longer than [`TOKEN_BYTES_MAX`] or is not what
/// [`sign`] writes; [`BadToken::Forged`] if the signature differs; [`BadToken::Expired`] from
/// `until` on; [`BadToken::TooFar`] if it would be valid for longer than any token may.
pub fn verify(
    key: &SigningKey,
    purpose: Purpose,
    service: &ServiceId,
    text: &str,
    now: Timestamp,
) -> Result<RegionToken, BadToken> {
    let (region, until_s, signature) = parse(text).ok_or(BadToken::Malformed)?;
    let until = until_s.checked_mul(SECOND).map(Timestamp::from_millis);
    let until = until.ok_or(BadToken::Malformed)?;
    mac(key, purpose, service, &region, until_s)
        .verify_truncated_left(&signature)
        .map_err(|_| BadToken::Forged)?;
    match until.since(now) {
        0 => Err(BadToken::Expired),
        left if left > TOKEN_LIFETIME_MAX + CLOCK_SKEW_MAX => Err(BadToken::TooFar),
        _ => Ok(RegionToken { region, until }),
    }
}

fn mac(
    key: &SigningKey,
    purpose: Purpose,
    service: &ServiceId,
    region: &RegionId,
    until_s: u64,
) -> Hmac<Sha256> {
    let purpose = match purpose {
        Purpose::Affinity => "affinity",
        Purpose::ReadYourWrites => "read-your-writes",
    };
    let mut mac = key.0.clone();
    for part in ["pointsman", VERSION, purpose, service.as_str(), region.as_str()] {
        // All are far shorter than 256 bytes.
        mac.update(&[u8::try_from(part.len()).unwrap_or(u8::MAX)]);
        mac.update(part.as_bytes());
    }
    mac.update(&until_s.to_be_bytes());
    mac
}

/// Parses exactly what [`sign`] writes. One meaning has one text, so no character of a token can
/// change without changing its meaning.
fn parse(text: &str) -> Option<(RegionId, u64, [u8; SIGNATURE_BYTES])> {
    if text.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let mut parts = text.split('.');
    let (version, region, until) = (parts.next()?, parts.next()?, parts.next()?);
    let signature = parts.next().filter(|_| version == VERSION)?;
    let number = until.parse::<u64>().ok()?;
    let plain =
        until.bytes().all(|b| b.is_ascii_digit()) && (until == "0" || !until.starts_with('0'));
    if !plain || parts.next().is_some() {
        return None;
    }
    Some((RegionId::parse(region).ok()?, number, from_hex(signature)?))
}

fn from_hex(text: &str) -> Option<[u8; SIGNATURE_BYTES]> {
    let mut bytes = [0; SIGNATURE_BYTES];
    let mut digits = text.bytes();
    for byte in &mut bytes {
        *byte = (hex_value(digits.next()?)? << 4) | hex_value(digits.next()?)?;
    }
    digits.next().is_none().then_some(bytes)
}

fn hex_digit(value: u8) -> char {
    char::from(if value < 10 { b'0' + value } else { b'a' - 10 + value })
}

/// Lower case only, as it was written.
fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
