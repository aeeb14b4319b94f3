//! An account at Cloudflare for wrangler: what it deploys there runs, and its routes lead to it.
//!
//! The API takes uploads, secrets, schedules and routes as wrangler sends them. Each host of the
//! zone has a port of its own on loopback; a request to it reaches the Worker if a route leads
//! there. The Worker starts with the first such request, from the uploaded bytes and with the
//! uploaded bindings, and cron calls it if its schedule says so. After other secrets or texts were
//! deployed, the next request finds it started anew on the same storage.
//!
//! **Not emulated**: a second deployment of other bytes or objects while the Worker runs, and
//! everything that `api/scripts.rs` does not know of the real API.

use crate::api::{Api, ApiToken, Permission, Plan, Script, World};
use crate::cron::Cron;
use crate::deployment::{CHICAGO, root};
use crate::edge::{COMPATIBILITY_DATE, Edge, EdgeOptions, Route, find_workerd};
use crate::region::Region;
use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use clap::Args;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// wrangler's token. It may do what docs/getting-started.md says of it, and no more.
const TOKEN: &str = "lab-wrangler-token";
/// Its permissions.
const PERMISSIONS: [Permission; 4] = [
    Permission::ScriptsWrite,
    Permission::KvWrite,
    Permission::ScriptRoutesWrite,
    Permission::ZoneRead,
];
/// Longest body of a client.
const BODY_BYTES_MAX: usize = 1 << 20;
/// The one schedule that [`Cron`] keeps.
const EACH_MINUTE: &str = "* * * * *";

/// The options of `lab account`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The name of the Worker
    #[arg(long, default_value = "pointsman")]
    worker: String,
    /// The zone that the account has
    #[arg(long, default_value = "example.com")]
    zone: String,
    /// A host of clients or of the admin API; each gets a port
    #[arg(long = "host")]
    hosts: Vec<String>,
    /// An origin that the Worker reaches, as `REGION=HOST`; it answers at `/health`
    #[arg(long = "origin")]
    origins: Vec<String>,
}

/// The account, and the Worker as soon as it runs.
struct Account {
    options: Options,
    api: Api,
    running: Mutex<Option<Running>>,
}

/// What is deployed, as the runtime gets it.
#[derive(Clone, Debug, PartialEq)]
struct Deployed {
    modules: BTreeMap<String, bytes::Bytes>,
    /// Texts and secrets.
    vars: BTreeMap<String, String>,
    /// Binding and class.
    objects: Vec<(String, String)>,
}

struct Running {
    deployed: Deployed,
    edge: Arc<Edge>,
    _cron: Option<Cron>,
    origins: Vec<Region>,
}

/// Serves until Ctrl-C. Prints what wrangler needs as `NAME=VALUE`, where each host is found,
/// and then `ready`.
///
/// **Errors**: no port is free.
pub async fn serve(options: Options) -> Result<()> {
    let mut world = World::new(1);
    world.add_token(ApiToken::new(TOKEN, &PERMISSIONS));
    world.add_zone(&options.zone, Plan::Free);
    let id = world.account_id().to_owned();
    let api = Api::start(world).await?;
    println!("CLOUDFLARE_API_BASE_URL={}", api.base_url());
    println!("CLOUDFLARE_API_TOKEN={TOKEN}\nCLOUDFLARE_ACCOUNT_ID={id}");
    let account = Arc::new(Account { api, running: Mutex::default(), options });
    for host in &account.options.hosts {
        let port =
            listen(Router::new().fallback(carry).with_state((account.clone(), host.clone())));
        println!("https://{host}=http://127.0.0.1:{}", port.await?);
    }
    let shown = Router::new().fallback(show).with_state(account.clone());
    println!("account=http://127.0.0.1:{}\nready", listen(shown).await?);
    Ok(tokio::signal::ctrl_c().await?)
}

async fn listen(router: Router) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(port)
}

/// What the account has, and how many requests each origin got beside probes.
async fn show(State(account): State<Arc<Account>>) -> Response {
    let running = account.running.lock().await;
    let origins = running.iter().flat_map(|running| &running.origins);
    let served: BTreeMap<&str, u64> =
        origins.map(|origin| (origin.id(), origin.served().other)).collect();
    let shared = account.api.world();
    let world = shared.lock();
    let name = &account.options.worker;
    let Some(script) = world.script(name) else { return StatusCode::NOT_FOUND.into_response() };
    let shown = json!({
        "routes": world.script_routes(name), "crons": script.crons(), "served": served,
        "secrets": script.secrets().keys().collect::<Vec<_>>(), "bindings": script.bindings(),
    });
    shown.to_string().into_response()
}

