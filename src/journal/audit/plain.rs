//! What may stand in an entry: no personal data, no control characters, not too much.

use super::AuditHash;
use crate::journal::ACTOR_BYTES_MAX;
use sha2::{Digest, Sha256};

/// Most bytes of what an entry says was done.
pub const WHAT_BYTES_MAX: usize = 1_000;
/// Most bytes of the reason in an entry.
pub const WHY_BYTES_MAX: usize = 1_000;
/// Stands in place of what looks like an e-mail address.
const ADDRESS: &str = "[address]";
/// Hex digits of the hash that stands for a name which is not plain.
const OPAQUE_DIGITS: usize = 16;

/// The name of an actor: as it is if it has only the characters of an id or of an opaque subject,
/// and else a part of its hash. An e-mail address has an `@`, so it is none.
pub(super) fn plain_name(name: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if !name.is_empty() && name.len() <= ACTOR_BYTES_MAX && name.bytes().all(fits) {
        return name.to_owned();
    }
    let hash = AuditHash(Sha256::digest(name.as_bytes()).into()).to_string();
    format!("opaque-{}", hash.get(..OPAQUE_DIGITS).unwrap_or_default())
}

/// Words without control characters and e-mail addresses, cut to so many bytes.
#[must_use]
pub fn plain_words(text: &str, bytes_max: usize) -> String {
    // Whoever writes a megabyte of reason need not have all of it looked at.
    let text = text.get(..text.floor_char_boundary(bytes_max.saturating_mul(4))).unwrap_or(text);
    let visible: String = text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect();
    let words: Vec<&str> =
        visible.split(' ').map(|word| if is_address(word) { ADDRESS } else { word }).collect();
    let mut plain = words.join(" ").trim().to_owned();
    if plain.len() > bytes_max {
        let room = bytes_max.saturating_sub('…'.len_utf8());
        plain.truncate(plain.floor_char_boundary(room));
        plain.push('…');
    }
    plain
}

/// Control characters, and those that turn the direction of what follows.
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Something, an `@`, and a name with a dot.
fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, host)| {
        local.ends_with(|c: char| c.is_alphanumeric() || "._%+-\"'".contains(c))
            && host.contains('.')
    })
}
