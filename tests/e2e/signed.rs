//! Calls that we sign, seen by the official library for Standard Webhooks.

use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

/// Whether the official library takes a call for ours, by the clock of this machine.
pub(crate) fn official_library_verifies(
    body: &str,
    headers: &BTreeMap<String, String>,
    secret: &str,
) -> bool {
    let script = "const { Webhook } = require('standardwebhooks');
        const { secret, body, headers } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
        try { new Webhook(secret).verify(body, headers); } catch { process.exit(7); }";
    let input = json!({"secret": secret, "body": body, "headers": headers}).to_string();
    let mut node = Command::new("node")
        .args(["-e", script])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let status = node.wait().unwrap();
    assert!([Some(0), Some(7)].contains(&status.code()), "the library did not run: {status}");
    status.success()
}
