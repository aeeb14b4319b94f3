use crate::controller::{Controller, LogLine};
use crate::ids::ServiceId;
use crate::journal::{Actor, Way};
use crate::order::{Act, ActReply, ActRequest, Acted, RefusalCode};
use crate::owned::{Gone, OwnedRecord, RecordValue, Theirs};
use crate::testing::{config_text, run};
use crate::time::{MINUTE, Timestamp};

const SET: &str = "files.example.com CNAME";

fn at(minute: u64) -> Timestamp {
    Timestamp::from_millis(minute * MINUTE)
}

fn settled() -> Controller {
    let mut controller = Controller::default();
    controller.offer_config(&config_text(), at(0));
    run(&mut controller, 60_000, &[]);
    drop(controller.take_news());
    controller
}

fn request(record: &str, is_dry: bool) -> ActRequest {
    ActRequest {
        role: crate::journal::Role::Operator,
        act: Act::TakeBack { record: record.to_owned() },
        who: Actor { name: "on-call".to_owned(), way: Way::Token },
        reason: "octodns is told".to_owned(),
        from: None,
        until: None,
        is_dry,
        key: None,
    }
}

fn taken_back(controller: &mut Controller, record: &str, is_dry: bool) -> Acted {
    match controller.act(&request(record, is_dry), at(3)) {
        ActReply::Done(acted) => acted,
        ActReply::Refused(why) => panic!("{why:?}"),
    }
}

/// A record that we left at minute 1, and that others touched at minute 2.
fn touched(controller: &mut Controller) -> &mut OwnedRecord {
    let value = |content: &str, ttl_s: u32, comment: &str| RecordValue {
        content: content.to_owned(),
        ttl_s,
        comment: comment.to_owned(),
        ..RecordValue::default()
    };
    let note = OwnedRecord {
        zone: "example.com".to_owned(),
        name: "files.example.com".to_owned(),
        kind: "CNAME".to_owned(),
        service: ServiceId::parse("files").unwrap(),
        ours: value("eu.example.com", 60, "pointsman:files"),
        at: at(1),
        theirs: Some(Theirs { value: value("us.example.com", 3_600, ""), at: at(2) }),
        undone: vec![at(2)],
        gone: None,
    };
    let owned = &mut controller.state.actuation.owned;
    owned.insert("r1".to_owned(), note);
    owned.get_mut("r1").unwrap()
}

#[test]
fn what_is_known_of_a_record_is_said_before_it_is_written() {
    let mut controller = settled();
    touched(&mut controller);
    let acted = taken_back(&mut controller, SET, true);
    assert_eq!(
        acted.changes,
        ["files.example.com CNAME: record `r1`: comment `` to `pointsman:files`, content \
          `us.example.com` to `eu.example.com`, TTL 3600 s to 60 s"]
    );
    assert!(acted.is_dry);
    touched(&mut controller).gone = Some(Gone { at: at(2), by_us: false });
    let gone = taken_back(&mut controller, SET, true).changes;
    assert_eq!(
        gone,
        ["files.example.com CNAME: record `r1` is gone; `eu.example.com` is made anew"]
    );
}

#[test]
fn a_record_that_nothing_is_known_of_is_adopted_and_that_is_said() {
    let acted = taken_back(&mut settled(), SET, true);
    assert_eq!(
        acted.changes,
        ["files.example.com CNAME: the only record of this name and type without a marker \
             becomes ours: it gets the comment `pointsman:files` and says `eu.example.com`"]
    );
    let mut controller = settled();
    touched(&mut controller).theirs = None;
    let right = taken_back(&mut controller, SET, true).changes;
    assert!(right[0].contains("nothing is known to be wrong"), "{right:?}");
}

#[test]
fn a_dry_run_changes_nothing_and_tells_nothing() {
    let mut controller = settled();
    let before = controller.state().clone();
    taken_back(&mut controller, SET, true);
    assert_eq!(controller.state(), &before);
    assert_eq!(controller.take_news(), []);
}

#[test]
fn a_pass_is_due_at_once_and_the_act_is_told_with_who_and_why() {
    let mut controller = settled();
    touched(&mut controller);
    controller.state.actuation.compared_at = Some(at(2));
    controller.state.actuation.retry_at = Some(at(60));
    taken_back(&mut controller, "Files.Example.com. cname", false);
    let told: Vec<LogLine> = controller.take_news();
    let line: serde_json::Value = serde_json::from_str(&told[0].text).unwrap();
    assert_eq!(line["event"], "acted");
    let text = line["text"].as_str().unwrap();
    assert!(text.starts_with("take back files.example.com CNAME: "), "{text}");
    assert_eq!(line["why"], "octodns is told");
    assert!(told[0].text.contains("TTL 3600 s to 60 s"), "{told:?}");
    let take_backs = &controller.state().actuation.take_backs;
    assert_eq!(take_backs.get(SET), Some(&at(3)));
    assert!(controller.begin_reconcile(at(3)).is_some());
}

#[test]
fn what_no_service_publishes_is_refused_and_so_is_what_names_no_type() {
    let mut controller = settled();
    for (record, code, says) in [
        ("www.example.com A", RefusalCode::NotFound, "published are files.example.com CNAME"),
        ("files.example.com A", RefusalCode::NotFound, "no service publishes"),
        ("files.example.com", RefusalCode::Invalid, "such as `api.example.com A`"),
        ("files.example.com CNAME now", RefusalCode::Invalid, "with its type"),
        ("", RefusalCode::Invalid, "with its type"),
    ] {
        let ActReply::Refused(why) = controller.act(&request(record, false), at(3)) else {
            panic!("{record}");
        };
        assert_eq!(why.code, code, "{record}");
        assert!(why.problem.contains(says), "{}", why.problem);
    }
    assert!(controller.state().actuation.take_backs.is_empty());
    let mut without = Controller::default();
    let ActReply::Refused(why) = without.act(&request(SET, false), at(3)) else { panic!() };
    assert!(why.problem.contains("no service publishes a record"), "{}", why.problem);
}

#[test]
fn the_status_lists_what_others_did_and_its_summary_counts_it() {
    use crate::ordered::Set;
    use crate::other_owner::{ForeignFact, FoundFact, Looked, follow};
    let mut controller = settled();
    let fact = |fact, is_stopped| FoundFact {
        fact,
        record: SET.to_owned(),
        id: "r1".to_owned(),
        service: ServiceId::parse("files").unwrap(),
        ours: "ours".to_owned(),
        ours_at: at(1),
        theirs: "theirs".to_owned(),
        at: at(2),
        is_stopped,
    };
    let facts = vec![fact(ForeignFact::MarkerLost, false), fact(ForeignFact::TtlChanged, true)];
    let looked = Looked { facts, read: Set::of([SET.to_owned()]), ..Looked::default() };
    follow(&mut controller.state.actuation.other_owners, &looked, at(2));
    let owners = controller.status(at(3)).cloudflare.other_owners;
    assert_eq!(owners.len(), 2);
    assert_eq!((owners[1].fact, owners[1].stopped), (ForeignFact::TtlChanged, true));
    let due = controller.due_documents(at(3));
    let status = due.pages.iter().find(|page| page.key == "status").unwrap();
    let summary = &status.metadata.summary;
    assert!(summary.contains("2 other owners, 1 not set right"), "{summary}");
}
