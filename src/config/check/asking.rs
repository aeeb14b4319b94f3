//! How monitors ask: what a probe can send, and what its answer can tell.

use super::monitors::small;
use super::{Checker, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{HeaderName, RawMonitor, RawRequestHeader};
use crate::config::{
    Asking, MonitorKind, PROBE_HEADER_BYTES_MAX, PROBE_HEADERS_MAX, ProbeHeader, ProbeMethod,
    ProbeRequest, SMTP_PORT, is_header_value,
};
use crate::json::Within;
use crate::ordered::Map;

/// Statuses that a probe follows, if it follows any. Source: RFC 9110 §15.4.
const FOLLOWED: [u16; 5] = [301, 302, 303, 307, 308];

/// Keys that mean nothing to a probe that only connects.
const OF_HTTP: [&str; 8] =
    ["path", "method", "headers", "host_header", "scheme", "follow_redirects", "expect", "excerpt"];

/// Headers that no monitor sets, and what to do instead. One that ends in `-` stands for all that
/// begin like it.
const NOT_SET: [(&str, &str); 19] = [
    ("host", "`host_header`"),
    ("user-agent", "none: probes say who they are"),
    ("accept-encoding", "none: what the runtime can decompress"),
    ("connection", OF_THE_CONNECTION),
    ("keep-alive", OF_THE_CONNECTION),
    ("proxy-", OF_THE_CONNECTION),
    ("te", OF_THE_CONNECTION),
    ("trailer", OF_THE_CONNECTION),
    ("transfer-encoding", OF_THE_CONNECTION),
    ("upgrade", OF_THE_CONNECTION),
    ("content-length", OF_THE_BODY),
    ("content-encoding", OF_THE_BODY),
    ("expect", OF_THE_BODY),
    ("range", "none: a part of a body is no answer"),
    ("x-pointsman-", "none: these are Pointsman's own"),
    ("cdn-loop", OF_CLOUDFLARE),
    ("cf-connecting-", OF_CLOUDFLARE),
    ("cf-ray", OF_CLOUDFLARE),
    ("cf-worker", OF_CLOUDFLARE),
];
const OF_THE_CONNECTION: &str = "none: the runtime makes the connection";
const OF_THE_BODY: &str = "none: a probe has no body";
const OF_CLOUDFLARE: &str = "none: Cloudflare sets it";

/// Headers that carry credentials. Their values are secrets.
const CREDENTIALS: [&str; 8] = [
    "authorization",
    "cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-vault-token",
    "cf-access-client-secret",
];

impl Checker<'_> {
    pub(super) fn asking(&mut self, path: &str, raw: &RawMonitor) -> Asking {
        let at = |key: &str| under(path, key);
        let host_header = self.host_header(&at("host_header"), raw.host_header.as_deref());
        let asking = Asking {
            kind: raw.kind,
            request: ProbeRequest {
                method: raw.method,
                headers: self.request_headers(&at("headers"), &raw.headers),
                redirects: small(raw.follow_redirects.get()),
                retries: small(raw.retries.get()),
            },
            host_header,
            scheme: raw.scheme,
            port: raw.port.map(Within::get).and_then(|port| u16::try_from(port).ok()),
        };
        match raw.kind {
            MonitorKind::Tcp => self.tcp_sends_nothing(path, &asking),
            MonitorKind::Http => self.answer_can_be_judged(path, raw),
        }
        asking
    }

    fn tcp_sends_nothing(&mut self, path: &str, asking: &Asking) {
        for key in OF_HTTP {
            if !self.is_written(&under(path, key)) {
                continue;
            }
            let problem = format!("`{key}` has no effect: the probe opens a connection, no more");
            self.report(under(path, key), Code::E014, problem, "only with `type = \"http\"`");
        }
        if asking.port == Some(SMTP_PORT) {
            let problem = "Cloudflare lets no Worker connect to port 25";
            self.report(under(path, "port"), Code::E014, problem, "another port");
        }
    }

    fn answer_can_be_judged(&mut self, path: &str, raw: &RawMonitor) {
        let reads_body = raw.expect.body_contains.is_some() || !raw.expect.json.is_empty();
        if raw.method == ProbeMethod::Head && (reads_body || raw.excerpt) {
            let problem = "the answer to `HEAD` has no body";
            let allowed = "`GET`, or nothing about a body";
            self.report(under(path, "method"), Code::E014, problem, allowed);
        }
        let status = &raw.expect.status.all;
        let hidden = FOLLOWED.iter().find(|code| status.iter().any(|range| range.contains(**code)));
        if let (1.., Some(code)) = (raw.follow_redirects.get(), hidden) {
            let problem =
                format!("`expect.status` has {code}, which is followed and so never seen");
            let allowed = "0, or no 301, 302, 303, 307 and 308 in `expect.status`";
            self.report(under(path, "follow_redirects"), Code::E014, problem, allowed);
        }
    }

    fn request_headers(
        &mut self,
        path: &str,
        raw: &Map<HeaderName, RawRequestHeader>,
    ) -> Vec<(String, ProbeHeader)> {
        self.at_most(path, raw.len(), PROBE_HEADERS_MAX);
        let mut headers: Vec<(String, ProbeHeader)> = Vec::new();
        for (written, value) in raw.iter().take(PROBE_HEADERS_MAX) {
            let path = under(path, &written.0);
            let name = written.0.to_ascii_lowercase();
            if let Some(instead) = not_set(&name) {
                let problem = format!("a monitor cannot set `{name}`");
                self.report(path, Code::E014, problem, instead);
                continue;
            }
            if headers.iter().any(|(other, _)| *other == name) {
                self.twice(path, &name);
                continue;
            }
            headers.push((name.clone(), self.request_header(path, &name, value)));
        }
        headers
    }

    fn request_header(&mut self, path: String, name: &str, raw: &RawRequestHeader) -> ProbeHeader {
        let text = match raw {
            RawRequestHeader::Secret(raw) => {
                self.secret_name(&under(&path, "secret"), &raw.secret);
                return ProbeHeader::Secret(raw.secret.clone());
            }
            RawRequestHeader::Text(text) => text,
        };
        if CREDENTIALS.contains(&name) {
            // The message must not repeat the value.
            let problem =
                format!("`{name}` carries credentials, and the config is stored in plain text");
            let (_, hint) = super::SECRET_BY_NAME;
            let (code, allowed) = (Code::E013, "`{ secret = \"NAME\" }`".to_owned());
            self.report_with(path, code, problem, allowed, Some(hint.to_owned()));
        } else if text.len() > PROBE_HEADER_BYTES_MAX || !is_header_value(text) {
            let problem = format!("its {} bytes are no header value", text.len());
            let allowed = format!(
                "1 to {PROBE_HEADER_BYTES_MAX} bytes of visible ASCII, without blanks at the ends"
            );
            self.report(path, Code::E004, problem, &allowed);
        }
        ProbeHeader::Text(text.clone())
    }
}

/// Why a header is not a monitor's to set; `None` if it is.
fn not_set(name: &str) -> Option<&'static str> {
    let is_it = |listed: &str| name == listed || listed.ends_with('-') && name.starts_with(listed);
    NOT_SET.iter().find(|(listed, _)| is_it(listed)).map(|(_, instead)| *instead)
}
