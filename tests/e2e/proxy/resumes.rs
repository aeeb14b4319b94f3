//! Downloads that are cut and resumed while a region fails.

use super::{header, settled_with_service};
use crate::support::World;
use pointsman_lab::deployment::BERLIN;
use pointsman_lab::region::Mode;
use reqwest::Response;
use serde_json::json;

async fn part(world: &World, headers: &[(&str, &str)]) -> Response {
    let mut request = world.ask(BERLIN, "GET", "/ranges").header("cf-connecting-ip", "192.0.2.7");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_download_comes_from_where_it_began_or_from_nowhere() {
    let keys = json!({"steering": "ordered", "proxy": {"resume": "same_version"}});
    let world = settled_with_service(&keys).await;
    let rest = ("range", "bytes=10-19");
    let whole = part(&world, &[]).await;
    assert_eq!((whole.status().as_u16(), header(&whole, "x-lab-region")), (200, "eu-west"));
    let resumed = part(&world, &[rest]).await;
    assert_eq!((resumed.status().as_u16(), header(&resumed, "x-lab-region")), (206, "eu-west"));

    world.set("eu-west", Mode::Refuse).await;
    for _ in 0..2 {
        let refused = part(&world, &[rest]).await;
        assert_eq!(refused.status(), 412);
        assert_eq!(header(&refused, "x-pointsman"), "refused; code=resumed_elsewhere");
        assert_eq!(header(&refused, "retry-after"), "", "another time ends the same");
    }
    for version in [("if-range", "\"v1\""), ("if-match", "\"v1\"")] {
        let led_on = part(&world, &[rest, version]).await;
        assert_eq!((led_on.status().as_u16(), header(&led_on, "x-lab-region")), (206, "us-east"));
    }
    let anew = part(&world, &[("range", "bytes=0-9")]).await;
    assert_eq!((anew.status().as_u16(), header(&anew, "x-lab-region")), (206, "us-east"));
    let its_rest = part(&world, &[rest]).await;
    assert_eq!((its_rest.status().as_u16(), header(&its_rest, "x-lab-region")), (206, "us-east"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_does_not_ask_serves_the_rest_from_anywhere() {
    let world = settled_with_service(&json!({"steering": "ordered"})).await;
    assert_eq!(part(&world, &[]).await.status(), 200);
    world.set("eu-west", Mode::Refuse).await;
    let resumed = part(&world, &[("range", "bytes=10-19")]).await;
    assert_eq!((resumed.status().as_u16(), header(&resumed, "x-lab-region")), (206, "us-east"));
}
