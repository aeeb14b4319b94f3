//! Combines the health of several monitors into one.
//!
//! Unknown means that the answer is missing (invariant 2). The result is Up if it would be Up
//! however the unknown members turned out, Down likewise, and Unknown if it depends on them. This
//! is Kleene's three-valued logic. A `must_pass` member is one more condition, whatever the rule.

use super::hysteresis::Health;
use crate::config::CompositeRule;

/// The combined health. A composite without members is Unknown.
#[must_use]
pub fn combine(rule: CompositeRule, members: &[Health], must_pass: &[Health]) -> Health {
    combine_all(rule, members.iter().copied(), must_pass.iter().copied())
}

/// The same of members that come one after another.
pub(crate) fn combine_all(
    rule: CompositeRule,
    members: impl Iterator<Item = Health>,
    must_pass: impl Iterator<Item = Health>,
) -> Health {
    let (mut all, mut up, mut down) = (0_usize, 0_usize, 0_usize);
    for member in members {
        all = all.saturating_add(1);
        up = up.saturating_add(usize::from(member == Health::Up));
        down = down.saturating_add(usize::from(member == Health::Down));
    }
    if all == 0 {
        return Health::Unknown;
    }
    let needed = match rule {
        CompositeRule::All => all,
        CompositeRule::Any => 1,
        CompositeRule::AtLeast(n) => usize::from(n),
    };
    let could_be_up = all.saturating_sub(down);
    let health = if up >= needed {
        Health::Up
    } else if could_be_up < needed {
        Health::Down
    } else {
        Health::Unknown
    };
    // Health is ordered from Up to Down, so the worst of several is the largest.
    health.max(must_pass.max().unwrap_or(Health::Up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Health::{Down, Unknown, Up};

    /// Every list of `len` healths.
    fn lists(len: usize) -> Vec<Vec<Health>> {
        (0..len).fold(vec![Vec::new()], |shorter, _| {
            let longer = |list: &Vec<Health>| {
                [Up, Unknown, Down].map(|health| [list.clone(), vec![health]].concat())
            };
            shorter.iter().flat_map(longer).collect()
        })
    }

    /// The truth, by trying out every way in which the unknown members could turn out.
    fn truth(rule: CompositeRule, members: &[Health], must_pass: &[Health]) -> Health {
        let all = [members, must_pass].concat();
        let fits = |certain: &Vec<Health>| {
            certain
                .iter()
                .zip(&all)
                .all(|(c, known)| *c != Unknown && [c, &Unknown].contains(&known))
        };
        let outcomes: Vec<bool> = lists(all.len())
            .iter()
            .filter(|certain| fits(certain))
            .map(|certain| {
                let (members, must_pass) = certain.split_at(members.len());
                let up = members.iter().filter(|member| **member == Up).count();
                let enough = match rule {
                    CompositeRule::All => up == members.len(),
                    CompositeRule::Any => up > 0,
                    CompositeRule::AtLeast(n) => up >= usize::from(n),
                };
                enough && must_pass.iter().all(|member| *member == Up)
            })
            .collect();
        match (outcomes.contains(&true), outcomes.contains(&false)) {
            (true, false) => Up,
            (false, true) => Down,
            _ => Unknown,
        }
    }

    #[test]
    fn it_is_what_holds_however_the_unknown_members_turn_out() {
        let rules: Vec<_> = [CompositeRule::All, CompositeRule::Any]
            .into_iter()
            .chain((1..=5).map(CompositeRule::AtLeast))
            .collect();
        for members in (1..=4).flat_map(lists) {
            for must_pass in (0..=2).flat_map(lists) {
                for rule in &rules {
                    assert_eq!(
                        combine(*rule, &members, &must_pass),
                        truth(*rule, &members, &must_pass),
                        "{rule:?} of {members:?}, and {must_pass:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_member_that_must_pass_caps_the_whole() {
        for (must, told) in [(Up, Up), (Unknown, Unknown), (Down, Down)] {
            assert_eq!(combine(CompositeRule::Any, &[Up, Down], &[Up, must]), told);
        }
    }

    #[test]
    fn of_nothing_nothing_is_known() {
        assert_eq!(combine(CompositeRule::All, &[], &[Up]), Unknown);
    }
}
