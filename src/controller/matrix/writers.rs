//! The rows of the matrix in which others write: a record beside ours, a marker that is lost, and a
//! list that changes while it is read.

use super::cells::{Phase, before, begin};
use super::play::Play;
use super::worlds::World;
use serde_json::{Value, json};

const PHASES: [Phase; 4] = [Phase::Failover, Phase::Law, Phase::Steady, Phase::Return];

/// What stands in the way or was withheld, about the record set of this name.
fn told_of(play: &Play, name: &str) -> Vec<String> {
    let actuation = &play.controller.state().actuation;
    let told = actuation.failures.iter().chain(&actuation.withheld);
    told.filter(|said| said.contains(name)).cloned().collect()
}

fn row<'p>(play: &'p mut Play, id: &str) -> &'p mut Value {
    play.account.records.iter_mut().find(|row| row["id"] == id).unwrap()
}

#[test]
fn a_record_of_others_beside_ours_is_told_and_left_alone_in_every_phase() {
    for phase in PHASES {
        for (content, is_ours_to_move) in [("192.0.2.1", true), ("198.51.100.7", false)] {
            let mut play = before(World::Set, phase);
            play.account
                .records
                .retain(|row| row["comment"] != "pointsman:files" || row["content"] != content);
            let theirs = json!({"id": "beside", "name": "files.example.com", "type": "A", "ttl": 60,
                                "content": content, "proxied": false, "comment": null});
            play.account.records.push(theirs.clone());
            begin(&mut play, World::Set, phase);
            play.settle();
            let cell = format!("foreign record {content} / {phase:?}");
            assert_eq!(*row(&mut play, "beside"), theirs, "{cell}");
            assert_ne!(told_of(&play, "files.example.com"), [""; 0], "{cell}: {is_ours_to_move}");
            play.check_others(&cell);
            let forbidden = play.contents().into_iter().find(|it| play.forbidden.contains(it));
            assert_eq!(forbidden, None, "{cell}");
        }
    }
}

#[test]
fn a_record_that_lost_its_marker_is_still_ours_or_is_told_in_every_phase() {
    for phase in PHASES {
        for (world, comment) in [(World::Name, "pointsman:www"), (World::Set, "pointsman:files")] {
            let mut play = before(world, phase);
            let ours = play.account.records.iter_mut().find(|row| row["comment"] == comment);
            let ours = ours.unwrap();
            ours["comment"] = Value::Null;
            let (id, name) = (ours["id"].clone(), ours["name"].as_str().unwrap().to_owned());
            begin(&mut play, world, phase);
            play.settle();
            let cell = format!("lost marker of {name} / {phase:?}");
            // Either it is ours again, or was rightly deleted as ours, or somebody is told.
            let now = play.account.records.iter().find(|row| row["id"] == id);
            let is_ours = now.is_none_or(|row| row["comment"] == comment);
            assert!(is_ours || !told_of(&play, &name).is_empty(), "{cell}: {now:?}");
            play.check_others(&cell);
        }
    }
}

#[test]
fn a_list_that_changes_between_its_pages_is_not_taken_for_whole_in_any_phase() {
    for phase in [Phase::Failover, Phase::Steady, Phase::Return] {
        let filled = || {
            let mut play = before(World::Set, phase);
            // Ours stand where a record slips from the second page to the first.
            let ours = std::mem::take(&mut play.account.records);
            let fill = |n: usize| {
                json!({"id": format!("f{n}"), "name": format!("f{n}.example.com"), "type": "TXT",
                       "content": "x", "ttl": 60, "proxied": false, "comment": null})
            };
            play.account.records =
                (0..500).map(fill).chain(ours).chain((500..520).map(fill)).collect();
            // What is of others comes first of those that are not filled in.
            play.account.records.sort_by_key(|row| {
                let is_ours = row["comment"] == "pointsman:files";
                let number = row["id"].as_str().unwrap().trim_start_matches('f').parse::<usize>();
                (number.map_or(500, |number| number), !is_ours)
            });
            play
        };
        let mut clean = filled();
        begin(&mut clean, World::Set, phase);
        clean.settle();
        let mut play = filled();
        play.is_changing = true;
        begin(&mut play, World::Set, phase);
        play.settle();
        let cell = format!("changing list / {phase:?}");
        assert_eq!(play.writes, clean.writes, "{cell}: nothing is written on half a list");
        assert_eq!(play.contents(), clean.contents(), "{cell}");
        play.check_quiet(&cell);
    }
}
