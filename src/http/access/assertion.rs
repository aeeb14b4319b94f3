//! What Access says of somebody, before and after its signature was verified.

use crate::config::AccessApp;
use crate::journal::{ACTOR_BYTES_MAX, Role};
use crate::json;
use crate::time::{MINUTE, Millis, SECOND, Timestamp};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;

/// Longest assertion that is read, in bytes.
pub const ASSERTION_BYTES_MAX: usize = 16 * 1024;
/// How much the clock of Access may differ from ours.
pub const LEEWAY_MS: Millis = MINUTE;
/// The one algorithm that is read. What the header asks for is never followed: a statement could
/// ask for none, or for the public key as a shared secret.
const ALGORITHM: &str = "RS256";

/// An assertion whose signature nobody has verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    /// The id of the key that it says it is signed with.
    pub kid: String,
    /// What is signed.
    pub signed: String,
    /// The signature, in Base64 of the URL-safe kind.
    pub signature: String,
    claims: Value,
}

/// Somebody whom an assertion names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The opaque subject of a person, or the id of a service token.
    pub name: String,
    /// The role of the application.
    pub role: Role,
}

/// Why an assertion does not count. No text has a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAssertion {
    /// It is no JSON Web Token.
    #[error("the assertion of Access does not read")]
    Form,
    /// It is signed in another way than RS256.
    #[error("the assertion of Access is not signed with RS256")]
    Algorithm,
    /// It does not say which key it is signed with.
    #[error("the assertion of Access names no key")]
    NoKey,
    /// No key of the team has this id.
    #[error("the assertion of Access names a key that the team does not have")]
    UnknownKey,
    /// It is not signed by that key.
    #[error("the signature of the assertion of Access does not fit")]
    Signature,
    /// Its issuer is no team of the config.
    #[error("the assertion of Access is by another team")]
    Issuer,
    /// It is for no application of the config.
    #[error("the assertion of Access is for another application")]
    Audience,
    /// It says nothing of what each must say, or is of another kind.
    #[error("the assertion of Access lacks `{0}`")]
    Lacks(&'static str),
    /// It is over.
    #[error("the assertion of Access is over; log in again")]
    Over,
    /// It is not valid yet, or was made in the future.
    #[error("the assertion of Access is not valid yet")]
    TooEarly,
}

impl Assertion {
    /// Takes an assertion apart. Errors: it is none that could count.
    pub fn parse(text: &str) -> Result<Self, BadAssertion> {
        if text.len() > ASSERTION_BYTES_MAX {
            return Err(BadAssertion::Form);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(BadAssertion::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(BadAssertion::Form)?;
        let header = part(header)?;
        // Nothing is decoded that an extension could give another meaning (RFC 7515 §4.1.11).
        if said(&header, "alg") != Some(ALGORITHM) || header.get("crit").is_some() {
            return Err(BadAssertion::Algorithm);
        }
        let kid = said(&header, "kid").filter(|kid| !kid.is_empty());
        let kid = kid.ok_or(BadAssertion::NoKey)?.to_owned();
        let claims = part(claims)?;
        let (signed, signature) = (signed.to_owned(), signature.to_owned());
        Ok(Self { kid, signed, signature, claims })
    }

    /// The team whose keys are asked for: one of those in the config, whatever the assertion says.
    /// Errors: [`BadAssertion::Issuer`].
    pub fn team<'a>(&self, apps: &'a [AccessApp]) -> Result<&'a str, BadAssertion> {
        let issuer = said(&self.claims, "iss").ok_or(BadAssertion::Lacks("iss"))?;
        let domain = issuer.strip_prefix("https://").ok_or(BadAssertion::Issuer)?;
        let app = apps.iter().find(|app| app.team_domain == domain);
        app.map(|app| app.team_domain.as_str()).ok_or(BadAssertion::Issuer)
    }

    /// Whom it names. The signature must have been verified with a key of [`Assertion::team`].
    ///
    /// **Errors**: it is for another application, over, or says too little.
    pub fn identity(&self, apps: &[AccessApp], now: Timestamp) -> Result<Identity, BadAssertion> {
        let team = self.team(apps)?;
        let audiences = self.audiences().ok_or(BadAssertion::Lacks("aud"))?;
        let mine = apps.iter().filter(|app| app.team_domain == team);
        let mine = mine.filter(|app| audiences.contains(&app.aud.as_str()));
        let role = mine.map(|app| app.role).max().ok_or(BadAssertion::Audience)?;
        self.is_of_now(now)?;
        // A statement of the team's own login page is for no application.
        if said(&self.claims, "type").is_some_and(|kind| kind != "app") {
            return Err(BadAssertion::Lacks("type"));
        }
        let name = self.name().ok_or(BadAssertion::Lacks("sub"))?;
        Ok(Identity { name: name.to_owned(), role })
    }

