//! The Worker that the tests of the edge run, and a short way to ask it.
use pointsman_lab::edge::{Edge, EdgeOptions, find_workerd};
use reqwest::{Method, RequestBuilder};
use std::path::Path;

pub(crate) fn options() -> EdgeOptions {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workerd = find_workerd(lab.parent().unwrap()).unwrap();
    EdgeOptions::new(workerd, lab.join("tests/edge_bundle"))
}

pub(crate) async fn start() -> Edge {
    Edge::start(options()).await.unwrap()
}

pub(crate) fn get(edge: &Edge, path: &str) -> RequestBuilder {
    edge.request(Method::GET, "api.example.com", path, None)
}

pub(crate) async fn text(request: RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}
