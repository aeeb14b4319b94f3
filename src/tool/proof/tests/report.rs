//! What the text says of the coverage.

use super::*;

#[test]
fn the_sets_that_were_decided_are_said() {
    let names: Vec<String> = (0..13).map(|number| format!("r{number}")).collect();
    let region = |name: &String| {
        let url = format!("https://{name}.example.com");
        serde_json::json!({"country": "DE", "origins": [{"id": name, "url": url}]})
    };
    let regions: serde_json::Map<_, _> = names.iter().map(|n| (n.clone(), region(n))).collect();
    let hosts = ["shop.example.com"];
    let text = serde_json::json!({
        "version": 1,
        "regions": regions,
        "monitors": {"http": {}},
        "services": {"shop": {"hosts": hosts, "monitor": "http", "regions": names}},
    })
    .to_string();
    let proof = prove(&config(&text), now(), &Subject::default());
    assert!(proof.holds);
    assert_eq!(proof.coverage[0].depth, Depth::Pairs);
    let told = proof.to_string();
    assert!(told.contains("none, each one, each pair, all but one, halves and all"), "{told}");
}

#[test]
fn services_that_are_covered_alike_are_told_in_one_line() {
    let of = |number: usize| Coverage {
        service: ServiceId::parse(&format!("s{number}")).unwrap(),
        regions: if number == 2 { 4 } else { 3 },
        depth: Depth::EverySet,
        kinds: 10 + number,
        headers_alone: false,
        conditions_alone: false,
    };
    let mut proof = prove(&shop(), now(), &Subject::default());
    proof.coverage = (0..12).map(of).collect();
    let told = proof.to_string();
    let lines: Vec<&str> = told.lines().filter(|line| line.contains("failing")).collect();
    assert_eq!(
        lines,
        [
            "  s0, s1, s3, s4, s5, s6 and 5 more: 10 to 21 kinds of requests; failing: every set \
             of 3 regions",
            "  s2: 12 kinds of requests; failing: every set of 4 regions",
        ]
    );
    proof.coverage = (0..3).map(of).collect();
    assert_eq!(proof.to_string().matches("failing").count(), 3);
}
