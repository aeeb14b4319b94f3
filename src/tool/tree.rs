//! The spans of a document's values, whatever its format.

use std::ops::Range;

/// Which part of an entry a diagnostic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// The value.
    #[default]
    Value,
    /// The key itself, for instance an unknown one.
    Key,
}

/// A value and its span in the text, in bytes.
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

/// A key of a table, and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Range<usize>,
    pub(super) node: Node,
}

/// The result of following a path.
#[derive(Debug)]
pub(super) struct Found<'n> {
    pub(super) node: &'n Node,
    /// The span of its key; an item of a list has none.
    pub(super) key_span: Option<&'n Range<usize>>,
    /// The number of bytes of the path that could not be followed.
    pub(super) missed: usize,
}

impl Node {
    /// Follows a path such as `services.api.publish[1].dns.ttl_s` as far as possible; `None` if not
    /// even its first step exists.
    ///
    /// Keys may contain dots and brackets, and a path does not quote them. So the path is not split
    /// first: each table tries all of its keys that the path starts with and takes the one that
    /// leads furthest.
    pub(super) fn follow(&self, path: &str) -> Option<Found<'_>> {
        Some(follow(self, None, path)).filter(|found| found.missed < path.len())
    }

    /// Every value that the whole path may mean.
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

/// Splits `[3].url` into 3 and `url`.
fn step_into_list(path: &str) -> Option<(usize, &str)> {
    let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, rest.strip_prefix('.').unwrap_or(rest)))
}

/// The rest of the path after `key`, if it starts with it.
fn step_over_key<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(key).filter(|_| !path.is_empty())?;
    match rest.strip_prefix('.') {
        Some(rest) => Some(rest),
        None => (rest.is_empty() || rest.starts_with('[')).then_some(rest),
    }
}
