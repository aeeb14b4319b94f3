//! The public keys of a team, and when to ask for them again.
//!
//! Access changes its keys every few weeks, and the new one signs at once. So a key that is not
//! known is asked for, but not more often than every [`KEYS_FLOOR_MS`] after an answer without it,
//! because anybody can name a key. While the endpoint fails, or says something else than keys, the
//! last good set stays in use: a person who has logged in must not be locked out in an outage.

use crate::json;
use crate::ordered::Map;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use serde_json::Value;

/// The path of a team's keys.
pub const KEYS_PATH: &str = "/cdn-cgi/access/certs";
/// Longest document of keys that is read, in bytes.
pub const KEYS_BYTES_MAX: usize = 64 * 1024;
/// Most keys of a team. Access has two at a time.
pub const KEYS_MAX: usize = 20;
/// Longest wait for the keys.
pub const KEYS_TIMEOUT_MS: Millis = 5 * SECOND;
/// How long keys are used before they are asked for again.
pub const KEYS_MS: Millis = 60 * MINUTE;
/// How soon they are asked for again after an answer that did not have the key, or after none.
pub const KEYS_FLOOR_MS: Millis = 5 * SECOND;
/// Shortest modulus that is believed, in characters of Base64: 2,048 bits.
const MODULUS_LEN_MIN: usize = 2048 / 6;
/// Longest modulus: 8,192 bits.
const MODULUS_LEN_MAX: usize = 8192 / 6 + 2;

/// An RSA key, as JWK has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its id. Two keys may have the same.
    pub kid: String,
    /// The modulus, in Base64 of the URL-safe kind.
    pub n: String,
    /// The exponent, likewise.
    pub e: String,
}

/// The keys of a team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(Vec<PublicKey>);

/// Why a document has no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// It is no set of keys, or too long.
    #[error("this is no set of keys")]
    Form,
    /// None of its keys can be used.
    #[error("none of its keys is for RS256")]
    Empty,
}

impl KeySet {
    /// Reads a set. What is no key for RS256 is left out: a team may have keys of other kinds.
    /// Errors: nothing is left.
    pub fn parse(text: &str) -> Result<Self, BadKeys> {
        if text.len() > KEYS_BYTES_MAX {
            return Err(BadKeys::Form);
        }
        let document = json::parse(text).map_err(|_| BadKeys::Form)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(BadKeys::Form)?;
        let keys: Vec<_> = keys.iter().filter_map(PublicKey::read).take(KEYS_MAX).collect();
        if keys.is_empty() { Err(BadKeys::Empty) } else { Ok(Self(keys)) }
    }

    /// The keys of this id.
    fn named(&self, kid: &str) -> Vec<PublicKey> {
        self.0.iter().filter(|key| key.kid == kid).cloned().collect()
    }
}

impl PublicKey {
    fn read(value: &Value) -> Option<Self> {
        let said = |key: &str| value.get(key).and_then(Value::as_str);
        let fits = |key: &str, wanted: &str| said(key).is_none_or(|said| said == wanted);
        if said("kty") != Some("RSA") || !fits("alg", "RS256") || !fits("use", "sig") {
            return None;
        }
        let (n, e) = (said("n")?, said("e")?);
        let is_long = (MODULUS_LEN_MIN..=MODULUS_LEN_MAX).contains(&n.len());
        let is_key = is_long && (1..=8).contains(&e.len());
        is_key.then_some(Self { kid: said("kid")?.to_owned(), n: n.to_owned(), e: e.to_owned() })
    }
}

/// What to do about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// These have the id; one of them may have signed.
    Use(Vec<PublicKey>),
    /// Ask for the keys of the team, then look again.
    Fetch,
    /// No key has this id, and the keys were asked for a moment ago.
    Unknown,
    /// No keys are known, and their endpoint failed a moment ago.
    Unavailable,
}

/// The keys of all teams, as one isolate knows them.
#[derive(Debug, Clone, Default)]
pub struct KeyCache {
    teams: Map<String, Known>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    set: Option<KeySet>,
    /// When the endpoint last gave keys.
    read_at: Timestamp,
    /// When it last gave keys or failed.
    heard_at: Timestamp,
}

impl KeyCache {
    /// Looks for a key. `team` is one of the config's, so that there are few.
    #[must_use]
    pub fn look(&self, team: &str, kid: &str, now: Timestamp) -> Look {
        let Some(known) = self.teams.get(team) else { return Look::Fetch };
        let Known { set, read_at, heard_at } = known;
        let may_ask = *heard_at > now || now.since(*heard_at) >= KEYS_FLOOR_MS;
        let is_old = *read_at > now || now.since(*read_at) >= KEYS_MS;
        let named = set.as_ref().map(|set| set.named(kid)).unwrap_or_default();
        match (named.is_empty(), set) {
            (false, _) if is_old && may_ask => Look::Fetch,
            (false, _) => Look::Use(named),
            (true, _) if may_ask => Look::Fetch,
            (true, Some(_)) => Look::Unknown,
            (true, None) => Look::Unavailable,
        }
    }

