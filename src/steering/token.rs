//! Signed cookies that say which region a client was sent to, and until when that holds.
//!
//! Affinity keeps a client with one region; read-your-writes sends its reads to the region that has
//! its last write. Both need memory, and the Worker has none that is as near as the client. What a
//! client carries it can also change, so the text is signed: not because a region is secret, but
//! because otherwise anybody could press all traffic of a stage into one region, or keep a client
//! off the fresh replica by planting a cookie.
//!
//! ```text
//! 1.eu-west.1795305600.3f1c…    version . region . until, in seconds . 32 hex digits
//! ```
//!
//! Readable, because an operator looks at cookies too. The signature is HMAC-SHA256 cut to its
//! first 128 bits (RFC 2104, section 5, allows half) over purpose, service, region and end, each
//! with its length in front, so that no two meanings share one text. Purpose and service are not in
//! the cookie but in the signature: a token cannot be carried over to where it was not given.
//!
//! A token is a wish and never a permit: residency and health filter first, and a region that they
//! remove stays removed, whatever is signed.

use crate::ids::{RegionId, ServiceId};
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;

/// Longest text that is looked at: version, the longest id, the largest number, the signature and
/// three points.
pub const TOKEN_BYTES_MAX: usize = 1 + crate::ids::ID_BYTES_MAX + 20 + SIGNATURE_BYTES * 2 + 3;

/// Longest life of a token, seven days. Source: Cloudflare's limit of `session_affinity_ttl`.
pub const TOKEN_LIFETIME_MAX: Millis = 7 * 24 * 60 * MINUTE;

/// By how much the signer's clock may be ahead of the reader's.
pub const CLOCK_SKEW_MAX: Millis = MINUTE;

/// Shortest key in bytes. Everybody who has a cookie can try keys at home; 32 letters of hex are
/// 128 bits. Source: RFC 2104, section 3.
pub const KEY_BYTES_MIN: usize = 32;

/// The form of the text. Another form gets another number, and old cookies are then forgotten.
const VERSION: &str = "1";

const SIGNATURE_BYTES: usize = 16;

/// The key that tokens are signed with. It has no `Serialize`, and its `Debug` says only that it is
/// there.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// A key that could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signing key has at least {KEY_BYTES_MIN} bytes")]
pub struct KeyTooShort;

impl SigningKey {
    /// The key made of the secret `text`. Errors: [`KeyTooShort`].
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

/// What a token is good for. One purpose's token is refused for the other.
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
    /// When the token ends.
    pub until: Timestamp,
}

/// Why a token counts for nothing. All are daily business: cookies are cut, edited and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// The text has not the form of a token.
    #[error("it has not the form of a token")]
    Malformed,
    /// The signature is not ours, or was given for another purpose, service or key.
    #[error("the signature does not fit")]
    Forged,
    /// Its time is over.
    #[error("its time is over")]
    Expired,
    /// It ends later than any token may that is signed now.
    #[error("it ends later than a token may")]
    TooFar,
}

/// The text of a token that holds until `until`, cut to whole seconds, and at that instant no more.
/// A life longer than [`TOKEN_LIFETIME_MAX`] will not be accepted.
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
/// constant time, and before the time is looked at.
///
/// Errors: [`BadToken::Malformed`] where the text is longer than [`TOKEN_BYTES_MAX`] or was never
/// written by [`sign`]; [`BadToken::Forged`] where the signature differs;
/// [`BadToken::Expired`] from `until` on; [`BadToken::TooFar`] where it would hold for longer than
/// any token may.
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

/// Takes apart exactly what [`sign`] writes: one meaning has one text, so that no letter of a token
/// can be changed and mean the same.
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
