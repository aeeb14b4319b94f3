//! Text in HTML.

/// Appends `text` so that nothing in it is markup.
pub(super) fn push_text(page: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => page.push_str("&lt;"),
            '&' => page.push_str("&amp;"),
            other => page.push(other),
        }
    }
}
