//! An isolate writes what it counts as data points, where the deployment has a dataset for them.

use super::isolate::Isolate;
use crate::analytics::Points;
use crate::geo::Within;
use crate::time::Timestamp;

/// The binding, by its name in `wrangler.toml`.
const BINDING: &str = "ANALYTICS";

impl Isolate {
    /// Takes what is bound as the dataset: `None` for nothing, or whether it is one. Without one no
    /// point is kept.
    pub fn take_dataset(&mut self, is_dataset: Option<bool>) {
        if is_dataset == Some(false) {
            self.notes.add(&["dataset"], || {
                format!(
                    "`{BINDING}` is bound to something else than a dataset of Analytics Engine; \
                     no data points are written"
                )
            });
        }
        let is_dataset = is_dataset == Some(true);
        if is_dataset != self.counted.points.is_some() {
            self.counted.points = is_dataset.then(Points::default);
        }
    }

    /// The data points that are due, as a text for `writePoints` in `points.js`. `None` where
    /// there are none.
    pub fn due_points(&mut self, now: Timestamp) -> Option<String> {
        self.turn_minute(now);
        let country = self.counted.country;
        let area = country.and_then(|country| country.area(Within::default()));
        Some(self.counted.points.as_ref()?.due(area, now)?.to_string())
    }

    /// Notes how many of them the dataset took.
    pub fn points_taken(&mut self, count: usize) {
        let Some(points) = &mut self.counted.points else { return };
        points.taken(count);
    }

    /// How many points were dropped since this was last asked, as a line for the log.
    pub fn points_dropped(&mut self) -> Option<String> {
        let dropped = self.counted.points.as_mut()?.dropped_since();
        (dropped > 0).then(|| format!("{BINDING}: {dropped} data points were dropped"))
    }
}
