//! The routing tables of the proof.
//!
//! A table has two halves: the law, which is the same whatever fails, and the services with the
//! health of their regions. Reading the law of a large config takes long, so it is read once, and
//! scenarios replace the service under proof. That this makes the same table is checked, not
//! assumed: for the sets of [`failures::halves`] over all regions the code under proof makes the
//! whole table, whose law must be the same and whose services must be those put together from the
//! entries of regions that are up and of regions that are down.

use super::super::scenario;
use super::failures;
use super::prover::{FailureScenario, Prover, Scene};
use crate::config::Config;
use crate::health::Health;
use crate::ids::{RegionId, ServiceId};
use crate::residency::RegionSet;
use crate::routes::{Routes, ServiceEntry, Table};
use crate::state::State;
use crate::time::Timestamp;
use crate::view::View;

/// A state with these regions down and all others up, or all of unknown health.
fn state(config: &Config, now: Timestamp, failed: &RegionSet, unknown: bool) -> State {
    let is_failed = |region: &RegionId| {
        config.regions.keys().position(|id| id == region).is_some_and(|at| failed.contains(at))
    };
    scenario::state(config, now, |region| match (unknown, is_failed(region)) {
        (true, _) => Health::Unknown,
        (false, true) => Health::Down,
        (false, false) => Health::Up,
    })
}

impl Prover<'_> {
    /// Compares the whole tables of some sets of failed regions, and says what is wrong with the
    /// first.
    pub(super) fn tables(&mut self) {
        let config = self.oracle.config;
        let all = RegionSet::all(config.regions.len());
        for failed in failures::halves(&all) {
            let state = state(config, self.oracle.now(), &failed, false);
            let routes = (self.subject.routes)(&View::new(config, &state, self.oracle.now()));
            let mut services = config.services.keys();
            let what = self.other_law(&routes).or_else(|| {
                let is_other =
                    |id: &&ServiceId| routes.services.get(*id) != self.mixed(id, &failed).as_ref();
                let id = services.find(is_other)?;
                Some(format!("the entry of a region of {id} does not follow from its own health"))
            });
            if let (Some(what), Some(id)) = (what, config.services.keys().next()) {
                return self.odd_table(id, &failed, what);
            }
        }
    }

    /// The scenario with the table that the code under proof makes. Its law must be that of every
    /// other table; otherwise that is a violation.
    pub(super) fn world<'w>(
        &mut self,
        scene: &Scene<'w>,
        failed: RegionSet,
        unknown: bool,
    ) -> Option<FailureScenario<'w>> {
        let now = self.oracle.now();
        let state = state(scene.config, now, &failed, unknown);
        let mut routes = (self.subject.routes)(&View::new(scene.tables, &state, now));
        let other = if scene.is_whole { self.other_law(&routes) } else { None };
        let entry = routes.services.remove(scene.id);
        let is_mixed = unknown || entry == self.mixed(scene.id, &failed);
        let what = match (other, entry) {
            (Some(what), _) => what,
            (None, Some(entry)) if is_mixed => {
                let mut table = self.table.take()?;
                match table.serve(scene.id, entry) {
                    Ok(()) => {
                        let config = scene.config;
                        return Some(FailureScenario {
                            config,
                            now,
                            state,
                            table,
                            failed,
                            unknown,
                        });
                    }
                    Err(error) => {
                        self.table = Some(table);
                        error.to_string()
                    }
                }
            }
            _ => "the entry of a region does not follow from its own health".to_owned(),
        };
        self.odd_table(scene.id, &failed, what);
        None
    }

    /// The scenario with every region up, whose table is put together from the entries of regions
    /// that are up and of regions that are down.
    pub(super) fn assembled<'w>(&mut self, scene: &Scene<'w>) -> Option<FailureScenario<'w>> {
        let (config, now, state) = (scene.config, self.oracle.now(), State::default());
        let failed = RegionSet::none();
        let entry = self.mixed(scene.id, &failed)?;
        let mut table = self.table.take()?;
        match table.serve(scene.id, entry) {
            Ok(()) => Some(FailureScenario { config, now, state, table, failed, unknown: false }),
            Err(error) => {
                self.table = Some(table);
                self.odd_table(scene.id, &failed, error.to_string());
                None
            }
        }
    }

    /// Lets other regions fail in such a scenario.
    pub(super) fn fail(&self, id: &ServiceId, world: &mut FailureScenario<'_>, failed: RegionSet) {
        let (Some(up), Some(down)) =
            (self.sides.up.services.get(id), self.sides.down.services.get(id))
        else {
            return;
        };
        let names = self.oracle.config.regions.keys().enumerate();
        let differ = names.filter(|(at, _)| failed.contains(*at) != world.failed.contains(*at));
        for (at, region) in differ {
            let entries = if failed.contains(at) { &down.regions } else { &up.regions };
            let entry = entries.iter().find(|entry| entry.id == *region);
            if let Some(entry) = entry {
                world.table.stand(id, entry.clone());
            }
        }
        world.failed = failed;
    }

    /// Takes the table back.
    pub(super) fn release(&mut self, world: FailureScenario<'_>) {
        self.table = Some(world.table);
    }

    /// Reads the table with every region up. It must be readable, and have the config's regions in
    /// their order, each in its country.
    pub(super) fn read(&mut self) {
        let config = self.oracle.config;
        let regions = || config.regions.iter().map(|(id, region)| (id, region.country));
        let what = match Table::try_from(self.sides.up.clone()) {
            Ok(table) if table.regions().iter().map(|it| (&it.id, it.country)).eq(regions()) => {
                self.table = Some(table);
                return;
            }
            Ok(_) => "its regions differ from those of the config".to_owned(),
            Err(error) => error.to_string(),
        };
        if let Some(id) = config.services.keys().next() {
            self.odd_table(id, &RegionSet::none(), what);
        }
    }

    /// What is different in the law of a table.
    fn other_law(&self, routes: &Routes) -> Option<String> {
        let Routes { law, regions, rules, tenants, sets, tenant_countries, .. } = &self.sides.up;
        if routes.law != *law {
            return Some(format!("its law has the fingerprint {}", routes.law));
        }
        let is_same = routes.regions == *regions
            && routes.rules == *rules
            && routes.tenants == *tenants
            && routes.sets == *sets
            && routes.tenant_countries == *tenant_countries
            && routes.law_until == self.sides.up.law_until
            && routes.lasting == self.sides.up.lasting;
        (!is_same).then(|| "its law is another than with every region up".to_owned())
    }

    /// The entry of a service, with the entries of these regions as they are if all are down, and
    /// the others as they are if all are up.
    fn mixed(&self, id: &ServiceId, failed: &RegionSet) -> Option<ServiceEntry> {
        let (up, down) = (self.sides.up.services.get(id)?, self.sides.down.services.get(id)?);
        let mut mixed = up.clone();
        for (entry, down) in mixed.regions.iter_mut().zip(&down.regions) {
            let index = self.oracle.config.regions.keys().position(|known| *known == entry.id);
            if index.is_some_and(|index| failed.contains(index)) {
                entry.clone_from(down);
            }
        }
        Some(mixed)
    }

    fn odd_table(&mut self, id: &ServiceId, failed: &RegionSet, what: String) {
        let regions = self.oracle.config.regions.keys().enumerate();
        let down = regions.filter(|(at, _)| failed.contains(*at)).map(|(_, id)| id.clone());
        self.violation("routes", id, what, "the routing table".to_owned(), down.collect());
    }
}
