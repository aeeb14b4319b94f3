//! Reads TOML into JSON values with their spans.

use super::tree::{Entry, Node, NodeKind};
use super::unreadable::Fault;
use serde_json::{Map, Number, Value};
use toml::Spanned;
use toml::de::{DeFloat, DeInteger, DeTable, DeValue};
use toml::value::Datetime;

/// Reads TOML. Errors: all errors, in the order of the text.
pub(super) fn read(text: &str) -> Result<(Node, Value), Vec<Fault>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<Fault> = errors
        .iter()
        .map(|error| Fault {
            span: error.span().unwrap_or_default(),
            problem: error.message().to_owned(),
        })
        .collect();
    let read = of_table(table.span(), table.get_ref(), &mut faults);
    faults.sort_by_key(|fault| fault.span.start);
    if faults.is_empty() { Ok(read) } else { Err(faults) }
}

fn of_table(
    span: std::ops::Range<usize>,
    table: &DeTable<'_>,
    faults: &mut Vec<Fault>,
) -> (Node, Value) {
    let (mut entries, mut values) = (Vec::new(), Map::new());
    for (key, value) in table {
        let (node, value) = of_value(value, faults);
        let name = key.get_ref().to_string();
        entries.push(Entry { key: name.clone(), key_span: key.span(), node });
        values.insert(name, value);
    }
    (Node { span, kind: NodeKind::Table(entries) }, Value::Object(values))
}

fn of_value(value: &Spanned<DeValue<'_>>, faults: &mut Vec<Fault>) -> (Node, Value) {
    let span = value.span();
    let value = match value.get_ref() {
        DeValue::Table(table) => return of_table(span, table, faults),
        DeValue::Array(array) => {
            let (nodes, values) = array.iter().map(|item| of_value(item, faults)).unzip();
            return (Node { span, kind: NodeKind::List(nodes) }, Value::Array(values));
        }
        DeValue::String(text) => Ok(Value::from(text.as_ref())),
        DeValue::Boolean(truth) => Ok(Value::from(*truth)),
        DeValue::Datetime(instant) => Ok(Value::from(rfc_3339(*instant))),
        DeValue::Integer(integer) => of_integer(integer),
        DeValue::Float(float) => of_float(float),
    };
    let value = value.unwrap_or_else(|problem| {
        faults.push(Fault { span: span.clone(), problem: problem.to_owned() });
        Value::Null
    });
    (Node { span, kind: NodeKind::Leaf }, value)
}

fn of_integer(integer: &DeInteger<'_>) -> Result<Value, &'static str> {
    let (digits, radix) = (integer.as_str(), integer.radix());
    let signed = i64::from_str_radix(digits, radix).map(Value::from);
    signed
        .or_else(|_| u64::from_str_radix(digits, radix).map(Value::from))
        .map_err(|_| "the number does not fit into 64 bits")
}

fn of_float(float: &DeFloat<'_>) -> Result<Value, &'static str> {
    let number = float.as_str().parse().ok().and_then(Number::from_f64);
    number.map(Value::Number).ok_or("the number is not finite")
}

/// A date in RFC 3339, which unlike TOML 1.1 requires seconds.
fn rfc_3339(mut instant: Datetime) -> String {
    if let Some(time) = &mut instant.time {
        time.second.get_or_insert(0);
    }
    instant.to_string()
}
