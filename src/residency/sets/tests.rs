use super::named_set::DAY;
use super::*;
use crate::country::Country;
use crate::residency::CountrySet;
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::fmt::Write;

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::try_from(text.to_owned()).unwrap()
}

fn attested(word: &str) -> Vec<String> {
    vec![word.to_owned()]
}

fn sets() -> Vec<&'static NamedSet> {
    names().filter_map(builtin).collect()
}

const NOW: &str = "2026-11-22T00:00:00Z";

/// The whole data, for readers.
fn listing() -> String {
    let date = |day: Day| day.start().to_string().get(..10).unwrap().to_owned();
    let mut text = format!("version {DATASET}\n");
    for set in sets() {
        let _ = write!(text, "\n@{}: {}\n{}\n", set.name, set.kind.as_str(), set.source);
        for member in set.members() {
            let from = date(member.effective_from);
            let until = member.expires.map_or("-".to_owned(), date);
            let requires = member.requires.unwrap_or("-");
            let (code, source) = (member.country, member.source);
            let _ = writeln!(text, "{code}  {from}  {until:<10}  {requires:<17}  {source}");
        }
    }
    text
}

#[test]
fn the_data_is_as_it_was_reviewed() {
    let reviewed = include_str!("../../../docs/jurisdictions.txt");
    assert_eq!(listing(), reviewed, "\n{}", listing());
}

#[test]
fn a_day_is_the_one_on_the_calendar() {
    for (text, set, code) in [
        ("2000-07-26T00:00:00.000Z", "eu_adequate", "CH"),
        ("2001-12-20T00:00:00.000Z", "eu_adequate", "CA"),
        ("2012-08-21T00:00:00.000Z", "eu_adequate", "UY"),
        ("2018-05-25T00:00:00.000Z", "eu", "YT"),
        ("2026-01-26T00:00:00.000Z", "eu_adequate", "BR"),
    ] {
        let mut members = builtin(set).unwrap().members();
        let member = members.find(|member| member.country == country(code)).unwrap();
        assert_eq!(member.effective_from.start().to_string(), text);
    }
}

#[test]
fn the_eea_is_the_eu_and_three_more() {
    let (eu, eea) = (builtin("eu").unwrap(), builtin("eea").unwrap());
    assert_eq!((eu.members().count(), eea.members().count()), (34, 37));
    assert!(eu.members().all(|member| eea.guards(member.country)));
    for code in ["IS", "LI", "NO", "RE", "AX"] {
        assert!(eea.permits(country(code), &[], at(NOW)), "{code}");
    }
    for code in ["CH", "GB", "GL", "FO", "SJ", "TR"] {
        assert!(!eea.guards(country(code)), "{code}");
    }
}

#[test]
fn no_set_lists_a_country_twice_and_nobody_leaves_before_it_joins() {
    for set in sets() {
        let countries: BTreeSet<_> = set.members().map(|member| member.country).collect();
        assert_eq!(countries.len(), set.members().count(), "{}", set.name);
        let backwards =
            set.members().find(|m| m.expires.is_some_and(|end| end <= m.effective_from));
        assert_eq!(backwards, None);
        assert!(!set.source.is_empty() && set.members().all(|member| !member.source.is_empty()));
    }
}

#[test]
fn a_name_is_known_as_it_is_written_and_without_its_sign() {
    assert_eq!(names().collect::<Vec<_>>(), ["eu", "eea", "eu_adequate", "lgpd_adequate"]);
    assert_eq!(builtin("@eu"), None);
    assert_eq!(builtin("EU"), None);
}

#[test]
fn a_conditional_member_counts_where_it_is_attested() {
    let adequate = builtin("eu_adequate").unwrap();
    let (us, ca) = (country("US"), country("CA"));
    let needs = MemberStatus::NeedsAttestation("dpf_certified");
    assert_eq!(adequate.status(us, &[], at(NOW)), Some(needs));
    assert_eq!(adequate.status(us, &attested("pipeda_commercial"), at(NOW)), Some(needs));
    assert!(adequate.permits(us, &attested("dpf_certified"), at(NOW)));
    assert!(adequate.permits(ca, &attested("pipeda_commercial"), at(NOW)));
    assert!(!adequate.permits(ca, &attested("dpf_certified"), at(NOW)));
    assert!(adequate.permits(country("CH"), &[], at(NOW)));
}

#[test]
fn no_attestation_makes_a_member_of_a_country_that_is_not_listed() {
    let adequate = builtin("eu_adequate").unwrap();
    assert_eq!(adequate.status(country("IN"), &attested("dpf_certified"), at(NOW)), None);
    assert!(!adequate.permits(country("IN"), &attested("dpf_certified"), at(NOW)));
}

