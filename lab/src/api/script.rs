//! Workers that are deployed, and what leads to them.
use std::collections::BTreeMap;

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::table::Table;
use super::uploads::Upload;

/// The Workers of an account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scripts {
    pub(crate) deployed: BTreeMap<String, Script>,
    pub(crate) namespaces: Table,
    /// In all zones.
    pub(crate) routes: Vec<ScriptRoute>,
}

/// A Worker that is deployed.
#[derive(Clone, Debug)]
pub struct Script {
    pub(crate) upload: Upload,
    /// Without those that the upload only inherits.
    pub(crate) bindings: Vec<Value>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) crons: Vec<String>,
    /// Its hosts below `workers.dev`.
    pub(crate) subdomain: Value,
}

/// Which requests of a zone a Worker takes.
#[derive(Clone, Debug)]
pub(crate) struct ScriptRoute {
    pub(crate) id: String,
    pub(crate) zone: String,
    pub(crate) pattern: String,
    pub(crate) script: String,
}

impl Script {
    /// The modules by their names, the main one among them.
    #[must_use]
    pub fn modules(&self) -> &BTreeMap<String, Bytes> {
        &self.upload.modules
    }

    /// The metadata as it was uploaded.
    #[must_use]
    pub fn metadata(&self) -> &Value {
        &self.upload.metadata
    }

    /// What the Worker is bound to, secrets excepted.
    #[must_use]
    pub fn bindings(&self) -> &[Value] {
        &self.bindings
    }

    /// The secrets with their values.
    #[must_use]
    pub fn secrets(&self) -> &BTreeMap<String, String> {
        &self.secrets
    }

    /// When its cron handler is called.
    #[must_use]
    pub fn crons(&self) -> &[String] {
        &self.crons
    }
}

impl ScriptRoute {
    /// As the API shows it.
    pub(crate) fn shown(&self) -> Value {
        json!({"id": self.id, "pattern": self.pattern, "script": self.script})
    }
}
