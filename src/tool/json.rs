//! Reads JSON with the span of each value.
//!
//! It needs two readers. The crate's own decides what is valid, so that a file accepted here is
//! accepted at the edge. The other finds spans, and runs only on text that is valid.

use super::tree::{Entry, Node, NodeKind};
use super::unreadable::Fault;
use crate::json;
use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::Value;

/// Reads JSON. Errors: the first position that is not JSON, or a repeated key.
pub(super) fn read(text: &str) -> Result<(Node, Value), Vec<Fault>> {
    let value = json::read_without_repeats(text).map_err(|error| vec![fault(text, &error)])?;
    let tree = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let tree = tree.ok().and_then(|parsed| parsed.value);
    let root = tree.map_or(Node { span: 0..0, kind: NodeKind::Leaf }, |tree| of_value(&tree));
    Ok((root, value))
}

fn of_value(value: &ast::Value<'_>) -> Node {
    let kind = match value {
        ast::Value::Object(object) => {
            NodeKind::Table(object.properties.iter().map(of_property).collect())
        }
        ast::Value::Array(array) => NodeKind::List(array.elements.iter().map(of_value).collect()),
        _ => NodeKind::Leaf,
    };
    let range = value.range();
    Node { span: range.start..range.end, kind }
}

fn of_property(property: &ast::ObjectProp<'_>) -> Entry {
    let range = property.name.range();
    Entry {
        key: property.name.as_str().to_owned(),
        key_span: range.start..range.end,
        node: of_value(&property.value),
    }
}

/// Converts the reader's line and column, which count from 1 and in bytes, into a span.
fn fault(text: &str, error: &serde_json::Error) -> Fault {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    let at = (line + error.column().saturating_sub(1)).min(text.len());
    let start = text.floor_char_boundary(at);
    let end = text.ceil_char_boundary((at + 1).min(text.len()));
    let told = error.to_string();
    let mut problem = told.split(" at line ").next().unwrap_or_default().to_owned();
    if text.get(start..end).is_some_and(|at| at.starts_with(json::BOM)) {
        problem
            .push_str("; here stands a byte-order mark (BOM), which may only be the first of all");
    }
    Fault { span: start..end, problem }
}
