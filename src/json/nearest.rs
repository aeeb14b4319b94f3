//! Finds the known word that was most likely meant.

use strsim::osa_distance;

/// The word of `known` that is nearest to `word`, if one is near enough: at most two wrong letters
/// or a third of the word, whichever is less, or one is the start of the other or its singular.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let enough = (word.len() / 3).clamp(1, 2);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let begins = word.len() >= 3 && candidate.starts_with(word);
        let far =
            if begins || goes_on(word, candidate) { 1 } else { osa_distance(word, candidate) };
        if far <= enough && best.is_none_or(|(least, _)| far < least) {
            best = Some((far, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Whether `word` is `known` with up to three letters more, the letters of a plural among them.
fn goes_on(word: &str, known: &str) -> bool {
    let plural = word.strip_suffix("ies").zip(known.strip_suffix('y'));
    let rest = word.strip_prefix(known).filter(|_| known.len() >= 3);
    rest.is_some_and(|rest| rest.len() <= 3) || plural.is_some_and(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        let known = ["interval_s", "timeout_ms", "rise", "fall", "forgive", "country"];
        for (word, meant) in [
            ("intervall_s", "interval_s"),
            ("interval", "interval_s"),
            ("timeout_sm", "timeout_ms"),
            ("rsie", "rise"),
            ("forgvie", "forgive"),
            ("falling", "fall"),
            ("countries", "country"),
        ] {
            assert_eq!(nearest(word, known.into_iter()), Some(meant), "{word}");
        }
    }

    #[test]
    fn what_is_like_nothing_is_not_guessed_at() {
        for word in ["colour", "x", "", "ri", "fallback", "ferries"] {
            assert_eq!(nearest(word, ["rise", "fall", "window_s"].into_iter()), None, "{word}");
        }
    }
}
