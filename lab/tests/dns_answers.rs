//! What clients see of the record table through DNS.
use hickory_proto::op::{Message, ResponseCode};
use pointsman_lab::dns::{DnsRecord, DnsServer, RecordSource, ask, lookup};
use std::sync::{Arc, Mutex};

struct Table(Mutex<Vec<DnsRecord>>);

impl RecordSource for Table {
    fn zones(&self) -> Vec<String> {
        vec!["example.com".into(), "eu.example.com".into()]
    }

    fn records(&self, name: &str) -> Vec<DnsRecord> {
        let table = self.0.lock().unwrap();
        table.iter().filter(|record| record.name == name).cloned().collect()
    }
}

fn record(name: &str, kind: &str, content: &str) -> DnsRecord {
    let (name, kind, content) = (name.into(), kind.into(), content.into());
    DnsRecord { name, kind, content, ttl_s: 60, proxied: false }
}

fn proxied(name: &str, kind: &str, content: &str) -> DnsRecord {
    DnsRecord { proxied: true, ttl_s: 1, ..record(name, kind, content) }
}

async fn serve(records: Vec<DnsRecord>) -> (DnsServer, Arc<Table>) {
    let table = Arc::new(Table(Mutex::new(records)));
    (DnsServer::start(table.clone()).await.unwrap(), table)
}

async fn asked(records: Vec<DnsRecord>, name: &str, kind: &str) -> Message {
    let (server, _table) = serve(records).await;
    ask(server.addr(), name, kind).await.unwrap()
}

#[tokio::test]
async fn every_type_is_answered_with_its_data() {
    let (server, _table) = serve(vec![
        record("www.example.com", "A", "198.51.100.7"),
        record("www.example.com", "A", "198.51.100.8"),
        record("www.example.com", "AAAA", "2001:db8::7"),
        record("example.com", "TXT", "v=spf1 -all"),
        record("example.com", "NS", "ns1.example.net"),
        record("example.com", "MX", "10 mail.example.com"),
    ])
    .await;
    for (name, kind, expected) in [
        ("www.example.com", "A", vec!["198.51.100.7", "198.51.100.8"]),
        ("WWW.Example.COM", "AAAA", vec!["2001:db8::7"]),
        ("example.com", "TXT", vec!["\"v=spf1 -all\""]),
        ("example.com", "NS", vec!["ns1.example.net."]),
        ("example.com", "MX", vec!["10 mail.example.com."]),
    ] {
        assert_eq!(lookup(server.addr(), name, kind).await.unwrap(), expected, "{name} {kind}");
    }
}

#[tokio::test]
async fn a_change_of_the_table_is_in_the_next_answer() {
    let (server, table) = serve(vec![record("db.example.com", "A", "198.51.100.7")]).await;
    assert_eq!(lookup(server.addr(), "db.example.com", "A").await.unwrap(), ["198.51.100.7"]);
    table.0.lock().unwrap()[0].content = "203.0.113.9".into();
    assert_eq!(lookup(server.addr(), "db.example.com", "A").await.unwrap(), ["203.0.113.9"]);
}

#[tokio::test]
async fn answers_carry_the_authority_bit_and_the_ttl() {
    let mut auto = record("www.example.com", "A", "198.51.100.7");
    let sixty = asked(vec![auto.clone()], "www.example.com", "A").await;
    assert!(sixty.metadata.authoritative);
    assert_eq!(sixty.answers[0].ttl, 60);
    auto.ttl_s = 1;
    assert_eq!(asked(vec![auto], "www.example.com", "A").await.answers[0].ttl, 300);
}

#[tokio::test]
async fn a_missing_name_is_nxdomain_with_the_soa_of_the_closest_zone() {
    let answer = asked(vec![], "gone.eu.example.com", "A").await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert!(answer.metadata.authoritative);
    assert!(answer.answers.is_empty());
    assert_eq!(answer.authorities[0].name.to_string(), "eu.example.com.");
}