    /// A service token has an empty subject, and its own id as the common name.
    fn name(&self) -> Option<&str> {
        let is_name = |text: &&str| {
            (1..=ACTOR_BYTES_MAX).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_graphic())
        };
        // An identity provider may make an address of the subject, which would be personal data.
        let is_opaque = |text: &&str| is_name(text) && !text.contains('@');
        let subject = said(&self.claims, "sub").filter(is_opaque);
        let common = || said(&self.claims, "common_name").filter(is_opaque);
        subject.or_else(common)
    }

    fn audiences(&self) -> Option<Vec<&str>> {
        match self.claims.get("aud")? {
            Value::String(one) => Some(vec![one]),
            Value::Array(all) => Some(all.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    }

    fn is_of_now(&self, now: Timestamp) -> Result<(), BadAssertion> {
        let ends = self.instant("exp")?.ok_or(BadAssertion::Lacks("exp"))?;
        let made = self.instant("iat")?.ok_or(BadAssertion::Lacks("iat"))?;
        let begins = self.instant("nbf")?.unwrap_or(made);
        if ends.plus(LEEWAY_MS) <= now {
            return Err(BadAssertion::Over);
        }
        if made.minus(LEEWAY_MS) > now || begins.minus(LEEWAY_MS) > now {
            return Err(BadAssertion::TooEarly);
        }
        Ok(())
    }

    /// An instant in seconds. Errors: there is something else in its place.
    fn instant(&self, claim: &'static str) -> Result<Option<Timestamp>, BadAssertion> {
        let Some(value) = self.claims.get(claim) else { return Ok(None) };
        let seconds = value.as_u64().ok_or(BadAssertion::Lacks(claim))?;
        Ok(Some(Timestamp::from_millis(seconds.saturating_mul(SECOND))))
    }
}

fn said<'v>(object: &'v Value, key: &str) -> Option<&'v str> {
    object.get(key)?.as_str()
}

