//! The sets themselves. Change [`DATASET`] with any of them, and review
//! `docs/jurisdictions.txt`, which is the same data for readers.
//!
//! - **`eu`** is where the GDPR applies as EU law: the 27 members, and the territories with codes
//!   of their own to which the Treaties extend (TFEU art. 349 and 355: `AX` and the French
//!   outermost regions). Other territories are not in it (`GL`, `FO`, `PF`, `NC`, `BL`, `PM`, `AW`,
//!   `CW` and so on). All have one date, the day from which the GDPR applies; everybody in the list
//!   was a member then.
//! - **`eea`** adds Iceland, Liechtenstein and Norway, from the day on which the GDPR entered into
//!   force there. `SJ` is not in it: Norway leaves Svalbard out of the EEA Agreement (Protocol 40).
//! - **`eu_adequate`** has the decisions of the Commission under GDPR art. 45, and those under its
//!   predecessor that art. 45(9) keeps in force, each from its date of adoption. Canada's covers
//!   recipients under PIPEDA only, that of the United States the self-certified participants of the
//!   Data Privacy Framework: their regions must attest it. A decision may cover less than a whole
//!   country in other ways too (Japan and Korea except some sectors); its text rules. A review that
//!   is due ends nothing by itself, so it is no end here.
//! - **`lgpd_adequate`** has those whose protection Brazil's authority, the ANPD, has found
//!   adequate under LGPD art. 33 I: the 27 members of the EU, and Iceland, Liechtenstein and
//!   Norway. Territories with codes of their own are not in it, because the resolution names
//!   States. Brazil itself is not a member: write `["BR", "@lgpd_adequate"]`.

use super::named_set::{Day, NamedSet, SetKind, SetMember};
use crate::country::Country;

/// The version of the data: year and month of its last review. Part of the fingerprint of what was
/// proved with it.
pub const DATASET: &str = "2026-11";

/// The countries of `eu_adequate` whose decision does not hold yet in Iceland, Liechtenstein and
/// Norway. A decision of the Commission holds there only once the EEA Joint Committee has taken it
/// over into Annex XI of the EEA Agreement (EEA Agreement art. 102), and may do so months later.
pub const NOT_YET_IN_THE_EEA: [Country; 1] = [Country::known(*b"BR")];
/// The states of the EEA that are not in the EU.
pub const EFTA_STATES: [Country; 3] =
    [Country::known(*b"IS"), Country::known(*b"LI"), Country::known(*b"NO")];

pub(super) static SETS: [&NamedSet; 4] = [&EU, &EEA, &EU_ADEQUATE, &LGPD_ADEQUATE];

static EU: NamedSet = NamedSet {
    name: "eu",
    kind: SetKind::Membership,
    source: "TEU art. 52; TFEU art. 349 and 355; Regulation (EU) 2016/679 art. 99",
    own: &EU_MEMBERS,
    base: None,
};

static EEA: NamedSet = NamedSet {
    name: "eea",
    kind: SetKind::Membership,
    source: "EEA Agreement; EEA Joint Committee Decision No 154/2018",
    own: &EFTA_MEMBERS,
    base: Some(&EU),
};

static EU_ADEQUATE: NamedSet = NamedSet {
    name: "eu_adequate",
    kind: SetKind::Adequacy,
    source: "https://commission.europa.eu/law/law-topic/data-protection/\
             international-dimension-data-protection/adequacy-decisions_en",
    own: &ADEQUATE,
    base: None,
};

static LGPD_ADEQUATE: NamedSet = NamedSet {
    name: "lgpd_adequate",
    kind: SetKind::Adequacy,
    source: "Lei 13.709/2018 (LGPD) art. 33 I; Resolution CD/ANPD 32 of 26 January 2026",
    own: &LGPD_MEMBERS,
    base: None,
};

static EU_MEMBERS: [SetMember; 34] = [
    eu(*b"AT"),
    eu(*b"BE"),
    eu(*b"BG"),
    eu(*b"CY"),
    eu(*b"CZ"),
    eu(*b"DE"),
    eu(*b"DK"),
    eu(*b"EE"),
    eu(*b"ES"),
    eu(*b"FI"),
    eu(*b"FR"),
    eu(*b"GR"),
    eu(*b"HR"),
    eu(*b"HU"),
    eu(*b"IE"),
    eu(*b"IT"),
    eu(*b"LT"),
    eu(*b"LU"),
    eu(*b"LV"),
    eu(*b"MT"),
    eu(*b"NL"),
    eu(*b"PL"),
    eu(*b"PT"),
    eu(*b"RO"),
    eu(*b"SE"),
    eu(*b"SI"),
    eu(*b"SK"),
    territory(*b"AX"),
    territory(*b"GF"),
    territory(*b"GP"),
    territory(*b"MF"),
    territory(*b"MQ"),
    territory(*b"RE"),
    territory(*b"YT"),
];

