use super::*;
use crate::time::MINUTE;

const SET: &str = "files.example.com A";

fn at(minute: u64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE)
}

fn found(fact: ForeignFact, minute: u64) -> FoundFact {
    let (ours, theirs) = match fact {
        ForeignFact::MarkerLost => ("pointsman:files", "no comment"),
        ForeignFact::ContentMoved | ForeignFact::SecondRecord => ("192.0.2.1", "192.0.2.9"),
        ForeignFact::TtlChanged => ("60 s", "3600 s"),
        ForeignFact::Gone => ("192.0.2.1", "no record"),
    };
    FoundFact {
        fact,
        record: SET.to_owned(),
        id: "r1".to_owned(),
        service: ServiceId::parse("files").unwrap(),
        ours: ours.to_owned(),
        ours_at: at(0),
        theirs: theirs.to_owned(),
        at: at(minute),
        is_stopped: false,
    }
}

/// A pass that read the set and found this.
fn pass(facts: Vec<FoundFact>, is_written: bool) -> Looked {
    let set = || Set::of([SET.to_owned()]);
    let written = if is_written { set() } else { Set::new() };
    Looked { facts, published: set(), read: set(), written, taken_back: Set::new() }
}

/// The turns that a pass at this minute makes.
fn turns(owners: &mut OtherOwners, looked: &Looked, minute: u64) -> Vec<FactTurn> {
    follow(owners, looked, at(minute)).into_iter().map(|news| news.turn).collect()
}

const BEGINS: FactTurn = FactTurn::Begins { is_set_right: false };
const BEGINS_AND_IS_SET_RIGHT: FactTurn = FactTurn::Begins { is_set_right: true };
const ENDS: FactTurn = FactTurn::Ends { is_published: true };

#[test]
fn each_fact_is_told_when_it_begins_and_ends_and_not_while_it_goes_on() {
    for fact in ForeignFact::ALL.iter().copied() {
        let mut owners = OtherOwners::new();
        let there = pass(vec![found(fact, 10)], false);
        assert_eq!(turns(&mut owners, &there, 10), [BEGINS], "{fact:?}");
        for minute in 11..20 {
            assert_eq!(turns(&mut owners, &there, minute), [], "{fact:?}");
        }
        assert_eq!(owners.values().next().unwrap().times, [at(10)]);
        assert_eq!(turns(&mut owners, &pass(Vec::new(), false), 20), [ENDS], "{fact:?}");
        assert_eq!(owners.values().next().unwrap().status().over_at, Some(at(20)));
        assert_eq!(turns(&mut owners, &pass(Vec::new(), false), 21), [], "{fact:?}");
    }
}

#[test]
fn each_fact_that_was_set_right_is_told_again_when_it_comes_back_with_how_often() {
    for fact in ForeignFact::ALL.iter().copied().filter(|fact| *fact != ForeignFact::SecondRecord) {
        let mut owners = OtherOwners::new();
        let first = pass(vec![found(fact, 10)], true);
        assert_eq!(turns(&mut owners, &first, 10), [BEGINS_AND_IS_SET_RIGHT], "{fact:?}");
        // Nobody looked between our write and theirs.
        let again = follow(&mut owners, &pass(vec![found(fact, 20)], true), at(20));
        assert_eq!(again[0].turn, BEGINS_AND_IS_SET_RIGHT, "{fact:?}");
        let text = again[0].text();
        assert!(text.contains("found at 1970-01-01T00:20:00.000Z"), "{text}");
        assert!(text.contains("ours since 1970-01-01T00:00:00.000Z"), "{text}");
        assert!(text.ends_with("2 times since 1970-01-01T00:10:00.000Z"), "{text}");
        // It was set right, and a look showed it.
        assert_eq!(turns(&mut owners, &pass(Vec::new(), false), 21), [ENDS], "{fact:?}");
        let third = follow(&mut owners, &pass(vec![found(fact, 30)], false), at(30));
        assert!(third[0].text().contains("3 times since"), "{}", third[0].text());
    }
}

#[test]
fn a_write_that_did_not_help_is_no_return() {
    let mut owners = OtherOwners::new();
    turns(&mut owners, &pass(vec![found(ForeignFact::Gone, 10)], true), 10);
    // The note of the record that is gone is still the one of minute 10.
    assert_eq!(turns(&mut owners, &pass(vec![found(ForeignFact::Gone, 10)], false), 11), []);
}

