//! What a decision costs: the same requests over and over.

use crate::random::Random;
pub use crate::tables::Size;
use crate::tables::{self, Form, HOSTS, NOW};
use pointsman::country::{COUNTRIES, Country};
use pointsman::latency::Location;
use pointsman::routes::Table;
use pointsman::steering::stable_hash::StableHash;
use pointsman::steering::{Evidence, RequestFacts, decide_first};
use std::hint::black_box;

/// Requests that are told apart; a power of two.
const REQUESTS: usize = 256;

/// How many regions have to be in order: the tries that a request has by default.
const TRIES: usize = 3;

/// A table and requests for it.
#[derive(Debug)]
pub struct Cost {
    table: Table,
    requests: Vec<Request>,
}

#[derive(Debug)]
struct Request {
    host: String,
    country: Option<Country>,
    location: Option<Location>,
    tenant: Option<String>,
    seed: u64,
}

impl Cost {
    /// A table of this size, and requests from everywhere.
    #[must_use]
    pub fn of(size: Size) -> Self {
        let mut random = Random::new(7);
        let table = tables::table(size, Form::Plain, &mut random);
        let requests = (0..REQUESTS).map(|_| request(size, &mut random)).collect();
        Self { table, requests }
    }

    /// Decides so many times. Returns something of every decision, so that none can be left out.
    #[must_use]
    pub fn decide_many(&self, times: u32) -> u32 {
        let requests = self.requests.iter().cycle();
        requests
            .zip(0..times)
            .fold(0, |sum: u32, (request, _)| sum.wrapping_add(self.once(request)))
    }

    fn once(&self, request: &Request) -> u32 {
        let header = |name: &str| request.tenant.clone().filter(|_| name == "x-tenant");
        let facts = RequestFacts {
            path: "/api/orders/17",
            header: &header,
            country: request.country,
            location: request.location,
            client: Some(StableHash::of_number("client", request.seed)),
            seed: request.seed,
            now: NOW,
            ..RequestFacts::new(&request.host)
        };
        let decision = decide_first(&self.table, black_box(&facts), &Evidence::default(), TRIES);
        decision.regions.first().map_or(0, |region| u32::try_from(region.index).unwrap_or(0))
    }
}

fn request(size: Size, random: &mut Random) -> Request {
    Request {
        host: tables::host(random.below(HOSTS)),
        country: u8::try_from(random.below(COUNTRIES)).ok().and_then(Country::from_index),
        location: Location::new(random.between(-60.0, 70.0), random.between(-180.0, 180.0)),
        tenant: (size.tenants > 0).then(|| tables::tenant(random.below(size.tenants))),
        seed: random.number(),
    }
}
