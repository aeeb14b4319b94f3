//! The routing table of this isolate: read from KV at most every half minute, behind the request
//! where there is one already, and parsed only when it changed.

use super::{clock, kv};
use crate::fingerprint::Fingerprint;
use crate::routes::{KEY, Table};
use crate::time::{Millis, SECOND, Timestamp};
use std::cell::RefCell;
use std::rc::Rc;
use worker::{Context, Env, console_error};

/// How long a table is used before KV is asked again. KV's own cache holds a value for at least 30
/// s, so asking more often would only cost reads.
const REFRESH_MS: Millis = 30 * SECOND;
/// How long a table may go without a look into KV before a request waits for one: an isolate that
/// was idle does not decide by rules that may have changed meanwhile.
const TOO_LONG_MS: Millis = 120 * SECOND;
/// How soon KV is asked again after a region that the table calls usable was not.
const REFRESH_ON_EVIDENCE_MS: Millis = 5 * SECOND;
/// The shortest time that KV's cache can be told to hold a value.
const CACHE_TTL_S: u32 = 30;

#[derive(Default)]
struct Cache {
    table: Option<Rc<Table>>,
    fingerprint: Option<Fingerprint>,
    asked_at: Timestamp,
    doubted: bool,
}

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// Lends the cache; `None` where it is in use, which cannot happen while nothing waits with it.
fn with<T>(work: impl FnOnce(&mut Cache) -> T) -> Option<T> {
    CACHE.with(|cache| cache.try_borrow_mut().ok().map(|mut cache| work(&mut cache)))
}

/// The table, however old, or `None` where there has never been one.
pub(super) async fn table(env: &Env, context: &Context) -> Option<Rc<Table>> {
    let now = clock::now();
    let (table, due, idle) = with(|cache| {
        let refresh_ms = if cache.doubted { REFRESH_ON_EVIDENCE_MS } else { REFRESH_MS };
        let age_ms = now.since(cache.asked_at);
        let due = cache.table.is_none() || age_ms >= refresh_ms;
        if due && cache.table.is_some() {
            // Whoever comes next need not ask as well.
            (cache.asked_at, cache.doubted) = (now, false);
        }
        (cache.table.clone(), due, age_ms >= TOO_LONG_MS)
    })?;
    match (table, due) {
        (Some(table), false) => Some(table),
        (Some(table), true) if !idle => {
            let env = env.clone();
            context.wait_until(async move { refresh(&env).await });
            Some(table)
        }
        (None, _) | (Some(_), true) => {
            refresh(env).await;
            with(|cache| cache.table.clone()).flatten()
        }
    }
}

/// Notes that the table calls a region usable that was not: the Controller may know better by now.
pub(super) fn doubt() {
    with(|cache| cache.doubted = true);
}

async fn refresh(env: &Env) {
    let Some(Some(text)) = kv::get(env, KEY, Some(CACHE_TTL_S)).await else { return };
    let fingerprint = Fingerprint::of(text.as_bytes());
    if with(|cache| cache.fingerprint == Some(fingerprint)) == Some(true) {
        return;
    }
    match Table::parse(&text) {
        Ok(table) => {
            with(|cache| {
                // Of two reads that cross each other the older one may end last.
                if cache.table.as_ref().is_some_and(|known| known.as_of > table.as_of) {
                    return;
                }
                cache.table = Some(Rc::new(table));
                cache.fingerprint = Some(fingerprint);
                cache.asked_at = clock::now();
            });
        }
        Err(error) => console_error!("{error}; the last table stays"),
    }
}
