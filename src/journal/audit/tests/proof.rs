//! Whatever is done to a chain is found.

use super::*;
use serde_json::json;

#[test]
fn a_chain_holds_from_its_first_entry_and_from_any_other() {
    let all = values(&chain(5));
    assert_eq!(verify(&all, 1).unwrap().head(), chain(5)[4].head());
    assert_eq!(verify(&all[2..], 3).unwrap().entries.len(), 3);
    assert_eq!(verify(&[], 1).unwrap().head(), AuditHead::default());
}

#[test]
fn each_kind_of_damage_is_named_with_the_first_entry_that_has_it() {
    let good = values(&chain(5));
    let broken = |damage: &dyn Fn(&mut Vec<Value>)| {
        let mut entries = good.clone();
        damage(&mut entries);
        verify(&entries, 1).unwrap_err()
    };
    assert_eq!(broken(&|it| it[2]["what"] = "nothing".into()), Flaw::Changed { n: 3 });
    assert_eq!(broken(&|it| it[2]["extra"] = json!(null)), Flaw::Changed { n: 3 });
    assert_eq!(broken(&|it| drop(it.remove(2))), Flaw::Missing { from: 3, to: 3 });
    assert_eq!(broken(&|it| drop(it.drain(..3))), Flaw::Missing { from: 1, to: 3 });
    assert_eq!(broken(&|it| it.swap(1, 2)), Flaw::Missing { from: 2, to: 2 });
    assert_eq!(broken(&|it| it.insert(3, it[1].clone())), Flaw::OutOfOrder { n: 2, after: 3 });
    assert_eq!(broken(&|it| it.insert(3, it[2].clone())), Flaw::OutOfOrder { n: 3, after: 3 });
    let unreadable = broken(&|it| it[3] = json!({"n": 4}));
    assert!(matches!(unreadable, Flaw::Unreadable { after: 3, .. }), "{unreadable}");
    let replaced = broken(&|it| {
        it[2]["what"] = "nothing".into();
        it[2]["hash"] = hash_of(&it[2]).write();
    });
    assert_eq!(replaced, Flaw::Forked { n: 4 });
    let first = broken(&|it| {
        it[0]["before"] = it[1]["hash"].clone();
        it[0]["hash"] = hash_of(&it[0]).write();
    });
    assert_eq!(first, Flaw::Forked { n: 1 });
}

proptest! {
    #[test]
    fn any_changed_byte_of_any_entry_is_found(
        which in 0_usize..4, place in any::<proptest::sample::Index>(), by in 1_u8..=255,
    ) {
        let entries = chain(4);
        let mut bytes = entries[which].write().to_string().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= by;
        // What is no JSON any more is found by whoever reads it.
        let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
        let Ok(value) = json::read_without_repeats(&text) else { return Ok(()) };
        let mut all = values(&entries);
        prop_assume!(value != all[which]);
        all[which] = value;
        prop_assert!(verify(&all, 1).is_err(), "{}", text);
    }

    #[test]
    fn any_removal_swap_or_insertion_before_the_end_is_found(
        length in 2_u64..9,
        a in any::<proptest::sample::Index>(),
        b in any::<proptest::sample::Index>(),
        what in 0..3,
    ) {
        let mut all = values(&chain(length));
        let (a, b) = (a.index(all.len()), b.index(all.len()));
        match what {
            0 => drop(all.remove(a.min(all.len() - 2))),
            1 => all.swap(a, b),
            _ => all.insert(a, all[b].clone()),
        }
        prop_assume!(all != values(&chain(length)));
        prop_assert!(verify(&all, 1).is_err());
    }
}
