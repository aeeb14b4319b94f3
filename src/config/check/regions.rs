//! Regions and their origins, and the areas to probe from.

use super::{Checker, ENTRIES_MAX, item, under};
use crate::config::diagnostic::Code;
use crate::config::raw::{RawOrigin, RawRegion, meant};
use crate::config::{ORIGINS_MAX, Origin, OriginUrl, REGIONS_MAX, Region};
use crate::country::Country;
use crate::geo::Area;
use crate::ids::{OriginId, RegionId};
use crate::json::nearest;
use crate::ordered::{Map, Set};
use crate::residency::sets;

impl Checker<'_> {
    pub(super) fn regions(&mut self, raw: &Map<RegionId, RawRegion>) -> Map<RegionId, Region> {
        if self.broken.is_empty() {
            self.not_empty("regions", raw.len());
        }
        self.at_most("regions", raw.len(), REGIONS_MAX);
        let origins: usize = raw.values().map(|region| region.origins.len()).sum();
        if origins > ORIGINS_MAX {
            let allowed = format!("at most {ORIGINS_MAX}");
            self.report("regions", Code::E004, format!("there are {origins} origins"), &allowed);
        }
        let mut seen = Set::new();
        let mut regions = Map::new();
        for (id, region) in raw {
            let region = self.region(&under("regions", id.as_str()), region, &mut seen);
            regions.insert(id.clone(), region);
        }
        regions
    }

    fn region(&mut self, path: &str, raw: &RawRegion, seen: &mut Set<OriginId>) -> Region {
        let origins_path = under(path, "origins");
        self.not_empty(&origins_path, raw.origins.len());
        let mut origins = Vec::new();
        for (index, origin) in raw.origins.iter().enumerate() {
            origins.extend(self.origin(&format!("{origins_path}[{index}]"), origin, seen));
        }
        self.attestations(&under(path, "attest"), &raw.attest);
        Region {
            country: raw.country.0,
            location: raw.location.map(|location| location.0),
            capacity_rps: raw.capacity_rps.map(crate::json::Within::get),
            attest: raw.attest.clone(),
            origins,
        }
    }

    /// An attestation that no set requires has no effect and is most likely a slip.
    fn attestations(&mut self, path: &str, words: &[String]) {
        for (index, word) in self.bounded(path, words, ENTRIES_MAX) {
            let path = item(path, index);
            let members = sets::names().filter_map(sets::builtin).flat_map(sets::NamedSet::members);
            let mut known: Vec<&str> = Vec::new();
            for word in members.filter_map(|member| member.requires) {
                if !known.contains(&word) {
                    known.push(word);
                }
            }
            if words.iter().take(index).any(|other| other == word) {
                self.twice(path, word);
            } else if !known.contains(&word.as_str()) {
                let hint = nearest(word, known.iter().copied());
                let hint = hint.map(|near| format!("write `{near}` if that is what is attested"));
                let problem = format!("no set requires `{word}`, so it has no effect");
                self.report_with(path, Code::E006, problem, known.join(", "), hint);
            }
        }
    }

    fn origin(&mut self, path: &str, raw: &RawOrigin, seen: &mut Set<OriginId>) -> Option<Origin> {
        if !seen.insert(raw.id.clone()) {
            let problem = format!("origin id `{}` is already used", raw.id);
            self.report(under(path, "id"), Code::E005, problem, "a unique id");
        }
        let url = self.origin_url(&under(path, "url"), &raw.url);
        let host_header = self.host_header(&under(path, "host_header"), raw.host_header.as_deref());
        self.addresses(path, raw);
        Some(Origin {
            id: raw.id.clone(),
            url: url?,
            ipv4: raw.ipv4,
            ipv6: raw.ipv6,
            host_header,
            addresses: raw.addresses.clone(),
        })
    }

    fn origin_url(&mut self, path: &str, text: &str) -> Option<OriginUrl> {
        OriginUrl::parse(text)
            .map_err(|bad| {
                let problem = format!("`{text}`: {bad}");
                let allowed = "`https://` and a host name, optionally with a port";
                self.report(path, Code::E008, problem, allowed);
            })
            .ok()
    }

    pub(super) fn country(&mut self, path: &str, text: &str) -> Option<Country> {
        let country = Country::parse(text).ok();
        if country.is_none() {
            let allowed =
                "an ISO 3166-1 alpha-2 country code such as `BR`, or a set such as `@eea`";
            let hint = match text {
                "EU" | "eu" => Some("write `@eu`".to_owned()),
                _ => meant(text).map(|code| format!("write `{code}`")),
            };
            let problem = format!("`{text}` is not a country");
            self.report_with(path.to_owned(), Code::E006, problem, allowed.to_owned(), hint);
        }
        country
    }

    pub(super) fn areas(&mut self, names: &[String]) -> Vec<Area> {
        for (index, name) in self.bounded("areas.use", names, ENTRIES_MAX) {
            let path = item("areas.use", index);
            if Area::parse(name).is_none() {
                self.unknown(&path, "a Cloudflare area", name, Area::WORDS.iter().copied());
            } else if names.iter().take(index).any(|other| other == name) {
                self.twice(path, name);
            }
        }
        names.iter().filter_map(|name| Area::parse(name)).collect()
    }
}
