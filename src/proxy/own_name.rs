//! Answers in which an origin calls itself by its own name.
//!
//! An application that builds absolute URLs from the `Host` it hears says
//! `Location: https://eu-1.example.net/login`. A client that follows leaves the proxy, and with it
//! failover and the residency rules. So the name of an origin becomes the name that the client
//! asked for, wherever a header leads a client on: `Location`, `Content-Location`, `Refresh` and
//! `Link`. A body stays as it is. nginx does the first and the third by default
//! (`proxy_redirect`).
//!
//! An origin's name is the host of any origin of the service, whatever its region and health, and
//! the host that the origin was told. Another explicit port on it is another server, and stays.
//! Names under which clients reach a service of ours stay too: they lead back to the proxy.
//!
//! The scheme becomes the client's, because an origin behind TLS that ends elsewhere says `http`.
//! One redirect would be a circle then: from `http` to `https` of the very same URL. That one keeps
//! its `https`.
//!
//! A cookie's `Domain` is dropped if it covers the origin's host and not the client's: a client
//! refuses such a cookie (RFC 6265 §5.3), and without the attribute it belongs to the host that the
//! client asked for. nginx leaves it, and the session is lost.

use super::isolate::Isolate;
use crate::http::{RequestTarget, parse_target, split_port};
use crate::routes::{Serving, Table};

/// A header of an origin's answer.
#[derive(Debug, Clone, Copy)]
pub struct AnswerHeader<'a> {
    /// The URL that the client asked for.
    pub asked: &'a str,
    /// The URL that the origin was asked for.
    pub sent: &'a str,
    /// The header's name, in lower case.
    pub name: &'a str,
    /// Its value.
    pub value: &'a str,
}

impl Isolate {
    /// The value that the client gets: with the client's name for the host in place of an origin's.
    /// `None` if it stays as it is.
    #[must_use]
    pub fn renamed(&self, header: &AnswerHeader<'_>) -> Option<String> {
        let asked = parse_target(header.asked)?;
        let table = self.table.as_deref()?;
        let serving = table.service(&asked.host)?;
        Names { table, serving, asked, sent: parse_target(header.sent)? }.header(header)
    }
}

/// Whose names are replaced, and by which.
struct Names<'n> {
    table: &'n Table,
    serving: &'n Serving,
    asked: RequestTarget<'n>,
    sent: RequestTarget<'n>,
}

