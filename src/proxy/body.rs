//! What is known of a request's body before it is read, and how it is sent on.

/// What the shell says behind the length of a body that it keeps.
const KEPT: &str = " kept";

/// The body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// There is no body.
    None,
    /// So many bytes, all of which the shell keeps and can send once more.
    Kept(u64),
    /// So many bytes, which pass through and are then gone.
    Sized(u64),
    /// The request does not announce a length. Its bytes pass through.
    Unsized,
}

impl Body {
    /// Reads what the shell says: nothing, a number of bytes that it keeps or does not keep, or
    /// something else.
    pub(super) fn parse(text: &str) -> Self {
        let kept = text.strip_suffix(KEPT);
        match kept.unwrap_or(text).parse() {
            _ if text.is_empty() => Self::None,
            Ok(bytes) if kept.is_some() => Self::Kept(bytes),
            Ok(bytes) => Self::Sized(bytes),
            Err(_) => Self::Unsized,
        }
    }
}

/// How the shell sends the body of a try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sending {
    /// As it arrives, or as it was kept for the try before. Nothing of it is kept.
    #[default]
    Once,
    /// Whole, and kept: if this try fails, the request may be repeated.
    Kept,
    /// Kept, and in pieces, so that the shell knows whether the last piece was ever taken. If it
    /// was not, no origin has the whole request, and it may be sent elsewhere.
    KeptInPieces,
}

impl Sending {
    /// The number that stands for it.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Once => 0,
            Self::Kept => 1,
            Self::KeptInPieces => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_as_the_shell_writes_it() {
        for (text, body) in [
            ("", Body::None),
            ("0", Body::Sized(0)),
            ("17", Body::Sized(17)),
            ("17 kept", Body::Kept(17)),
            ("?", Body::Unsized),
            ("? kept", Body::Unsized),
            (" kept", Body::Unsized),
            ("18446744073709551615", Body::Sized(u64::MAX)),
            ("18446744073709551616", Body::Unsized),
        ] {
            assert_eq!(Body::parse(text), body, "{text:?}");
        }
    }
}
