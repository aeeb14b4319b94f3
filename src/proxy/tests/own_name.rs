//! Whose name an answer has.

use super::*;
use proptest::prelude::*;

/// What a client of `asked` is told instead of a header; `None` if it stays.
fn told_to(asked: &str, name: &str, value: &str) -> Option<String> {
    let sent = "https://eu-west-1.example.net:8443/x";
    isolate(&[
        ("/services/api/regions/0/origins", json!(["https://eu-west-1.example.net:8443"])),
        ("/services/api/regions/1/origins", json!(["http://us-east-1.example.net"])),
        ("/services/api/regions/1/unused", json!(["https://us-east-2.example.net"])),
        ("/services/other", {
            let mut other = three()["services"]["api"].clone();
            other["hosts"] = json!(["shop.example.com"]);
            other["regions"][0]["origins"] = json!(["https://shop-1.example.net"]);
            other
        }),
    ])
    .renamed(&AnswerHeader { asked, sent, name, value })
}

fn told(name: &str, value: &str) -> Option<String> {
    told_to("https://api.example.com/x", name, value)
}

#[test]
fn a_redirect_to_an_origin_leads_to_the_host_that_the_client_asked_for() {
    for (said, instead) in [
        ("https://eu-west-1.example.net:8443/a?b#c", "https://api.example.com/a?b#c"),
        ("https://eu-west-1.example.net/a", "https://api.example.com/a"),
        ("https://eu-west-1.example.net:443/a", "https://api.example.com/a"),
        ("http://eu-west-1.example.net:80/a", "https://api.example.com/a"),
        ("http://eu-west-1.example.net/a", "https://api.example.com/a"),
        ("HTTPS://EU-West-1.Example.NET/a", "https://api.example.com/a"),
        ("https://eu-west-1.example.net./a", "https://api.example.com/a"),
        ("https://eu-west-1.example.net:/a", "https://api.example.com/a"),
        ("https://eu-west-1.example.net", "https://api.example.com"),
        ("https://eu-west-1.example.net?a", "https://api.example.com?a"),
        ("//eu-west-1.example.net/a", "//api.example.com/a"),
        ("https://u:p@eu-west-1.example.net/a", "https://u:p@api.example.com/a"),
        ("https://evil.example@eu-west-1.example.net/a", "https://evil.example@api.example.com/a"),
        ("https://us-east-1.example.net/another/region", "https://api.example.com/another/region"),
        ("https://us-east-2.example.net/down", "https://api.example.com/down"),
    ] {
        for name in ["location", "content-location"] {
            assert_eq!(told(name, said).as_deref(), Some(instead), "{name}: {said}");
        }
    }
}

#[test]
fn a_redirect_to_anybody_else_stays_as_it_is() {
    for said in [
        "/a",
        "a",
        "?a",
        "",
        "//",
        "https://",
        "https://login.example.org/a",
        "https://api.example.com/a",
        "https://shop.example.com/a",
        "https://shop-1.example.net/another/service",
        "https://eu-west-1.example.net.evil.example/a",
        "https://not-eu-west-1.example.net/a",
        "https://eu-west-1.example.net@evil.example/a",
        "https://eu-west-1.example.net\\@evil.example/a",
        "https://evil.example\\@eu-west-1.example.net/a",
        "https://eu-west-1.example.net:9443/another/server",
        "https://us-east-1.example.net:8443/another/server",
        "ftp://eu-west-1.example.net/a",
        "mailto:a@eu-west-1.example.net",
        "/go?to=https://eu-west-1.example.net/a",
    ] {
        assert_eq!(told("location", said), None, "{said}");
    }
    let own = "https://eu-west-1.example.net/a";
    for name in ["x-url", "origin", "content-security-policy"] {
        assert_eq!(told(name, own), None, "{name}");
    }
    assert_eq!(told_to("https://unknown.example.com/x", "location", own), None);
}

#[test]
fn scheme_and_port_are_those_of_the_client() {
    for (asked, said, instead) in [
        (
            "http://api.example.com:8080/x",
            "https://eu-west-1.example.net/a",
            "http://api.example.com:8080/a",
        ),
        (
            "https://api.example.com:8443/x",
            "http://eu-west-1.example.net/a",
            "https://api.example.com:8443/a",
        ),
        ("https://api.example.com:8443/x", "//eu-west-1.example.net/a", "//api.example.com:8443/a"),
    ] {
        assert_eq!(told_to(asked, "location", said).as_deref(), Some(instead), "{asked}: {said}");
    }
}

