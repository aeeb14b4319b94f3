//! Which tenant a request names.
//!
//! A tenant can be pinned to a set of countries, so whoever names the tenant chooses a
//! jurisdiction. Hence a tenant is read from exactly one source in the request, and must be a slug.
//! If it is missing or malformed, the request has no tenant: the rules apply, but no pin. With
//! `required` such a request is refused. A value that is too long, or given twice and differently,
//! is always refused, because the origin may read a tenant from it.
//!
//! The tenant is only a claim. The origin must check that the client may act for it; here the claim
//! can only narrow where the request may go.

use crate::ids::TenantId;
use crate::json::text_shape;
use std::fmt;

/// The longest `Cookie` header that is read. A longer one counts as unreadable.
pub const COOKIE_BYTES_MAX: usize = 16 * 1024;

/// Where requests name their tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantSource {
    /// In the header of this name.
    Header(String),
    /// In the cookie of this name. Names of cookies are compared with their case.
    Cookie(String),
    /// In a label of the host, counted from 1, left to right: `acme` is label 1 of
    /// `acme.example.com`.
    HostLabel(u8),
    /// In a segment of the path, counted from 1, left to right: `acme` is segment 2 of `/t/acme`.
    PathSegment(u8),
}

/// What a request says about its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TenantClaim {
    /// Nothing, or nothing that could be a tenant.
    None,
    /// This tenant.
    Tenant(TenantId),
    /// It cannot be read for certain: it is too long, or has several different values. The origin
    /// may still read a tenant from it, so this is not the same as none.
    Unreadable,
}

impl TenantSource {
    /// The tenant of a request. `host` has no port, `path` is normalised by [`super::normalise`],
    /// and `header` returns a header by its lower-case name. Upper-case letters count as lower-case
    /// ones.
    #[must_use]
    pub fn find(
        &self,
        host: &str,
        path: Option<&str>,
        header: &dyn Fn(&str) -> Option<String>,
    ) -> TenantClaim {
        match self {
            Self::Header(name) => match header(&name.to_ascii_lowercase()) {
                // A repeated header arrives as one list.
                Some(value) => one_of(value.split(',').map(str::trim_ascii)),
                None => TenantClaim::None,
            },
            Self::Cookie(name) => match header("cookie") {
                Some(cookies) if cookies.len() > COOKIE_BYTES_MAX => TenantClaim::Unreadable,
                Some(cookies) => one_of(cookie_values(&cookies, name)),
                None => TenantClaim::None,
            },
            Self::HostLabel(label) => claim(part(host, '.', *label)),
            Self::PathSegment(segment) => match path {
                Some(path) => {
                    claim(path.strip_prefix('/').and_then(|path| part(path, '/', *segment)))
                }
                None => TenantClaim::Unreadable,
            },
        }
    }

    /// Whether it is in the path.
    #[must_use]
    pub fn looks_at_path(&self) -> bool {
        matches!(self, Self::PathSegment(_))
    }
}

impl fmt::Display for TenantSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header {name}"),
            Self::Cookie(name) => write!(f, "cookie {name}"),
            Self::HostLabel(label) => write!(f, "host_label {label}"),
            Self::PathSegment(segment) => write!(f, "path_segment {segment}"),
        }
    }
}

/// The text is not a source of a tenant.
#[derive(Debug)]
struct BadSource;

fn parse(text: &str) -> Result<TenantSource, BadSource> {
    let (kind, name) = text.split_once(' ').ok_or(BadSource)?;
    let number = || name.parse().map_err(|_| BadSource);
    match kind {
        "header" => Ok(TenantSource::Header(name.to_owned())),
        "cookie" => Ok(TenantSource::Cookie(name.to_owned())),
        "host_label" => number().map(TenantSource::HostLabel),
        "path_segment" => number().map(TenantSource::PathSegment),
        _ => Err(BadSource),
    }
}

text_shape!(TenantSource, parse, "a tenant source, such as `header x-tenant`", {"type": "string"});

fn claim(candidate: Option<&str>) -> TenantClaim {
    let id = candidate.map(|text| TenantId::parse(&text.trim_ascii().to_ascii_lowercase()));
    id.and_then(Result::ok).map_or(TenantClaim::None, TenantClaim::Tenant)
}

/// Combines several values. If they differ, the tenant is unreadable: otherwise their order would
/// choose the jurisdiction, and RFC 6265 §4.2.2 gives two cookies of one name no reliable order.
fn one_of<'v>(mut values: impl Iterator<Item = &'v str>) -> TenantClaim {
    let Some(first) = values.next() else { return TenantClaim::None };
    if !values.all(|value| value == first) {
        return TenantClaim::Unreadable;
    }
    match claim(Some(first)) {
        // Neither empty nor a slug: the origin may decode it into one.
        TenantClaim::None if !first.is_empty() => TenantClaim::Unreadable,
        claim => claim,
    }
}

/// The part of this number, counted from 1.
fn part(text: &str, separator: char, number: u8) -> Option<&str> {
    text.split(separator).nth(usize::from(number.checked_sub(1)?))
}

