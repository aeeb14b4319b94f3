//! Where metrics are pushed to.

use crate::json::{Within, shape};

shape! {
    /// Where metrics are pushed to, by OTLP/HTTP.
    pub(in crate::config) struct RawOtlp {
        /// The URL that takes them. By OTLP's custom it ends in `/v1/metrics`.
        url: String,
        /// Name of the secret that holds headers for it, as `OTEL_EXPORTER_OTLP_HEADERS` has them:
        /// `name=value,name=value`, with `%` escapes.
        headers_secret: Option<String>,
        /// How often they are pushed.
        every_s: Within<60, 3_600> = Within(60),
    }
}