#[test]
fn a_redirect_from_http_to_https_of_the_same_url_is_no_circle() {
    for (asked, said, instead) in [
        (
            "http://api.example.com/x?y",
            "https://eu-west-1.example.net/x?y",
            "https://api.example.com/x?y",
        ),
        (
            "http://api.example.com:8080/x",
            "https://eu-west-1.example.net/x#z",
            "https://api.example.com/x#z",
        ),
        ("http://api.example.com/", "https://eu-west-1.example.net", "https://api.example.com"),
        (
            "http://api.example.com/x",
            "https://eu-west-1.example.net/x?y",
            "http://api.example.com/x?y",
        ),
    ] {
        assert_eq!(told_to(asked, "location", said).as_deref(), Some(instead), "{asked}: {said}");
    }
}

#[test]
fn a_refresh_leads_to_the_clients_host_in_each_of_its_forms() {
    for (said, instead) in [
        ("5; url=https://eu-west-1.example.net/a", "5; url=https://api.example.com/a"),
        ("5;URL='https://eu-west-1.example.net/a'", "5;URL='https://api.example.com/a'"),
        (
            "0.5 , Url = \"https://eu-west-1.example.net/a\" x",
            "0.5 , Url = \"https://api.example.com/a\" x",
        ),
        ("5; https://eu-west-1.example.net/a", "5; https://api.example.com/a"),
        ("5 url=//eu-west-1.example.net/a", "5 url=//api.example.com/a"),
    ] {
        assert_eq!(told("refresh", said).as_deref(), Some(instead), "{said}");
    }
    for said in
        ["5", "", ";", "5;", "5; url=", "5; url='", "5; url=/a", "5; url=https://evil.example/"]
    {
        assert_eq!(told("refresh", said), None, "{said}");
    }
}

#[test]
fn each_link_of_a_list_is_looked_at() {
    let said = "<https://eu-west-1.example.net/?page=2>; rel=\"next\", </style.css>; rel=preload, \
                <https://cdn.example.org/>; rel=x, <//us-east-1.example.net/?page=9>; rel=last";
    let instead = "<https://api.example.com/?page=2>; rel=\"next\", </style.css>; rel=preload, \
                   <https://cdn.example.org/>; rel=x, <//api.example.com/?page=9>; rel=last";
    assert_eq!(told("link", said).as_deref(), Some(instead));
    assert_eq!(
        told("link", "<https://eu-west-1.example.net/a").as_deref(),
        Some("<https://api.example.com/a")
    );
    for said in ["", "<", "<>", "</a>; rel=next", "https://eu-west-1.example.net/a"] {
        assert_eq!(told("link", said), None, "{said}");
    }
}

#[test]
fn a_cookie_loses_a_domain_that_its_client_would_refuse_and_no_other() {
    for (said, instead) in [
        ("a=b; Domain=eu-west-1.example.net; Path=/", Some("a=b; Path=/")),
        ("a=b;domain=.EU-west-1.example.net", Some("a=b")),
        ("a=b; Domain=example.net; Secure", Some("a=b; Secure")),
        ("a=b; Domain=us-east-2.example.net", Some("a=b")),
        ("a=b; Domain=example.com", None),
        ("a=b; Domain=api.example.com", None),
        ("a=b; Domain=example.org", None),
        ("a=b; Domain=west-1.example.net", None),
        ("a=b; Domain=", None),
        ("a=b; Domain", None),
        ("Domain=eu-west-1.example.net; Path=/", None),
        ("a=b", None),
        ("", None),
    ] {
        assert_eq!(told("set-cookie", said).as_deref(), instead, "{said}");
    }
}

#[test]
fn a_service_can_leave_answers_as_they_are() {
    assert!(GET.first(&mut isolate(&[]), 0).rename);
    let off = ("/services/api/proxy", json!({"rewrite_origin_host": false}));
    assert!(!GET.first(&mut isolate(&[off]), 0).rename);
}

proptest! {
    #[test]
    fn what_a_client_is_told_names_no_origin_where_a_browser_would_go(
        scheme in "(https?:)?", user in "([a-z:@]{0,4}@)?", host in prop::sample::select(vec![
            "eu-west-1.example.net", "us-east-2.example.net", "EU-WEST-1.example.net.",
            "evil.example",
            "api.example.com",
        ]),
        port in "(:[0-9]{0,5})?", tail in "([/?#][a-z/@:?#=<>]{0,12})?",
    ) {
        let said = format!("{scheme}//{user}{host}{port}{tail}");
        if let Some(instead) = told("location", &said) {
            prop_assert!(instead.ends_with(&tail), "{said}: {instead}");
            prop_assert!(instead.contains("api.example.com"), "{said}: {instead}");
            prop_assert_eq!(told("location", &instead), None, "{} is told once", said);
            prop_assert!(!host.starts_with("evil"), "{said}: {instead}");
        }
    }
}
