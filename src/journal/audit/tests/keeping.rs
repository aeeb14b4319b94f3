//! What the Controller keeps, and what KV gets.

use super::*;

fn log(entries: u64) -> AuditLog {
    let mut log = AuditLog::default();
    for n in 1..=entries {
        assert_eq!(log.append(&event(&format!("drain {n}")), Some(fingerprint())), None);
    }
    log
}

fn arrive(log: &mut AuditLog, page: &AuditPage) {
    log.arrived(&page.key(), page.head().hash.fingerprint());
}

#[test]
fn pages_have_so_many_entries_and_keys_in_their_order() {
    assert_eq!(page_key(1), "audit:0000000001");
    assert_eq!(page_key(PAGE_ENTRIES), "audit:0000000001");
    assert_eq!(page_key(PAGE_ENTRIES + 1), "audit:0000000051");
    for (entries, pages) in [(0, vec![]), (1, vec![1]), (49, vec![49]), (50, vec![50])] {
        let due = log(entries).pages_due(entries);
        assert_eq!(due.iter().map(|page| page.entries.len()).collect::<Vec<_>>(), pages);
    }
    let due = log(51).pages_due(51);
    assert_eq!(due.iter().map(AuditPage::key).collect::<Vec<_>>(), [page_key(1), page_key(51)]);
}

#[test]
fn a_page_says_in_its_summary_what_it_has() {
    let page = &log(3).pages_due(3)[0];
    let [first, last] = [page.entries[0].hash, page.entries[2].hash];
    assert_eq!(page.summary(), format!("entries 1 to 3, first {first}, last {last}"));
}

#[test]
fn an_entry_that_is_not_saved_does_not_go_to_kv() {
    let log = log(3);
    assert_eq!(log.pages_due(0), []);
    assert_eq!(log.pages_due(2)[0].entries.len(), 2);
}

#[test]
fn a_page_is_written_again_until_it_is_full_and_then_never_again() {
    let mut log = log(3);
    let page = log.pages_due(3).remove(0);
    log.append(&event("meanwhile"), None);
    arrive(&mut log, &page);
    assert_eq!(log.kept_to, 3);
    let page = log.pages_due(4).remove(0);
    assert_eq!((page.key(), page.entries.len()), (page_key(1), 4));
    arrive(&mut log, &page);
    assert_eq!(log.pages_due(4), []);
    for n in 5..=PAGE_ENTRIES + 1 {
        log.append(&event(&format!("drain {n}")), None);
    }
    let [full, next] = log.pages_due(PAGE_ENTRIES + 1).try_into().unwrap();
    arrive(&mut log, &next);
    assert_eq!(log.kept_to, 4, "a page before it is still on its way");
    arrive(&mut log, &full);
    arrive(&mut log, &next);
    assert_eq!(log.kept_to, PAGE_ENTRIES + 1);
}

#[test]
fn what_kv_has_not_confirmed_is_kept_whole_pages_of_it_and_the_last_ones() {
    let mut log = log(PAGE_ENTRIES * 4);
    assert_eq!(log.entries.len() as u64, PAGE_ENTRIES * 4);
    for page in log.pages_due(PAGE_ENTRIES * 4) {
        arrive(&mut log, &page);
    }
    assert_eq!(log.entries.len() as u64, RECENT_MAX);
    assert_eq!(log.entries[0].n, PAGE_ENTRIES * 4 - RECENT_MAX + 1);
    assert_eq!(log.pages_due(PAGE_ENTRIES * 4), []);
}

#[test]
fn so_many_entries_wait_and_then_the_oldest_page_is_lost_and_said_to_be() {
    let most = UNKEPT_MAX as u64;
    let mut log = log(most);
    assert_eq!(log.entries.len(), UNKEPT_MAX);
    assert_eq!(log.append(&event("x"), None), Some((1, PAGE_ENTRIES)));
    assert_eq!(log.entries[0].n, PAGE_ENTRIES + 1);
    assert_eq!(log.pages_due(most + 1)[0].key(), page_key(PAGE_ENTRIES + 1));
    assert_eq!(log.head.n, most + 1);
}
