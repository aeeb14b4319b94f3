//! Drafts of documents: what each of them says, without its text.
//!
//! With each round every document is looked at for news, and most have none. A text takes far
//! longer to make than what it is made of, and so does the one that a fingerprint is taken of. So
//! what each document said is kept beside its fingerprint: where it says the same, no text is made.

use crate::country::Country;
use crate::documents::{ContractsPage, RecoveryPage, RegionStatus, Status};
use crate::drill::Drill;
use crate::fingerprint::Fingerprint;
use crate::ids::{RegionId, TenantId};
use crate::journal::Incident;
use crate::json::{self, Shape};
use crate::ordered::Map;
use crate::routes::{LastingEntry, Routes, RuleEntry};
use crate::state::Episode;
use std::borrow::Borrow;

/// What documents said when they were last looked at. A restart forgets it.
#[derive(Debug, Default)]
pub(in crate::controller) struct Drafts {
    pub(super) status: Printed<Status>,
    routes: Printed<Routes>,
    pub(super) regions: Prints<RegionId, RegionStatus>,
    pub(super) history: Printed<Vec<Episode>>,
    pub(super) recovery: Printed<RecoveryPage>,
    pub(super) contracts: Printed<ContractsPage>,
    pub(super) incidents: Printed<Vec<Incident>>,
    pub(super) incident: Prints<String, Incident>,
    pub(super) drills: Printed<Vec<Drill>>,
    pub(super) drill: Prints<String, Drill>,
}

/// A value, with the fingerprint of what it says.
#[derive(Debug)]
pub(super) struct Printed<T>(Option<(T, Fingerprint)>);

/// Several values, by what they are about.
#[derive(Debug)]
pub(super) struct Prints<K, T>(Map<K, Printed<T>>);

impl<T> Default for Printed<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K, T> Default for Prints<K, T> {
    fn default() -> Self {
        Self(Map::new())
    }
}

#[cfg(test)]
thread_local! {
    /// How many texts were made in this thread to take fingerprints of.
    pub(in crate::controller) static PRINTED: std::cell::Cell<usize> =
        const { std::cell::Cell::new(0) };
}

/// The fingerprint of a value.
fn print(value: &impl Shape) -> Fingerprint {
    #[cfg(test)]
    PRINTED.set(PRINTED.get() + 1);
    Fingerprint::of(json::write(value).as_bytes())
}

impl<T: PartialEq> Printed<T> {
    /// The fingerprint of what a document says.
    pub(super) fn of(&mut self, said: T) -> Fingerprint
    where
        T: Shape,
    {
        match &self.0 {
            Some((known, print)) if *known == said => *print,
            _ => {
                let print = print(&said);
                self.0 = Some((said, print));
                print
            }
        }
    }

    /// The fingerprint of what a document says that is made of this alone.
    pub(super) fn made_of<Q, S>(&mut self, it: &Q, said: impl FnOnce(&T) -> S) -> Fingerprint
    where
        T: Borrow<Q>,
        Q: PartialEq + ToOwned<Owned = T> + ?Sized,
        S: Shape,
    {
        match &self.0 {
            Some((known, print)) if known.borrow() == it => *print,
            _ => {
                let known = it.to_owned();
                let print = print(&said(&known));
                self.0 = Some((known, print));
                print
            }
        }
    }
}

impl<K: Ord + Clone, T: PartialEq> Prints<K, T> {
    /// What is known about one.
    pub(super) fn with<R>(&mut self, about: &K, ask: impl FnOnce(&mut Printed<T>) -> R) -> R {
        if let Some(known) = self.0.get_mut(about) {
            return ask(known);
        }
        let mut new = Printed::default();
        let told = ask(&mut new);
        self.0.insert(about.clone(), new);
        told
    }

    /// Forgets those that are there no more, if there are `left`.
    pub(super) fn forget(&mut self, left: usize, is_there: impl Fn(&K) -> bool) {
        if self.0.len() > left {
            self.0.retain(|about, _| is_there(about));
        }
    }
}

impl Drafts {
    /// The table that was looked at last, without the law; `None` if there is none.
    pub(in crate::controller) fn table(&self) -> Option<&Routes> {
        self.routes.0.as_ref().map(|(table, _)| table)
    }

    /// Notes that there is no table.
    pub(super) fn forget_table(&mut self) {
        self.routes.0 = None;
    }

    /// The fingerprint of what a routing table says. The law in it may be most of it, and has a
    /// fingerprint of its own, so only that is kept.
    pub(super) fn print_routes(&mut self, mut said: Routes) -> Fingerprint {
        let law = take_law(&mut said);
        if let Some((_, print)) = self.routes.0.as_ref().filter(|(known, _)| *known == said) {
            return *print;
        }
        let whole = with_law(said, law);
        let print = print(&whole);
        let mut said = whole;
        take_law(&mut said);
        self.routes.0 = Some((said, print));
        print
    }
}

/// What a table says of the law, of which [`Routes::law`] is the fingerprint.
type Law = (
    Vec<RuleEntry>,
    Map<TenantId, Vec<RegionId>>,
    Map<String, Vec<RegionId>>,
    Map<TenantId, Country>,
    Option<LastingEntry>,
);

fn take_law(routes: &mut Routes) -> Law {
    (
        std::mem::take(&mut routes.rules),
        std::mem::take(&mut routes.tenants),
        std::mem::take(&mut routes.sets),
        std::mem::take(&mut routes.tenant_countries),
        routes.lasting.take(),
    )
}

fn with_law(routes: Routes, law: Law) -> Routes {
    let (rules, tenants, sets, tenant_countries, lasting) = law;
    Routes { rules, tenants, sets, tenant_countries, lasting, ..routes }
}
