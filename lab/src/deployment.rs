//! A whole deployment on loopback: regions, the API with its DNS, and the Worker on workerd.
//!
//! The Worker does not know that it is in the lab. It fetches `https://eu1.origin.example.com` and
//! `https://api.cloudflare.com` as in production, and the simulated network routes those names to
//! the regions and the emulated API. The account starts in the desired state: pools with one origin
//! each, and a record with our marker.

use crate::api::{Api, ApiToken, Plan, World};
use crate::dns::{DnsServer, lookup};
use crate::edge::{Edge, EdgeOptions, NetFault, Route, find_workerd};
use crate::public_name::PublicName;
use crate::region::{CLIENT_HEADER, Region};
use anyhow::{Context, Result, anyhow};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The config that the lab starts with, from `examples/`.
const CONFIG: &str = include_str!("../../examples/three-regions.json");
/// The account id in the config, which is replaced by the lab's.
const ACCOUNT_PLACEHOLDER: &str = "00000000000000000000000000000000";
/// The host that the Worker serves.
pub const HOST: &str = "api.example.com";
/// A host of the Worker that is no service's: the admin API answers there.
pub const ADMIN_HOST: &str = "ops.example.com";
/// The record that follows the regions.
pub const RECORD: &str = "downloads.example.com";
/// The token of the admin surface.
pub const ADMIN_TOKEN: &str = "lab-admin-token";
/// The token that may do everything at the emulated API.
pub const API_TOKEN: &str = "lab-api-token";
/// The key that signs cookies.
pub const COOKIE_KEY: &str = "lab-cookie-key-0123456789abcdefghij";

/// Regions, the host of their origin, and their distance from the edge in milliseconds.
pub const REGIONS: [(&str, &str, u64); 3] = [
    ("eu-west", "eu1.origin.example.com", 5),
    ("us-east", "us1.origin.example.com", 40),
    ("sa-east", "br1.origin.example.com", 90),
];

/// The hosts of the controls that a config has which names none.
pub const CONTROLS: [&str; 2] = ["www.google.com", "captive.apple.com"];

/// A client in some country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// Country code.
    pub country: &'static str,
    /// A name for output.
    pub name: &'static str,
    latitude: &'static str,
    longitude: &'static str,
}

/// A client in Berlin.
pub const BERLIN: Client =
    Client { country: "DE", name: "German client", latitude: "52.52", longitude: "13.40" };
/// A client in Chicago.
pub const CHICAGO: Client =
    Client { country: "US", name: "US client", latitude: "41.88", longitude: "-87.63" };
/// A client in São Paulo, whose data must stay in Brazil.
pub const SAO_PAULO: Client =
    Client { country: "BR", name: "Brazilian client", latitude: "-23.55", longitude: "-46.63" };

impl Client {
    /// The `request.cf` of this client.
    #[must_use]
    pub fn cf(&self) -> Value {
        let Client { country, latitude, longitude, .. } = self;
        json!({"country": country, "latitude": latitude, "longitude": longitude, "colo": "TXL"})
    }
}

/// A response to a client.
#[derive(Clone, Debug)]
pub struct ClientAnswer {
    /// The status.
    pub status: u16,
    /// The region that answered, according to the region.
    pub region: Option<String>,
    /// The Worker's `x-pointsman` header.
    pub mark: String,
    /// The body.
    pub body: String,
    /// Time from the request to the end of the body.
    pub took: Duration,
}

impl ClientAnswer {
    /// The problem document, if this is a refusal.
    #[must_use]
    pub fn problem(&self) -> Option<Value> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body.get("code").is_some().then_some(body)
    }
}

/// A running deployment.
#[derive(Debug)]
pub struct Deployment {
    regions: BTreeMap<&'static str, Region>,
    /// Answers for the controls.
    elsewhere: Region,
    api: Api,
    dns: DnsServer,
    /// Where clients meet [`RECORD`].
    public_name: PublicName,
    edge: Arc<Edge>,
}

impl Deployment {
    /// Starts everything. The Worker has not run yet.
    ///
    /// **Errors**: something does not start.
    pub async fn start(bundle: &Path, config: &Value) -> Result<Deployment> {
        Deployment::start_with(bundle, config, |_| ()).await
    }

