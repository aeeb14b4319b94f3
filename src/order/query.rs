//! What people ask to see. Each answer is one document, as JSON.

use crate::journal::Role;
use crate::json::{fields, variants};
use crate::time::Millis;
use crate::traffic::Report;

/// A question to the Controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// The incidents that are kept, the latest first.
    Incidents {},
    /// One incident.
    Incident {
        /// Its id.
        id: String,
    },
    /// The drills that are kept, the latest first.
    Drills {},
    /// One drill.
    Drill {
        /// Its id.
        id: String,
    },
    /// A part of the audit chain.
    Audit {
        /// From this entry on.
        from: u64,
    },
    /// The orders that are in force or to come.
    Orders {},
    /// The configs that were in use.
    ConfigHistory {},
    /// One config, or the one in use.
    Config {
        /// Its revision.
        revision: Option<u64>,
    },
    /// How services keep what they promise.
    Contracts {},
    /// How services recover.
    Recovery {},
    /// How the last day went.
    Trends {},
    /// One region with its origins.
    Region {
        /// Its id.
        id: String,
    },
    /// All metrics, in the text form of Prometheus.
    Metrics {},
    /// [`News`] for a proxy.
    Routes {
        /// The generation that the caller has.
        than: Option<u64>,
        /// What the caller counted since it asked last.
        report: Option<Report>,
    },
}

impl Query {
    /// What to say where the Controller has no answer: what is asked for does not exist.
    #[must_use]
    pub fn none(&self) -> String {
        match self {
            Self::Incident { id } => format!("there is no incident `{id}`"),
            Self::Drill { id } => format!("there is no drill `{id}`"),
            Self::Region { id } => format!("there is no region `{id}`"),
            Self::Config { revision: Some(number) } => {
                format!("there is no revision {number} of the config")
            }
            Self::Config { revision: None } => "there is no config yet".to_owned(),
            _ => "there is none".to_owned(),
        }
    }
}

variants!(Query {
    Incidents = "incidents" {},
    Incident = "incident" { id },
    Drills = "drills" {},
    Drill = "drill" { id },
    Audit = "audit" { from },
    Orders = "orders" {},
    ConfigHistory = "config_history" {},
    Config = "config" { revision if any },
    Contracts = "contracts" {},
    Recovery = "recovery" {},
    Trends = "trends" {},
    Region = "region" { id },
    Metrics = "metrics" {},
    Routes = "routes" { than if any, report if any },
});

/// A person looks at a page of the dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The path of the page, behind the prefix.
    pub page: String,
    /// Its query.
    pub query: String,
    /// Who looks.
    pub name: String,
    /// What that person may do.
    pub role: Role,
    /// Whether they logged in by a token, and can log out.
    pub by_cookie: bool,
}

fields!(Look { page, query, name, role, by_cookie });

/// What a proxy is told that asks for a later routing table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// How long it should wait before it asks again.
    pub wait_ms: Millis,
    /// The table, if there is a later one.
    pub table: Option<String>,
}

fields!(News { wait_ms, table if any });
