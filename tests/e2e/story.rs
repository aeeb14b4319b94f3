//! The story of the demo.

use crate::support::assert_conforming;
use pointsman_lab::deployment::{Deployment, bundle};
use pointsman_lab::story;

#[tokio::test(flavor = "multi_thread")]
async fn a_region_dies_and_traffic_moves() {
    let world = Deployment::start(&bundle(), &story::config().unwrap()).await.unwrap();
    let mut told = Vec::new();
    let ending = story::play(&world, &mut |line| told.push(line)).await;
    let ending = ending.unwrap_or_else(|error| {
        panic!("{error:#}\n{}\n{}", told.join("\n"), world.edge().log().join("\n"))
    });
    assert_eq!(ending.residency_violations, 0);
    assert_eq!(ending.tallies.len(), 3);
    assert_conforming(&world.api().transcript());
}
