//! Building ordered maps and sets.
//!
//! `collect` into a `BTreeMap` sorts first, which links the whole standard sort once more for each
//! type: about 5 KB of wasm apiece. Our collections are small, so they are built by inserting.

use std::collections::{BTreeMap, BTreeSet};

/// A map of the entries; of two with the same key the later one stays.
pub(crate) fn map_of<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}

/// A set of the items.
pub(crate) fn set_of<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}
