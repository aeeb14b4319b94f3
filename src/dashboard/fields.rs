//! Fields of a form or a query.

/// The first field of this name, without blanks around it; `None` where it is absent or empty.
#[must_use]
pub fn field(form: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(form.as_bytes());
    let value = pairs.find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned());
    value.filter(|value| !value.is_empty())
}