/// The values of the cookies of a name, without the quotes that they may have.
pub(crate) fn cookie_values<'h>(header: &'h str, name: &str) -> impl Iterator<Item = &'h str> {
    let pairs = header.split(';').filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(key, _)| key.trim_ascii() == name).map(|(_, value)| unquoted(value))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim_ascii();
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The tenant; `-` and `?`, which are no slugs, stand for none and for what cannot be read.
    fn found(source: &TenantSource, header: Option<&str>) -> String {
        let give = |_: &str| header.map(str::to_owned);
        shown(&source.find("acme.example.com", Some("/t/globex"), &give))
    }

    fn shown(claim: &TenantClaim) -> String {
        match claim {
            TenantClaim::None => "-".to_owned(),
            TenantClaim::Tenant(tenant) => tenant.to_string(),
            TenantClaim::Unreadable => "?".to_owned(),
        }
    }

    fn from_cookies(cookies: &str) -> String {
        found(&TenantSource::Cookie("tenant".to_owned()), Some(cookies))
    }

    #[test]
    fn a_header_names_a_tenant_in_either_case() {
        let source = TenantSource::Header("X-Tenant".to_owned());
        let give = |name: &str| (name == "x-tenant").then(|| " Acme-1 ".to_owned());
        assert_eq!(shown(&source.find("h", Some("/"), &give)), "acme-1");
        assert_eq!(found(&source, None), "-");
    }

    #[test]
    fn what_is_empty_is_no_tenant_and_what_is_no_slug_cannot_be_read() {
        let source = TenantSource::Header("x-tenant".to_owned());
        let long = "x".repeat(64);
        for text in ["", " "] {
            assert_eq!(found(&source, Some(text)), "-", "{text:?}");
        }
        for text in ["-a", "a b", "a/b", "*", "é", "%61", &long] {
            assert_eq!(found(&source, Some(text)), "?", "{text:?}");
        }
        assert_eq!(found(&source, Some(&long[1..])), &long[1..]);
    }

    #[test]
    fn a_header_that_is_there_twice_must_agree_with_itself() {
        let source = TenantSource::Header("x-tenant".to_owned());
        assert_eq!(found(&source, Some("acme, acme")), "acme");
        assert_eq!(found(&source, Some("acme,acme")), "acme");
        assert_eq!(found(&source, Some("acme, globex")), "?");
    }

    #[test]
    fn a_path_that_nobody_can_read_may_name_any_tenant() {
        let claim = TenantSource::PathSegment(1).find("h", None, &|_| None);
        assert_eq!(claim, TenantClaim::Unreadable);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        for cookies in [
            "tenant=acme",
            "a=b; tenant=acme; c=d",
            "a=b;tenant=ACME",
            "tenant=\"acme\"",
            "other; tenant=acme",
            "tenant = acme ; x",
        ] {
            assert_eq!(from_cookies(cookies), "acme", "{cookies}");
        }
        for cookies in ["", "tenants=acme", "Tenant=acme", "tenant", "tenant=", "x=tenant=acme"] {
            assert_eq!(from_cookies(cookies), "-", "{cookies}");
        }
    }

    #[test]
    fn two_cookies_of_one_name_must_agree() {
        assert_eq!(from_cookies("tenant=acme; tenant=acme"), "acme");
        assert_eq!(from_cookies("tenant=acme; tenant=\"acme\""), "acme");
        assert_eq!(from_cookies("tenant=acme; tenant=globex"), "?");
        assert_eq!(from_cookies("tenant=globex; tenant=acme"), "?");
        assert_eq!(from_cookies("tenant=acme; tenant="), "?");
    }

    #[test]
    fn a_cookie_header_is_read_up_to_its_limit() {
        let filled = |length: usize| format!("tenant=acme; {}", "x".repeat(length - 13));
        assert_eq!(from_cookies(&filled(COOKIE_BYTES_MAX)), "acme");
        assert_eq!(from_cookies(&filled(COOKIE_BYTES_MAX + 1)), "?");
    }

    #[test]
    fn labels_and_segments_are_counted_from_one() {
        let label = |number| found(&TenantSource::HostLabel(number), None);
        assert_eq!([label(0), label(1), label(3), label(4)], ["-", "acme", "com", "-"]);
        let segment = |number| found(&TenantSource::PathSegment(number), None);
        let expected = ["-", "t", "globex", "-"];
        assert_eq!([segment(0), segment(1), segment(2), segment(3)], expected);
    }

    #[test]
    fn the_root_has_no_segment() {
        assert_eq!(TenantSource::PathSegment(1).find("h", Some("/"), &|_| None), TenantClaim::None);
        assert_eq!(TenantSource::PathSegment(1).find("h", Some(""), &|_| None), TenantClaim::None);
    }

    proptest! {
        #[test]
        fn the_order_of_cookies_never_chooses_the_tenant(
            values in proptest::collection::vec("[a-c]{1,2}", 1..4),
        ) {
            let header = |values: &mut dyn Iterator<Item = &String>| {
                values.map(|value| format!("tenant={value}")).collect::<Vec<_>>().join("; ")
            };
            let forwards = from_cookies(&header(&mut values.iter()));
            let backwards = from_cookies(&header(&mut values.iter().rev()));
            prop_assert_eq!(forwards, backwards);
        }
    }
}
