//! What origins take, one by one: bytes in KV, in storage and of the messages of a run.

use super::*;
use crate::config::{CONFIG_BYTES_MAX, Config, ORIGINS_MAX};
use crate::controller::table_size::table_too_large;
use crate::controller::writing::PRINTED;
use crate::health::Verdict;
use crate::ids::ID_BYTES_MAX;
use crate::routes::ROUTES_BYTES_MAX;
use crate::state::rows::{Kept, MADE, ROW_BYTES_MAX, ROWS_MAX, RowChange};
use crate::testing::{fail, pass};
use crate::tick::{AreaReport, Probe, ProbeResult, RoundReply, RoundRequest};
use serde_json::{Map as Table, Value, json};

const AREAS: [&str; 3] = ["weur", "enam", "sam"];
/// In how many regions they are.
const REGIONS: usize = 10;

/// Most bytes that each origin adds, of ordinary ids such as `o-0123` and a host of 25 bytes.
/// `docs/scale.md` states these.
const MOST: [(&str, usize, usize); 5] = [
    // What it is, without areas, and from three.
    ("routes", 60, 60),
    ("state", 900, 2_500),
    ("region pages", 400, 900),
    ("status", 0, 0),
    ("storage", 600, 1_600),
];

/// An id of so many bytes.
fn id(word: &str, number: usize, bytes: usize) -> String {
    let id = format!("{word}-{number:04}");
    let rest = bytes.saturating_sub(id.len() + 1);
    if rest == 0 { id } else { format!("{id}-{}", "x".repeat(rest)) }
}

/// So many origins in ten regions, under one monitor each.
fn deployment(origins: usize, areas: &[&str], id_bytes: usize) -> Value {
    let mut regions = Table::new();
    for number in 0..REGIONS {
        let origin = |number| {
            let id = id("o", number, id_bytes);
            json!({"id": id, "url": format!("https://{id}.origin.example.net")})
        };
        let of_region: Vec<Value> =
            (0..origins).filter(|it| it % REGIONS == number).map(origin).collect();
        regions
            .insert(id("region", number, id_bytes), json!({"country": "IE", "origins": of_region}));
    }
    let names: Vec<_> = regions.keys().cloned().collect();
    json!({
        "version": 1,
        "areas": {"use": areas},
        "regions": regions,
        "monitors": {"web": {"interval_s": 60}},
        "services": {"web": {"hosts": ["www.example.com"], "monitor": "web", "regions": names}},
        "limits": {"probes_per_run": 10_000},
    })
}

/// What answers: each origin whose number ends like this does not.
fn answer(probe: &Probe, at: Timestamp, down: &str) -> ProbeResult {
    let number = probe.target.origin.as_str().get(2..6).unwrap_or_default();
    let hangs = !down.is_empty() && number.ends_with(down);
    ProbeResult {
        fields: Vec::new(),
        target: probe.target.clone(),
        at,
        verdict: if hangs { fail() } else { pass() },
        pushed_back_ms: None,
        took_ms: 10,
    }
}

/// The largest reply and the largest request of a run.
#[derive(Default)]
struct Messages {
    reply_bytes: usize,
    request_bytes: usize,
    probes: usize,
}

/// One run. Where there are areas, each reports.
fn play(controller: &mut Controller, start: u64, areas: &[&str], down: &str) -> Messages {
    let mut largest = Messages::default();
    let mut request = RoundRequest::first(at(start), at(start));
    loop {
        let reply = controller.round(&request).reply;
        largest.reply_bytes = largest.reply_bytes.max(crate::json::write(&reply).len());
        let RoundReply::Probe { wait_ms, probes, .. } = reply else { return largest };
        let ended = request.now.plus(wait_ms + 10);
        let results = || -> Vec<_> { probes.iter().map(|it| answer(it, ended, down)).collect() };
        let report = |area: &&str| AreaReport {
            area: crate::json::read(&format!("\"{area}\"")).unwrap(),
            colo: Some("FRA".to_owned()),
            results: results(),
            controls: Vec::new(),
        };
        request.areas = areas.iter().map(report).collect();
        request.results = if areas.is_empty() { results() } else { Vec::new() };
        (request.now, request.round) = (ended, request.round + 1);
        largest.probes += probes.len();
        largest.request_bytes = largest.request_bytes.max(crate::json::write(&request).len());
    }
}

