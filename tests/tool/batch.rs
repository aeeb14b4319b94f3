//! Cases whose mistakes would go unseen, and lines that are no cases.

use super::{NOW, SHOP, fed, json};
use serde_json::Value;

/// Runs cases against the shop: the exit code, and what each line comes to.
pub(crate) fn decided(cases: &str) -> (i32, Vec<Value>) {
    let ended = fed(&["explain", SHOP, "--now", NOW, "--batch", "-"], cases);
    (ended.code, ended.out.lines().map(json).collect())
}

/// A case with these expectations; the client is from Germany and is served.
fn expecting(expect: &str) -> String {
    format!("{{\"host\":\"shop.example.com\",\"country\":\"DE\",\"expect\":{expect}}}\n")
}

#[test]
fn that_a_request_is_served_can_be_expected_and_can_fail() {
    let (code, lines) = decided(&expecting("{\"refusal\":null,\"status\":null}"));
    assert_eq!((code, &lines[0]["ok"]), (0, &Value::Bool(true)));
    let refused = expecting("{\"refusal\":null,\"status\":null}").replace("DE", "BR");
    let refused = refused.replace("\"expect\"", "\"down\":[\"sa-east\"],\"expect\"");
    let (code, lines) = decided(&refused);
    let mismatches = serde_json::json!([
        "refusal: expected none, is no_usable_region",
        "status: expected none, is 503"
    ]);
    assert_eq!((code, &lines[0]["mismatches"]), (1, &mismatches));
    for expect in ["{\"region\":null}", "{\"service\":null}"] {
        assert_eq!(decided(&expecting(expect)).0, 1, "{expect}");
    }
}

#[test]
fn an_expectation_that_could_never_fail_is_an_error() {
    for expect in ["{}", "null", "[]", "[\"shop\"]", "{\"not_regions\":[]}", "{\"regions\":null}"] {
        let (code, lines) = decided(&expecting(expect));
        assert_eq!(code, 2, "{expect}: {lines:?}");
        assert!(lines[0]["error"].is_string(), "{expect}");
    }
}

#[test]
fn a_host_of_no_service_is_an_error_unless_it_is_expected_to_be_one() {
    let case = |expect: &str| expecting(expect).replace("shop.", "shpo.");
    let (code, lines) = decided(&case("{\"not_regions\":[\"us-east\"]}"));
    let error = "no service has the host `shpo.example.com`";
    assert_eq!((code, &lines[0]["error"]), (2, &Value::from(error)));
    for expect in ["{\"refusal\":\"unknown_host\"}", "{\"status\":404}", "{\"service\":null}"] {
        assert_eq!(decided(&case(expect)).0, 0, "{expect}");
    }
}

#[test]
fn a_line_that_is_no_object_is_an_error_of_that_line() {
    let (code, lines) = decided("[]\n\"x\"\n5\nnull\n{} {}\n[1, \"shop.example.com\"]\n");
    assert_eq!((code, lines.len()), (2, 6));
    assert!(lines.iter().all(|line| line["error"].is_string()), "{lines:?}");
}

#[test]
fn a_line_that_is_too_long_is_an_error_of_that_line_and_the_next_is_read() {
    let good = expecting("{\"service\":\"shop\"}");
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(200_000));
    let (code, lines) = decided(&format!("\u{feff}{good}{long}\n{good}{long}"));
    assert_eq!((code, lines.len()), (2, 4));
    assert_eq!([&lines[0]["ok"], &lines[2]["ok"]], [&Value::Bool(true); 2]);
    for (index, number) in [(1, 2), (3, 4)] {
        assert_eq!(lines[index]["error"], "more than 65536 bytes");
        assert_eq!(lines[index]["line"], number);
    }
}

#[test]
fn a_line_of_just_the_greatest_length_is_read() {
    let empty = "{\"host\":\"shop.example.com\",\"id\":\"\"}";
    let id = "x".repeat(64 * 1024 - empty.len());
    let full = empty.replace("\"\"}", &format!("\"{id}\"}}"));
    assert_eq!(decided(&format!("{full}\n{full}")).0, 0);
    assert_eq!(decided(&full.replace("xx", "xxx").replacen("xxx", "xx", 1)).0, 2);
}
