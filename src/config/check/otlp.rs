//! Where metrics are pushed to.

use super::Checker;
use crate::config::diagnostic::Code;
use crate::config::host::private_ending;
use crate::config::otlp::{OTLP_URL_BYTES_MAX, Otlp};
use crate::config::raw::RawOtlp;
use crate::config::url::OriginUrl;
use crate::time::SECOND;

const URL_AT: &str = "otlp.url";
const URL_ALLOWED: &str = "a URL such as `https://otlp.example.com/v1/metrics`";

impl Checker<'_> {
    pub(super) fn otlp(&mut self, raw: &RawOtlp) -> Otlp {
        if let Some(secret) = &raw.headers_secret {
            self.secret_name("otlp.headers_secret", secret);
        }
        match public_host(&raw.url) {
            Err(problem) => self.report(URL_AT, Code::E008, problem, URL_ALLOWED),
            Ok(host) => {
                if let Some(ending) = private_ending(&host) {
                    let problem = format!("its host is a name of a private network (`{ending}`)");
                    self.report(URL_AT, Code::E018, problem, "a name that public DNS has");
                }
            }
        }
        Otlp {
            url: raw.url.clone(),
            headers_secret: raw.headers_secret.clone(),
            every_ms: u64::from(raw.every_s.get()) * SECOND,
        }
    }
}

/// The host of a URL to which metrics may go, or what is wrong with it.
fn public_host(url: &str) -> Result<String, String> {
    if url.len() > OTLP_URL_BYTES_MAX {
        return Err(format!("it is longer than {OTLP_URL_BYTES_MAX} bytes"));
    }
    if !url.starts_with("https://") {
        return Err("it does not start with `https://`".to_owned());
    }
    if let Some(odd) = url.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '\\' | '#')) {
        return Err(format!("it has {odd:?} in it"));
    }
    match OriginUrl::of(url) {
        Err(bad) => Err(bad.to_string()),
        Ok(url) if url.is_local() => Err("its host is the machine itself".to_owned()),
        Ok(url) => Ok(url.host().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_pushed_by_tls_to_a_public_name_only() {
        for url in [
            "https://otlp.example.com/v1/metrics",
            "https://otlp.example.com:4318/v1/metrics?x=y",
            "https://otlp.example.com",
        ] {
            assert_eq!(public_host(url).as_deref(), Ok("otlp.example.com"), "{url}");
            assert_eq!(private_ending("otlp.example.com"), None);
        }
        for url in [
            "http://otlp.example.com/v1/metrics",
            "HTTPS://otlp.example.com/",
            "otlp.example.com",
            "",
            "https://",
            "https:///v1/metrics",
            "https://user:word@otlp.example.com/v1/metrics",
            "https://otlp.example.com/a b",
            "https://otlp.example.com/#a",
            "https://otlp.example.com\\@other.example.com/",
            "https://10.0.0.1/v1/metrics",
            "https://[::1]/v1/metrics",
            "https://localhost/v1/metrics",
            "https://otlp.example.com:0/v1/metrics",
            "https://otlp.ex\u{e4}mple.com/v1/metrics",
        ] {
            assert!(public_host(url).is_err(), "{url}");
        }
        let long = format!("https://otlp.example.com/{}", "a".repeat(OTLP_URL_BYTES_MAX));
        assert!(public_host(&long).is_err());
        let private = public_host("https://collector.internal/v1/metrics").unwrap();
        assert_eq!(private_ending(&private), Some(".internal"));
    }
}
