//! The controls of the demo: a small HTTP server for `curl`, and the text that explains it.

use crate::deployment::{ADMIN_TOKEN, API_TOKEN, Deployment, HOST, RECORD};
use crate::region::Mode;
use anyhow::{Error, Result};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The running server. Ends when dropped.
#[derive(Debug)]
pub struct Console {
    world: Arc<Deployment>,
    port: u16,
    task: JoinHandle<()>,
}

type Failed = (StatusCode, String);

impl Console {
    /// Starts the server on a free port of loopback.
    ///
    /// **Errors**: no port is free.
    pub async fn start(world: Arc<Deployment>) -> Result<Console> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let router = Router::new()
            .route("/regions", get(regions))
            .route("/regions/{id}", put(set_region))
            .route("/kv", get(keys))
            .route("/kv/{key}", get(read))
            .route("/config", put(write_config))
            .with_state(world.clone());
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Console { world, port, task })
    }

    /// Usage, with the addresses of this run.
    #[must_use]
    pub fn help(&self) -> String {
        let console = format!("http://127.0.0.1:{}", self.port);
        let edge = self.world.edge().url();
        let dns = self.world.dns().addr().port();
        let api = self.world.api().base_url();
        format!(
            "\
The lab keeps running. Press Ctrl-C to stop it.

break a region   curl -X PUT -d hang {console}/regions/eu-west
                 (healthy, refuse, hang, slow:300, status:503, wrong-body, broken-gzip,
                 flap:2000:2000, reset)
show all regions curl {console}/regions
ask as a client  curl -i -H 'host: {HOST}' -H 'x-lab-cf: {{\"country\":\"BR\"}}' {edge}/api/orders
ask DNS          dig @127.0.0.1 -p {dns} {RECORD} CNAME
status           curl -H 'authorization: Bearer {ADMIN_TOKEN}' {edge}/.pointsman/v1/status
be the operator  export POINTSMAN_URL={edge} POINTSMAN_TOKEN={ADMIN_TOKEN}
                 cargo run --bin pointsman -- status   # and all of docs/operate.md
list KV keys     curl {console}/kv
show one key     curl {console}/kv/routes
set the config   curl -X PUT --data-binary @examples/three-regions.json {console}/config
the API          {api}
compare with it  curl -s {console}/kv/config | CLOUDFLARE_API_TOKEN={API_TOKEN} \\
                   CLOUDFLARE_API_BASE={api} cargo run --bin pointsman -- plan -
"
        )
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn regions(State(world): State<Arc<Deployment>>) -> Json<Value> {
    let modes = world.regions().map(|r| (r.id().to_owned(), json!(r.mode().to_string())));
    Json(Value::Object(modes.collect::<Map<_, _>>()))
}

async fn set_region(
    State(world): State<Arc<Deployment>>,
    Path(id): Path<String>,
    mode: String,
) -> Result<String, Failed> {
    let mode: Mode = mode.trim().parse().map_err(bad)?;
    world.region(&id).map_err(bad)?.set(mode).await.map_err(bad)?;
    Ok(format!("{id} is {mode}\n"))
}

async fn keys(State(world): State<Arc<Deployment>>) -> Result<String, Failed> {
    let keys = world.edge().kv_list("").await.map_err(bad)?;
    let line = |key: &crate::edge::KvKey| {
        let summary = key.metadata.as_ref().map(|m| format!("{} {}", m["as_of"], m["summary"]));
        format!("{:<16} {}\n", key.name, summary.unwrap_or_default())
    };
    Ok(keys.iter().map(line).collect())
}

async fn read(
    State(world): State<Arc<Deployment>>,
    Path(key): Path<String>,
) -> Result<String, Failed> {
    let value = world.edge().kv_get(&key).await.map_err(bad)?;
    value
        .map(|text| text + "\n")
        .ok_or((StatusCode::NOT_FOUND, format!("there is no key `{key}`\n")))
}

async fn write_config(
    State(world): State<Arc<Deployment>>,
    config: String,
) -> Result<&'static str, Failed> {
    world.write_config(&config).await.map_err(bad)?;
    Ok("the Worker reads it in its next run, within a minute\n")
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` wants")]
fn bad(error: Error) -> Failed {
    (StatusCode::BAD_REQUEST, format!("{error:#}\n"))
}
