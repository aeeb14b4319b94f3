//! The command line.

use crate::latency::Location;
use crate::time::Timestamp;
use clap::{Args, Parser, Subcommand};

/// Checks, proves and explains a Pointsman config.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    /// Find mistakes, prove residency, tell who loses service with which region
    Check(CheckArgs),
    /// Print a sound config as the edge keeps it: canonical JSON, for the key `config` in KV
    Canonical(CanonicalArgs),
    /// Print the JSON Schema of a config
    Schema,
    /// Follow one request, or a file of them, through the filters
    Explain(Box<ExplainArgs>),
    /// Tell what changes when regions go down
    Whatif(WhatifArgs),
    /// Tell what a pass would change at Cloudflare and what it would withhold; change nothing
    Plan(PlanArgs),
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Configs in TOML or JSON; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<String>,
    /// Treat warnings as mistakes
    #[arg(long)]
    pub(super) deny_warnings: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct CanonicalArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// Judge as of this instant instead of now
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(super) now: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// Requests to decide, one JSON object a line; `-` reads standard input
    #[arg(long, value_name = "CASES", conflicts_with = "RequestArgs")]
    pub(super) batch: Option<String>,
    #[command(flatten)]
    pub(super) request: RequestArgs,
    #[command(flatten)]
    pub(super) common: Common,
}

/// One request.
#[derive(Debug, Args)]
pub(super) struct RequestArgs {
    /// The host that is asked for; needed where the config has several
    #[arg(long)]
    pub(super) host: Option<String>,
    /// The path, `/` where absent
    #[arg(long)]
    pub(super) path: Option<String>,
    /// The method, `GET` where absent
    #[arg(long)]
    pub(super) method: Option<String>,
    /// The client's country; unknown where absent
    #[arg(long)]
    pub(super) country: Option<String>,
    /// A request header; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(super) headers: Vec<(String, String)>,
    /// The tenant, told in the way that the service reads it
    #[arg(long)]
    pub(super) tenant: Option<String>,
    /// What KV says of a tenant that the config does not name: countries and sets, with commas
    /// between
    #[arg(long, value_name = "ALLOW", value_delimiter = ',')]
    pub(super) kv_allow: Option<Vec<String>>,
    /// The Cloudflare data center that takes the request
    #[arg(long)]
    pub(super) colo: Option<String>,
    /// The client's location in degrees
    #[arg(long, value_name = "LAT,LON", value_parser = location, allow_hyphen_values = true)]
    pub(super) at: Option<Location>,
    /// What stands for the client: an address, or any text
    #[arg(long, value_name = "KEY")]
    pub(super) client: Option<String>,
    /// Regions that are down, with commas between; may be given more than once
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) down: Vec<String>,
    /// Regions that take no new clients, with commas between; may be given more than once
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) draining: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct WhatifArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// The regions that go down, with commas between; may be given more than once
    #[arg(long, required = true, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) down: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// The token is no option: what is on the command line, every process of the machine can read.
#[derive(Debug, Args)]
#[command(after_help = "The token is read from the variable CLOUDFLARE_API_TOKEN.")]
pub(super) struct PlanArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// Where the API is; the variable `CLOUDFLARE_API_BASE` where absent, or else Cloudflare's own
    #[arg(long, value_name = "URL")]
    pub(super) api_base: Option<String>,
    /// What KV holds under `state`: health, what is disabled by us, and what was moved when
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<String>,
    /// Regions that are down, with commas between; may be given more than once
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) down: Vec<String>,
    /// Regions that take no new clients, with commas between; may be given more than once
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) draining: Vec<String>,
    /// Regions of which nothing is known, with commas between; may be given more than once
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) unknown: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

fn instant(text: &str) -> Result<Timestamp, String> {
    Timestamp::try_from(text.to_owned()).map_err(|bad| bad.to_string())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write `name: value`")?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}

fn location(text: &str) -> Result<Location, String> {
    let degrees = text.split_once(',').and_then(|(latitude, longitude)| {
        Some([latitude.trim().parse().ok()?, longitude.trim().parse().ok()?])
    });
    let degrees: [f64; 2] = degrees.ok_or("write `latitude,longitude`")?;
    Location::try_from(degrees).map_err(|bad| bad.to_string())
}
