use super::*;
use crate::ids::{MonitorId, OriginId, RegionId, ServiceId};
use crate::journal::{Actor, Cause, Event, Standing, Trouble};

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(1_764_429_540_000 + ms)
}

fn night() -> Incident {
    let region = RegionId::parse("eu-west").unwrap();
    let standing = |service: &str, trouble: Option<Trouble>| Standing {
        service: ServiceId::parse(service).ok(),
        trouble,
        is_well: trouble.is_none(),
        seen: at(4_120),
        cause: Cause {
            origin: OriginId::parse("eu-west-1").ok(),
            monitor: MonitorId::parse("api").ok(),
            reason: "response code mismatch (status 503)".to_owned(),
            code: Some("response_code_mismatch".to_owned()),
            status: Some(503),
            excerpt: Some("no disk".to_owned()),
        },
        why: Some("eu-west-1: response code mismatch (status 503)".to_owned()),
    };
    let down = ["api", "downloads"].map(|service| standing(service, Some(Trouble::Down)));
    let (mut incident, opened) = Incident::open(7, Some(&region), &down, at(6_400)).unwrap();
    let mut told = vec![opened];
    told.extend(incident.follow(&down, at(6_400)));
    for event in &told {
        incident.note(event);
    }
    incident.phases.reach(Phase::Decided, at(6_410));
    let event = |kind, text: &str, ms| Event::new(kind, text.to_owned(), at(ms));
    let why = "eu-west-1 in eu-west: response code mismatch (status 503), down since 15:19:06.400";
    let answer = "downloads.example.com CNAME: answer us1.origin.example.com (us-east)";
    let withheld = "pool api-sa-east: disable br1: rule `lgpd` permits 1 region [last_usable]";
    let who = Actor { name: "on-call".to_owned(), way: Way::Token };
    for event in [
        event(EventKind::Applied, answer, 6_900).because(why.to_owned()),
        event(EventKind::Withheld, withheld, 6_900),
        event(EventKind::Applied, "pool api-eu-west: disable eu1", 7_300).because(why.to_owned()),
        event(EventKind::Acted, "on-call (token) looks after it", 60_000)
            .by(who)
            .because("looking at the disks".to_owned()),
    ] {
        incident.note(&event);
    }
    incident.phases.reach(Phase::Verified, at(9_000));
    let up = ["api", "downloads"].map(|service| standing(service, None));
    let told = incident.follow(&up, at(184_400));
    for event in &told {
        incident.note(event);
    }
    incident.return_at(at(187_000));
    incident
}

#[test]
fn the_report_tells_the_night_from_the_first_bad_probe_to_the_return() {
    assert_eq!(report(&night(), at(200_000)), include_str!("night.txt").trim_end());
}

#[test]
fn a_phase_that_is_not_there_says_why() {
    let mut incident = night();
    incident.phases.forget(Phase::Verified);
    incident.phases.forget(Phase::Back);
    let told = report(&incident, at(200_000));
    let absent = |title: &str| {
        told.lines().find(|line| line.contains(title)).unwrap().trim_start().to_owned()
    };
    assert!(absent("verified").ends_with("name: no, because it was up again before"));
    assert!(absent("traffic back").ends_with("traffic back: not yet"), "{told}");
    incident.unverified = Some("www.example.com was asked, and failed: TCP timeout".to_owned());
    assert!(report(&incident, at(200_000)).contains("www.example.com was asked, and failed"));
}
