//! The serde mirror of the config: exactly the keys and types that may be written, nothing
//! resolved.
//!
//! Defaults follow Cloudflare's monitor vocabulary where it has the word (interval, timeout,
//! expected codes).

use super::diagnostic::{Code, Diagnostic};
use super::{CONFIG_BYTES_MAX, PROBES_PER_RUN_DEFAULT};
use crate::json;
use crate::ordered::Map;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) version: u32,
    pub(super) regions: Map<String, RawRegion>,
    pub(super) monitors: Map<String, RawMonitor>,
    pub(super) services: Map<String, RawService>,
    #[serde(default)]
    pub(super) residency: Vec<RawRule>,
    #[serde(default)]
    pub(super) limits: RawLimits,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRegion {
    pub(super) country: String,
    pub(super) location: Option<[f64; 2]>,
    pub(super) origins: Vec<RawOrigin>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOrigin {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) ipv4: Option<std::net::Ipv4Addr>,
    pub(super) ipv6: Option<std::net::Ipv6Addr>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawMonitor {
    pub(super) path: String,
    pub(super) interval_s: u32,
    pub(super) timeout_ms: u32,
    pub(super) rise: u8,
    pub(super) fall: u8,
    pub(super) window_s: u32,
    pub(super) forgive: u8,
    pub(super) expect: RawExpect,
}

impl Default for RawMonitor {
    fn default() -> Self {
        Self {
            path: "/".to_owned(),
            interval_s: 60,
            timeout_ms: 5_000,
            rise: 2,
            fall: 3,
            window_s: 120,
            forgive: 3,
            expect: RawExpect::default(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawExpect {
    pub(super) status: Vec<String>,
    pub(super) body_contains: Option<String>,
}

impl Default for RawExpect {
    fn default() -> Self {
        Self { status: vec!["200".to_owned()], body_contains: None }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawService {
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    pub(super) monitor: String,
    pub(super) regions: Vec<String>,
    #[serde(default = "default_try_timeout_ms")]
    pub(super) try_timeout_ms: u32,
    #[serde(default = "default_timeout_ms")]
    pub(super) timeout_ms: u32,
    #[serde(default)]
    pub(super) publish: Vec<RawPublish>,
}

fn default_try_timeout_ms() -> u32 {
    5_000
}

fn default_timeout_ms() -> u32 {
    30_000
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum RawPublish {
    Dns(RawDns),
    Pool(RawPool),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDns {
    pub(super) zone: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: RawRecordKind,
    #[serde(default = "default_ttl_s")]
    pub(super) ttl_s: u32,
}

fn default_ttl_s() -> u32 {
    60
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum RawRecordKind {
    A,
    Aaaa,
    Cname,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPool {
    pub(super) account: String,
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    #[serde(default)]
    pub(super) when: RawWhen,
    pub(super) allow: Vec<String>,
    #[serde(rename = "mode")]
    pub(super) _mode: RawMode,
    #[serde(default)]
    pub(super) basis: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWhen {
    pub(super) country: Option<OneOrMany>,
    pub(super) host: Option<OneOrMany>,
}

/// One text, or a list of them.
#[derive(Debug)]
pub(super) struct OneOrMany(Vec<String>);

impl OneOrMany {
    pub(super) fn as_slice(&self) -> &[String] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;

        impl<'de> Visitor<'de> for Texts {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<OneOrMany, A::Error> {
                let mut many = Vec::new();
                while let Some(text) = texts.next_element()? {
                    many.push(text);
                }
                Ok(OneOrMany(many))
            }
        }

        deserializer.deserialize_any(Texts)
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RawMode {
    Strict,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    pub(super) probes_per_run: u32,
}

impl Default for RawLimits {
    fn default() -> Self {
        Self { probes_per_run: PROBES_PER_RUN_DEFAULT }
    }
}

/// Reads the shape. Errors: one diagnostic, since JSON that does not fit says nothing certain about
/// what follows.
pub(super) fn read(text: &str) -> Result<Raw, Vec<Diagnostic>> {
    if text.len() > CONFIG_BYTES_MAX {
        return Err(vec![Diagnostic {
            path: String::from("."),
            code: Code::E001,
            problem: format!("the config has {} bytes", text.len()),
            allowed: format!("at most {CONFIG_BYTES_MAX} bytes of JSON"),
        }]);
    }
    let value = json::read_without_repeats(text).map_err(|error| vec![syntax(&error)])?;
    serde_path_to_error::deserialize(value).map_err(|error| vec![shape(&error)])
}

fn shape(error: &serde_path_to_error::Error<serde_json::Error>) -> Diagnostic {
    Diagnostic {
        path: error.path().to_string(),
        code: Code::E002,
        problem: error.inner().to_string(),
        allowed: "the keys and types of docs/config.md".to_owned(),
    }
}

fn syntax(error: &serde_json::Error) -> Diagnostic {
    Diagnostic {
        path: String::from("."),
        code: Code::E001,
        problem: error.to_string(),
        allowed: "one JSON object".to_owned(),
    }
}