/// The bytes of each thing in the order of [`MOST`], after some minutes.
fn bytes(origins: usize, areas: &[&str]) -> [usize; 5] {
    let mut controller = Controller::default();
    let config = deployment(origins, areas, 6).to_string();
    assert_eq!(controller.offer_config(&config, at(0)), Offered::Taken);
    for minute in 1..4 {
        play(&mut controller, minute * 60_000, areas, "0");
    }
    let documents = due(&mut controller, 235_000);
    let of = |is: &dyn Fn(&str) -> bool| -> usize {
        documents.iter().filter(|it| is(&it.key)).map(|it| it.text.len()).sum()
    };
    let saving = Kept::default().changes(&controller.state);
    let rows = saving.changes.iter().map(|change| match change {
        RowChange::PutRow(row) if row.kind == "target" => {
            row.kind.len() + row.id.len() + row.value.len()
        }
        _ => 0,
    });
    [
        of(&|key| key == routes::KEY),
        of(&|key| key == state::KEY),
        of(&|key| key.starts_with("region:")),
        of(&|key| key == "status"),
        rows.sum(),
    ]
}

#[test]
fn each_origin_takes_so_many_bytes_and_no_more_however_many_there_are() {
    for areas in [&[][..], &AREAS[..]] {
        let sizes = [10, 100, ORIGINS_MAX].map(|origins| (origins, bytes(origins, areas)));
        for (index, most) in MOST.iter().enumerate() {
            let most_each = if areas.is_empty() { most.1 } else { most.2 };
            for pair in sizes.windows(2) {
                let (few, many) = (pair[0], pair[1]);
                let grown = many.1[index].saturating_sub(few.1[index]);
                let each = grown / (many.0 - few.0);
                assert!(each <= most_each, "{} of {} origins: {each}", most.0, many.0);
            }
        }
    }
}

/// 1,000 origins with the longest ids under ten monitors, which one composite joins: as many
/// targets as a run can have probes.
fn largest() -> Value {
    let mut config = deployment(ORIGINS_MAX, &AREAS, ID_BYTES_MAX);
    for (number, region) in config["regions"].as_object_mut().unwrap().values_mut().enumerate() {
        for (nth, origin) in region["origins"].as_array_mut().unwrap().iter_mut().enumerate() {
            let host = id("o", number * 1_000 + nth, ID_BYTES_MAX);
            origin["url"] = format!("https://{host}.origin.example.net").into();
        }
    }
    let monitors: Vec<_> = (0..10).map(|number| id("monitor", number, ID_BYTES_MAX)).collect();
    let mut all: Table<String, Value> =
        monitors.iter().map(|id| (id.clone(), json!({"interval_s": 60}))).collect();
    all.insert("web".to_owned(), json!({"all": monitors}));
    config["monitors"] = all.into();
    config
}

#[test]
fn the_largest_deployment_fits_into_every_limit_that_it_meets() {
    let text = largest().to_string();
    assert!(text.len() <= CONFIG_BYTES_MAX, "{}", text.len());
    let config = Config::parse(&text).unwrap();
    assert_eq!(config.targets().count(), 10 * ORIGINS_MAX);
    assert_eq!(table_too_large(&config), None);
    let mut controller = Controller::default();
    assert_eq!(controller.offer_config(&text, at(0)), Offered::Taken);
    let told = play(&mut controller, 60_000, &AREAS, "");
    assert_eq!(told.probes, 10 * ORIGINS_MAX, "each target is asked once");
    // Cloudflare takes 100 MB of a request to an object, and an isolate has 128 MB.
    assert!(told.reply_bytes < 8_000_000, "{}", told.reply_bytes);
    assert!(told.request_bytes < 12_000_000, "{}", told.request_bytes);
    let saving = Kept::default().changes(&controller.state);
    assert!(saving.left_out.is_empty());
    assert!(saving.changes.len() < ROWS_MAX / 4, "{}", saving.changes.len());
    let longest = saving.changes.iter().map(|change| match change {
        RowChange::PutRow(row) => row.value.len(),
        _ => 0,
    });
    assert!(longest.max().unwrap() < ROW_BYTES_MAX / 100);
    let Due { routes, pages, too_large } = controller.due_documents(at(115_000));
    assert_eq!(too_large, [""; 0]);
    let routes = routes.unwrap().text.len();
    assert!(routes < ROUTES_BYTES_MAX / 4, "{routes}");
    let state = pages.iter().find(|it| it.key == state::KEY).unwrap().text.len();
    // Three areas are as many as the copy of the state has room for at this size.
    assert!(state < DOCUMENT_BYTES_MAX, "{state}");
    assert!(state > DOCUMENT_BYTES_MAX / 10 * 9, "{state}");
}