#[test]
fn a_membership_begins_and_ends_to_the_millisecond() {
    let adequate = builtin("eu_adequate").unwrap();
    let (brazil, britain) = (country("BR"), country("GB"));
    let status = |one, now| adequate.status(one, &[], at(now)).unwrap();
    let from = at("2026-01-26T00:00:00Z");
    assert_eq!(status(brazil, "2026-01-25T23:59:59.999Z"), MemberStatus::NotYet(from));
    assert_eq!(status(brazil, "2026-01-26T00:00:00Z"), MemberStatus::Member);
    let end = at("2031-12-27T00:00:00Z");
    assert_eq!(status(britain, "2031-12-26T23:59:59.999Z"), MemberStatus::Member);
    assert_eq!(status(britain, "2031-12-27T00:00:00Z"), MemberStatus::Expired(end));
}

#[test]
fn an_attestation_outlives_no_decision() {
    let adequate = builtin("eu_adequate").unwrap();
    let early = at("2023-07-09T00:00:00Z");
    let from = at("2023-07-10T00:00:00Z");
    let status = adequate.status(country("US"), &attested("dpf_certified"), early);
    assert_eq!(status, Some(MemberStatus::NotYet(from)));
}

#[test]
fn a_set_guards_whoever_it_lists_whatever_the_dates() {
    let adequate = builtin("eu_adequate").unwrap();
    for code in ["US", "CA", "BR", "GB"] {
        assert!(adequate.guards(country(code)), "{code}");
    }
    assert!(!adequate.guards(country("IN")));
}

#[test]
fn the_next_change_is_the_nearest_date_ahead() {
    let adequate = builtin("eu_adequate").unwrap();
    let next = |now| adequate.next_change(at(now));
    assert_eq!(next(NOW), Some(at("2031-12-27T00:00:00Z")));
    assert_eq!(next("2031-12-26T23:59:59.999Z"), Some(at("2031-12-27T00:00:00Z")));
    assert_eq!(next("2031-12-27T00:00:00Z"), None);
    assert_eq!(next("2025-06-01T00:00:00Z"), Some(at("2026-01-26T00:00:00Z")));
    assert_eq!(builtin("eea").unwrap().next_change(at(NOW)), None);
}

#[test]
fn between_two_changes_nobody_joins_and_nobody_leaves() {
    let attested = ["dpf_certified".to_owned(), "pipeda_commercial".to_owned()];
    for set in sets() {
        let inside = |now| -> CountrySet {
            Country::all().filter(|one| set.permits(*one, &attested, now)).collect()
        };
        let mut now = at("1999-01-01T00:00:00Z");
        while let Some(next) = set.next_change(now) {
            let before = Timestamp::from_millis(next.millis() - 1);
            assert_eq!(inside(now), inside(before), "{}", set.name);
            assert_ne!(inside(before), inside(next), "{}", set.name);
            now = next;
        }
        assert_eq!(inside(now), inside(at("2100-01-01T00:00:00Z")), "{}", set.name);
    }
}

#[test]
fn an_end_is_told_beforehand_and_not_afterwards() {
    let adequate = builtin("eu_adequate").unwrap();
    let ending = |now, days| {
        adequate.ending_soon(at(now), days * DAY).map(|m| m.country).collect::<Vec<_>>()
    };
    assert_eq!(ending("2031-10-27T00:00:00Z", 60), []);
    assert_eq!(ending("2031-10-28T00:00:00Z", 60), [country("GB")]);
    assert_eq!(ending("2031-12-26T23:59:59Z", 60), [country("GB")]);
    assert_eq!(ending("2031-12-27T00:00:00Z", 60), []);
    assert_eq!(ending("2021-06-27T00:00:00Z", 36_500), [], "it has not begun");
}

#[test]
fn brazils_adequacy_covers_thirty_states_from_its_day_on() {
    let set = builtin("lgpd_adequate").unwrap();
    assert_eq!(set.members().count(), 30);
    let (before, from) = (at("2026-01-25T23:59:59.999Z"), at("2026-01-26T00:00:00Z"));
    for code in ["IE", "FR", "IS", "LI", "NO"] {
        assert!(!set.permits(country(code), &[], before), "{code}");
        assert!(set.permits(country(code), &[], from), "{code}");
    }
    for code in ["BR", "GB", "CH", "US", "RE", "AX", "SJ"] {
        assert!(!set.guards(country(code)), "{code}");
    }
}

#[test]
fn what_is_not_taken_over_in_the_eea_is_a_decision_of_the_commission() {
    let adequate = builtin("eu_adequate").unwrap();
    assert!(NOT_YET_IN_THE_EEA.iter().all(|pending| adequate.guards(*pending)));
    let (eu, eea) = (builtin("eu").unwrap(), builtin("eea").unwrap());
    assert!(EFTA_STATES.iter().all(|state| eea.guards(*state) && !eu.guards(*state)));
}