/// One of the parts: an object in Base64 of the URL-safe kind. A key that is there twice is no
/// claim: two readers could take either.
fn part(text: &str) -> Result<Value, BadAssertion> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| BadAssertion::Form)?;
    let text = String::from_utf8(bytes).map_err(|_| BadAssertion::Form)?;
    let value = json::read_without_repeats(&text).map_err(|_| BadAssertion::Form)?;
    if value.is_object() { Ok(value) } else { Err(BadAssertion::Form) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const NOW_S: u64 = 1_800_000_000;

    fn now() -> Timestamp {
        Timestamp::from_millis(NOW_S * SECOND)
    }

    fn aud(letter: &str) -> String {
        letter.repeat(64)
    }

    fn apps() -> Vec<AccessApp> {
        let app = |team: &str, letter: &str, role| AccessApp {
            team_domain: format!("{team}.cloudflareaccess.com"),
            aud: aud(letter),
            role,
        };
        vec![
            app("acme", "a", Role::Viewer),
            app("acme", "b", Role::Approver),
            app("other", "c", Role::Operator),
        ]
    }

    fn claims() -> Value {
        json!({
            "type": "app", "iss": "https://acme.cloudflareaccess.com", "aud": [aud("a")],
            "sub": "7335d417-61da-459d-899c-0a01c76a2f94", "email": "somebody@example.com",
            "iat": NOW_S, "nbf": NOW_S, "exp": NOW_S + 600,
        })
    }

    fn text(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        [&part(header), ".", &part(claims), ".c2ln"].concat()
    }

    fn judge(claims: &Value) -> Result<Identity, BadAssertion> {
        let header = json!({"alg": "RS256", "kid": "k1"});
        Assertion::parse(&text(&header, claims))?.identity(&apps(), now())
    }

    /// The claims with one of them changed, or taken out.
    fn with(key: &str, value: Value) -> Value {
        let mut claims = claims();
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(key)),
            value => claims[key] = value,
        }
        claims
    }

    #[test]
    fn a_person_is_known_by_the_subject_and_has_the_role_of_the_application() {
        let name = "7335d417-61da-459d-899c-0a01c76a2f94".to_owned();
        assert_eq!(judge(&claims()), Ok(Identity { name: name.clone(), role: Role::Viewer }));
        let both = with("aud", json!([aud("a"), aud("b")]));
        assert_eq!(judge(&both), Ok(Identity { name: name.clone(), role: Role::Approver }));
        assert_eq!(judge(&with("aud", aud("a").into())).unwrap().name, name);
    }

    #[test]
    fn a_service_token_is_known_by_its_id() {
        let mut claims = with("sub", "".into());
        claims["common_name"] = "e3.access".into();
        claims.as_object_mut().unwrap().remove("nbf");
        assert_eq!(judge(&claims).unwrap().name, "e3.access");
    }

    #[test]
    fn an_address_of_a_person_is_never_a_name() {
        assert_eq!(judge(&with("sub", "a@example.com".into())), Err(BadAssertion::Lacks("sub")));
        for name in [json!(""), json!("a b"), json!("x".repeat(129)), json!(7), Value::Null] {
            assert_eq!(judge(&with("sub", name)), Err(BadAssertion::Lacks("sub")));
        }
    }

    #[test]
    fn each_claim_must_be_there_and_fit() {
        use BadAssertion as Bad;
        for (key, value, bad) in [
            ("iss", Value::Null, Bad::Lacks("iss")),
            ("iss", json!("https://evil.cloudflareaccess.com"), Bad::Issuer),
            ("iss", json!("http://acme.cloudflareaccess.com"), Bad::Issuer),
            ("iss", json!("https://acme.cloudflareaccess.com/"), Bad::Issuer),
            ("iss", json!("https://other.cloudflareaccess.com"), Bad::Audience),
            ("aud", Value::Null, Bad::Lacks("aud")),
            ("aud", json!([]), Bad::Audience),
            ("aud", json!([aud("c")]), Bad::Audience),
            ("aud", json!({}), Bad::Lacks("aud")),
            ("exp", Value::Null, Bad::Lacks("exp")),
            ("exp", json!("1800000600"), Bad::Lacks("exp")),
            ("exp", json!(-1), Bad::Lacks("exp")),
            ("iat", Value::Null, Bad::Lacks("iat")),
            ("nbf", json!("soon"), Bad::Lacks("nbf")),
            ("type", json!("org"), Bad::Lacks("type")),
        ] {
            assert_eq!(judge(&with(key, value.clone())), Err(bad), "{key} {value}");
        }
    }

    #[test]
    fn clocks_may_differ_by_the_leeway_and_no_more() {
        use BadAssertion as Bad;
        for (key, seconds, told) in [
            ("exp", NOW_S - 59, None),
            ("exp", NOW_S - 60, Some(Bad::Over)),
            ("exp", NOW_S - 61, Some(Bad::Over)),
            ("exp", u64::MAX, None),
            ("nbf", NOW_S + 60, None),
            ("nbf", NOW_S + 61, Some(Bad::TooEarly)),
            ("iat", NOW_S + 60, None),
            ("iat", NOW_S + 61, Some(Bad::TooEarly)),
        ] {
            assert_eq!(judge(&with(key, seconds.into())).err(), told, "{key} {seconds}");
        }
    }

    #[test]
    fn only_rs256_with_a_named_key_is_read() {
        use BadAssertion as Bad;
        for (header, bad) in [
            (json!({"alg": "none", "kid": "k1"}), Bad::Algorithm),
            (json!({"alg": "HS256", "kid": "k1"}), Bad::Algorithm),
            (json!({"alg": "rs256", "kid": "k1"}), Bad::Algorithm),
            (json!({"kid": "k1"}), Bad::Algorithm),
            (json!({"alg": "RS256", "kid": "k1", "crit": ["b64"], "b64": false}), Bad::Algorithm),
            (json!({"alg": "RS256"}), Bad::NoKey),
            (json!({"alg": "RS256", "kid": ""}), Bad::NoKey),
            (json!({"alg": "RS256", "kid": 1}), Bad::NoKey),
            (json!([]), Bad::Form),
        ] {
            assert_eq!(Assertion::parse(&text(&header, &claims())), Err(bad), "{header}");
        }
        let long = "a".repeat(ASSERTION_BYTES_MAX + 1);
        let twice = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","alg":"RS256","kid":"k"}"#);
        for text in ["", ".", "..", "a.b", &long, &format!("{twice}.e30.x")] {
            assert_eq!(Assertion::parse(text), Err(Bad::Form), "{text:.20}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_an_assertion_by_a_panic(text in ".{0,80}\\..{0,80}\\..{0,20}") {
            let _ = Assertion::parse(&text);
        }

        #[test]
        fn what_is_told_of_a_bad_assertion_has_nothing_of_it(claim in "[a-z]{8,16}") {
            let bad = judge(&with("aud", json!([claim.clone()]))).unwrap_err();
            prop_assert!(!bad.to_string().contains(&claim));
        }
    }
}
