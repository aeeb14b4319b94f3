//! A day in virtual time: thirty isolates that come and go count requests, the Controller adds them
//! up and begins anew now and then, and promtool takes rates of what it told to each scrape.

use crate::programs::Programs;
use anyhow::{Context as _, Result, ensure};
use pointsman::controller::{Controller, Memory, Offered};
use pointsman::geo::Area;
use pointsman::ids::ServiceId;
use pointsman::order::Query;
use pointsman::time::{MINUTE, Millis, SECOND, Timestamp};
use pointsman::traffic::{Ended, Line, Report, Requests};
use pointsman_lab::deployment::example_config;
use serde_json::{Value, json};

const HOUR: Millis = 60 * MINUTE;
const DAY: Millis = 24 * HOUR;
const ISOLATES: u64 = 30;
/// What all isolates together answer.
const REQUESTS_PER_S: u64 = 30;
const SCRAPE_MS: Millis = 30 * SECOND;
/// When the Controller begins anew: soon after a scrape, and just before one, which loses most.
const RESTARTS: [Millis; 3] =
    [HOUR + 3 * SECOND, 5 * HOUR + 7 * MINUTE + 16 * SECOND, 17 * HOUR + 29 * SECOND];
const SERIES: &str = r#"pointsman_requests_total{service="api",outcome="answered"}"#;
/// What would be read of three isolates that show their own counters to the scrapes that meet them.
const NAIVE: &str = "naive_total";
/// What they answer, in parts of six.
const NAIVE_SHARES: [u64; 3] = [3, 2, 1];

/// One isolate of the proxy.
struct Isolate {
    name: String,
    ends: Timestamp,
    number: u64,
    /// What it has not told.
    untold: Requests,
    asks_at: Timestamp,
}

struct World {
    controller: Controller,
    config: String,
    isolates: Vec<Isolate>,
    began: u64,
    chance: u64,
}

/// Plays it.
pub(crate) async fn play(programs: &Programs) -> Result<()> {
    let mut world = World::new(&example_config()?.to_string())?;
    let (mut told, mut naive) = (Vec::new(), Vec::new());
    for second in 0..=DAY / SECOND {
        let now = Timestamp::from_millis(second * SECOND);
        world.second(now)?;
        if now.millis().is_multiple_of(SCRAPE_MS) {
            told.push(world.scraped(now)?);
            let share = NAIVE_SHARES.iter().cycle().nth(told.len() % NAIVE_SHARES.len());
            naive.push(second * REQUESTS_PER_S * share.context("no share")? / 6);
        }
    }
    let isolates = world.began;
    let input = |series: &str, values: &[u64]| {
        let values: Vec<String> = values.iter().map(u64::to_string).collect();
        json!({"series": series, "values": values.join(" ")})
    };
    let near = |window: &str, at: &str| {
        let expression = format!(
            "abs(sum(rate({SERIES}[{window}])) / {REQUESTS_PER_S} - 1) <= bool {}",
            crate::TOLERANCE
        );
        json!({"expr": expression, "eval_time": at, "exp_samples": [{"labels": "{}", "value": 1}]})
    };
    let mut tests: Vec<Value> = (1..24).map(|hour| near("10m", &format!("{hour}h20m"))).collect();
    // Over each of the restarts, and over all of the day.
    tests.extend(["1h5m", "5h12m", "17h5m"].map(|at| near("10m", at)));
    tests.extend([near("1h", "6h"), near("24h", "24h")]);
    // The same scrapes of counters of isolates are far off, so these tests can fail.
    let far = format!("sum(rate({NAIVE}[1h])) > bool {}", 10 * REQUESTS_PER_S);
    tests.push(
        json!({"expr": far, "eval_time": "23h", "exp_samples": [{"labels": "{}", "value": 1}]}),
    );
    let count = tests.len();
    let file = json!({"evaluation_interval": "30s", "tests": [{
        "interval": "30s",
        "input_series": [input(SERIES, &told), input(NAIVE, &naive)],
        "promql_expr_test": tests,
    }]});
    let path = programs.work().join("day.test.yml");
    // JSON is YAML.
    std::fs::write(&path, file.to_string())?;
    programs.promtool(&["test", "rules", &path.display().to_string()], "").await?;
    println!(
        "a day of {isolates} isolates, {} restarts of the Controller and {} scrapes: \
         {count} rates are as they should be",
        RESTARTS.len(),
        told.len()
    );
    Ok(())
}

impl World {
    fn new(config: &str) -> Result<Self> {
        let mut controller = Controller::default();
        let taken = controller.offer_config(config, Timestamp::from_millis(0));
        ensure!(taken == Offered::Taken, "the example is no config");
        let config = config.to_owned();
        Ok(Self { controller, config, isolates: Vec::new(), began: 0, chance: 1 })
    }

    /// A number below `below`, from a fixed seed.
    fn chance(&mut self, below: u64) -> u64 {
        // Source: Knuth, MMIX.
        self.chance = self
            .chance
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % below
    }

    fn second(&mut self, now: Timestamp) -> Result<()> {
        self.isolates.retain(|isolate| now < isolate.ends);
        while (self.isolates.len() as u64) < ISOLATES {
            self.began += 1;
            let lives_ms = 20 * MINUTE + self.chance(40 * MINUTE);
            let asks_at = now.plus(self.chance(30 * SECOND));
            self.isolates.push(Isolate {
                name: format!("{:x}", self.began),
                ends: now.plus(lives_ms),
                number: 0,
                untold: Requests::default(),
                asks_at,
            });
        }
        for _ in 0..REQUESTS_PER_S {
            let turn = usize::try_from(self.chance(ISOLATES))?;
            if let Some(isolate) = self.isolates.get_mut(turn) {
                isolate.untold.note(Ended::Well, 20);
            }
        }
        for isolate in &mut self.isolates {
            if isolate.asks_at <= now {
                isolate.tell(&mut self.controller, now)?;
            }
        }
        if RESTARTS.contains(&now.millis()) {
            let copy = self.controller.saved_state();
            let memory = Memory { config: Some(self.config.clone()), ..Memory::default() };
            (self.controller, _) = Controller::remember(memory, Some(&copy));
        }
        Ok(())
    }

    fn scraped(&mut self, now: Timestamp) -> Result<u64> {
        let text = self.controller.page(&Query::Metrics {}, now).context("no metrics")?;
        let line = text.lines().find_map(|line| line.strip_prefix(SERIES));
        Ok(line.context("the series is missing")?.trim().parse()?)
    }
}

impl Isolate {
    fn tell(&mut self, controller: &mut Controller, now: Timestamp) -> Result<()> {
        self.number += 1;
        let minute = now.minus(now.millis() % MINUTE);
        let place = (ServiceId::parse("api")?, None);
        let lines = vec![Line::of(minute, place, std::mem::take(&mut self.untold))];
        let (isolate, area) = (self.name.clone(), Some(Area::Weur));
        let report = Report { isolate, number: self.number, area, lines, happened: Vec::new() };
        let query = Query::Routes { than: Some(u64::MAX), report: Some(report) };
        let answer = controller.page(&query, now).context("no news")?;
        let answer: Value = serde_json::from_str(&answer)?;
        let wait_ms = answer["wait_ms"].as_u64().context("no turn")?;
        self.asks_at = now.plus(wait_ms);
        Ok(())
    }
}