/// Carries a request to the Worker, if a route leads there.
async fn carry(
    State((account, host)): State<(Arc<Account>, String)>,
    request: Request,
) -> Response {
    match account.carry(&host, request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}\n")).into_response(),
    }
}

impl Account {
    async fn carry(&self, host: &str, request: Request) -> Result<Response> {
        let edge = self.edge(host).await?;
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let body = to_bytes(body, BODY_BYTES_MAX).await?;
        let sent = edge.request(head.method, host, path, Some(&CHICAGO.cf()));
        let answer = sent.headers(passed_on(&head.headers)).body(body).send().await?;
        let (status, headers) = (answer.status(), passed_on(answer.headers()));
        Ok((status, headers, Body::from(answer.bytes().await?)).into_response())
    }

    /// The Worker that a route of a host leads to.
    async fn edge(&self, host: &str) -> Result<Arc<Edge>> {
        let (deployed, crons) = {
            let shared = self.api.world();
            let world = shared.lock();
            let routes = world.script_routes(&self.options.worker);
            ensure!(routes.contains(&format!("{host}/*").as_str()), "no route leads from {host}");
            let script = world.script(&self.options.worker).context("no Worker")?;
            (Deployed::of(script)?, script.crons().to_vec())
        };
        let mut running = self.running.lock().await;
        if let Some(running) = running.as_mut() {
            running.follow(deployed).await?;
            return Ok(running.edge.clone());
        }
        let started = self.run(deployed, &crons).await?;
        Ok(running.insert(started).edge.clone())
    }

    async fn run(&self, deployed: Deployed, crons: &[String]) -> Result<Running> {
        let folder = tempfile::tempdir()?;
        for (name, bytes) in &deployed.modules {
            fs::write(folder.path().join(name), bytes)?;
        }
        let mut options = EdgeOptions::new(find_workerd(&root())?, folder.path().to_owned());
        options.vars = deployed.vars.clone();
        options.durable_objects = deployed.objects.clone();
        let edge = Arc::new(Edge::start(options).await?);
        let mut origins = Vec::new();
        for origin in &self.options.origins {
            let (id, host) = origin.split_once('=').context("an origin is `REGION=HOST`")?;
            let region = Region::start_at(id, "/health")?;
            edge.route_host(host, Route { port: region.port(), ..Route::default() }).await?;
            origins.push(region);
        }
        let is_due = crons.iter().any(|cron| cron == EACH_MINUTE);
        let cron = is_due.then(|| Cron::start(edge.clone()));
        Ok(Running { deployed, edge, _cron: cron, origins })
    }
}

impl Running {
    /// Starts the Worker anew if its texts or secrets are others now.
    async fn follow(&mut self, deployed: Deployed) -> Result<()> {
        if self.deployed == deployed {
            return Ok(());
        }
        let same = Deployed { vars: deployed.vars.clone(), ..self.deployed.clone() };
        ensure!(same == deployed, "a deployment of other bytes or objects is not emulated");
        self.edge.restart_with_all(deployed.vars.clone()).await?;
        self.deployed = deployed;
        Ok(())
    }
}

impl Deployed {
    fn of(script: &Script) -> Result<Self> {
        // The lab's runtime has one date; it would run another Worker than the one deployed.
        let date = &script.metadata()["compatibility_date"];
        ensure!(date == COMPATIBILITY_DATE, "the compatibility date {date} is not emulated");
        let mut vars = script.secrets().clone();
        let mut objects = Vec::new();
        for binding in script.bindings() {
            let text = |field: &str| binding[field].as_str().unwrap_or_default().to_owned();
            match binding["type"].as_str() {
                Some("plain_text") => drop(vars.insert(text("name"), text("text"))),
                Some("durable_object_namespace") => {
                    objects.push((text("name"), text("class_name")));
                }
                Some("kv_namespace") if binding["name"] == "KV" => {}
                _ => bail!("the lab has no such binding: {binding}"),
            }
        }
        Ok(Self { modules: script.modules().clone(), vars, objects })
    }
}

/// Headers that are not of one connection.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let own = [header::CONNECTION, header::CONTENT_LENGTH, header::HOST, header::TRANSFER_ENCODING];
    for name in own {
        headers.remove(name);
    }
    headers
}