#[tokio::test]
async fn a_missing_type_is_an_empty_answer_with_the_soa() {
    let text = record("www.example.com", "TXT", "hello");
    for name in ["www.example.com", "example.com"] {
        let answer = asked(vec![text.clone()], name, "A").await;
        assert_eq!(answer.metadata.response_code, ResponseCode::NoError, "{name}");
        assert!(answer.answers.is_empty(), "{name}");
        assert_eq!(answer.authorities[0].name.to_string(), "example.com.", "{name}");
    }
}

#[tokio::test]
async fn names_outside_the_zones_are_refused() {
    for name in ["example.org", "notexample.com"] {
        let answer = asked(vec![record(name, "A", "198.51.100.7")], name, "A").await;
        assert_eq!(answer.metadata.response_code, ResponseCode::Refused, "{name}");
        assert!(!answer.metadata.authoritative, "{name}");
        assert!(answer.answers.is_empty(), "{name}");
    }
    let (server, _table) = serve(vec![]).await;
    assert!(lookup(server.addr(), "example.org", "A").await.is_err());
}

#[tokio::test]
async fn aliases_are_followed_inside_the_zones_only() {
    let (server, _table) = serve(vec![
        record("api.example.com", "CNAME", "Active.eu.example.com"),
        record("active.eu.example.com", "A", "198.51.100.7"),
        record("out.example.com", "CNAME", "origin.example.org"),
    ])
    .await;
    let lookup = async |name, kind| lookup(server.addr(), name, kind).await.unwrap();
    assert_eq!(lookup("api.example.com", "A").await, ["active.eu.example.com.", "198.51.100.7"]);
    assert_eq!(lookup("api.example.com", "CNAME").await, ["active.eu.example.com."]);
    assert_eq!(lookup("out.example.com", "A").await, ["origin.example.org."]);
}

#[tokio::test]
async fn an_alias_to_a_missing_name_says_both() {
    let alias = record("api.example.com", "CNAME", "gone.example.com");
    let answer = asked(vec![alias], "api.example.com", "A").await;
    assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(answer.answers.len(), 1);
    assert_eq!(answer.authorities.len(), 1);
}

#[tokio::test]
async fn a_loop_of_aliases_ends() {
    let (server, _table) = serve(vec![
        record("a.example.com", "CNAME", "b.example.com"),
        record("b.example.com", "CNAME", "a.example.com"),
    ])
    .await;
    assert_eq!(lookup(server.addr(), "a.example.com", "A").await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_proxied_name_shows_the_edge_and_hides_its_origin() {
    let (server, _table) = serve(vec![
        proxied("www.example.com", "A", "198.51.100.7"),
        proxied("app.example.com", "CNAME", "www.example.com"),
        record("www.example.com", "TXT", "not proxied"),
    ])
    .await;
    let lookup = async |name, kind| lookup(server.addr(), name, kind).await.unwrap();
    for name in ["www.example.com", "app.example.com"] {
        assert_eq!(lookup(name, "A").await, ["192.0.2.1"], "{name}");
        assert_eq!(lookup(name, "AAAA").await, ["2001:db8::1"], "{name}");
    }
    assert!(lookup("app.example.com", "CNAME").await.is_empty());
    assert_eq!(lookup("www.example.com", "TXT").await, ["\"not proxied\""]);
}

#[tokio::test]
async fn an_answer_too_large_for_udp_comes_whole_over_tcp() {
    let many = (0..100).map(|n| record("many.example.com", "A", &format!("198.51.100.{n}")));
    let answer = asked(many.collect(), "many.example.com", "A").await;
    assert_eq!(answer.answers.len(), 100);
}

#[tokio::test]
async fn content_that_is_no_address_fails_the_answer_instead_of_hiding() {
    let broken = record("www.example.com", "A", "not-an-address");
    let answer = asked(vec![broken], "www.example.com", "A").await;
    assert_eq!(answer.metadata.response_code, ResponseCode::ServFail);
}
