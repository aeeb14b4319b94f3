//! The command line.

use super::audit::AuditCommand;
use super::init::InitArgs;
use super::live::LiveCommand;
use super::push::{ConfigCommand, PushArgs};
use super::remote::RemoteArgs;
use crate::ids::TokenId;
use crate::journal::Role;
use crate::latency::Location;
use crate::time::Timestamp;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::path::PathBuf;

/// Checks, proves and explains a Pointsman config.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: CliCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    /// Write a first config, from questions or options
    Init(Box<InitArgs>),
    /// Check configs: errors, residency proof, and who loses service if a region fails
    Check(CheckArgs),
    /// Print a valid config as canonical JSON, for the KV key `config`
    Canonical(CanonicalArgs),
    /// Print the JSON Schema of a config
    Schema,
    /// Show where one request, or a file of them, would go and why
    Explain(Box<ExplainArgs>),
    /// Show what changes if regions go down
    Whatif(WhatifArgs),
    /// Show what would change at Cloudflare and what would be withheld; change nothing
    Plan(PlanArgs),
    /// Play a fault script against a config in virtual time, and say what came of it
    Simulate(SimulateArgs),
    /// Make a token of the admin API
    Token(TokenArgs),
    /// Check and prove a config, show what it changes, and put it into force at the Worker
    Push(Box<PushArgs>),
    /// The configs of the deployed Worker: push, history, show, rollback
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The audit chain: verify, show
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Make a secret
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Try the receivers of alerts
    #[command(subcommand)]
    Alert(AlertCommand),
    /// Print a script by which a shell completes the command line
    Completions(CompletionsArgs),
    /// Print a manual page, or write all of them into a folder
    Man(ManArgs),
    #[command(flatten)]
    Live(LiveCommand),
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The command, such as `config push` [default: the page of the program]
    #[arg(value_name = "COMMAND")]
    pub(super) command: Vec<String>,
    /// Write a page for each command into this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "command")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum SecretCommand {
    /// Print a new secret that signs webhooks, as Standard Webhooks has them
    New,
}

#[derive(Debug, Subcommand)]
pub(super) enum AlertCommand {
    /// Have the deployed Worker send a test, and say how it ended
    Test(AlertTestArgs),
}

#[derive(Debug, Args)]
pub(super) struct AlertTestArgs {
    /// The receiver's id; all receivers if absent
    #[arg(value_name = "RECEIVER")]
    pub(super) receiver: Option<String>,
    /// Only say who would get one
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) remote: RemoteArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Configs in TOML or JSON; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<String>,
    /// Treat warnings as errors
    #[arg(long)]
    pub(super) deny_warnings: bool,
    /// List the warnings that the config accepts
    #[arg(long, short)]
    pub(super) verbose: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct CanonicalArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// Write into this file instead, and only if the config is valid
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Common {
    /// Evaluate at this instant instead of now
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    pub(super) now: Option<Timestamp>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE", required_unless_present = "live")]
    pub(super) file: Option<String>,
    /// Explain with the config, the health and the orders of the deployed Worker
    #[arg(long, conflicts_with = "file")]
    pub(super) live: bool,
    #[command(flatten)]
    pub(super) remote: RemoteArgs,
    /// Requests, one JSON object per line; `-` reads standard input
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
    /// The request's host; required if the config has several
    #[arg(long)]
    pub(super) host: Option<String>,
    /// The path [default: /]
    #[arg(long)]
    pub(super) path: Option<String>,
    /// The method [default: GET]
    #[arg(long)]
    pub(super) method: Option<String>,
    /// The client's country [default: unknown]
    #[arg(long)]
    pub(super) country: Option<String>,
    /// A request header; repeatable
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(super) headers: Vec<(String, String)>,
    /// The tenant, placed where the service reads it
    #[arg(long)]
    pub(super) tenant: Option<String>,
    /// The KV pin of a tenant that is not in the config: countries, sets and regions, separated by
    /// commas
    #[arg(long, value_name = "ALLOW", value_delimiter = ',')]
    pub(super) kv_allow: Option<Vec<String>>,
    /// The client's state, province or the like: its ISO 3166-2 code without the country
    #[arg(long, value_name = "CODE")]
    pub(super) subdivision: Option<String>,
    /// The country that this pin tells as the tenant's own
    #[arg(long, value_name = "COUNTRY", requires = "kv_allow")]
    pub(super) kv_country: Option<String>,
    /// The Cloudflare data center that receives the request
    #[arg(long)]
    pub(super) colo: Option<String>,
    /// The client's location in degrees
    #[arg(long, value_name = "LAT,LON", value_parser = location, allow_hyphen_values = true)]
    pub(super) at: Option<Location>,
    /// An IP address or any text that identifies the client
    #[arg(long, value_name = "KEY")]
    pub(super) client: Option<String>,
    /// Regions that are down, separated by commas; repeatable
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) down: Vec<String>,
    /// Regions that take no new clients, separated by commas; repeatable
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) draining: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct WhatifArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// The regions that go down, separated by commas; repeatable
    #[arg(long, required = true, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) down: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// What happens when, and what must come of it, in TOML
    #[arg(value_name = "SCENARIO")]
    pub(super) scenario: String,
    /// Print only what was expected, and whether it came
    #[arg(long, short)]
    pub(super) quiet: bool,
}

/// The token is not an option, because every process of the machine can read a command line.
#[derive(Debug, Args)]
#[command(after_help = "The API token is read from the environment variable CLOUDFLARE_API_TOKEN.")]
pub(super) struct PlanArgs {
    /// A config in TOML or JSON; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,
    /// The API's base URL [default: `CLOUDFLARE_API_BASE`, or Cloudflare's public API]
    #[arg(long, value_name = "URL")]
    pub(super) api_base: Option<String>,
    /// The KV value `state`: health, what we disabled, and when traffic moved
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<String>,
    /// Regions that are down, separated by commas; repeatable
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) down: Vec<String>,
    /// Regions that take no new clients, separated by commas; repeatable
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) draining: Vec<String>,
    /// Regions of unknown health, separated by commas; repeatable
    #[arg(long, value_name = "REGIONS", value_delimiter = ',')]
    pub(super) unknown: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    #[command(subcommand)]
    pub(super) command: TokenCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Print a new token once, and the lines for the config, which have only its hash
    New(NewTokenArgs),
}

#[derive(Debug, Args)]
pub(super) struct NewTokenArgs {
    /// The name of whoever has it, in the audit chain; no name of a person
    #[arg(long, value_parser = token_id)]
    pub(super) id: TokenId,
    /// What it may do: viewer, operator or approver
    #[arg(long, value_parser = role)]
    pub(super) role: Role,
}

fn token_id(text: &str) -> Result<TokenId, String> {
    TokenId::parse(text).map_err(|bad| bad.to_string())
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| format!("write one of {}", Role::WORDS.join(", ")))
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
