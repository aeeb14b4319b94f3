//! What `init` wants to know.

use crate::country::Country;
use crate::ids::{RegionId, ServiceId};

/// Fewest origins: with one there is nowhere to lead anybody.
pub(super) const ORIGINS_MIN: usize = 2;
/// The page that is asked for where nobody names another.
pub(super) const HEALTH_PATH: &str = "/health";
/// The id of a service whose host begins with something that is no id.
const SERVICE_ID: &str = "web";

/// Everything that a first config says.
///
/// **Invariant.** None: whether the answers make a valid config, the reader of configs says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answers {
    /// The host that clients ask for.
    pub(super) host: String,
    /// How clients get to a region.
    pub(super) serve: Serve,
    /// Its origins, the preferred first.
    pub(super) origins: Vec<Origin>,
    /// What probes ask for.
    pub(super) health_path: String,
    /// Where some clients have to stay.
    pub(super) rule: Option<Rule>,
    /// Who is called.
    pub(super) alert: Option<Alert>,
    /// Where the admin API answers.
    pub(super) admin_host: Option<String>,
}

/// How clients get to a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Serve {
    /// Their requests go through the Worker.
    Proxy,
    /// A DNS record of this zone leads them.
    Record { zone: String },
    /// A load balancer leads them, with a pool of this account for each region.
    Pools { account: String },
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) region: RegionId,
    pub(super) country: Country,
    pub(super) url: String,
}

/// Where the clients of some countries have to stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// Countries, and sets such as `@eea`.
    pub(super) clients: Vec<String>,
    /// Countries, sets and regions.
    pub(super) allow: Vec<String>,
    /// The legal basis.
    pub(super) basis: String,
}

/// Who is called. Its URL or key is a secret, so nobody asks for it here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Alert {
    Slack,
    Pagerduty,
    Jsm,
    /// A webhook at this host.
    Webhook {
        host: String,
    },
}

impl Answers {
    /// Answers that make a valid config, to be replaced one by one. `.invalid` is nobody's.
    pub(super) fn to_be_replaced() -> Self {
        Self {
            host: "host.invalid".to_owned(),
            serve: Serve::Proxy,
            origins: Vec::new(),
            health_path: HEALTH_PATH.to_owned(),
            rule: None,
            alert: None,
            admin_host: None,
        }
    }

    /// The id of the service: the first label of its host, if that is one.
    pub(super) fn service(&self) -> &str {
        let label = self.host.split('.').next().unwrap_or_default();
        if ServiceId::parse(label).is_ok() { label } else { SERVICE_ID }
    }

    /// The regions in the order of their first origins, each with its origins.
    pub(super) fn regions(&self) -> Vec<(&RegionId, Vec<&Origin>)> {
        let mut regions: Vec<(&RegionId, Vec<&Origin>)> = Vec::new();
        for origin in &self.origins {
            match regions.iter_mut().find(|(region, _)| **region == origin.region) {
                Some((_, origins)) => origins.push(origin),
                None => regions.push((&origin.region, vec![origin])),
            }
        }
        regions
    }

    /// The country that a region is already said to be in.
    pub(super) fn country_of(&self, region: &RegionId) -> Option<Country> {
        self.origins.iter().find(|origin| origin.region == *region).map(|origin| origin.country)
    }
}

impl Origin {
    /// Reads `REGION:COUNTRY:URL`. Errors: what is wrong with it.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(region, rest)| {
            let (country, url) = rest.split_once(':')?;
            Some((region, country, url))
        });
        let (region, country, url) = parts
            .ok_or("write REGION:COUNTRY:URL, such as `eu-west:IE:https://eu1.example.com`")?;
        Ok(Self {
            region: RegionId::parse(region).map_err(|bad| bad.to_string())?,
            country: Country::parse(country).map_err(|bad| bad.to_string())?,
            url: url.to_owned(),
        })
    }
}

/// The items of a list that is separated by commas.
pub(super) fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