    /// The same on an edge with other options.
    ///
    /// **Errors**: something does not start.
    pub async fn start_with(
        bundle: &Path,
        config: &Value,
        adjust: impl FnOnce(&mut EdgeOptions),
    ) -> Result<Deployment> {
        let world = furnished(config)?;
        let api = Api::start(world).await?;
        let dns = DnsServer::start(Arc::new(api.world())).await?;
        let mut options = EdgeOptions::new(find_workerd(&root())?, bundle.to_owned());
        let vars = [
            ("CLOUDFLARE_API_TOKEN", API_TOKEN),
            ("ADMIN_TOKEN", ADMIN_TOKEN),
            ("COOKIE_KEY", COOKIE_KEY),
        ];
        options.vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        adjust(&mut options);
        let edge = Arc::new(Edge::start(options).await?);
        let cloudflare = Route { port: api.port(), ..Route::default() };
        edge.route_host("api.cloudflare.com", cloudflare).await?;
        let mut regions = BTreeMap::new();
        for (id, ..) in REGIONS {
            regions.insert(id, Region::start(id)?);
        }
        let elsewhere = Region::start("elsewhere")?;
        let port = |(id, host, _): (&str, &str, u64)| {
            let region = regions.get(id)?;
            Some((host.to_owned(), Region::port(region)))
        };
        let origins = REGIONS.into_iter().filter_map(port).collect();
        let public_name = PublicName::start(RECORD, dns.addr(), origins).await?;
        let world = Deployment { regions, elsewhere, api, dns, public_name, edge };
        world.network(None).await?;
        world.write_config(&config.to_string()).await?;
        Ok(world)
    }

    /// Puts a config into KV, with the lab's account id in place of the zeros.
    ///
    /// **Errors**: KV does not take it.
    pub async fn write_config(&self, text: &str) -> Result<()> {
        let account = self.api.world().lock().account_id().to_owned();
        self.edge.kv_put("config", &text.replace(ACCOUNT_PLACEHOLDER, &account)).await
    }

    /// A region.
    ///
    /// **Errors**: there is none of this name.
    pub fn region(&self, id: &str) -> Result<&Region> {
        let names = || self.regions.keys().copied().collect::<Vec<_>>().join(", ");
        self.regions.get(id).ok_or_else(|| anyhow!("no region `{id}`; the regions are {}", names()))
    }

    /// What the Worker meets on the way to every region and control: a fault, or the way as it is.
    ///
    /// **Errors**: the edge does not answer.
    pub async fn network(&self, fault: Option<NetFault>) -> Result<()> {
        for (id, host, delay_ms) in REGIONS {
            let port = self.region(id)?.port();
            self.edge.route_host(host, Route { port, delay_ms, fault }).await?;
        }
        let port = self.public_name.port();
        self.edge.route_host(RECORD, Route { port, delay_ms: 5, fault }).await?;
        let port = self.elsewhere.port();
        for host in CONTROLS {
            self.edge.route_host(host, Route { port, delay_ms: 10, fault }).await?;
        }
        Ok(())
    }

    /// All regions, by name.
    pub fn regions(&self) -> impl Iterator<Item = &Region> {
        self.regions.values()
    }

    /// The emulated API.
    #[must_use]
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The DNS server over the API's records.
    #[must_use]
    pub fn dns(&self) -> &DnsServer {
        &self.dns
    }

    /// The Worker.
    #[must_use]
    pub fn edge(&self) -> Arc<Edge> {
        self.edge.clone()
    }

    /// Sends a request to the Worker as a client.
    ///
    /// **Errors**: no answer, or one that breaks off.
    pub async fn get(&self, client: Client, path: &str) -> Result<ClientAnswer> {
        get(&self.edge, client, path).await
    }

    /// The answer of DNS, as `dig +short` shows it.
    ///
    /// **Errors**: DNS does not answer.
    pub async fn dig(&self, name: &str, kind: &str) -> Result<Vec<String>> {
        lookup(self.dns.addr(), name, kind).await
    }

