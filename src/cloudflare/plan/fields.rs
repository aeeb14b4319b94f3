//! Objects as fields: the differences between two.

use super::action::FieldChange;
use serde_json::Value;

/// The fields of `wanted` that differ in `seen`. What `wanted` leaves open is skipped.
pub(super) fn differences(wanted: &Value, seen: &Value) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for (name, to) in wanted.as_object().into_iter().flatten() {
        let from = seen.get(name).unwrap_or(&Value::Null);
        if !to.is_null() && from != to {
            changes.push(FieldChange { name: name.clone(), from: from.clone(), to: to.clone() });
        }
    }
    changes
}

/// The names of the fields, separated by commas.
pub(super) fn names(changes: &[FieldChange]) -> String {
    changes.iter().map(|change| change.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_wanted_and_different_changes() {
        let wanted = json!({"ttl": 60, "proxied": false, "session_affinity": null});
        let seen = json!({"ttl": 30, "proxied": false, "session_affinity": "cookie", "rules": []});
        let changes = differences(&wanted, &seen);
        assert_eq!(changes, [FieldChange { name: "ttl".into(), from: json!(30), to: json!(60) }]);
        assert_eq!(names(&changes), "ttl");
    }
}
