//! The options of an edge, and the values of its controls.
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The text bindings that the Worker for requests alone has as well; the same as in
/// `wrangler.edge.toml`.
pub const FRONT_VARS: [&str; 2] = ["CONTROLLER_JURISDICTION", "COOKIE_KEY"];

/// The Worker to run, and its bindings.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// The runtime's binary, as [`find_workerd`](super::find_workerd) finds it.
    pub workerd: PathBuf,
    /// The folder that holds the built Worker: `index.js`, and beside it the modules that it
    /// imports.
    pub bundle: PathBuf,
    /// The folder of the built Worker for requests alone, which clients meet then. Not together
    /// with several isolates.
    pub front: Option<PathBuf>,
    /// Text bindings, secrets included. The Worker for requests alone has those of [`FRONT_VARS`].
    pub vars: BTreeMap<String, String>,
    /// Values that are in KV before the first request.
    pub kv: BTreeMap<String, String>,
    /// Binding and class of each Durable Object namespace, all with a SQL store.
    pub durable_objects: Vec<(String, String)>,
    /// Whether the objects of `CONTROLLER` have jurisdictions, as in production; workerd by itself
    /// refuses them.
    pub jurisdictions: bool,
    /// Whether the probes of one share have six connections, as in production; the simulated
    /// network has to be told which are of one share. Not together with `jurisdictions`.
    pub invocations: bool,
    /// Whether the Worker reaches loopback itself, without the simulated network. Only then a
    /// connection by TCP fails where nobody listens: a worker in between takes them all.
    pub direct: bool,
    /// The name that a dataset of Analytics Engine is bound under, if there is one. workerd drops
    /// points beyond the limits of one point without a word; it knows no limit of an invocation.
    pub dataset: Option<String>,
    /// How many isolates of the Worker answer clients, in turn. They share nothing but bindings;
    /// cron and the objects are the first one's.
    pub isolates: usize,
}

impl EdgeOptions {
    /// No variables, an empty KV, and the Durable Object namespaces of the Worker.
    #[must_use]
    pub fn new(workerd: PathBuf, bundle: PathBuf) -> Self {
        let namespaces = [("CONTROLLER", "Controller"), ("VANTAGE", "Vantage")];
        let durable_objects =
            namespaces.map(|(binding, class)| (binding.to_owned(), class.to_owned())).into();
        Self {
            workerd,
            bundle,
            front: None,
            vars: BTreeMap::new(),
            kv: BTreeMap::new(),
            durable_objects,
            jurisdictions: false,
            invocations: false,
            direct: false,
            dataset: None,
            isolates: 1,
        }
    }
}

/// The destination of a host name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Added before the connection, as distance would.
    pub delay_ms: u64,
    /// The fault that replaces the connection.
    pub fault: Option<NetFault>,
}

/// What can go wrong between the edge and an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetFault {
    /// The fetch is rejected, as workerd rejects it when a connection is refused.
    Refuse,
    /// The fetch neither answers nor fails.
    Hang,
    /// The fetch answers with status 523 and a `cf-ray` header: in production Cloudflare's own
    /// network answers for an origin that it cannot reach.
    Unreachable,
    /// The fetch answers with status 526, as production does for an invalid certificate.
    TlsStatus,
    /// The fetch is rejected, as workerd does locally for an invalid certificate.
    TlsError,
}

/// Probes of one area, or of runs that probe by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// How many there were.
    pub requests: u64,
    /// How many are under way now.
    pub open: u64,
    /// Most that were under way at once.
    pub peak: u64,
    /// Most that one invocation had under way at once.
    pub peak_of_one: u64,
    /// How many had to wait for a connection.
    pub waited: u64,
}

/// How KV misbehaves towards the Worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KvFaults {
    /// Gets and lists are rejected.
    pub fail_reads: bool,
    /// Puts and deletes are rejected.
    pub fail_writes: bool,
    /// How long the Worker's single gets still see the old value after a change by anyone, on KV's
    /// own clock. Lists and bulk gets always see the newest.
    pub propagation_ms: u64,
}

/// The Worker's KV operations, including failed ones. Each page of a list counts as one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct KvCounts {
    /// Keys read.
    pub reads: u64,
    /// Puts.
    pub writes: u64,
    /// Deletes.
    pub deletes: u64,
    /// List pages.
    pub lists: u64,
    /// Puts of each key.
    pub writes_by_key: BTreeMap<String, u64>,
}

/// A data point that a Worker wrote. Columns that it left out are empty, or 0.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DataPoint {
    /// What is sampled by.
    pub index: String,
    /// The texts.
    pub blobs: Vec<String>,
    /// The numbers, which are all whole.
    pub doubles: Vec<u64>,
}

/// One key of a list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct KvKey {
    /// The key.
    pub name: String,
    /// What was stored beside the value.
    #[serde(default)]
    pub metadata: Option<Value>,
}
