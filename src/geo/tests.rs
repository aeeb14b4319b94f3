use super::*;

const ANYWHERE: Within<'_> = Within { subdivision: None, longitude: None };

/// The whole table again, in the form in which it can be reviewed.
const BY_CONTINENT: [(&str, &str); 7] = [
    (
        "AF",
        "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW KE KM LR LS LY \
         MA MG ML MR MU MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TG TN TZ UG YT ZA \
         ZM ZW",
    ),
    ("AN", "AQ BV GS HM TF"),
    (
        "AS",
        "AE AF AM AZ BD BH BN BT CC CN GE HK ID IL IN IO IQ IR JO JP KG KH KP KR KW KZ LA LB \
         LK MM MN MO MV MY NP OM PH PK PS QA SA SG SY TH TJ TM TR TW UZ VN YE",
    ),
    (
        "EU",
        "AD AL AT AX BA BE BG BY CH CY CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT \
         JE LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    ),
    (
        "NA",
        "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS \
         MX NI PA PM PR SV SX TC TT US VC VG VI",
    ),
    ("OC", "AS AU CK CX FJ FM GU KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TL TO TV UM VU WF WS"),
    ("SA", "AR BO BR CL CO EC FK GF GY PE PY SR UY VE"),
];

/// The same for the regions, the United States and Canada by their eastern halves.
const BY_REGION: [(&str, &str); 13] = [
    ("WNAM", "HT MX"),
    (
        "ENAM",
        "AG AI AW BB BL BM BQ BS CA CU CW DM DO GD GL GP JM KN KY LC MF MQ MS PM PR SX TC TT \
         US VC VG VI",
    ),
    (
        "WEU",
        "AD AT AX BE CH DE DK ES FI FO FR GB GG GI IE IM IS IT JE LI LU MC MT NL NO PT SE SJ \
         SM VA",
    ),
    ("EEU", "AL BA BG BY CY CZ EE GR HR HU LT LV MD ME MK PL RO RS RU SI SK UA XK"),
    ("NSAM", "BZ CO CR EC GF GT GY HN NI PA SR SV VE"),
    ("SSAM", "AR BO BR CL FK GS PE PY UY"),
    (
        "OC",
        "AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF \
         WS",
    ),
    ("ME", "AE AM AZ BH GE IL IQ IR JO KW LB OM PS QA SA SY TR YE"),
    ("NAF", "BF BJ CI CV DZ EG EH GH GM GN GW LR LY MA ML MR NE NG SD SL SN TG TN"),
    (
        "SAF",
        "AO BI BV BW CD CF CG CM DJ ER ET GA GQ KE KM LS MG MU MW MZ NA RE RW SC SH SO SS ST \
         SZ TD TF TZ UG YT ZA ZM ZW",
    ),
    ("SAS", "AF BD BT IN IO KG KZ LK MV NP PK TJ TM UZ"),
    ("SEAS", "BN ID KH LA MM MY PH SG TH TL VN"),
    ("NEAS", "CN HK JP KP KR MN MO TW"),
];

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

/// The codes of all countries of which `of` says `word`.
fn codes(word: &str, of: impl Fn(Country) -> Option<&'static str>) -> String {
    let codes: Vec<&str> =
        Country::all().filter(|one| of(*one) == Some(word)).map(Country::as_str).collect();
    codes.join(" ")
}

#[test]
fn every_country_is_on_the_continent_that_was_reviewed() {
    for (word, reviewed) in BY_CONTINENT {
        assert_eq!(codes(word, |one| one.continent().map(Continent::as_str)), reviewed, "{word}");
    }
    assert!(Country::all().all(|one| one.continent().is_some()));
}

#[test]
fn every_country_but_antarctica_is_in_the_region_that_was_reviewed() {
    for (word, reviewed) in BY_REGION {
        assert_eq!(codes(word, |one| one.lb_region(ANYWHERE).map(LbRegion::as_str)), reviewed);
    }
    let nowhere: Vec<Country> =
        Country::all().filter(|one| one.lb_region(ANYWHERE).is_none()).collect();
    assert_eq!(nowhere, [country("AQ")]);
    assert_eq!(country("AQ").area(ANYWHERE), None);
}

#[test]
fn the_members_of_the_eu_are_in_europe_on_every_map() {
    let members =
        "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK";
    for member in members.split(' ').map(country) {
        assert_eq!(member.continent(), Some(Continent::Europe), "{member}");
        let region = member.lb_region(ANYWHERE);
        assert!(matches!(region, Some(LbRegion::Weu | LbRegion::Eeu)), "{member}");
        assert!(matches!(member.area(ANYWHERE), Some(Area::Weur | Area::Eeur)), "{member}");
    }
}

#[test]
fn where_the_maps_differ_ours_is_the_one_that_cloudflare_uses() {
    for (code, continent) in
        [("TR", "AS"), ("CY", "EU"), ("XK", "EU"), ("RU", "EU"), ("EG", "AF"), ("TL", "OC")]
    {
        assert_eq!(country(code).continent().map(Continent::as_str), Some(continent), "{code}");
    }
}

#[test]
fn an_area_is_near_its_countries() {
    for (code, area) in [
        ("US", "enam"),
        ("HT", "enam"),
        ("MX", "wnam"),
        ("CO", "sam"),
        ("BR", "sam"),
        ("DE", "weur"),
        ("PL", "eeur"),
        ("IN", "apac"),
        ("JP", "apac"),
        ("SG", "apac"),
        ("NZ", "oc"),
        ("NG", "afr"),
        ("ZA", "afr"),
        ("AE", "me"),
    ] {
        assert_eq!(country(code).area(ANYWHERE).map(Area::as_str), Some(area), "{code}");
    }
    assert_eq!(
        country("US").area(Within { longitude: Some(-122.4), ..ANYWHERE }),
        Some(Area::Wnam)
    );
}

#[test]
fn a_word_reads_back_as_it_is_written_and_in_that_case_only() {
    assert!(Continent::ALL.iter().all(|one| Continent::parse(one.as_str()) == Some(*one)));
    assert!(LbRegion::ALL.iter().all(|one| LbRegion::parse(one.as_str()) == Some(*one)));
    assert!(Area::ALL.iter().all(|one| Area::parse(one.as_str()) == Some(*one)));
    assert_eq!((Continent::ALL.len(), LbRegion::ALL.len(), Area::ALL.len()), (7, 13, 9));
    assert_eq!(LbRegion::parse("wnam"), None);
    assert_eq!(Area::parse("WNAM"), None);
    assert_eq!(Continent::parse("XX"), None);
}
