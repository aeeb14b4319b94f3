//! What a probe reads of a health page, in every form in which servers send one.

use crate::small::{Small, config};
use pointsman_lab::bodies::{self, Asks};
use serde_json::json;

/// Most members of a composite monitor.
const MEMBERS: usize = 16;

#[tokio::test(flavor = "multi_thread")]
async fn each_form_of_a_body_is_read_or_refused_in_words() {
    let origin = bodies::start().await.unwrap();
    let cases = bodies::cases();
    let mut config = config(origin.port(), &json!({}), &json!({}));
    let monitors = config["monitors"].as_object_mut().unwrap();
    let plain = monitors.remove("web").unwrap();
    for case in &cases {
        let mut monitor = plain.clone();
        monitor["path"] = json!(format!("/{}", case.name));
        monitor["expect"] = match case.asks {
            Asks::Text(text) => json!({"body_contains": text}),
            Asks::Json(pointer) => json!({"json": {pointer: "alive"}}),
        };
        monitors.insert(case.name.to_owned(), monitor);
    }
    let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    let groups: Vec<String> = (0..names.len().div_ceil(MEMBERS)).map(|n| format!("g{n}")).collect();
    for (group, names) in groups.iter().zip(names.chunks(MEMBERS)) {
        monitors.insert(group.clone(), json!({ "all": names }));
    }
    monitors.insert("all".to_owned(), json!({ "all": groups }));
    config["services"]["web"]["monitor"] = json!("all");
    let world = Small::settled(&config, &[]).await;
    for case in &cases {
        let expected = case.fails.map_or_else(|| "up".to_owned(), |why| format!("down: {why}"));
        world.says(case.name, &expected).await;
    }
}