    /// Takes what the endpoint said, or `None` if it did not answer well. The last good set stays
    /// in use then. Returns whether keys were read.
    pub fn take(&mut self, team: &str, text: Option<&str>, now: Timestamp) -> bool {
        let set = text.and_then(|text| KeySet::parse(text).ok());
        let before = self.teams.get(team).cloned().unwrap_or_default();
        let has_keys = set.is_some();
        let known = Known {
            read_at: if has_keys { now } else { before.read_at },
            set: set.or(before.set),
            heard_at: now,
        };
        self.teams.insert(team.to_owned(), known);
        has_keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEAM: &str = "acme.cloudflareaccess.com";

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + ms)
    }

    fn key(kid: &str, letter: &str) -> Value {
        json!({
            "kid": kid, "kty": "RSA", "alg": "RS256", "use": "sig", "e": "AQAB",
            "n": letter.repeat(342),
        })
    }

    fn set(keys: &[Value]) -> String {
        json!({"keys": keys, "public_cert": {}, "public_certs": []}).to_string()
    }

    fn used(look: Look) -> usize {
        match look {
            Look::Use(keys) => keys.len(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_are_asked_for_once_and_used_for_an_hour() {
        let mut cache = KeyCache::default();
        assert_eq!(cache.look(TEAM, "k1", at(0)), Look::Fetch);
        assert!(cache.take(TEAM, Some(&set(&[key("k1", "a"), key("k2", "b")])), at(0)));
        assert_eq!(used(cache.look(TEAM, "k1", at(0))), 1);
        assert_eq!(used(cache.look(TEAM, "k2", at(KEYS_MS - 1))), 1);
        assert_eq!(cache.look(TEAM, "k1", at(KEYS_MS)), Look::Fetch);
    }

    #[test]
    fn a_new_key_is_found_as_soon_as_the_floor_allows() {
        let mut cache = KeyCache::default();
        cache.take(TEAM, Some(&set(&[key("k1", "a")])), at(0));
        assert_eq!(cache.look(TEAM, "k2", at(KEYS_FLOOR_MS - 1)), Look::Unknown);
        assert_eq!(cache.look(TEAM, "k2", at(KEYS_FLOOR_MS)), Look::Fetch);
        cache.take(TEAM, Some(&set(&[key("k2", "a")])), at(KEYS_FLOOR_MS));
        assert_eq!(used(cache.look(TEAM, "k2", at(KEYS_FLOOR_MS))), 1);
        assert_eq!(cache.look(TEAM, "k1", at(KEYS_FLOOR_MS)), Look::Unknown, "it was taken back");
    }

    #[test]
    fn the_last_good_set_outlives_its_endpoint() {
        let mut cache = KeyCache::default();
        cache.take(TEAM, Some(&set(&[key("k1", "a")])), at(0));
        let garbage = ["", "<html>", "{}", r#"{"keys": []}"#, r#"{"keys": [{"kid": "k1"}]}"#];
        let long = set(&vec![key("k1", "a"); 200]);
        let mut now = KEYS_MS;
        for text in garbage.iter().copied().map(Some).chain([None, Some(&*long)]) {
            now += KEYS_MS;
            assert_eq!(cache.look(TEAM, "k1", at(now)), Look::Fetch);
            assert!(!cache.take(TEAM, text, at(now)), "{text:?}");
            assert_eq!(used(cache.look(TEAM, "k1", at(now))), 1, "{text:?}");
        }
    }

    #[test]
    fn without_keys_a_failure_is_told_as_one() {
        let mut cache = KeyCache::default();
        cache.take(TEAM, None, at(0));
        assert_eq!(cache.look(TEAM, "k1", at(KEYS_FLOOR_MS - 1)), Look::Unavailable);
        assert_eq!(cache.look(TEAM, "k1", at(KEYS_FLOOR_MS)), Look::Fetch);
    }

    #[test]
    fn two_keys_of_one_id_are_both_tried() {
        let mut cache = KeyCache::default();
        cache.take(TEAM, Some(&set(&[key("k1", "a"), key("k1", "b")])), at(0));
        assert_eq!(used(cache.look(TEAM, "k1", at(0))), 2);
    }

    #[test]
    fn what_is_no_key_for_rs256_is_left_out() {
        let mut all = vec![key("good", "a")];
        for (field, value) in [
            ("kty", json!("EC")),
            ("alg", json!("HS256")),
            ("use", json!("enc")),
            ("n", json!("AQAB")),
            ("n", json!("a".repeat(2_000))),
            ("e", json!("")),
            ("kid", json!(7)),
        ] {
            let mut bad = key("bad", "a");
            bad[field] = value;
            all.push(bad);
        }
        assert_eq!(KeySet::parse(&set(&all)).unwrap().0.len(), 1);
        let many = vec![key("k", "a"); KEYS_MAX + 1];
        assert_eq!(KeySet::parse(&set(&many)).unwrap().0.len(), KEYS_MAX);
    }

    #[test]
    fn a_clock_that_went_back_stops_nobody_from_asking() {
        let mut cache = KeyCache::default();
        cache.take(TEAM, None, at(600_000));
        assert_eq!(cache.look(TEAM, "k1", at(0)), Look::Fetch);
    }
}
