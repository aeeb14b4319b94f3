//! Where a country is, in Cloudflare's three vocabularies.
//!
//! - [`Continent`]: what `request.cf.continent` says. The continent of each country is from the
//!   gazetteer that databases of IP addresses use (geonames.org, `countryInfo.txt`): Cyprus is in
//!   Europe with the rest of the EU, Turkey and the Caucasus are in Asia, Timor is in Oceania. UN
//!   M49 differs in some of these.
//! - [`LbRegion`]: the thirteen regions of Cloudflare's load balancing. Which country is in which
//!   is published only by the API (`GET /accounts/:id/load_balancers/regions`), so the table here
//!   is **our reading** of the documented names, and may differ from Cloudflare's at the edges. The
//!   table follows what is documented: the API's example has Mexico and Haiti in WNAM, and some
//!   states and provinces of the only two countries that are split ([`halves`]). The rest is
//!   UN M49: Eastern Europe with the Baltic and the Balkan states and Cyprus; Western Asia and Iran
//!   as the Middle East; Northern and Western Africa as the one, all other Africa as the other
//!   half; Central Asia with Southern; Central America with the north of South America; the
//!   Caribbean with the east of North America.
//! - [`Area`]: the location hints of Durable Objects, where a vantage point can be.
//!
//! All three are for proximity only, never for residency. A load-balancing region is that of the
//! data center, not of the client, and continents are not legal areas. The law is in `residency`.

#[cfg(not(target_arch = "wasm32"))]
mod data_centers;
#[cfg(not(target_arch = "wasm32"))]
mod extent;
mod halves;

#[cfg(not(target_arch = "wasm32"))]
pub use data_centers::{
    DATA_CENTERS_AS_OF, Meant, data_centers, is_data_center, may_be_data_center, meant_data_center,
};
#[cfg(not(target_arch = "wasm32"))]
pub use extent::{may_be_in, meant_in};

use crate::country::Country;
use crate::json::{Key, Reader, words};
use halves::is_western;

/// The continent of each country, in the order of the codes: an index into [`Continent::ALL`].
/// Source: `countryInfo.txt` of geonames.org.
const CONTINENTS: &str = "\
    3224432016535432342303200\
    4426464210344200030560264\
    4045333034406300030356533\
    0342630340040314506214343\
    2323222233342202250422242\
    2243200333003334053022254\
    0430204200505043325552465\
    5223454235620333025003203\
    3303006004420401022552052\
    4520305462346442555320000\
";

/// The region of each country, in the order of the codes: `a` is the first in [`LbRegion::ALL`];
/// Antarctica has none.
const LB_REGIONS: &str = "\
    chkbbdhj-fgcgbchdbkcidhji\
    bblfbfbkjjdebgjjjcigfjmee\
    bibgddcjcbbiediijcjcgfgcc\
    jcbhecicbiibjdfegiemgedad\
    lchckkhhcccbhmjklgjbmmhbk\
    lhbckijdcdiicddbjgdilmmgb\
    ibcjkjaljjgigiecckggghefg\
    glkdbgbhcgfhjdddjhgjicljd\
    cdicijejjebhjbjjilkglkigh\
    bgmjdjgbfkcbebblgggdhjjjj\
";

words! {
    /// A continent. Source: `request.cf.continent` of the Workers runtime.
    pub enum Continent {
        /// Africa.
        Africa = "AF",
        /// Antarctica and the islands around it.
        Antarctica = "AN",
        /// Asia.
        Asia = "AS",
        /// Europe.
        Europe = "EU",
        /// North America with Central America and the Caribbean.
        NorthAmerica = "NA",
        /// Oceania.
        Oceania = "OC",
        /// South America.
        SouthAmerica = "SA",
    }
}

