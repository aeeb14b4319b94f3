//! Where in a document something is wrong.

use std::fmt;

/// Longest place that a reason names, in bytes. Of a longer one the end is kept, which says most.
pub const PLACE_BYTES_MAX: usize = 48;
/// What stands for the beginning of a place that is cut.
const CUT: &str = "…";

/// A JSON pointer, cut to [`PLACE_BYTES_MAX`]; empty where there is none, and for the whole
/// document. It owns its bytes, so that a reason can be copied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    bytes: [u8; PLACE_BYTES_MAX],
    length: usize,
}

impl Place {
    /// None.
    pub const NONE: Self = Self { bytes: [0; PLACE_BYTES_MAX], length: 0 };

    /// The place at a JSON pointer.
    #[must_use]
    pub fn of(pointer: &str) -> Self {
        if pointer.len() <= PLACE_BYTES_MAX {
            return Self::holding([pointer, ""]);
        }
        let most = PLACE_BYTES_MAX.saturating_sub(CUT.len());
        let first = pointer.len().saturating_sub(most);
        let end = (first..=pointer.len()).find_map(|from| pointer.get(from..));
        Self::holding([CUT, end.unwrap_or_default()])
    }

    /// Reads what was written. `None`: it is no place.
    pub(super) fn parse(text: &str) -> Option<Self> {
        (text.starts_with('/') || text.starts_with(CUT)).then(|| Self::of(text))
    }

    fn holding(parts: [&str; 2]) -> Self {
        let mut place = Self::NONE;
        for (to, from) in place.bytes.iter_mut().zip(parts.into_iter().flat_map(str::bytes)) {
            *to = from;
            place.length = place.length.saturating_add(1);
        }
        place
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let text = self.bytes.get(..self.length).map(str::from_utf8);
        text.and_then(Result::ok).unwrap_or_default()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.length == 0
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_pointer_up_to_its_limit_and_then_its_end() {
        assert_eq!(Place::of("/db/lag_s").as_str(), "/db/lag_s");
        assert!(Place::of("").is_none() && Place::NONE.as_str().is_empty());
        for letters in [PLACE_BYTES_MAX - 2, PLACE_BYTES_MAX - 1] {
            let pointer = format!("/{}", "x".repeat(letters));
            assert_eq!(Place::of(&pointer).as_str(), pointer);
        }
        let long = format!("/{}/lag", "x".repeat(PLACE_BYTES_MAX));
        let place = Place::of(&long);
        assert!(place.as_str().starts_with('…') && place.as_str().ends_with("xx/lag"));
        assert_eq!(place.as_str().len(), PLACE_BYTES_MAX);
        assert_eq!(Place::parse(place.as_str()), Some(place));
    }

    #[test]
    fn a_place_is_cut_between_two_characters() {
        for more in 0..4 {
            let long = format!("/{}{}", "é".repeat(PLACE_BYTES_MAX), "x".repeat(more));
            let place = Place::of(&long);
            assert!(place.as_str().len() <= PLACE_BYTES_MAX, "{place:?}");
            assert!(place.as_str().ends_with(&format!("éé{}", "x".repeat(more))), "{place:?}");
        }
    }

    #[test]
    fn what_begins_otherwise_is_no_place() {
        assert_eq!(Place::parse("503"), None);
        assert_eq!(Place::parse(""), None);
    }
}
