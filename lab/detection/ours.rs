//! Our Worker, in four settings: with and without areas, by its defaults and as fast as can be.

use crate::watch::{Eye, Tells};
use anyhow::Result;
use pointsman_lab::cron::Cron;
use pointsman_lab::deployment::{CONTROLS, bundle, root};
use pointsman_lab::edge::{Edge, EdgeOptions, Route, find_workerd};
use pointsman_lab::region::HEALTH_PATH;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Long enough for an answer to arrive before its connection is closed.
pub const SHORT: Duration = Duration::from_millis(50);
const STRUCK: &str = "struck.origin.example.com";
const STANDBY: &str = "standby.origin.example.com";
const AREAS: [&str; 3] = ["weur", "enam", "sam"];

/// The four, and what starts their runs.
pub struct Ours {
    edges: Vec<(&'static str, &'static str, Arc<Edge>)>,
    _crons: Vec<Cron>,
}

impl Ours {
    /// Starts them. Their minutes begin together, when all of them are there.
    pub async fn start(struck: u16, standby: u16) -> Result<Ours> {
        let mut edges = Vec::new();
        for (who, areas) in [("Pointsman", &[][..]), ("Pointsman, 3 areas", &AREAS)] {
            for setting in ["default", "fastest"] {
                let edge = started(&config(setting, areas), struck, standby).await?;
                edges.push((who, setting, edge));
            }
        }
        let crons = edges.iter().map(|(_, _, edge)| Cron::start(edge.clone())).collect();
        Ok(Ours { edges, _crons: crons })
    }

    /// Where they tell.
    pub fn eyes(&self) -> impl Iterator<Item = Eye> {
        self.edges.iter().map(|(who, setting, edge)| Eye {
            who,
            setting,
            tells: Tells::Log(edge.clone()),
        })
    }

    /// What they logged.
    pub fn log(&self) -> Vec<String> {
        self.edges.iter().flat_map(|(_, _, edge)| edge.log()).collect()
    }
}

/// The shortest interval that the config takes, one failure, and the time-out of the others.
fn fastest() -> Value {
    json!({"path": HEALTH_PATH, "interval_s": 5, "timeout_ms": 1_000, "fall": 1, "rise": 1})
}

fn config(setting: &str, areas: &[&str]) -> Value {
    let monitor = if setting == "fastest" { fastest() } else { json!({"path": HEALTH_PATH}) };
    let origin = |id: &str, host: &str| json!({"id": id, "url": format!("https://{host}")});
    json!({
        "version": 1,
        "areas": {"use": areas},
        "regions": {
            "struck": {"country": "IE", "origins": [origin("struck-1", STRUCK)]},
            "standby": {"country": "DE", "origins": [origin("standby-1", STANDBY)]},
        },
        "monitors": {"health": monitor},
        "services": {"web": {
            "hosts": ["www.example.com"],
            "monitor": "health",
            "regions": ["struck", "standby"],
            "steering": "ordered",
        }},
    })
}

async fn started(config: &Value, struck: u16, standby: u16) -> Result<Arc<Edge>> {
    let mut options = EdgeOptions::new(find_workerd(&root())?, bundle());
    options.kv.insert("config".to_owned(), config.to_string());
    let edge = Arc::new(Edge::start(options).await?);
    edge.route_host(STRUCK, Route { port: struck, ..Route::default() }).await?;
    for host in [STANDBY].into_iter().chain(CONTROLS) {
        edge.route_host(host, Route { port: standby, ..Route::default() }).await?;
    }
    Ok(edge)
}
