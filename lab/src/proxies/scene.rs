//! What is measured: the origin, and each Worker on a workerd of its own, all with the same
//! configuration of the runtime.

use super::load::Load;
use super::origin::{ECHO, Origin, body};
use super::{Cell, DIRECT, US, US_EDGE, routes};
use crate::deployment::root;
use crate::edge::{BareEdge, EdgeOptions, find_workerd};
use anyhow::{Context, Result, ensure};
use hyper::header::HeaderMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The targets that mark their answers with the region that gave them, as the comparison asks.
const MARKED: [&str; 3] = [US, US_EDGE, "js_equal"];
const MARK: &str = "x-pointsman";
/// What the Worker signs the affinity cookie with.
const COOKIE_KEY: &str = "a key that nobody needs to guess";

/// Whether this is the Worker of this checkout, or another build of it: `us_` and anything.
fn is_ours(name: &str) -> bool {
    name.strip_prefix(US).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// Whether this is a Worker for requests alone, which has no Durable Objects: `us_edge` and
/// anything.
fn is_for_requests_alone(name: &str) -> bool {
    name.starts_with(US_EDGE)
}

/// Everything that runs.
#[derive(Debug)]
pub(super) struct Scene {
    origin: Origin,
    pub(super) targets: Vec<Target>,
    routes: String,
}

/// Something that answers.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: String,
    port: u16,
    /// None for the origin itself.
    pub(super) edge: Option<BareEdge>,
}

impl Scene {
    /// Starts the targets of these names. The Worker of each is in a folder of its name below
    /// `workers`.
    ///
    /// **Errors**: one does not start, or does not answer as it should.
    pub(super) async fn start(workers: &Path, names: &[String]) -> Result<Scene> {
        let origin = Origin::start().await?;
        let url = format!("http://127.0.0.1:{}", origin.port);
        let mut scene = Scene { origin, targets: Vec::new(), routes: String::new() };
        if names.iter().any(|name| is_ours(name)) {
            scene.routes = routes::compiled(&workers.join(US), &url).await?;
        }
        for name in names {
            let target = scene.target(workers, name, &url).await?;
            scene.targets.push(target);
        }
        scene.renew().await?;
        for target in &scene.targets {
            target.check().await.with_context(|| format!("the target `{}`", target.name))?;
        }
        Ok(scene)
    }

    async fn target(&self, workers: &Path, name: &str, origin: &str) -> Result<Target> {
        let name = name.to_owned();
        if name == DIRECT {
            return Ok(Target { name, port: self.origin.port, edge: None });
        }
        let mut options = EdgeOptions::new(find_workerd(&root())?, workers.join(&name));
        options.vars.insert("ORIGIN".to_owned(), origin.to_owned());
        if is_ours(&name) {
            options.vars.insert("COOKIE_KEY".to_owned(), COOKIE_KEY.to_owned());
        }
        if !is_ours(&name) || is_for_requests_alone(&name) {
            options.durable_objects.clear();
        }
        let edge = BareEdge::start(&options).await?;
        Ok(Target { name, port: edge.port(), edge: Some(edge) })
    }

    /// A new process for each target, on what the old one stored.
    ///
    /// **Errors**: one does not start.
    pub(super) async fn start_again(&mut self) -> Result<()> {
        for edge in self.targets.iter_mut().filter_map(|target| target.edge.as_mut()) {
            edge.kill().await?;
            edge.start_again().await?;
        }
        Ok(())
    }

    /// Renews the table of routes, as the Controller does by its heartbeat: an old one is marked as
    /// stale in each answer.
    ///
    /// **Errors**: KV does not take it.
    pub(super) async fn renew(&self) -> Result<()> {
        let ours = self.targets.iter().filter(|target| is_ours(&target.name));
        for edge in ours.filter_map(|target| target.edge.as_ref()) {
            edge.kv_put(routes::KEY, &routes::fresh(&self.routes)?).await?;
        }
        Ok(())
    }
}

impl Target {
    /// What one cell asks of this target.
    pub(super) fn load(&self, cell: Cell) -> Load {
        let Cell { connections, path, length, is_of_strangers, .. } = cell;
        Load { port: self.port, connections, path, length, is_of_strangers }
    }

    /// Holds one whole answer of each path against the origin's body.
    async fn check(&self) -> Result<()> {
        for cell in Cell::ALL {
            let (headers, answered) = self.load(cell).once().await?;
            ensure!(answered == body(cell.length), "{} has another body", cell.path);
            self.check_mark(&headers)?;
        }
        Ok(())
    }

    fn check_mark(&self, headers: &HeaderMap) -> Result<()> {
        let mark = headers.get(MARK).map_or("", |value| value.to_str().unwrap_or_default());
        let is_fresh = mark.starts_with("region=") && !mark.contains("stale");
        let is_marked = MARKED.contains(&self.name.as_str());
        ensure!(is_fresh || !is_marked, "the mark of the answer is `{mark}`");
        Ok(())
    }

    /// What all threads of the process have spent. Zero for the origin, and where the system does
    /// not tell.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        let Some(process) = self.edge.as_ref().and_then(BareEdge::process_id) else {
            return Ok(Duration::ZERO);
        };
        let mut spent_ns = 0;
        for thread in fs::read_dir(format!("/proc/{process}/task"))? {
            let told = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            let first = told.split_whitespace().next();
            spent_ns += first.and_then(|first| first.parse().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(spent_ns))
    }

    /// The names of the headers that this target sends to the origin.
    ///
    /// **Errors**: it does not answer.
    pub(super) async fn headers_sent(&self) -> Result<Vec<String>> {
        let load = self.load(Cell { path: ECHO, length: 0, ..Cell::ALL[0] });
        let (_, names) = load.once().await?;
        Ok(String::from_utf8_lossy(&names).lines().map(str::to_owned).collect())
    }
}
