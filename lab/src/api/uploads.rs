//! What wrangler uploads: metadata and modules, as a form of several parts.
//!
//! The parts and their types are those that wrangler 4.164 sends; the real rules for them are not
//! in any document that we have. Everything that is not known here is refused, so that a setting
//! cannot be lost without a word.
use std::collections::BTreeMap;

use hyper::body::Bytes;
use serde_json::Value;

use super::envelope::Failure;

/// The code of a refusal; the real numbers of these are not known.
const INVALID_UPLOAD: u32 = 10021;
/// The part with everything that is not a module.
const METADATA: &str = "metadata";
/// The type of a JavaScript module, and of one of WebAssembly.
const SCRIPT: &str = "application/javascript+module";
const WASM: &str = "application/wasm";
/// The first bytes of WebAssembly.
const WASM_MAGIC: &[u8] = b"\0asm";
/// What metadata may have.
const KNOWN: [&str; 8] = [
    "bindings",
    "code_update_strategy",
    "compatibility_date",
    "compatibility_flags",
    "exports",
    "keep_bindings",
    "main_module",
    "observability",
];
/// The kinds of secrets that an upload has to keep, since it cannot name their values.
const KEPT: [&str; 2] = ["secret_key", "secret_text"];

/// An upload that is sound by itself.
#[derive(Clone, Debug)]
pub(crate) struct Upload {
    pub(crate) metadata: Value,
    /// By their names.
    pub(crate) modules: BTreeMap<String, Bytes>,
}

/// One part of a form.
struct Part {
    name: String,
    kind: String,
    body: Bytes,
}

impl Upload {
    /// Reads and checks a body.
    ///
    /// **Errors**: 400 for what is no form, and for metadata or modules that do not fit together.
    pub(crate) fn read(content_type: &str, body: &Bytes) -> Result<Self, Failure> {
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=");
        let parts = parts(boundary.ok_or_else(|| refused("not a form"))?, body);
        let (metadata, modules): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|part| part.name == METADATA);
        let metadata = metadata.first().ok_or_else(|| refused("no metadata"))?;
        let metadata = serde_json::from_slice(&metadata.body);
        let upload = Self {
            metadata: metadata.map_err(|_| refused("the metadata is not JSON"))?,
            modules: modules.iter().map(|part| (part.name.clone(), part.body.clone())).collect(),
        };
        modules.iter().try_for_each(check_module)?;
        upload.check()?;
        Ok(upload)
    }

    /// The bindings as they are uploaded.
    pub(crate) fn bindings(&self) -> &[Value] {
        self.metadata["bindings"].as_array().map_or(&[], Vec::as_slice)
    }

    fn check(&self) -> Result<(), Failure> {
        let metadata = self.metadata.as_object().ok_or_else(|| refused("metadata of no fields"))?;
        if let Some(unknown) = metadata.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(refused(format!("the metadata `{unknown}` is not emulated")));
        }
        let main = self.metadata["main_module"].as_str().unwrap_or_default();
        let Some(main) = self.modules.get(main) else {
            return Err(refused(format!("no module `{main}`")));
        };
        let date = self.metadata["compatibility_date"].as_str().unwrap_or_default();
        if date.parse::<jiff::civil::Date>().is_err() {
            return Err(refused(format!("the compatibility date `{date}`")));
        }
        let kept = self.metadata["keep_bindings"].as_array();
        if !KEPT.iter().all(|kind| kept.is_some_and(|kept| kept.contains(&(*kind).into()))) {
            return Err(refused("this would delete the secrets"));
        }
        self.check_exports(&String::from_utf8_lossy(main))?;
        self.bindings().iter().try_for_each(|binding| self.check_binding(binding))
    }

    /// The classes of objects have to be what the main module exports.
    fn check_exports(&self, main: &str) -> Result<(), Failure> {
        let exported = main.rsplit_once("export{").map(|(_, names)| names).unwrap_or_default();
        for (class, export) in self.metadata["exports"].as_object().into_iter().flatten() {
            if export["type"] != "durable-object" || export["storage"] != "sqlite" {
                return Err(refused(format!("the export `{class}` is not emulated")));
            }
            let names = exported.split([',', '}', ' ']);
            if !names.into_iter().any(|name| name == class) {
                return Err(refused(format!("the main module does not export `{class}`")));
            }
        }
        Ok(())
    }

    fn check_binding(&self, binding: &Value) -> Result<(), Failure> {
        let (name, kind) = (text(binding, "name"), text(binding, "type"));
        let sound = match kind {
            "plain_text" => binding["text"].is_string(),
            "kv_namespace" => binding["namespace_id"].is_string(),
            "inherit" => true,
            "durable_object_namespace" => {
                self.metadata["exports"].get(text(binding, "class_name")).is_some()
            }
            _ => false,
        };
        let same = |other: &&Value| text(other, "name") == name;
        if name.is_empty() || !sound || self.bindings().iter().filter(same).count() > 1 {
            return Err(refused(format!("the binding {binding}")));
        }
        Ok(())
    }
}