static EFTA_MEMBERS: [SetMember; 3] = [efta(*b"IS"), efta(*b"LI"), efta(*b"NO")];

static LGPD_MEMBERS: [SetMember; 30] = [
    anpd(*b"AT"),
    anpd(*b"BE"),
    anpd(*b"BG"),
    anpd(*b"CY"),
    anpd(*b"CZ"),
    anpd(*b"DE"),
    anpd(*b"DK"),
    anpd(*b"EE"),
    anpd(*b"ES"),
    anpd(*b"FI"),
    anpd(*b"FR"),
    anpd(*b"GR"),
    anpd(*b"HR"),
    anpd(*b"HU"),
    anpd(*b"IE"),
    anpd(*b"IS"),
    anpd(*b"IT"),
    anpd(*b"LI"),
    anpd(*b"LT"),
    anpd(*b"LU"),
    anpd(*b"LV"),
    anpd(*b"MT"),
    anpd(*b"NL"),
    anpd(*b"NO"),
    anpd(*b"PL"),
    anpd(*b"PT"),
    anpd(*b"RO"),
    anpd(*b"SE"),
    anpd(*b"SI"),
    anpd(*b"SK"),
];

static ADEQUATE: [SetMember; 16] = [
    member(*b"AD", (2010, 10, 19), "2010/625/EU"),
    member(*b"AR", (2003, 6, 30), "2003/490/EC"),
    member(*b"BR", (2026, 1, 26), "(EU) 2026/179"),
    SetMember {
        requires: Some("pipeda_commercial"),
        ..member(*b"CA", (2001, 12, 20), "2002/2/EC")
    },
    member(*b"CH", (2000, 7, 26), "2000/518/EC"),
    member(*b"FO", (2010, 3, 5), "2010/146/EU"),
    SetMember {
        expires: Some(day(2031, 12, 27)),
        ..member(*b"GB", (2021, 6, 28), "(EU) 2021/1772, renewed 2025-12-19")
    },
    member(*b"GG", (2003, 11, 21), "2003/821/EC"),
    member(*b"IL", (2011, 1, 31), "2011/61/EU"),
    member(*b"IM", (2004, 4, 28), "2004/411/EC"),
    member(*b"JE", (2008, 5, 8), "2008/393/EC"),
    member(*b"JP", (2019, 1, 23), "(EU) 2019/419"),
    member(*b"KR", (2021, 12, 17), "(EU) 2022/254"),
    member(*b"NZ", (2012, 12, 19), "2013/65/EU"),
    SetMember {
        requires: Some("dpf_certified"),
        ..member(*b"US", (2023, 7, 10), "(EU) 2023/1795")
    },
    member(*b"UY", (2012, 8, 21), "2012/484/EU"),
];

const fn eu(code: [u8; 2]) -> SetMember {
    member(code, (2018, 5, 25), "TEU art. 52")
}

const fn territory(code: [u8; 2]) -> SetMember {
    member(code, (2018, 5, 25), "TFEU art. 355")
}

const fn efta(code: [u8; 2]) -> SetMember {
    member(code, (2018, 7, 20), "EEA JCD 154/2018")
}

const fn anpd(code: [u8; 2]) -> SetMember {
    member(code, (2026, 1, 26), "Res. CD/ANPD 32/2026")
}

const fn member(code: [u8; 2], from: (u16, u16, u16), source: &'static str) -> SetMember {
    let effective_from = day(from.0, from.1, from.2);
    SetMember {
        country: Country::known(code),
        effective_from,
        expires: None,
        requires: None,
        source,
    }
}

/// The day of a date between 1970 and 2099. A leap year is every fourth in that span. Counted from
/// March, so that the leap day is the last of its year and the months before it are a straight line
/// of 30.6 days each.
const fn day(year: u16, month: u16, of_month: u16) -> Day {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let years = year - 1968;
    let from_march = (month * 153 + 2) / 5 + of_month - 1;
    // 1968-03-01 is 671 days before 1970-01-01.
    Day(years * 365 + years / 4 + from_march - 671)
}
