//! Ids: names that an operator gives to things, validated once.
//!
//! An id is an identity (`ARCHITECTURE.md`, invariant 5). A region that changes its weight or
//! address is still the same region; a renamed region is a new one without history. Ids appear in
//! KV keys, headers and metrics, so they are short ASCII slugs that never need escaping.

use crate::json::{Key, Reader, text_shape};
use std::fmt;

/// The longest id in bytes, far below KV's limit of 512 bytes for a key such as `region:<id>`.
pub const ID_BYTES_MAX: usize = 63;

/// What is allowed, for the message about another value.
const ALLOWED: &str =
    "an id: 1 to 63 characters of a-z, 0-9 and `-`, starting with a letter or digit";

/// The text is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an id: use 1 to 63 characters of a-z, 0-9 and `-`, starting with a letter or \
     digit"
)]
pub struct BadId(String);

fn slug(text: &str) -> Result<&str, BadId> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let starts_well = text.bytes().next().is_some_and(plain);
    let all_well = text.bytes().all(|b| plain(b) || b == b'-');
    if starts_well && all_well && text.len() <= ID_BYTES_MAX {
        Ok(text)
    } else {
        Err(BadId(text.chars().take(ID_BYTES_MAX).collect()))
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads an id. Errors: [`BadId`] where the text is not a slug.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                slug(text).map(|s| Self(s.to_owned()))
            }

            /// The id as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        text_shape!($name, Self::parse, ALLOWED, {
            "type": "string",
            "pattern": "^[a-z0-9][a-z0-9-]{0,62}$",
        });

        impl Key for $name {
            fn read_key(text: &str, reader: &mut Reader) -> Option<Self> {
                let id = Self::parse(text).ok();
                if id.is_none() {
                    reader.wrong_key(text, ALLOWED);
                }
                id
            }

            fn key(&self) -> String {
                self.0.clone()
            }
        }
    };
}

id!(
    /// A region: a set of origins in one country.
    RegionId
);
id!(
    /// An origin: a server that we may send traffic to.
    OriginId
);
id!(
    /// A monitor: the definition of a check.
    MonitorId
);
id!(
    /// A service: a set of hosts, served by regions.
    ServiceId
);
id!(
    /// A residency rule; clients see it when they are refused.
    RuleId
);
id!(
    /// A receiver of alerts.
    ReceiverId
);
id!(
    /// A customer of the operator, whose requests can be pinned to a set of countries.
    TenantId
);
id!(
    /// A part of a service that promises something of its own.
    ComponentId
);
id!(
    /// A drill that is made by schedule.
    DrillId
);
id!(
    /// A token of the admin API: the name of whoever has it.
    TokenId
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_slug_is_an_id() {
        for good in ["eu-west", "a", "0", "sa-east-1", &"x".repeat(ID_BYTES_MAX)] {
            assert_eq!(RegionId::parse(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "-a", "EU", "a b", "a/b", "é", &"x".repeat(ID_BYTES_MAX + 1)] {
            assert!(RegionId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_bad_id_in_json_is_an_error_and_not_a_value() {
        assert!(json::read::<OriginId>("\"Not An Id\"").is_err());
        assert_eq!(json::read::<OriginId>("\"eu-1\"").unwrap().as_str(), "eu-1");
    }
}
