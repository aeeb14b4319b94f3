mod keeping;
mod proof;
mod resuming;

use super::*;
use crate::ids::{RegionId, ServiceId};
use crate::journal::Way;
use proptest::prelude::*;
use std::sync::LazyLock;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn event(text: &str) -> Event {
    let who = Actor { name: "on-call".to_owned(), way: Way::Token };
    let (service, region) = (ServiceId::parse("api").unwrap(), RegionId::parse("eu-west").unwrap());
    let event = Event::new(EventKind::Ordered, text.to_owned(), at(1_769_860_800_000));
    event.by(who).because("a disk fails".to_owned()).about(Some(&service), Some(&region))
}

fn fingerprint() -> Fingerprint {
    Fingerprint::of(b"config")
}

/// A chain of so many entries; at most 200.
fn chain(entries: u64) -> Vec<AuditEntry> {
    static ALL: LazyLock<Vec<AuditEntry>> = LazyLock::new(|| {
        let mut head = AuditHead::default();
        let next = |n: u64| {
            let entry = AuditEntry::after(head, &event(&format!("drain {n}")), Some(fingerprint()));
            head = entry.head();
            entry
        };
        (1..=200).map(next).collect()
    });
    ALL[..usize::try_from(entries).unwrap()].to_vec()
}

fn values(entries: &[AuditEntry]) -> Vec<Value> {
    entries.iter().map(Shape::write).collect()
}

/// `printf '%s' ENTRY | jq -jcS 'del(.hash)' | sha256sum` says the same. `docs/audit.md` shows it.
#[test]
fn an_entry_has_the_bytes_and_the_hash_that_jq_and_sha256sum_give() {
    let entries = chain(2);
    let said = hashed(&entries[0].write());
    let expected = concat!(
        r#"{"at":"2026-01-31T12:00:00.000Z","#,
        r#""before":"0000000000000000000000000000000000000000000000000000000000000000","#,
        r#""config":"78039475c6a50527","kind":"ordered","n":1,"#,
        r#""subject":{"region":"eu-west","service":"api"},"what":"drain 1","#,
        r#""who":{"name":"on-call","way":"token"},"why":"a disk fails"}"#,
    );
    assert_eq!(said, expected);
    assert_eq!(entries[0].hash.to_string(), FIRST_HASH);
    assert_eq!(entries[1].before, entries[0].hash);
}

/// What `sha256sum` says of the bytes above.
const FIRST_HASH: &str = "e1f0bb670e76375ab1e4d49c505b1fec495e0eca242479e2180111216a749e54";

#[test]
fn a_hash_reads_back_as_it_was_written_and_nothing_else_is_one() {
    let hash = chain(1)[0].hash;
    assert_eq!(AuditHash::parse(&hash.to_string()), Ok(hash));
    let text = hash.to_string();
    for bad in ["", &text[1..], &format!("{text}0"), &text.replace(|_| true, "A"), &"é".repeat(32)]
    {
        assert_eq!(AuditHash::parse(bad), Err(BadHash), "{bad}");
    }
}

#[test]
fn each_change_is_in_the_chain_and_what_is_only_seen_is_not() {
    let changes: Vec<&str> =
        EventKind::ALL.iter().filter(|kind| is_change(**kind)).map(|kind| kind.as_str()).collect();
    let expected = [
        "applied",
        "config_taken",
        "config_refused",
        "acted",
        "ordered",
        "in_force",
        "lifted",
        "other_owner",
        "alert_lost",
        "restored",
        "plan_begun",
        "step",
        "promoted",
        "plan_ended",
        "drill_begun",
        "drill_ended",
    ];
    assert_eq!(changes, expected);
}

#[test]
fn an_entry_that_another_build_wrote_reads_whatever_its_kind_is() {
    let mut value = chain(1)[0].write();
    value["kind"] = "moved_to_the_moon".into();
    value["hash"] = hash_of(&value).write();
    assert_eq!(verify(&[value], 1).unwrap().entries[0].kind, "moved_to_the_moon");
}

#[test]
fn the_name_of_an_actor_is_plain_or_a_hash() {
    let named = |name: &str| {
        let who = Actor { name: name.to_owned(), way: Way::Access };
        AuditEntry::after(AuditHead::default(), &event("x").by(who), None).who.name
    };
    let subject = "7335d417-61da-459d-899c-0a01c76a2f94";
    for plain in ["on-call", "pointsman", subject, "a.b_c:d", &"x".repeat(128)] {
        assert_eq!(named(plain), plain);
    }
    for name in ["ann@example.com", "Ann Example", "", "a\nb", "ä", &"x".repeat(129)] {
        let hidden = named(name);
        assert!(hidden.starts_with("opaque-") && hidden.len() == 23, "{name}: {hidden}");
        assert_eq!(hidden, named(name), "the same one is the same");
    }
}

#[test]
fn words_lose_addresses_and_control_characters_and_are_cut() {
    let words = |text: &str| plain_words(text, 20);
    assert_eq!(words("call ann@example.com"), "call [address]");
    assert_eq!(words("<a.b+c@x.example>"), "[address]");
    assert_eq!(words("@ 60 rps, x@y"), "@ 60 rps, x@y");
    assert_eq!(words("a\u{1b}[2J\nb\u{202e}c"), "a [2J b c");
    for (length, cut) in [(19, false), (20, false), (21, true)] {
        let said = words(&"s".repeat(length));
        assert_eq!(said.ends_with('…'), cut, "{said}");
        assert!(said.len() <= 20, "{said}");
    }
    assert!(words(&"é".repeat(1_000)).len() <= 20);
}

proptest! {
    #[test]
    fn no_address_and_no_control_character_gets_into_an_entry(
        before in ".{0,20}",
        local in "[a-z0-9._+-]{1,10}[a-z0-9]",
        host in "[a-z]{1,8}\\.[a-z]{2,5}",
        after in ".{0,20}",
    ) {
        let address = format!("{local}@{host}");
        let words = format!("{before} {address} {after}");
        let who = Actor { name: words.clone(), way: Way::Access };
        let event = event(&words).because(words.clone()).by(who);
        let entry = AuditEntry::after(AuditHead::default(), &event, None);
        let said = entry.write().to_string();
        prop_assert!(!said.contains(&address), "{}", said);
        prop_assert!(!said.chars().any(char::is_control), "{}", said);
    }
}