    /// A KV value as JSON; `null` if there is none.
    ///
    /// **Errors**: KV does not answer, or the value is not JSON.
    pub async fn kv_json(&self, key: &str) -> Result<Value> {
        match self.edge.kv_get(key).await? {
            Some(text) => serde_json::from_str(&text).with_context(|| format!("KV `{key}`")),
            None => Ok(Value::Null),
        }
    }

    /// The live status of the admin surface.
    ///
    /// **Errors**: it does not answer with JSON.
    pub async fn status(&self) -> Result<Value> {
        self.asked(HOST, "/.pointsman/status").await
    }

    /// How each service recovers, with all steps of its last plan.
    ///
    /// **Errors**: the admin API does not answer with JSON.
    pub async fn recovery(&self) -> Result<Value> {
        self.asked(ADMIN_HOST, "/.pointsman/v1/recovery").await
    }

    async fn asked(&self, host: &str, path: &str) -> Result<Value> {
        let request = self.edge.request(Method::GET, host, path, None);
        let response = request.bearer_auth(ADMIN_TOKEN).send().await?.error_for_status()?;
        Ok(response.json().await?)
    }

    /// Whether the origin of a region is enabled in its pool.
    #[must_use]
    pub fn enabled_in_pool(&self, region: &str) -> Option<bool> {
        let pool = self.api.world().lock().pool(&pool_name(region))?;
        pool["origins"][0]["enabled"].as_bool()
    }

    /// Number of requests of Brazilian clients that reached a region outside Brazil, answered or
    /// not.
    #[must_use]
    pub fn residency_violations(&self) -> u64 {
        let abroad = self.regions.iter().filter(|(id, _)| **id != "sa-east");
        abroad.map(|(_, region)| region.served_to(SAO_PAULO.country)).sum()
    }
}

/// Sends a request to an edge's Worker as a client.
pub(crate) async fn get(edge: &Edge, client: Client, path: &str) -> Result<ClientAnswer> {
    let began = Instant::now();
    let request = edge.request(Method::GET, HOST, path, Some(&client.cf()));
    let response = request.header(CLIENT_HEADER, client.country).send().await?;
    let header = |name: &str| {
        let value = response.headers().get(name)?.to_str().ok()?;
        Some(value.to_owned())
    };
    let (region, mark) = (header("x-lab-region"), header("x-pointsman").unwrap_or_default());
    let status = response.status().as_u16();
    let body = response.text().await?;
    Ok(ClientAnswer { status, region, mark, body, took: began.elapsed() })
}

/// The config that the lab starts with: the example, steered by distance instead of latency. On
/// loopback all regions are equally near, and the proxy would measure the machine's load.
///
/// **Errors**: never, unless the file in `examples/` is broken.
pub fn example_config() -> Result<Value> {
    let mut config: Value = serde_json::from_str(CONFIG).context("examples/three-regions.json")?;
    config["services"]["api"]["steering"] = "proximity".into();
    Ok(config)
}

/// The folder of the built Worker: `POINTSMAN_BUNDLE`, or `build/`.
#[must_use]
pub fn bundle() -> PathBuf {
    std::env::var_os("POINTSMAN_BUNDLE").map_or_else(|| root().join("build"), PathBuf::from)
}

/// Milliseconds since 1970.
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The folder of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pool of a region.
#[must_use]
pub fn pool_name(region: &str) -> String {
    format!("api-{region}")
}

/// An account in the desired state.
fn furnished(config: &Value) -> Result<World> {
    let mut world = World::new(1);
    world.add_token(ApiToken::all(API_TOKEN));
    let zone = world.add_zone("example.com", Plan::Free);
    let refused = |failure| anyhow!("the API rejects the scene: {failure:?}");
    for (region, host, _) in REGIONS {
        let origin = json!({"name": region, "address": host, "enabled": true});
        let pool = json!({"name": pool_name(region), "origins": [origin]});
        world.add_pool(&pool).map_err(refused)?;
    }
    let ttl = &config["services"]["downloads"]["publish"][0]["dns"]["ttl_s"];
    let record = json!({
        "name": RECORD, "type": "CNAME", "content": "eu1.origin.example.com",
        "ttl": ttl.as_u64().unwrap_or(60), "comment": "pointsman:downloads",
    });
    world.add_record(&zone, &record).map_err(refused)?;
    Ok(world)
}