#[test]
fn each_fact_is_told_when_we_stop_to_set_it_right_once() {
    for fact in ForeignFact::ALL.iter().copied().filter(|fact| *fact != ForeignFact::SecondRecord) {
        let mut owners = OtherOwners::new();
        let left = FoundFact { is_stopped: true, ..found(fact, 10) };
        let stopped = pass(vec![left], false);
        assert_eq!(turns(&mut owners, &stopped, 10), [BEGINS, FactTurn::Stops], "{fact:?}");
        assert_eq!(turns(&mut owners, &stopped, 11), [], "{fact:?}");
        assert!(owners.values().next().unwrap().status().stopped);
        assert_eq!(turns(&mut owners, &pass(vec![found(fact, 10)], true), 12), [], "{fact:?}");
        assert!(!owners.values().next().unwrap().stopped, "it is set right again");
        assert_eq!(turns(&mut owners, &pass(Vec::new(), false), 13), [ENDS], "{fact:?}");
    }
}

#[test]
fn another_value_while_a_fact_goes_on_counts_and_is_not_told_again() {
    let mut owners = OtherOwners::new();
    turns(&mut owners, &pass(vec![found(ForeignFact::TtlChanged, 10)], false), 10);
    let other = FoundFact { theirs: "300 s".to_owned(), ..found(ForeignFact::TtlChanged, 20) };
    assert_eq!(turns(&mut owners, &pass(vec![other], false), 20), []);
    let status = owners.values().next().unwrap().status();
    assert_eq!((status.count, status.theirs.as_str(), status.at), (2, "300 s", at(20)));
}

#[test]
fn what_was_not_read_goes_on_and_what_is_no_longer_published_is_over() {
    let mut owners = OtherOwners::new();
    turns(&mut owners, &pass(vec![found(ForeignFact::MarkerLost, 10)], false), 10);
    let unread = Looked { read: Set::new(), ..pass(Vec::new(), false) };
    assert_eq!(turns(&mut owners, &unread, 11), []);
    let unpublished = Looked::default();
    let over = FactTurn::Ends { is_published: false };
    assert_eq!(turns(&mut owners, &unpublished, 12), [over]);
}

#[test]
fn what_is_over_is_kept_for_as_long_as_it_counts() {
    let mut owners = OtherOwners::new();
    turns(&mut owners, &pass(vec![found(ForeignFact::MarkerLost, 10)], true), 10);
    turns(&mut owners, &pass(Vec::new(), false), 11);
    let week = UNDONE_KEPT_MS / MINUTE;
    turns(&mut owners, &pass(Vec::new(), false), 9 + week);
    assert_eq!(owners.len(), 1);
    turns(&mut owners, &pass(Vec::new(), false), 10 + week);
    assert_eq!(owners.len(), 0);
}

#[test]
fn so_many_facts_and_no_more_and_what_is_over_makes_room() {
    let numbered = |n: usize| FoundFact { id: n.to_string(), ..found(ForeignFact::MarkerLost, 1) };
    let mut owners = OtherOwners::new();
    for (count, kept) in [
        (OTHER_OWNERS_MAX - 1, OTHER_OWNERS_MAX - 1),
        (OTHER_OWNERS_MAX, OTHER_OWNERS_MAX),
        (OTHER_OWNERS_MAX + 1, OTHER_OWNERS_MAX),
    ] {
        follow(&mut owners, &pass((0..count).map(numbered).collect(), false), at(1));
        assert_eq!(owners.len(), kept);
    }
    // The first one is over; then there is room for one more.
    follow(&mut owners, &pass((1..OTHER_OWNERS_MAX).map(numbered).collect(), false), at(2));
    let news =
        follow(&mut owners, &pass((1..=OTHER_OWNERS_MAX).map(numbered).collect(), false), at(3));
    assert_eq!((news.len(), owners.len()), (1, OTHER_OWNERS_MAX));
}

#[test]
fn the_words_say_what_follows() {
    let news = |fact, turn| {
        let mut owners = OtherOwners::new();
        let told = follow(&mut owners, &pass(vec![found(fact, 10)], false), at(10));
        FactNews { turn, ..told[0].clone() }
    };
    let lost = news(ForeignFact::MarkerLost, BEGINS);
    assert_eq!(
        lost.text(),
        "files.example.com A: marker_lost: the comment is `no comment` instead of \
         `pointsman:files`; record `r1`, found at 1970-01-01T00:10:00.000Z, ours since \
         1970-01-01T00:00:00.000Z"
    );
    assert!(lost.is_urgent());
    let stops = news(ForeignFact::ContentMoved, FactTurn::Stops);
    assert!(stops.text().starts_with("stopped: files.example.com A: content_moved: "));
    assert!(stops.why().contains("`pointsman take-back files.example.com A`"), "{}", stops.why());
    let second = news(ForeignFact::SecondRecord, BEGINS);
    assert!(second.text().contains("`192.0.2.9` answers beside our `192.0.2.1`"));
    assert!(second.why().contains("touches no other"), "{}", second.why());
    let over = news(ForeignFact::Gone, ENDS);
    assert!(over.text().starts_with("over: files.example.com A: gone"), "{}", over.text());
    assert!(!over.is_urgent());
}
