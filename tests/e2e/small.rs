//! The Worker with one origin on this machine, which it reaches without anything in between.

use pointsman_lab::deployment::{bundle, now_ms};
use pointsman_lab::edge::{Edge, EdgeOptions, find_workerd};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for anything that should happen.
const BOUND: Duration = Duration::from_secs(10);

/// A Worker whose cron runs are fired by hand.
pub(crate) struct Small {
    edge: Edge,
    minute: i64,
}

/// A config of one origin on this port; `origin` and `monitor` add keys to these.
pub(crate) fn config(port: u16, origin: &Value, monitor: &Value) -> Value {
    let mut config = json!({
        "version": 1,
        "regions": {"eu": {
            "country": "IE",
            "origins": [{"id": "eu-1", "url": format!("http://localhost:{port}")}],
        }},
        "monitors": {"web": {
            "interval_s": 60, "timeout_ms": 1500, "rise": 1, "fall": 1,
            "damping": {"half_life_s": 0},
        }},
        "observer": {"controls": []},
        "services": {"web": {"hosts": ["www.example.com"], "monitor": "web", "regions": ["eu"]}},
        "limits": {"probes_per_run": 2000},
    });
    extend(&mut config["regions"]["eu"]["origins"][0], origin);
    extend(&mut config["monitors"]["web"], monitor);
    config
}

fn extend(to: &mut Value, more: &Value) {
    to.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
}

impl Small {
    /// Starts it and makes the first run.
    pub(crate) async fn settled(config: &Value, secrets: &[(&str, &str)]) -> Small {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut options = EdgeOptions::new(find_workerd(root).unwrap(), bundle());
        options.direct = true;
        options.kv.insert("config".to_owned(), config.to_string());
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        options.vars = secrets.iter().map(owned).collect();
        let mut small = Small { edge: Edge::start(options).await.unwrap(), minute: now_ms() };
        small.minute().await;
        small
    }

    /// Makes the cron run of the next minute and waits for its end.
    pub(crate) async fn minute(&mut self) {
        self.minute += 60_000;
        self.edge.run_cron(self.minute).await.unwrap();
    }

    /// What is known of the origin under a monitor.
    pub(crate) async fn seen(&self, monitor: &str) -> Value {
        let page = self.edge.kv_get("region:eu").await.unwrap();
        let page: Value = serde_json::from_str(&page.unwrap_or_default()).unwrap_or_default();
        let seen = page["origins"]["eu-1"]["monitors"][monitor].clone();
        assert!(seen.is_object(), "{page:#}\n{:#?}", self.edge.log());
        seen
    }

    /// Waits until that is said of the origin under a monitor: a page is written at most once a
    /// second.
    pub(crate) async fn says(&self, monitor: &str, expected: &str) {
        let began = Instant::now();
        loop {
            let said = self.said(monitor).await;
            if said == expected {
                return;
            }
            assert!(began.elapsed() < BOUND, "{monitor}: {said}, and not: {expected}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The same in words: its health, and why if it is not up.
    pub(crate) async fn said(&self, monitor: &str) -> String {
        let seen = self.seen(monitor).await;
        match (seen["health"].as_str(), seen["reason"].as_str(), seen["note"].as_str()) {
            (Some("up"), ..) => "up".to_owned(),
            (health, reason, note) => {
                let why = reason.or(note).unwrap_or_default();
                format!("{}: {why}", health.unwrap_or_default())
            }
        }
    }
}
