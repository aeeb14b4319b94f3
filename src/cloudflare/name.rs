//! Names as they are compared: DNS knows neither the case nor the dot at the end, and a name
//! outside ASCII is the same name in Punycode (RFC 3492, RFC 5890). Its letters are taken to be
//! small already, as the API shows them.

/// What a label in Punycode begins with.
const ACE: &str = "xn--";

/// A name or content in the one form that is compared and written.
pub(super) fn normal(name: &str) -> String {
    let name = name.trim_end_matches('.');
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    name.split(['.', '\u{3002}']).map(label).collect::<Vec<_>>().join(".")
}

fn label(label: &str) -> String {
    let lower = label.to_ascii_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    // What cannot be encoded is no name, and equals none.
    punycode::encode(&lower).map_or_else(|()| lower, |encoded| format!("{ACE}{encoded}"))
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn names_that_dns_takes_for_one_are_one() {
        for (written, name) in [
            ("EU1.Example.com.", "eu1.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BüCHER.example.", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::1", "2001:db8::1"),
        ] {
            assert_eq!(normal(written), name, "{written}");
        }
    }
}
