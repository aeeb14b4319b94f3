//! How a probe asks: by which protocol, where, with which method and headers, and how often.

use crate::json::{fields, variants, words};

/// Most request headers of one monitor.
pub const PROBE_HEADERS_MAX: usize = 20;
/// Longest value of a request header, in bytes; also of one that is a secret.
pub const PROBE_HEADER_BYTES_MAX: usize = 1_024;
/// Most redirects that a probe follows. Each is a request of its own.
pub const REDIRECTS_MAX: u32 = 5;
/// Most repeats of a failed probe. Cloudflare's monitors and ours have the same word for it.
pub const RETRIES_MAX: u32 = 5;
/// Most addresses of one origin. A probe connects to each of them.
pub const ADDRESSES_MAX: usize = 8;
/// The scheme of the URL of a probe that only connects.
pub const TCP_SCHEME: &str = "tcp://";
/// The port to which Cloudflare lets no Worker connect. Source:
/// developers.cloudflare.com/workers/runtime-apis/tcp-sockets.
pub const SMTP_PORT: u16 = 25;

words! {
    /// What a probe does.
    #[derive(Default)]
    pub enum MonitorKind {
        /// Sends a request and judges the response.
        #[default]
        Http = "http",
        /// Opens a connection and closes it.
        Tcp = "tcp",
    }

    /// The method of a probe. Only methods that change nothing at the origin (RFC 9110 §9.2.1).
    #[derive(Default)]
    pub enum ProbeMethod {
        /// The response has a body.
        #[default]
        Get = "GET",
        /// It has none.
        Head = "HEAD",
        /// What `HAProxy` sends by default.
        Options = "OPTIONS",
    }

    /// How a probe speaks to an origin.
    pub enum ProbeScheme {
        /// In plain text.
        Http = "http",
        /// Over TLS.
        Https = "https",
    }
}

impl ProbeScheme {
    /// The port, if none is written.
    #[must_use]
    pub fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// The value of a request header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeHeader {
    /// This text.
    Text(String),
    /// The value of the secret with this name.
    Secret(String),
}

variants!(ProbeHeader {
    Text = "text" (text),
    Secret = "secret" (name),
});

/// The request of a probe, besides its URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProbeRequest {
    /// Its method.
    pub method: ProbeMethod,
    /// Its headers: names in lower case, each once.
    pub headers: Vec<(String, ProbeHeader)>,
    /// How many redirects on the same host it follows.
    pub redirects: u8,
    /// How often it is repeated at once if it failed. The timeout is for all of them together.
    pub retries: u8,
}

fields!(ProbeRequest {
    method = ProbeMethod::Get,
    headers = Vec::new(),
    redirects = 0,
    retries = 0,
});

/// How a monitor asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asking {
    /// What its probes do.
    pub kind: MonitorKind,
    /// Their request.
    pub request: ProbeRequest,
    /// The host that they tell the origin, in lower case; `None`: as requests of clients do.
    pub host_header: Option<String>,
    /// Their scheme; `None`: the origin's.
    pub scheme: Option<ProbeScheme>,
    /// Their port; `None`: the origin's, or the scheme's where that is another.
    pub port: Option<u16>,
}

impl Asking {
    /// Whether probes meet the server that clients meet: by HTTP, at the same port.
    #[must_use]
    pub fn is_at_the_door(&self) -> bool {
        self.kind == MonitorKind::Http && self.port.is_none() && self.scheme.is_none()
    }
}

/// Whether a text can be the name of a header: a token. Source: RFC 9110 §5.1.
#[must_use]
pub fn is_header_name(text: &str) -> bool {
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(token)
}

/// Whether a text can be the value of a header: visible ASCII, with blanks only inside. Source: RFC
/// 9110 §5.5.
#[must_use]
pub fn is_header_value(text: &str) -> bool {
    let fits = |b: u8| matches!(b, b' '..=b'~' | b'\t');
    text.trim() == text && !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests;