impl Names<'_> {
    fn header(&self, header: &AnswerHeader<'_>) -> Option<String> {
        match header.name {
            "location" | "content-location" => self.url(header.value),
            "refresh" => self.refresh(header.value),
            "link" => self.link(header.value),
            "set-cookie" => self.cookie(header.value),
            _ => None,
        }
    }

    /// An absolute URL, or one without a scheme (`//host/path`). Every other one has no host.
    fn url(&self, url: &str) -> Option<String> {
        let (scheme, rest) = match url.strip_prefix("//") {
            Some(rest) => ("", rest),
            None => url.split_once("://").filter(|(scheme, _)| is_http(scheme))?,
        };
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        // Browsers end a host at a backslash and other clients do not: whose it is, is not certain.
        if authority.contains('\\') {
            return None;
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if !self.is_own(host) {
            return None;
        }
        let upgrades = scheme.eq_ignore_ascii_case("https") && self.asked.scheme == "http";
        let (new_scheme, new_host) = if upgrades && self.is_what_was_asked(tail) {
            ("https", self.asked.host.clone())
        } else {
            (self.asked.scheme, self.asked.authority())
        };
        let mut renamed = String::with_capacity(url.len() + new_host.len());
        if !scheme.is_empty() {
            renamed.push_str(new_scheme);
            renamed.push(':');
        }
        renamed.push_str("//");
        for part in user.map(|user| [user, "@"]).into_iter().flatten() {
            renamed.push_str(part);
        }
        renamed.push_str(&new_host);
        renamed.push_str(tail);
        Some(renamed)
    }

    fn is_what_was_asked(&self, tail: &str) -> bool {
        let tail = tail.split('#').next().unwrap_or(tail);
        self.asked.path_and_query == if tail.is_empty() { "/" } else { tail }
    }

    /// Whether a host, with a port or without, is one by which an origin names itself.
    fn is_own(&self, authority: &str) -> bool {
        let (host, port) = split_port(authority);
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let is_usual = matches!(port, None | Some("" | "80" | "443"));
        let is_this =
            |own: &str, own_port: Option<&str>| own == host && (is_usual || port == own_port);
        let is_one = is_this(&self.sent.host, self.sent.port)
            || self.origins().any(|origin| is_this(&origin.host, origin.port));
        is_one && self.table.service(&host).is_none()
    }

    fn origins(&self) -> impl Iterator<Item = RequestTarget<'_>> {
        let regions = self.serving.candidates.iter().map(|region| &region.entry);
        let all = regions.flat_map(|entry| entry.origins.iter().chain(&entry.unused));
        all.filter_map(|origin| parse_target(origin))
    }

    /// `5; url=https://…`, with the URL in quotes or not. Source: the HTML standard, "shared
    /// declarative refresh steps".
    fn refresh(&self, value: &str) -> Option<String> {
        let is_time = |c: char| c.is_ascii_digit() || c == '.' || c.is_ascii_whitespace();
        let after = value.trim_start_matches(is_time);
        let after = after.strip_prefix([';', ',']).unwrap_or(after).trim_ascii_start();
        let url = url_of_refresh(after);
        let url = match url.chars().next() {
            Some(quote @ ('"' | '\'')) => url.get(1..)?.split(quote).next()?,
            _ => url,
        };
        self.replaced(value, url)
    }

    /// A list of links, each with its URL in angle brackets. Source: RFC 8288 §3.
    fn link(&self, value: &str) -> Option<String> {
        let mut renamed = String::new();
        let mut is_changed = false;
        let mut rest = value;
        while let Some((before, after)) = rest.split_once('<') {
            let (url, behind) = after.split_at(after.find('>').unwrap_or(after.len()));
            let new = self.url(url);
            is_changed |= new.is_some();
            for part in [before, "<", new.as_deref().unwrap_or(url)] {
                renamed.push_str(part);
            }
            rest = behind;
        }
        renamed.push_str(rest);
        is_changed.then_some(renamed)
    }

    fn cookie(&self, value: &str) -> Option<String> {
        let mut parts = value.split(';');
        let mut kept = vec![parts.next()?];
        let all = parts.clone().count() + 1;
        kept.extend(parts.filter(|attribute| !self.is_lost(attribute)));
        (kept.len() < all).then(|| kept.join(";"))
    }

    /// Whether an attribute of a cookie is a `Domain` that the client would refuse.
    fn is_lost(&self, attribute: &str) -> bool {
        let Some((name, domain)) = attribute.split_once('=') else { return false };
        let domain = domain.trim().trim_start_matches('.').to_ascii_lowercase();
        let covers = |host: &str| {
            host.strip_suffix(&*domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
        };
        name.trim().eq_ignore_ascii_case("domain")
            && !domain.is_empty()
            && !covers(&self.asked.host)
            && (covers(&self.sent.host) || self.origins().any(|origin| covers(&origin.host)))
    }

    /// A text with the URL that is a part of it renamed.
    fn replaced(&self, whole: &str, url: &str) -> Option<String> {
        let renamed = self.url(url)?;
        let (before, after) = whole.split_once(url)?;
        Some([before, &renamed, after].concat())
    }
}

fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// What follows `url=`, or everything if that is not there.
fn url_of_refresh(text: &str) -> &str {
    let named = text.get(..3).filter(|name| name.eq_ignore_ascii_case("url"));
    let after = named.and_then(|_| text.get(3..)?.trim_ascii_start().strip_prefix('='));
    after.map_or(text, str::trim_ascii_start)
}