/// What a request of a run led to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Effort {
    /// Rows that were written, and their kinds.
    rows: Vec<String>,
    /// Rows that were made to see whether they have to be written, but those of targets.
    made: usize,
    /// Texts that were made to see whether a document has news.
    printed: usize,
    /// Documents that were written.
    documents: Vec<String>,
}

/// Saves, and writes what is due, as is done behind each request of a run.
fn follow_up(controller: &mut Controller, now: u64) -> Effort {
    let (made, printed) = (MADE.get(), PRINTED.get());
    let mut effort = Effort::default();
    let mut save = |controller: &mut Controller| {
        let saving = controller.unsaved();
        let rows = saving.changes.iter().filter_map(|change| match change {
            RowChange::PutRow(row) => Some(format!("{} {}", row.kind, row.id)),
            _ => None,
        });
        effort.rows.extend(rows);
        controller.saved(saving);
    };
    save(controller);
    let Due { routes, pages, .. } = controller.due_documents(at(now));
    let documents: Vec<Document> = routes.into_iter().chain(pages).collect();
    for document in &documents {
        controller.writing(document, at(now));
        controller.written(document, at(now));
    }
    controller.published(true, at(now));
    save(controller);
    effort.documents = documents.into_iter().map(|document| document.key).collect();
    (effort.made, effort.printed) = (MADE.get() - made, PRINTED.get() - printed);
    effort
}

/// A run of one round in which everything passes, each time with another latency.
fn quiet_run(controller: &mut Controller, minute: u64) -> Vec<Effort> {
    let start = minute * 60_000;
    let mut request = RoundRequest::first(at(start), at(start));
    let mut efforts = Vec::new();
    loop {
        let reply = controller.round(&request).reply;
        efforts.push(follow_up(controller, request.now.millis()));
        let RoundReply::Probe { wait_ms, probes, .. } = reply else { return efforts };
        let ended = request.now.plus(wait_ms + 30);
        request.results = probes.iter().map(|it| answer(it, ended, "")).collect();
        for (result, latency_ms) in request.results.iter_mut().zip((10 + minute..).step_by(3)) {
            result.verdict = Verdict::Pass { latency_ms: latency_ms % 200, lag_s: None };
        }
        (request.now, request.round) = (ended, request.round + 1);
    }
}

#[test]
fn a_quiet_round_writes_the_row_of_the_run_and_makes_no_text_of_what_is_as_it_was() {
    let mut controller = Controller::default();
    let mut config = deployment(60, &[], 6);
    config["observer"] = json!({"controls": []});
    assert_eq!(controller.offer_config(&config.to_string(), at(0)), Offered::Taken);
    // Until all is up and written, and the figures of targets are saved with that.
    for minute in 1..10 {
        quiet_run(&mut controller, minute);
    }
    let efforts: Vec<Effort> = (10..20).flat_map(|it| quiet_run(&mut controller, it)).collect();
    let run_alone = Effort { rows: vec!["single run".to_owned()], made: 1, ..Effort::default() };
    let (quiet, others): (Vec<_>, Vec<_>) = efforts.into_iter().partition(|it| *it == run_alone);
    // In ten minutes the table and the figures of targets are renewed twice, each at a time.
    assert!(others.len() <= 4, "{others:?}");
    assert!(quiet.len() >= 16, "{}", quiet.len());
    for effort in &others {
        // A document that is written is printed once.
        assert_eq!(effort.printed, effort.documents.len(), "{effort:?}");
        let renews = effort.rows.iter().any(|row| row.starts_with("target "));
        assert!(renews || effort.documents == ["routes"], "{effort:?}");
    }
}
