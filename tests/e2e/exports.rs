//! Metrics are pushed by OTLP/HTTP, and read by the schema package of OpenTelemetry.

use crate::called::{Called, with_receivers};
use crate::support::{World, config, until};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use pointsman_lab::deployment::SAO_PAULO;
use pointsman_lab::edge::{EdgeOptions, Route};
use pointsman_lab::receivers::{Manner, Receiver, Service, Taken};
use serde_json::{Value, json};

const HOST: &str = "otlp.example.net";

struct Pushed {
    world: World,
    collector: Receiver,
}

/// A deployment that pushes its metrics.
async fn started() -> Pushed {
    let mut config = config();
    config["otlp"] =
        json!({"url": format!("https://{HOST}/v1/metrics"), "headers_secret": "OTLP_HEADERS"});
    let add = |options: &mut EdgeOptions| {
        let headers = "Authorization=Basic%20cHVzaDpob3ctd2VsbA==,X-Scope=night";
        options.vars.insert("OTLP_HEADERS".to_owned(), headers.to_owned());
    };
    let world = World::started_on(&config, add).await;
    let collector = Receiver::start(Service::Collector).await.unwrap();
    let route = Route { port: collector.port(), ..Route::default() };
    world.edge().route_host(HOST, route).await.unwrap();
    Pushed { world, collector }
}

impl Pushed {
    /// Makes the run of the next minute, and waits until what it pushes has arrived.
    async fn minute(&mut self) {
        let before = self.collector.attempts();
        self.world.minute().await;
        until("metrics are pushed", async || self.collector.attempts() > before).await;
    }

    async fn status(&self) -> Value {
        self.world.status().await.unwrap()["otlp"].clone()
    }

    /// Waits until the status says so.
    async fn says(&self, failure: Option<&str>) {
        let failure = failure.map_or(Value::Null, Value::from);
        until("the status says how it went", async || {
            self.status().await["last_failure"] == failure
        })
        .await;
    }
}

/// The value of a counter, by its name and labels.
fn counter(taken: &Taken, name: &str, labels: &[(&str, &str)]) -> i64 {
    let request: ExportMetricsServiceRequest = serde_json::from_str(&taken.text).unwrap();
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let metric = metrics.iter().find(|it| it.name == name).unwrap();
    let Some(metric::Data::Sum(sum)) = &metric.data else { panic!("{metric:?}") };
    let point = sum.data_points.iter().find(|point| {
        let told: Vec<String> = point.attributes.iter().map(|it| format!("{it:?}")).collect();
        labels.iter().all(|(key, value)| {
            told.iter()
                .any(|it| it.contains(&format!("{key:?}")) && it.contains(&format!("{value:?}")))
        })
    });
    match point.unwrap().value {
        Some(number_data_point::Value::AsInt(whole)) => whole,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_pushed_each_minute_with_the_headers_of_a_secret() {
    let mut it = started().await;
    for _ in 0..3 {
        it.minute().await;
    }
    let taken = it.collector.taken();
    assert_eq!(taken.len(), 3);
    let runs: Vec<i64> =
        taken.iter().map(|it| counter(it, "pointsman_runs_total", &[("by", "cron")])).collect();
    assert_eq!(runs, [1, 2, 3]);
    for push in &taken {
        assert_eq!(push.headers["authorization"], "Basic cHVzaDpob3ctd2VsbA==");
        assert_eq!(push.headers["x-scope"], "night");
        assert_eq!(push.headers["content-type"], "application/json");
        assert!(!push.text.contains("cHVzaDpob3ctd2VsbA"), "no secret is told");
    }
    it.says(None).await;
    assert!(it.status().await["taken_at"].is_string());
    assert_eq!(it.world.kv_json("status").await.unwrap()["otlp"], Value::Null, "live only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_fails_costs_nothing_but_its_metrics() {
    let mut it = started().await;
    it.minute().await;
    let client = SAO_PAULO;
    for (manner, failure) in [
        (Manner::Status(503), "it answered 503"),
        (Manner::Redirect, "it answered 302"),
        (Manner::Echo, "it answered 400"),
        (Manner::Hang, "no answer in time"),
    ] {
        it.collector.set(manner);
        it.minute().await;
        let answer = it.world.get(client, "/orders").await.unwrap();
        assert_eq!(answer.status, 200, "{manner:?}");
        it.says(Some(failure)).await;
    }
    it.collector.set(Manner::Proper);
    it.minute().await;
    it.says(None).await;
    let taken = it.collector.taken();
    assert_eq!(taken.len(), 2);
    let of = |name: &str, value: &str| counter(&taken[1], name, &[("result", value)]);
    let exports = "pointsman_otlp_exports_total";
    assert_eq!((of(exports, "taken"), of(exports, "failed")), (1, 4));
    let log = it.world.edge().log();
    assert!(!log.iter().any(|line| line.contains("cHVzaDpob3ctd2VsbA")), "{log:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_secret_nothing_is_pushed_and_the_status_says_so() {
    let mut config = with_receivers();
    config["otlp"] =
        json!({"url": format!("https://{HOST}/v1/metrics"), "headers_secret": "NOT_SET"});
    let mut called = Called::start(&config).await;
    called.minute().await;
    until("the status says so", async || {
        let status = called.status().await.unwrap();
        status["otlp"]["last_failure"] == "the secret `NOT_SET` is not set"
    })
    .await;
}
