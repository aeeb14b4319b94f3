//! Bodies by chance: what the schema allows, and what is made of it by slips of every kind.

use super::contract::Contract;
use serde_json::{Value, json};

/// Chance that is the same in each run: xorshift64* of Marsaglia and Vigna.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.max(1))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end.max(1)
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

const TEXTS: [&str; 12] = [
    "eu-west",
    "us-east",
    "sa-east",
    "api",
    "downloads",
    "eu-1",
    "nowhere",
    "",
    "é\u{0}\u{1f600}",
    "api.example.com A",
    "{\"version\": 1}",
    "../../x",
];
const INSTANTS: [&str; 5] = [
    "2026-01-31T12:00:00Z",
    "2099-01-01T00:00:00+14:00",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999Z",
    "soon",
];
const NUMBERS: [u64; 6] = [0, 1, 7, 4_294_967_296, 9_007_199_254_740_993, u64::MAX];

/// A body: text that may be JSON.
pub(super) fn body(contract: &Contract, chance: &mut Chance) -> String {
    let mut value = made(contract, &contract.act(), chance);
    for _ in 0..chance.below(4) {
        slip(&mut value, chance);
    }
    let mut text = value.to_string();
    match chance.below(12) {
        0 => {
            let end = chance.below(text.len() + 1);
            text = String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned();
        }
        1 => text = text.replacen('}', ",}", 1),
        2 => text = text.replacen("\"act\"", "\"act\": 1, \"act\"", 1),
        3 => text = ["[".repeat(300), text].concat(),
        4 => text.push_str(" {}"),
        _ => {}
    }
    text
}

/// A value that a schema allows.
fn made(contract: &Contract, schema: &Value, chance: &mut Chance) -> Value {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return made(contract, &contract.document["components"]["schemas"][name], chance);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(all) = schema[key].as_array() {
            return made(contract, chance.of(all), chance);
        }
    }
    if let Some(all) = schema["enum"].as_array() {
        return chance.of(all).clone();
    }
    match schema["type"].as_str() {
        Some("object") => {
            let required = schema["required"].as_array().unwrap();
            let mut object = json!({});
            for (key, schema) in schema["properties"].as_object().unwrap() {
                if required.contains(&json!(key)) || chance.one_in(2) {
                    object[key] = made(contract, schema, chance);
                }
            }
            object
        }
        Some("array") => {
            (0..chance.below(3)).map(|_| made(contract, &schema["items"], chance)).collect()
        }
        Some("integer") => json!(chance.of(&NUMBERS)),
        Some("boolean") => json!(chance.one_in(2)),
        Some("string") if schema["format"] == "date-time" => json!(chance.of(&INSTANTS)),
        Some("string") => json!(chance.of(&TEXTS)),
        _ => Value::Null,
    }
}

/// Makes one slip somewhere in a value.
fn slip(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Object(object) if !object.is_empty() && !chance.one_in(4) => {
            let keys: Vec<String> = object.keys().cloned().collect();
            let key = chance.of(&keys).clone();
            match chance.below(5) {
                0 => drop(object.remove(&key)),
                1 => drop(object.insert(key + "x", json!(1))),
                _ => slip(&mut object[&key], chance),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let index = chance.below(items.len());
            slip(&mut items[index], chance);
        }
        other => *other = stray(chance),
    }
}

fn stray(chance: &mut Chance) -> Value {
    match chance.below(10) {
        0 => Value::Null,
        1 => json!(-1),
        2 => json!(1.5),
        3 => json!(1e300),
        4 => json!(true),
        5 => json!([]),
        6 => json!({}),
        7 => json!("x".repeat(20_000)),
        8 => json!({"drain": {"region": "eu-west"}, "lift": {"order": 1}}),
        _ => json!(chance.of(&TEXTS)),
    }
}
