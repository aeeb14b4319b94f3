//! One of Cloudflare's own monitors in the form that is compared: with the API's defaults filled
//! in. Source: API schema `load-balancing_monitor-editable`.

use crate::json::fields;
use crate::ordered::Map;

/// The fields of a monitor that we manage. Others, such as the simulated zone, are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MonitorFields {
    /// `http` or `https`.
    pub kind: String,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// The port; 0 is the scheme's default.
    pub port: u16,
    /// Seconds between checks.
    pub interval: u32,
    /// Seconds to wait for an answer.
    pub timeout: u32,
    /// Immediate retries after a timeout.
    pub retries: u32,
    /// Passes in a row that make an origin healthy.
    pub consecutive_up: u32,
    /// Failures in a row that make it unhealthy.
    pub consecutive_down: u32,
    /// Statuses that pass, such as `2xx`.
    pub expected_codes: String,
    /// Text that must be in the body.
    pub expected_body: String,
    /// Whether it follows redirects.
    pub follow_redirects: bool,
    /// The headers of its checks; `None` leaves them as they are.
    pub header: Option<Map<String, Vec<String>>>,
}

fields!(MonitorFields {
    kind as "type" = "http".to_owned(),
    method = "GET".to_owned(),
    path = "/".to_owned(),
    port = 0,
    interval = 60,
    timeout = 5,
    retries = 2,
    consecutive_up = 0,
    consecutive_down = 0,
    expected_codes = String::new(),
    expected_body = String::new(),
    follow_redirects = false,
    header,
});