words! {
    /// A region of Cloudflare's load balancing. Source: `region_pools` and `check_regions` of its
    /// API.
    pub enum LbRegion {
        /// Western North America.
        Wnam = "WNAM",
        /// Eastern North America.
        Enam = "ENAM",
        /// Western Europe.
        Weu = "WEU",
        /// Eastern Europe.
        Eeu = "EEU",
        /// Northern South America.
        Nsam = "NSAM",
        /// Southern South America.
        Ssam = "SSAM",
        /// Oceania.
        Oc = "OC",
        /// Middle East.
        Me = "ME",
        /// Northern Africa.
        Naf = "NAF",
        /// Southern Africa.
        Saf = "SAF",
        /// Southern Asia.
        Sas = "SAS",
        /// Southeast Asia.
        Seas = "SEAS",
        /// Northeast Asia.
        Neas = "NEAS",
    }
}

words! {
    /// Where a Durable Object can be asked to live. Source: location hints of Durable Objects.
    pub enum Area {
        /// Western North America.
        Wnam = "wnam",
        /// Eastern North America.
        Enam = "enam",
        /// South America.
        Sam = "sam",
        /// Western Europe.
        Weur = "weur",
        /// Eastern Europe.
        Eeur = "eeur",
        /// Asia and the Pacific, without Oceania.
        Apac = "apac",
        /// Oceania.
        Oc = "oc",
        /// Africa.
        Afr = "afr",
        /// Middle East.
        Me = "me",
    }
}

/// Where in its country a client is, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Within<'a> {
    /// The code of its state, province or the like in its country, such as `TX`. Source: ISO 3166-2
    /// behind the hyphen, as `request.cf.regionCode` has it.
    pub subdivision: Option<&'a str>,
    /// In degrees, east positive.
    pub longitude: Option<f64>,
}

impl LbRegion {
    /// The area that covers the region.
    #[must_use]
    pub fn area(self) -> Area {
        match self {
            Self::Wnam => Area::Wnam,
            Self::Enam => Area::Enam,
            Self::Nsam | Self::Ssam => Area::Sam,
            Self::Weu => Area::Weur,
            Self::Eeu => Area::Eeur,
            Self::Sas | Self::Seas | Self::Neas => Area::Apac,
            Self::Oc => Area::Oc,
            Self::Naf | Self::Saf => Area::Afr,
            Self::Me => Area::Me,
        }
    }
}

impl Key for Area {
    fn read_key(text: &str, reader: &mut Reader) -> Option<Self> {
        let area = Self::parse(text);
        if area.is_none() {
            reader.wrong_key(text, "one of Cloudflare's location hints, such as `weur`");
        }
        area
    }

    fn key(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Key for LbRegion {
    fn read_key(text: &str, reader: &mut Reader) -> Option<Self> {
        let region = Self::parse(text);
        if region.is_none() {
            reader.wrong_key(text, "one of Cloudflare's thirteen regions, such as `WEU`");
        }
        region
    }

    fn key(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Country {
    /// The continent. It is `Some` for every country; the type is optional only because the
    /// compiler cannot know the table.
    #[must_use]
    pub fn continent(self) -> Option<Continent> {
        entry(CONTINENTS, self, b'0', Continent::ALL)
    }

    /// The load-balancing region of a client, by our reading. What else is known of the client
    /// decides between the halves of the United States and Canada. `None` for Antarctica.
    #[must_use]
    pub fn lb_region(self, within: Within<'_>) -> Option<LbRegion> {
        if is_western(self, within) {
            return Some(LbRegion::Wnam);
        }
        entry(LB_REGIONS, self, b'a', LbRegion::ALL)
    }

    /// For a country that Cloudflare's regions split: a subdivision in its west, and one in its
    /// east.
    #[must_use]
    pub fn halves(self) -> Option<[&'static str; 2]> {
        halves::examples(self)
    }

    /// The nearest area, by load-balancing region. `None` for Antarctica.
    #[must_use]
    pub fn area(self, within: Within<'_>) -> Option<Area> {
        const HAITI: Country = Country::known(*b"HT");
        if self == HAITI {
            // Its region is the western one by Cloudflare's own list; its cables go to Florida.
            return Some(Area::Enam);
        }
        self.lb_region(within).map(LbRegion::area)
    }
}

fn entry<T: Copy>(table: &str, country: Country, first: u8, all: &[T]) -> Option<T> {
    let letter = table.as_bytes().get(usize::from(country.index()))?;
    all.get(usize::from(letter.checked_sub(first)?)).copied()
}

#[cfg(test)]
mod tests;
