//! Diagnostics of a config: a stable code, the path, what is wrong, what is allowed, and a hint.

use crate::json::{MISTAKES_MAX, Mistake, MistakeKind, fields, words};
use crate::ordered::Set;
use std::fmt;
use std::ops::Deref;

/// Most mistakes of one config that are listed; the rest are counted.
pub const DIAGNOSTICS_LISTED_MAX: usize = MISTAKES_MAX;

words! {
    /// The stable code of a mistake. Codes are never reused; the texts may improve.
    pub enum Code {
        /// The text cannot be parsed, or is too large.
        E001 = "E001",
        /// A value has the wrong type or format.
        E002 = "E002",
        /// The version is not one that this build reads.
        E003 = "E003",
        /// A list or table that may not be empty is empty, or has too many entries.
        E004 = "E004",
        /// Something that must be unique is there twice.
        E005 = "E005",
        /// A name refers to nothing.
        E006 = "E006",
        /// A number is out of its range.
        E007 = "E007",
        /// A URL cannot be fetched from a Worker.
        E008 = "E008",
        /// A host or name is not valid.
        E009 = "E009",
        /// A record cannot be built: an origin lacks the address.
        E010 = "E010",
        /// A key is unknown, or has the wrong format.
        E011 = "E011",
        /// A key is missing.
        E012 = "E012",
        /// A secret is written into the config.
        E013 = "E013",
        /// Two settings exclude each other, or one needs another.
        E014 = "E014",
        /// Something contains itself, or is nested too deeply.
        E015 = "E015",
        /// The worst case takes longer than the contract promises.
        E016 = "E016",
        /// A service that alerts would go to has an announced end.
        E017 = "E017",
        /// Alerts or metrics may not go to a host, or to none.
        E018 = "E018",
        /// Publishing would send clients where a rule forbids it.
        E020 = "E020",
        /// A strict rule permits none of a service's regions.
        E021 = "E021",
        /// A rule can never match or has no effect.
        E022 = "E022",
        /// A tenant is not allowed in any of a service's regions.
        E023 = "E023",
        /// The routing table of this config could be too large to be written or read.
        E024 = "E024",
        /// Two letters that are a country and the id of a region.
        E025 = "E025",
        /// No client can reach an address.
        E028 = "E028",
        /// A token of the admin API cannot be told from another, or has too many beside it.
        E029 = "E029",
        /// A host of the admin API is somebody else's.
        E030 = "E030",
        /// An application of Cloudflare Access is none.
        E031 = "E031",
        /// `A` and `AAAA` of one name are not one decision.
        E032 = "E032",
    }
}

/// One mistake in a config.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The path of the value, such as `regions.eu-west.origins[0].url`.
    pub path: String,
    /// Which mistake it is.
    pub code: Code,
    /// What is wrong, with the value.
    pub problem: String,
    /// What is allowed instead; may be empty.
    pub allowed: String,
    /// What to do, if that is known.
    pub hint: Option<String>,
}

fields!(Diagnostic { path, code, problem, allowed, hint if any });

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, code, problem, allowed, hint } = self;
        write!(f, "{} {path}: {problem}", code.as_str())?;
        if !allowed.is_empty() {
            write!(f, "; allowed: {allowed}")?;
        }
        hint.iter().try_for_each(|hint| write!(f, "; hint: {hint}"))
    }
}

impl From<Mistake> for Diagnostic {
    fn from(mistake: Mistake) -> Self {
        let code = match mistake.kind {
            MistakeKind::Form => Code::E002,
            MistakeKind::UnknownKey => Code::E011,
            MistakeKind::MissingKey => Code::E012,
            MistakeKind::Range => Code::E007,
            MistakeKind::UnknownName => Code::E006,
        };
        let Mistake { path, seen: problem, allowed, hint, .. } = mistake;
        Self { path, code, problem, allowed, hint }
    }
}

/// Why a config is rejected: its mistakes, sorted by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// The mistakes that are listed; at most [`DIAGNOSTICS_LISTED_MAX`], and secrets before all
    /// others.
    pub listed: Vec<Diagnostic>,
    /// How many more were found.
    pub unlisted: usize,
}

impl Diagnostics {
    /// Of all that was found: secrets and other mistakes, and how many were found beyond these.
    pub(super) fn of(secrets: Vec<Diagnostic>, others: Vec<Diagnostic>, unlisted: usize) -> Self {
        let mut listed = Set::of(others).into_iter().collect::<Vec<_>>();
        let room = DIAGNOSTICS_LISTED_MAX.saturating_sub(secrets.len());
        let cut = listed.len().saturating_sub(room);
        listed.truncate(room);
        listed.extend(secrets);
        Self { listed: Set::of(listed).into_iter().collect(), unlisted: unlisted + cut }
    }

    /// How many mistakes were found.
    #[must_use]
    pub fn total(&self) -> usize {
        self.listed.len() + self.unlisted
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(only: Diagnostic) -> Self {
        Self { listed: vec![only], unlisted: 0 }
    }
}

impl Deref for Diagnostics {
    type Target = [Diagnostic];
    fn deref(&self) -> &[Diagnostic] {
        &self.listed
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;
    fn into_iter(self) -> Self::IntoIter {
        self.listed.into_iter()
    }
}

/// Whether a path names `place` or something within it.
pub(super) fn is_at_or_below(path: &str, place: &str) -> bool {
    let below = path.strip_prefix(place);
    below.is_some_and(|below| below.is_empty() || below.starts_with(['.', '[']))
}
