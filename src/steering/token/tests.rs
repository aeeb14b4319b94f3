use super::*;
use crate::ids::ID_BYTES_MAX;
use proptest::prelude::*;

const NOW_S: u64 = 1_795_305_600;
const DAY_S: u64 = 86_400;

fn key() -> SigningKey {
    SigningKey::new("0123456789abcdef0123456789abcdef").unwrap()
}

fn service(id: &str) -> ServiceId {
    ServiceId::parse(id).unwrap()
}

fn region(id: &str) -> RegionId {
    RegionId::parse(id).unwrap()
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * SECOND)
}

fn a_token() -> String {
    sign(&key(), Purpose::Affinity, &service("api"), &region("eu-west"), at(NOW_S + DAY_S))
}

fn read(text: &str) -> Result<RegionToken, BadToken> {
    verify(&key(), Purpose::Affinity, &service("api"), text, at(NOW_S))
}

/// The signature in hex of the first `bytes` of the HMAC.
fn hmac_hex(key: &[u8], data: &[u8], bytes: usize) -> String {
    let mut mac = SigningKey::of_bytes(key).unwrap().0;
    mac.update(data);
    let digits = mac.finalize().into_bytes().into_iter().take(bytes);
    digits.flat_map(|byte| [byte >> 4, byte & 15].map(hex_digit)).collect()
}

#[test]
fn the_signature_agrees_with_rfc_4231() {
    assert_eq!(
        hmac_hex(&[0x0b; 20], b"Hi There", 32),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
    assert_eq!(
        hmac_hex(b"Jefe", b"what do ya want for nothing?", 32),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    // The one that is cut to 128 bits, as ours is.
    assert_eq!(
        hmac_hex(&[0x0c; 20], b"Test With Truncation", SIGNATURE_BYTES),
        "a3b6167473100ee06e0c796c2955552b"
    );
    let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
    assert_eq!(
        hmac_hex(&[0xaa; 131], long, 32),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

#[test]
fn a_token_reads_back_as_it_was_signed() {
    let token = RegionToken { region: region("eu-west"), until: at(NOW_S + DAY_S) };
    assert_eq!(read(&a_token()), Ok(token));
}

#[test]
fn its_text_is_the_same_in_every_release() {
    // Computed with another implementation over the encoding that the module describes.
    assert_eq!(a_token(), "1.eu-west.1795392000.d7d5a74fe0489074dabf74d3c0aa0a11");
}

#[test]
fn the_longest_token_fits() {
    let longest = region(&"x".repeat(ID_BYTES_MAX));
    let end = Timestamp::from_millis(u64::MAX);
    let text = sign(&key(), Purpose::Affinity, &service("api"), &longest, end);
    assert!(text.len() <= TOKEN_BYTES_MAX);
    assert_eq!(read(&text), Err(BadToken::TooFar));
    assert_eq!(read(&"1".repeat(TOKEN_BYTES_MAX + 1)), Err(BadToken::Malformed));
}

#[test]
fn a_token_is_good_for_its_purpose_its_service_and_its_key_alone() {
    let text = a_token();
    let now = at(NOW_S);
    let other = SigningKey::new("fedcba9876543210fedcba9876543210").unwrap();
    let api = service("api");
    for (key, purpose, service) in [
        (&key(), Purpose::ReadYourWrites, &api),
        (&key(), Purpose::Affinity, &service("app")),
        (&other, Purpose::Affinity, &api),
    ] {
        assert_eq!(verify(key, purpose, service, &text, now), Err(BadToken::Forged));
    }
}

#[test]
fn a_token_ends_at_its_last_second_and_not_before() {
    let text = sign(&key(), Purpose::Affinity, &service("api"), &region("eu"), at(NOW_S + 60));
    let read_at = |seconds| verify(&key(), Purpose::Affinity, &service("api"), &text, at(seconds));
    assert!(read_at(NOW_S + 59).is_ok());
    assert_eq!(read_at(NOW_S + 60), Err(BadToken::Expired));
    assert_eq!(read_at(NOW_S + DAY_S), Err(BadToken::Expired));
}

#[test]
fn a_life_may_have_its_limit_and_a_clock_its_skew_but_no_more() {
    let limit = (TOKEN_LIFETIME_MAX + CLOCK_SKEW_MAX) / SECOND;
    for (life, fits) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
        let until = at(NOW_S + life);
        let text = sign(&key(), Purpose::Affinity, &service("api"), &region("eu"), until);
        assert_eq!(read(&text).err(), (!fits).then_some(BadToken::TooFar), "{life}");
    }
}

#[test]
fn what_sign_never_writes_is_malformed() {
    let signature = "0".repeat(32);
    for odd in [
        String::new(),
        "...".to_owned(),
        format!("2.eu-west.1.{signature}"),
        format!("1.EU.1.{signature}"),
        format!("1..1.{signature}"),
        format!("1.eu-west..{signature}"),
        format!("1.eu-west.01.{signature}"),
        format!("1.eu-west.00.{signature}"),
        format!("1.eu-west.+1.{signature}"),
        format!("1.eu-west.99999999999999999999.{signature}"),
        format!("1.eu-west.18446744073709551615.{signature}"),
        format!("1.eu-west.1.{signature}."),
        format!("1.eu-west.1.{signature}0"),
        "1.eu-west.1.".to_owned(),
        "1.eu-west.1.A".to_owned() + &signature[1..],
        "1.eu-west.1.é".to_owned() + &signature[2..],
    ] {
        assert_eq!(read(&odd), Err(BadToken::Malformed), "{odd:?}");
    }
}

#[test]
fn a_key_that_could_be_guessed_is_refused_and_none_is_printed() {
    assert_eq!(SigningKey::new(&"k".repeat(KEY_BYTES_MIN - 1)).err(), Some(KeyTooShort));
    assert!(SigningKey::new(&"k".repeat(KEY_BYTES_MIN)).is_ok());
    assert_eq!(format!("{:?}", key()), "[redacted]");
}

#[test]
fn every_single_changed_character_is_refused() {
    let text = a_token();
    for at in 0..text.len() {
        for byte in (b' '..=b'~').filter(|byte| *byte != text.as_bytes()[at]) {
            let mut changed = text.clone().into_bytes();
            changed[at] = byte;
            let changed = String::from_utf8(changed).unwrap();
            assert!(read(&changed).is_err(), "{changed}");
        }
    }
}

proptest! {
    #[test]
    fn any_other_text_is_refused_and_does_not_harm(text in ".{0,200}") {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn a_token_with_a_piece_cut_out_is_refused(from in 0usize..60, len in 1usize..60) {
        let text = a_token();
        let cut: String =
            text.chars().enumerate().filter(|(at, _)| *at < from || *at >= from + len)
                .map(|(_, c)| c).collect();
        prop_assume!(cut != text);
        prop_assert!(read(&cut).is_err());
    }

    #[test]
    fn whatever_is_signed_reads_back(
        id in "[a-z0-9][a-z0-9-]{0,62}",
        life in 1u64..=7 * DAY_S,
        writes: bool,
    ) {
        let purpose = if writes { Purpose::ReadYourWrites } else { Purpose::Affinity };
        let (service, region, until) = (service("api"), region(&id), at(NOW_S + life));
        let text = sign(&key(), purpose, &service, &region, until);
        let token = verify(&key(), purpose, &service, &text, at(NOW_S));
        prop_assert_eq!(token, Ok(RegionToken { region, until }));
    }
}
