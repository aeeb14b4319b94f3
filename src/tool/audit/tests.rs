use super::*;
use crate::ids::RegionId;
use crate::journal::{Actor, AuditHead, AuditPage, Event, EventKind, Way};
use crate::time::Timestamp;
use crate::tool::remote::double::{Double, command, ok};

fn chain(entries: u64) -> Vec<AuditEntry> {
    let mut head = AuditHead::default();
    let region = RegionId::parse("eu-west").unwrap();
    let next = |n: u64| {
        let who = Actor { name: "on-call".to_owned(), way: Way::Token };
        let event = Event::new(EventKind::Ordered, format!("drain {n}"), Timestamp::from_millis(n));
        let event = event.by(who).about(None, Some(&region)).because("disks".to_owned());
        let entry = AuditEntry::after(head, &event, None);
        head = entry.head();
        entry
    };
    (1..=entries).map(next).collect()
}

fn page(entries: &[AuditEntry]) -> String {
    json::write_pretty(&AuditPage { entries: entries.to_vec() })
}

/// A command with this standard input, and with a Worker at this URL.
fn tool(args: &[&str], input: &str, url: &str) -> (Exit, String, String) {
    command(&[&["audit"], args].concat(), input, url, Timestamp::from_millis(0))
}

fn verified(input: &str) -> (Exit, String) {
    let (exit, out, err) = tool(&["verify", "-"], input, "");
    (exit, out + &err)
}

#[test]
fn pages_one_behind_the_other_are_a_chain_in_whatever_order_and_though_one_is_older() {
    let all = chain(7);
    let head = all[6].hash.to_string();
    let (old, first, second) = (page(&all[..2]), page(&all[..5]), page(&all[5..]));
    for input in [
        page(&all),
        format!("{first}\n{second}"),
        format!("{second}{old}{first}"),
        format!("[{first}, {second}]"),
        json::write(&AuditPage { entries: all.clone() }.entries),
    ] {
        let (exit, said) = verified(&input);
        assert_eq!(exit, Exit::Fine, "{said}");
        assert!(said.contains("the chain holds: entries 1 to 7") && said.contains(&head), "{said}");
        assert!(said.contains("cannot be seen"), "{said}");
    }
}

#[test]
fn the_first_entry_that_is_broken_is_named_with_what_is_broken() {
    let all = chain(5);
    let without = |n: usize| {
        let mut all = all.clone();
        all.remove(n);
        page(&all)
    };
    let mut swapped = all.clone();
    swapped.swap(1, 2);
    let mut twice = all.clone();
    twice.insert(2, all[1].clone());
    let mut other = chain(5);
    other[4] = AuditEntry::after(
        other[3].head(),
        &Event::new(EventKind::Acted, "another".to_owned(), Timestamp::from_millis(9)),
        None,
    );
    for (input, said) in [
        (page(&all).replace("drain 3", "drain 4"), "entry 3 was changed"),
        (without(2), "entries are missing: 3 to 3"),
        (without(0), "entries are missing: 1 to 1"),
        (page(&swapped), "entries are missing: 2 to 2"),
        (page(&twice), "entry 2 is out of order: it stands behind entry 2"),
        (format!("{}{}", page(&all), page(&other[4..])), "the chain is forked at entry 5"),
        (page(&all).replace("\"n\": 4", "\"n\": \"4\""), "behind entry 3 does not read"),
    ] {
        let (exit, told) = verified(&input);
        assert_eq!(exit, Exit::Findings, "{told}");
        assert!(told.contains("the chain does not hold: ") && told.contains(said), "{told}");
    }
}

#[test]
fn a_cut_off_end_is_seen_by_whoever_noted_a_hash() {
    let all = chain(5);
    let [third, last] = [all[2].hash, all[4].hash].map(|hash| hash.to_string());
    let verify = |entries: &[AuditEntry], expected: &str| {
        tool(&["verify", "-", "--expect-head", expected], &page(entries), "")
    };
    assert_eq!(verify(&all, &last).0, Exit::Fine);
    assert_eq!(verify(&all, &third).0, Exit::Fine, "it was the head once");
    let (exit, out, _) = verify(&all[..4], &last);
    assert_eq!(exit, Exit::Findings);
    assert!(out.contains("its end was cut off or replaced"), "{out}");
    let (exit, _, err) = verify(&all, "abc");
    assert!(exit == Exit::BadUsage && err.contains("64 hex digits"), "{err}");
}

#[test]
fn what_is_no_page_or_has_a_key_twice_is_not_taken_for_one() {
    let twice = page(&chain(1)).replace("\"n\": 1", "\"n\": 1, \"n\": 1");
    for (input, said) in [
        ("<html>", "is no page"),
        ("7", "a page is an object"),
        (r#"{"entries": 7}"#, "`entries` is no list"),
        (&twice, "duplicate key"),
    ] {
        let (exit, told) = verified(input);
        assert_eq!(exit, Exit::BadUsage, "{told}");
        assert!(told.contains(said), "{told}");
    }
    assert_eq!(verified(""), (Exit::Fine, "there is no entry\n".to_owned()));
}

#[test]
fn a_part_of_the_chain_can_be_checked_by_itself() {
    let all = chain(6);
    let (exit, out, _) = tool(&["verify", "-", "--from", "3"], &page(&all), "");
    assert_eq!(exit, Exit::Fine, "{out}");
    assert!(out.contains("entries 3 to 6"), "{out}");
    let (exit, out, _) = tool(&["verify", "-", "--from", "3"], &page(&all[3..]), "");
    assert_eq!(exit, Exit::Findings, "{out}");
}

#[test]
fn the_worker_tells_its_last_entries_and_files_have_the_rest() {
    let all = chain(7);
    let answer = |entries: &[AuditEntry], next: &str| {
        let entries = json::write(&entries.to_vec());
        ok(&format!(r#"{{"head": {{}}, "first": 3, "entries": {entries}{next}}}"#))
    };
    let replies = || [answer(&all[2..5], r#", "next": 6"#), answer(&all[5..], "")];
    let double = Double::giving(replies());
    let (exit, out, err) = tool(&["verify"], "", &double.base);
    assert_eq!(exit, Exit::Fine, "{err}{out}");
    assert!(out.contains("entries 3 to 7") && out.contains("before 3 were not looked at"), "{out}");
    let asked = double.asked();
    assert!(asked[1].starts_with("GET /.pointsman/v1/audit?from=6 "), "{asked:?}");
    let double = Double::giving(replies());
    let url = double.base.clone();
    let (exit, out, _) = tool(&["verify", "-", "--url", &url], &page(&all[..4]), "");
    assert_eq!(exit, Exit::Fine, "{out}");
    assert!(out.contains("entries 1 to 7"), "{out}");
    drop(double.asked());
}

#[test]
fn entries_are_listed_without_what_a_terminal_would_obey() {
    let input = page(&chain(3)).replace("drain 2", "drain\\u001b[2J");
    let (exit, out, _) = tool(&["show", "-", "--from", "2"], &input, "");
    assert_eq!(exit, Exit::Fine);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines[1].contains("on-call (token)") && lines[1].contains("drain [2J"), "{out}");
    assert!(lines[2].contains("drain 3 ") && lines[2].ends_with("disks"), "{out}");
}
