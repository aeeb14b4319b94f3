//! Plays runs, and measures them.

use crate::turn::{self, Object, Written};
use crate::world::{self, Weather};
use allocation_counter::AllocationInfo;
use cpu_time::ThreadTime;
use pointsman::tick::RoundRequest;
use pointsman::time::Timestamp;
use pointsman_bench::random::Random;

/// Runs before anything is measured: all is up, and its documents are written.
const WARM_UP: u32 = 4;
/// Runs after which whatever fails is down, and whatever passes is up.
const SETTLES: u32 = 4;
/// When the first run begins.
const BEGINS_MS: u64 = 1_795_305_600_000;
const MINUTE_MS: u64 = 60_000;

/// What something took.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    pub cpu_us: u64,
    pub allocations: u64,
    pub bytes: u64,
}

impl Cost {
    /// Adds what `work` takes.
    fn of<T>(&mut self, work: impl FnOnce() -> T) -> Option<T> {
        let mut made = None;
        let start = ThreadTime::now();
        let counted: AllocationInfo = allocation_counter::measure(|| made = Some(work()));
        let taken = start.elapsed();
        self.cpu_us += u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        self.allocations += counted.count_total;
        self.bytes += counted.bytes_total;
        made
    }
}

/// One run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Line {
    pub case: &'static str,
    /// Requests of the run: one more than its rounds of probes.
    pub requests: u64,
    /// Taking requests in, and what follows from them.
    pub core: Cost,
    /// Reading the texts of requests, and writing those of replies.
    pub texts: Cost,
    pub written: Written,
}

impl Line {
    /// Its figures, separated by blanks.
    pub fn told(&self) -> String {
        let Self { case, requests, core, texts, written } = self;
        format!(
            "{case} {requests} {} {} {} {} {} {} {} {} {}\n",
            core.cpu_us,
            core.allocations,
            core.bytes,
            texts.cpu_us,
            texts.allocations,
            texts.bytes,
            written.rows,
            written.row_bytes,
            written.documents,
        )
    }
}

/// All cases, each with so many runs.
pub fn all(runs: u32) -> Vec<Line> {
    let mut player = Player::new();
    player.play("warm-up", Weather::Fine, WARM_UP);
    let mut lines = player.play("steady", Weather::Fine, runs);
    for _ in 0..runs {
        lines.extend(player.play("region_down", Weather::RegionOut, 1));
        player.play("back", Weather::Fine, SETTLES);
    }
    player.play("falls", Weather::TenthHangs, SETTLES);
    lines.extend(player.play("tenth_hangs", Weather::TenthHangs, runs));
    lines
}

struct Player {
    object: Object,
    random: Random,
    minute: u64,
}

impl Player {
    fn new() -> Self {
        Self { object: Object::new(world::config()), random: Random::new(7), minute: 0 }
    }

    fn play(&mut self, case: &'static str, weather: Weather, runs: u32) -> Vec<Line> {
        (0..runs).map(|_| Line { case, ..self.run(weather) }).collect()
    }

    fn run(&mut self, weather: Weather) -> Line {
        let start = Timestamp::from_millis(BEGINS_MS + self.minute * MINUTE_MS);
        self.minute += 1;
        let mut request = turn::first(start);
        let mut line = Line::default();
        while let Some((wait_ms, results)) = self.request(&request, weather, &mut line) {
            request.now = request.now.plus(wait_ms + world::TIMEOUT_MS + 10);
            request.round += 1;
            request.results = results;
        }
        line.written = self.object.take_written();
        line
    }

    /// Makes a request, and the probes that it is answered with. `None` where the run is over.
    fn request(
        &mut self,
        request: &RoundRequest,
        weather: Weather,
        line: &mut Line,
    ) -> Option<(u64, Vec<pointsman::tick::ProbeResult>)> {
        line.requests += 1;
        let text = Object::text(request);
        let read = line.texts.of(|| Object::read(&text))??;
        let reply = line.core.of(|| self.object.round(&read))?;
        line.texts.of(|| Object::reply(&reply))?;
        let (wait_ms, probes) = turn::probes(reply)?;
        let began = request.now.plus(wait_ms);
        let result = |probe| {
            let origin = turn::origin(probe);
            turn::result(probe, world::found(origin, weather, &mut self.random), began)
        };
        Some((wait_ms, probes.iter().map(result).collect()))
    }
}