/// A field as text; empty if it is absent or not text.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The refusal of an upload.
pub(crate) fn refused(why: impl Into<String>) -> Failure {
    Failure::new(400, INVALID_UPLOAD, why)
}

fn check_module(module: &Part) -> Result<(), Failure> {
    let Part { name, kind, body } = module;
    let sound = match kind.as_str() {
        SCRIPT => std::str::from_utf8(body).is_ok(),
        WASM => body.starts_with(WASM_MAGIC),
        _ => false,
    };
    // A name is a path; the lab puts it into a folder.
    if !sound || name.is_empty() || name.contains(['/', '\\']) {
        return Err(refused(format!("the module `{name}` of the type `{kind}`")));
    }
    Ok(())
}

/// The parts of a form.
fn parts(boundary: &str, body: &Bytes) -> Vec<Part> {
    let boundary = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut rest = 0;
    while let Some(begins) = find(body, rest, boundary.as_bytes()) {
        let begins = begins + boundary.len();
        let next = find(body, begins, boundary.as_bytes()).unwrap_or(body.len());
        parts.extend(part(&body.slice(begins..next)));
        rest = next;
    }
    parts
}

/// One part, between its boundaries; none for what follows the last one.
fn part(bytes: &Bytes) -> Option<Part> {
    let ends = find(bytes, 0, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..ends)?).into_owned();
    let name = head.split_once("; name=\"")?.1.split_once('"')?.0;
    let kind = head.lines().find_map(|line| line.strip_prefix("Content-Type: "));
    let body = ends + b"\r\n\r\n".len()..bytes.len().checked_sub(b"\r\n".len())?;
    let kind = kind.unwrap_or_default().trim().to_owned();
    Some(Part { name: name.to_owned(), kind, body: bytes.slice(body) })
}

fn find(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    let windows = bytes.get(from..)?.windows(wanted.len());
    windows.enumerate().find(|(_, window)| *window == wanted).map(|(at, _)| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FORM: &str = "multipart/form-data; boundary=x";

    fn metadata() -> Value {
        json!({
            "main_module": "a.js", "compatibility_date": "2026-11-17",
            "keep_bindings": ["secret_text", "secret_key"],
            "exports": {"A": {"type": "durable-object", "storage": "sqlite"}},
            "bindings": [
                {"name": "O", "type": "durable_object_namespace", "class_name": "A"},
                {"name": "T", "type": "plain_text", "text": ""},
            ],
        })
    }

    fn read(metadata: &Value, script: &str, wasm: &str) -> Result<Upload, Failure> {
        let part = |name: &str, kind: &str, body: &str| {
            let kind =
                if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
            let head = format!("Content-Disposition: form-data; name=\"{name}\"\r\n{kind}");
            format!("--x\r\n{head}\r\n{body}\r\n")
        };
        let form = part("metadata", "", &metadata.to_string())
            + &part("a.js", SCRIPT, script)
            + &part("a.wasm", WASM, wasm)
            + "--x--\r\n";
        Upload::read(FORM, &Bytes::from(form))
    }

    #[test]
    fn an_upload_is_read_byte_for_byte() {
        let upload = read(&metadata(), "class A{}export{A};", "\0asm\r\n\r\n--y").unwrap();
        assert_eq!(upload.modules["a.wasm"], "\0asm\r\n\r\n--y");
        assert_eq!(upload.modules["a.js"], "class A{}export{A};");
        assert_eq!(upload.metadata, metadata());
    }

    #[test]
    fn what_does_not_fit_together_is_refused_and_named() {
        let refusal = |change: fn(&mut Value), script: &str, wasm: &str| {
            let mut metadata = metadata();
            change(&mut metadata);
            read(&metadata, script, wasm).unwrap_err().to_string()
        };
        let sound = "class A{}export{A};";
        let cases = [
            (refusal(|_| (), "class A{}", "\0asm"), "does not export `A`"),
            (refusal(|_| (), sound, "asm"), "`a.wasm`"),
            (refusal(|data| data["main_module"] = json!("b.js"), sound, "\0asm"), "`b.js`"),
            (refusal(|data| data["placement"] = json!({}), sound, "\0asm"), "`placement`"),
            (refusal(|data| data["keep_bindings"] = json!([]), sound, "\0asm"), "the secrets"),
            (refusal(|data| data["exports"] = json!({}), sound, "\0asm"), "the binding"),
            (
                refusal(|data| data["bindings"][1]["name"] = json!("O"), sound, "\0asm"),
                "the binding",
            ),
        ];
        for (refusal, named) in cases {
            assert!(refusal.contains(named), "{refusal}");
        }
    }
}
