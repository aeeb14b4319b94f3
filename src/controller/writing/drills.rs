//! The documents about drills.

use super::{Document, Wanted, document};
use crate::controller::drilling::{drill_key, drill_line_substance, drill_substance};
use crate::controller::{Controller, summary};
use crate::documents::{DRILLS_KEY, DrillPage};
use crate::time::Timestamp;

impl Controller {
    /// The list of drills, and the page of each; none where there was no drill.
    pub(super) fn drill_documents(&self, wanted: Wanted<'_>, now: Timestamp) -> Vec<Document> {
        let drills = &self.state.drills.drills;
        let mut documents = Vec::new();
        if !drills.is_empty() && wanted.has(DRILLS_KEY) {
            let index = self.drill_index(now);
            // When the next one is due follows from the last one.
            let substance: Vec<_> = drills.iter().map(drill_line_substance).collect();
            let words = summary::of_drills(&index);
            let key = DRILLS_KEY.to_owned();
            documents.push(document((wanted, key), &index, &substance, now, words));
        }
        for drill in drills {
            let key = drill_key(&drill.id);
            if wanted.has(&key) {
                let page = wanted.made(|| DrillPage::of(drill, now));
                let words = page.as_ref().map_or_else(String::new, |page| page.summary.clone());
                let substance = drill_substance(drill);
                documents.push(document((wanted, key), &page, &substance, now, words));
            }
        }
        documents
    }
}
