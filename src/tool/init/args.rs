//! The options of `pointsman init`.

use super::answers::{Alert, Answers, HEALTH_PATH, Origin, Rule, Serve, listed};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Without `--host` everything is asked.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --host it asks for everything, and says at once what is wrong with \
                        an answer."
)]
pub(in crate::tool) struct InitArgs {
    /// The host that clients ask for
    #[arg(long)]
    host: Option<String>,
    /// A server, with its region and the region's country; the preferred first, two or more
    #[arg(
        long = "origin",
        value_name = "REGION:COUNTRY:URL",
        value_parser = Origin::read,
        requires = "host"
    )]
    origins: Vec<Origin>,
    /// The page that says that an origin is well [default: /health]
    #[arg(long, value_name = "PATH", requires = "host")]
    health_path: Option<String>,
    /// How clients get to a region [default: proxy]
    #[arg(long, value_enum, requires = "host")]
    serve: Option<ServeWord>,
    /// The zone of the record, with `--serve record`
    #[arg(long, requires = "serve", required_if_eq("serve", "record"))]
    zone: Option<String>,
    /// The id of the account of the pools, with `--serve pools`
    #[arg(long, value_name = "ID", requires = "serve", required_if_eq("serve", "pools"))]
    account: Option<String>,
    /// Countries and sets whose clients have to stay somewhere, separated by commas
    #[arg(long, value_name = "COUNTRIES", requires_all = ["host", "allow", "basis"])]
    clients: Option<String>,
    /// Countries, sets and regions where they have to stay, separated by commas
    #[arg(long, value_name = "COUNTRIES", requires = "clients")]
    allow: Option<String>,
    /// The law or the contract that says so
    #[arg(long, value_name = "TEXT", requires = "clients")]
    basis: Option<String>,
    /// Who is called
    #[arg(long, value_enum, requires = "host")]
    alert: Option<AlertWord>,
    /// The host of the webhook's URL, with `--alert webhook`; the URL itself is a secret
    #[arg(long, value_name = "HOST", requires = "alert", required_if_eq("alert", "webhook"))]
    alert_host: Option<String>,
    /// The host of the admin API, which is no service's
    #[arg(long, value_name = "HOST", requires = "host")]
    admin_host: Option<String>,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "pointsman.toml")]
    pub(super) out: PathBuf,
    /// Where editors find the schema [default: it is written beside the config]
    #[arg(long, value_name = "PATH OR URL")]
    pub(super) schema: Option<String>,
    /// Write the file anew if it is there
    #[arg(long)]
    pub(super) force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ServeWord {
    /// Their requests go through the Worker
    Proxy,
    /// A DNS record leads them
    Record,
    /// The pools of a load balancer lead them
    Pools,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AlertWord {
    Slack,
    Pagerduty,
    Jsm,
    Webhook,
}

impl InitArgs {
    /// What the options answer; `None` if everything is to be asked. Errors: options that do not go
    /// together.
    pub(super) fn answers(&self) -> Result<Option<Answers>, &'static str> {
        let Some(host) = &self.host else { return Ok(None) };
        Ok(Some(Answers {
            host: host.clone(),
            serve: self.serve()?,
            origins: self.origins.clone(),
            health_path: self.health_path.clone().unwrap_or_else(|| HEALTH_PATH.to_owned()),
            rule: self.rule(),
            alert: self.alert()?,
            admin_host: self.admin_host.clone(),
        }))
    }

    fn serve(&self) -> Result<Serve, &'static str> {
        match (self.serve.unwrap_or(ServeWord::Proxy), &self.zone, &self.account) {
            (ServeWord::Proxy, None, None) => Ok(Serve::Proxy),
            (ServeWord::Record, Some(zone), None) => Ok(Serve::Record { zone: zone.clone() }),
            (ServeWord::Pools, None, Some(account)) => {
                Ok(Serve::Pools { account: account.clone() })
            }
            _ => Err("`--zone` is for `--serve record`, and `--account` for `--serve pools`"),
        }
    }

    fn rule(&self) -> Option<Rule> {
        let (clients, allow) = (self.clients.as_deref()?, self.allow.as_deref()?);
        let basis = self.basis.clone()?;
        Some(Rule { clients: listed(clients), allow: listed(allow), basis })
    }

    fn alert(&self) -> Result<Option<Alert>, &'static str> {
        match (self.alert, &self.alert_host) {
            (None, None) => Ok(None),
            (Some(AlertWord::Slack), None) => Ok(Some(Alert::Slack)),
            (Some(AlertWord::Pagerduty), None) => Ok(Some(Alert::Pagerduty)),
            (Some(AlertWord::Jsm), None) => Ok(Some(Alert::Jsm)),
            (Some(AlertWord::Webhook), Some(host)) => {
                Ok(Some(Alert::Webhook { host: host.clone() }))
            }
            _ => Err("`--alert-host` is for `--alert webhook`"),
        }
    }
}
