//! A bounded beginning of a body, for people.

/// Most bytes of an excerpt.
pub const EXCERPT_BYTES_MAX: usize = 200;

/// The beginning of a body on one line: control characters and runs of blanks become one blank.
/// `None` if nothing is left. A text that is cut ends in `…`, beyond [`EXCERPT_BYTES_MAX`].
#[must_use]
pub fn excerpt(body: &str) -> Option<String> {
    let mut text = String::new();
    let words = body.split(|c: char| c.is_control() || c.is_whitespace());
    for word in words.filter(|word| !word.is_empty()) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
        if text.len() > EXCERPT_BYTES_MAX {
            text.truncate(text.floor_char_boundary(EXCERPT_BYTES_MAX));
            text.push('…');
            break;
        }
    }
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_line_without_control_characters() {
        let body = "\u{1b}[31mdatabase\r\n\tis  gone\0\n";
        assert_eq!(excerpt(body).as_deref(), Some("[31mdatabase is gone"));
        for nothing in ["", "\n", "\0\u{7f}\u{9b} "] {
            assert_eq!(excerpt(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn an_excerpt_has_so_many_bytes_and_no_more() {
        for len in [EXCERPT_BYTES_MAX - 1, EXCERPT_BYTES_MAX] {
            let body = "x".repeat(len);
            assert_eq!(excerpt(&body), Some(body));
        }
        let cut = excerpt(&"x".repeat(EXCERPT_BYTES_MAX + 1)).unwrap();
        assert_eq!(cut, "x".repeat(EXCERPT_BYTES_MAX) + "…");
        let whole = excerpt(&"é".repeat(EXCERPT_BYTES_MAX)).unwrap();
        assert_eq!(whole.chars().count(), EXCERPT_BYTES_MAX / 2 + 1);
    }
}
