//! Where each value of a document stands, whatever the document was written in.

use std::ops::Range;

/// Which part of an entry a diagnostic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// What was written there.
    #[default]
    Value,
    /// That it was written at all: a key that nobody knows.
    Key,
}

/// A value and its place in the text, in bytes.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) kind: NodeKind,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Leaf,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with what it holds.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

/// What a path led to.
#[derive(Debug)]
pub(super) struct Found<'n> {
    pub(super) node: &'n Node,
    /// The key that holds it; an item of a list has none.
    pub(super) key_span: Option<&'n Range<usize>>,
    /// How many bytes of the path led nowhere; 0 where it was followed to its end.
    pub(super) missed: usize,
}

impl Node {
    /// Follows a path such as `services.api.publish[1].dns.ttl_s` as far as it goes; `None` where
    /// that is not one step.
    ///
    /// A key may itself contain points and brackets, and a path does not quote it. So the path is
    /// not cut up first: each table tries those of its keys that the path begins with, and the one
    /// that leads furthest is taken.
    pub(super) fn follow(&self, path: &str) -> Option<Found<'_>> {
        Some(follow(self, None, path)).filter(|found| found.missed < path.len())
    }

    /// All that the whole of a path leads to.
    pub(super) fn every(&self, path: &str) -> Vec<&Node> {
        if path.is_empty() {
            return vec![self];
        }
        match &self.kind {
            NodeKind::Leaf => Vec::new(),
            NodeKind::List(items) => {
                let step = step_into_list(path);
                let item = step.and_then(|(index, rest)| Some((items.get(index)?, rest)));
                item.map(|(item, rest)| item.every(rest)).unwrap_or_default()
            }
            NodeKind::Table(entries) => {
                let steps = entries.iter().filter_map(|entry| {
                    step_over_key(path, &entry.key).map(|rest| entry.node.every(rest))
                });
                steps.flatten().collect()
            }
        }
    }
}

fn follow<'n>(node: &'n Node, key_span: Option<&'n Range<usize>>, path: &str) -> Found<'n> {
    let deeper = match &node.kind {
        NodeKind::Leaf => None,
        NodeKind::List(items) => step_into_list(path).and_then(|(index, rest)| {
            let item = items.get(index)?;
            Some(follow(item, None, rest))
        }),
        NodeKind::Table(entries) => entries
            .iter()
            .filter_map(|entry| {
                let rest = step_over_key(path, &entry.key)?;
                Some(follow(&entry.node, Some(&entry.key_span), rest))
            })
            .min_by_key(|found| found.missed),
    };
    deeper.unwrap_or(Found { node, key_span, missed: path.len() })
}

/// `[3].url` is item 3, and then `url`.
fn step_into_list(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

/// What follows on `key`, where the path begins with it.
fn step_over_key<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(key).filter(|_| !path.is_empty())?;
    match rest.strip_prefix('.') {
        Some(rest) => Some(rest),
        None => (rest.is_empty() || rest.starts_with('[')).then_some(rest),
    }
}
