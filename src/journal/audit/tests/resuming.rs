//! Going on from KV.

use super::log::page_last;
use super::*;

/// What the copy of the state has, if it ends with this entry.
fn copy(head: u64) -> AuditLog {
    let entries = chain(head);
    let head = entries.last().map(AuditEntry::head).unwrap_or_default();
    AuditLog { head, kept_to: head.n, entries }
}

fn page(from: u64, to: u64) -> String {
    let entries = chain(to).into_iter().filter(|entry| entry.n >= from).collect();
    json::write(&AuditPage { entries })
}

/// The chain goes on with an entry that verifies behind all that was there.
fn goes_on(mut log: AuditLog, behind: u64) {
    assert_eq!(log.head, copy(behind).head);
    log.append(&event("restored"), None);
    let mut all = chain(behind);
    all.push(log.entries.last().unwrap().clone());
    assert!(verify(&values(&all), 1).is_ok());
}

#[test]
fn the_chain_goes_on_behind_the_page_where_that_is_later() {
    let (log, note) = copy(3).resumed(Some(&page(1, 7)));
    assert!(note.contains("behind entry 7 of 2026-01-31T12:00:00.000Z"), "{note}");
    assert!(note.contains("missing, if there were any"), "{note}");
    assert_eq!(log.kept_to, 7);
    goes_on(log, 7);
    let (log, _) = copy(50).resumed(Some(&page(51, 60)));
    goes_on(log, 60);
    let (log, _) = AuditLog::default().resumed(Some(&page(1, 2)));
    goes_on(log, 2);
}

#[test]
fn the_chain_goes_on_behind_the_copy_of_the_state_where_that_is_later_and_says_so() {
    let (log, note) = copy(9).resumed(Some(&page(1, 7)));
    assert!(note.contains("is older than the copy of the state"), "{note}");
    assert_eq!(log.kept_to, 7, "the page is written again");
    assert_eq!(log.pages_due(9)[0].entries.len(), 9);
    goes_on(log, 9);
    let (log, note) = copy(9).resumed(None);
    assert!(note.contains("no page of its end"), "{note}");
    assert_eq!(log.pages_due(9)[0].entries.len(), 9);
    goes_on(log, 9);
}

#[test]
fn a_page_that_does_not_hold_or_does_not_fit_is_left_as_it_is() {
    let changed = page(1, 7).replace("drain 3", "drain 4");
    let mut other = copy(5);
    other.head.hash = other.entries[0].hash;
    for (log, page, why) in [
        (copy(5), changed, "entry 3 was changed"),
        (copy(5), "<html>".to_owned(), "expected value"),
        (copy(5), r#"{"entries": []}"#.to_owned(), "it has no entry"),
        (other, self::page(1, 7), "it does not fit the copy of the state"),
        (AuditLog { entries: Vec::new(), ..copy(9) }, self::page(1, 7), "it does not fit"),
    ] {
        let (mut log, note) = log.resumed(Some(&page));
        assert!(note.contains(why) && note.contains("is left as it is"), "{note}");
        log.append(&event("restored"), None);
        let [due] = log.pages_due(log.head.n).try_into().unwrap();
        assert_eq!(due.key(), page_key(page_last(1) + 1), "{note}");
    }
}

#[test]
fn where_kv_has_nothing_the_chain_begins() {
    let (log, note) = AuditLog::default().resumed(None);
    assert_eq!((log, note.as_str()), (AuditLog::default(), "KV has no audit chain"));
}

proptest! {
    #[test]
    fn the_last_page_is_found_with_few_reads(pages in 0_u64..3_000, start in 0_u64..3_000) {
        let start = start.min(pages.saturating_sub(1));
        let mut search = PageSearch::from(start * PAGE_ENTRIES + 1);
        let mut reads = 0;
        while let Some(key) = search.next_key() {
            let n: u64 = key.strip_prefix(AUDIT_PREFIX).unwrap().parse().unwrap();
            search.tell((n <= pages * PAGE_ENTRIES).then(|| key.clone()));
            reads += 1;
        }
        prop_assert!(reads <= 26, "{} reads", reads);
        let last = (pages > 0).then(|| page_key(pages * PAGE_ENTRIES));
        prop_assert_eq!(search.into_page(), last);
    }

    #[test]
    fn whatever_kv_shows_of_a_chain_it_goes_on_and_holds(
        copied in 0_u64..130,
        paged in 0_u64..130,
    ) {
        // An older page is shown until a write has spread.
        let shown = (paged > 0).then(|| page(log::page_first(paged), paged));
        let mut kept = copy(copied);
        kept.entries.retain(|entry| entry.n >= log::page_first(copied));
        if let Some(first) = kept.entries.first() {
            // The search begins with the page of the copy's end.
            prop_assume!(paged == 0 || paged >= first.n);
        }
        let (log, _) = kept.resumed(shown.as_deref());
        goes_on(log, copied.max(paged));
    }
}
