//! Regions and areas on a map of the world.

use super::parts::{Mood, path};
use crate::documents::RegionPlace;
use crate::geo::Area;
use crate::health::Health;
use crate::ids::RegionId;
use crate::ordered::Map;
use maud::{Markup, html};
use serde_json::Value;

/// The land of the world in whole degrees, north up: x is the longitude, y the negative latitude.
/// Made from the map of land at 1:110,000,000 of Natural Earth, which is in the public domain
/// (naturalearthdata.com); islands of less than six square degrees and Antarctica are left out.
const LAND: &str = include_str!("assets/land.txt");

/// About the middle of an area, to draw it: x and y in degrees.
fn middle(area: Area) -> (i32, i32) {
    match area {
        Area::Wnam => (-118, -40),
        Area::Enam => (-78, -39),
        Area::Sam => (-55, 15),
        Area::Weur => (3, -48),
        Area::Eeur => (26, -50),
        Area::Apac => (110, -15),
        Area::Oc => (145, 30),
        Area::Afr => (22, 0),
        Area::Me => (46, -26),
    }
}

/// With more regions, only those are named that are not up: names would cover each other.
const NAMED_MAX: usize = 12;
/// East of this longitude a name stands on the other side of its region, so as not to be cut off.
const EDGE: f64 = 110.0;

/// The map; `None` where no region has a location.
pub(super) fn map(
    regions: &Map<RegionId, RegionPlace>,
    health: impl Fn(&RegionId) -> Option<Health>,
) -> Option<Markup> {
    let mut located: Vec<_> =
        regions.iter().filter_map(|(id, it)| Some((id, it, at(it)?))).collect();
    if located.is_empty() {
        return None;
    }
    // What is worst is drawn last, on top of what is near.
    located.sort_by_key(|(id, _, _)| health(id));
    let is_named = |mood: Mood| located.len() <= NAMED_MAX || mood != Mood::Good;
    Some(html! {
        svg class="map" viewBox="-180 -85 360 145" role="group"
            aria-label="Regions, as each area sees them; the table below says the same" {
            path class="land" d=(LAND) {}
            @for (_, region, (x, y)) in &located {
                @for (area, sight) in region.areas.iter() {
                    @let (from_x, from_y) = middle(*area);
                    line class={"way " (Mood::of_health(sight.health).class())}
                        x1=(from_x) y1=(from_y) x2=(degrees(*x)) y2=(degrees(*y)) {}
                }
            }
            @for area in areas(regions) {
                @let (x, y) = middle(area);
                g class="area" {
                    rect x=(x - 2) y=(y - 2) width="4" height="4" {}
                    text x=(x) y=(y + 8) { (area.as_str()) }
                }
            }
            @for (id, _, (x, y)) in &located {
                @let mood = health(id).map_or(Mood::Unknown, Mood::of_health);
                a href=(path(&["regions", id.as_str()])) aria-label={(id) ": " (mood.class())} {
                    circle class=(mood.class()) cx=(degrees(*x)) cy=(degrees(*y)) r="4" {
                        title { (id) }
                    }
                    @if is_named(mood) { (name(id, (*x, *y))) }
                }
            }
        }
    })
}

/// The name of a region beside it.
fn name(id: &RegionId, (x, y): (f64, f64)) -> Markup {
    let (x, anchor) = if x > EDGE { (x - 6.0, "end") } else { (x + 6.0, "start") };
    html! { text x=(degrees(x)) y=(degrees(y + 2.0)) text-anchor=(anchor) { (id) } }
}

fn areas(regions: &Map<RegionId, RegionPlace>) -> impl Iterator<Item = Area> {
    let seen = |area: &Area| regions.values().any(|region| region.areas.contains_key(area));
    Area::ALL.iter().copied().filter(seen)
}

/// Where a region is drawn.
fn at(region: &RegionPlace) -> Option<(f64, f64)> {
    let location = region.location?;
    Some((location.longitude(), -location.latitude()))
}

/// As JSON has it: the formatting of the standard library would be code of its own.
fn degrees(degrees: f64) -> String {
    Value::from(degrees).to_string()
}
