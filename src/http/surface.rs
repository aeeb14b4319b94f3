//! What the shell tells of a request for one of our own pages.

use crate::json::{self, BadJson, fields};

/// A request for one of our own pages. Its body is not read yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SurfaceRequest {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The id that we gave it.
    pub id: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `Cf-Access-Jwt-Assertion`: what Cloudflare Access says of the person who sent it.
    pub assertion: Option<String>,
    /// `Cookie`: what a browser shows of who looks at the dashboard.
    pub cookie: Option<String>,
    /// `Origin`: the site whose page made a browser send it.
    pub origin: Option<String>,
    /// `Sec-Fetch-Site`: how that site and ours belong together, as the browser sees it.
    pub fetch_site: Option<String>,
}

fields!(SurfaceRequest {
    method,
    url,
    id,
    authorization,
    content_type,
    idempotency_key,
    assertion,
    cookie,
    origin,
    fetch_site,
});

impl SurfaceRequest {
    /// Reads what `core.js` wrote. Errors: it is something else.
    pub fn parse(text: &str) -> Result<Self, BadJson> {
        json::read(text)
    }
}
