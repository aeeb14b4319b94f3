//! What is known of a request's body before it is read.

/// The length of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is no body.
    None,
    /// So many bytes.
    Sized(u64),
    /// The request does not announce a length.
    Unsized,
}

impl Body {
    /// Reads what the shell says: nothing, a number of bytes, or something else.
    pub(super) fn parse(text: &str) -> Self {
        match text.parse() {
            _ if text.is_empty() => Self::None,
            Ok(bytes) => Self::Sized(bytes),
            Err(_) => Self::Unsized,
        }
    }
}
