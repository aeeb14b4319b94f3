//! The documents about drills.

use super::{Document, Printed, Wanted, page};
use crate::controller::drilling::{drill_key, drill_line_substance, drill_substance};
use crate::controller::{Controller, summary};
use crate::documents::{DRILLS_KEY, DrillPage};
use crate::drill::Drill;
use crate::time::Timestamp;

impl Controller {
    /// The list of drills, and the page of each; none where there was no drill.
    pub(super) fn drill_documents(&self, wanted: &mut Wanted<'_>, now: Timestamp) -> Vec<Document> {
        let drills = &self.state.drills.drills;
        let mut documents = Vec::new();
        if !drills.is_empty() && wanted.has(DRILLS_KEY) {
            let key = DRILLS_KEY.to_owned();
            let made = || self.drill_index(now);
            documents.push(page((wanted, key), made, now, summary::of_drills, |drafts| {
                // When the next one is due follows from the last one.
                let said = |all: &Vec<Drill>| -> Vec<Drill> {
                    all.iter().map(drill_line_substance).collect()
                };
                drafts.drills.made_of(drills.as_slice(), said)
            }));
        }
        for drill in drills {
            let key = drill_key(&drill.id);
            if wanted.has(&key) {
                let made = || DrillPage::of(drill, now);
                let words = |page: &DrillPage| page.summary.clone();
                documents.push(page((wanted, key), made, now, words, |drafts| {
                    let print = |it: &mut Printed<Drill>| it.made_of(drill, drill_substance);
                    drafts.drill.with(&drill.id, print)
                }));
            }
        }
        if let Some(drafts) = wanted.drafts() {
            let is_there = |id: &String| drills.iter().any(|drill| drill.id == *id);
            drafts.drill.forget(drills.len(), is_there);
        }
        documents
    }
}
