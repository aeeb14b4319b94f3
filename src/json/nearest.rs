//! Finds the known word that was most likely meant.

/// The word of `known` that is nearest to `word`, if one is near enough: at most two wrong letters
/// or a third of the word, whichever is less, or one is the start of the other or its singular.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let enough = (word.len() / 3).clamp(1, 2);
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let begins = word.len() >= 3 && candidate.starts_with(word);
        let far = if begins || goes_on(word, candidate) {
            1
        } else {
            distance(word.as_bytes(), candidate.as_bytes())
        };
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

/// How many bytes must be put in, taken out, replaced, or swapped with their neighbour. Source:
/// optimal string alignment distance.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    let mut left_a = None;
    for (row, x) in a.iter().enumerate() {
        let mut line = vec![row + 1];
        let mut left_b = None;
        for (column, y) in b.iter().enumerate() {
            let at =
                |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&above, column) + usize::from(x != y);
            let mut least =
                replaced.min(at(&above, column + 1) + 1).min(at(&line, column).saturating_add(1));
            if left_a == Some(y) && left_b == Some(x) && x != y {
                least = least.min(at(&before, column.saturating_sub(1)).saturating_add(1));
            }
            line.push(least);
            left_b = Some(y);
        }
        before = std::mem::replace(&mut above, line);
        left_a = Some(x);
    }
    above.last().copied().unwrap_or(usize::MAX)
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

    #[test]
    fn the_distance_counts_each_slip_once() {
        for (a, b, slips) in [("", "", 0), ("a", "", 1), ("ab", "ba", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a.as_bytes(), b.as_bytes()), slips, "{a} {b}");
        }
    }
}
