//! Secrets that cannot be printed by accident.

use std::fmt;

/// The name of the secret that opens the operator's pages.
pub const ADMIN_TOKEN: &str = "ADMIN_TOKEN";
/// The name of the secret that opens Cloudflare's API.
pub const API_TOKEN: &str = "CLOUDFLARE_API_TOKEN";
/// The name of the secret that signs cookies.
pub const COOKIE_KEY: &str = "COOKIE_KEY";
/// The secrets that are for Pointsman alone. They are sent to nobody whom a config names.
pub const OWN_SECRETS: [&str; 3] = [ADMIN_TOKEN, API_TOKEN, COOKIE_KEY];

/// Printed in place of a secret.
const REDACTED: &str = "[redacted]";

/// A token or key. It has no `Serialize`, and `Debug` and `Display` print `[redacted]`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the one place that must send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `offered` equals this secret. Takes constant time for a given length, so that an
    /// attacker cannot guess it letter by letter. An empty secret matches nothing.
    #[must_use]
    pub fn matches(&self, offered: &str) -> bool {
        self.is(offered.as_bytes())
    }

    fn is(&self, theirs: &[u8]) -> bool {
        let ours = self.0.as_bytes();
        let difference = ours.iter().zip(theirs).fold(0, |all, (a, b)| all | (a ^ b));
        !ours.is_empty() && ours.len() == theirs.len() && std::hint::black_box(difference) == 0
    }

    /// Whether a word of `text` begins with this secret. A word begins at the start, and behind
    /// whatever is neither a letter nor a digit. Each place is compared like a whole text in
    /// [`Secret::matches`].
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut is_inside = false;
        let starts = bytes.iter().enumerate().filter(|(_, byte)| {
            let is_start = !is_inside;
            is_inside = byte.is_ascii_alphanumeric();
            is_start
        });
        let mut words = starts.filter_map(|(start, _)| bytes.get(start..start + self.0.len()));
        words.any(|word| self.is(word))
    }

    /// `text` with the secret redacted, because whoever was sent a secret may echo it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.0.is_empty() { text.to_owned() } else { text.replace(&self.0, REDACTED) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
    }

    #[test]
    fn only_the_whole_secret_matches() {
        let secret = Secret::new("hunter2".to_owned());
        assert!(secret.matches("hunter2"));
        assert!(!secret.matches("hunter3"));
        assert!(!secret.matches("hunter"));
        assert!(!secret.matches("hunter22"));
        assert!(!Secret::new(String::new()).matches(""));
    }

    #[test]
    fn a_secret_is_found_where_a_word_begins() {
        let secret = Secret::new("hun+ter/2=".to_owned());
        for text in [
            "hun+ter/2=",
            "Bearer hun+ter/2=",
            "/x?token=hun+ter/2=&y",
            "a=b; t=\"hun+ter/2=\"",
            "hun+ter/hun+ter/2=more",
            "é,hun+ter/2=",
        ] {
            assert!(secret.is_in(text), "{text}");
        }
        for text in ["", "hun+ter/2", "Hun+ter/2=", "xhun+ter/2=", "hun ter/2="] {
            assert!(!secret.is_in(text), "{text}");
        }
        assert!(!Secret::new(String::new()).is_in("a b"));
    }
}
