//! Receivers of alerts, and the watchdog.

use super::{Checker, item, under};
use crate::config::alerting::{HEARTBEAT_HOSTS, Receiver, ReceiverKind, SLACK_HOSTS, Watchdog};
use crate::config::diagnostic::Code;
use crate::config::host::private_ending;
use crate::config::raw::{RawAlert, RawAlertKind, RawWatchdog};
use crate::config::{ALERTS_MAX, ALLOWED_HOSTS_MAX, Service};
use crate::ids::{ReceiverId, ServiceId};
use crate::ordered::{Map, Set};
use crate::secret::OWN_SECRETS;
use crate::time::SECOND;

/// Why Opsgenie is refused. Source: support.atlassian.com/opsgenie, "End of sales and support for
/// Opsgenie" and "What happens when Opsgenie is turned off".
const OPSGENIE_ENDS: &str = "Opsgenie ends: nobody can buy it since 2025-06-04, and its API stops \
                             on 2027-04-05";

impl Checker<'_> {
    pub(super) fn alerts(
        &mut self,
        raw: &[RawAlert],
        services: &Map<ServiceId, Service>,
    ) -> Vec<Receiver> {
        let mut receivers: Vec<Receiver> = Vec::new();
        for (index, alert) in self.bounded("alerts", raw, ALERTS_MAX) {
            let path = item("alerts", index);
            let Some(kind) = self.receiver_kind(&path, alert.kind) else { continue };
            let id = alert.id.clone().or_else(|| ReceiverId::parse(kind.as_str()).ok());
            let Some(id) = id else { continue };
            if receivers.iter().any(|other| other.id == id) {
                let problem = format!("`{id}` is already the id of a receiver");
                self.report(&path, Code::E005, problem, "an `id` for each receiver of a kind");
            }
            self.secrets_of(&path, kind, alert);
            self.services_of(&path, alert, services);
            if kind != ReceiverKind::Pagerduty && alert.eu {
                let problem = format!("`{}` does not use `eu`", kind.as_str());
                self.report(under(&path, "eu"), Code::E014, problem, "only for `pagerduty`");
            }
            let is_second = alert.tier.get() > 1;
            let waits_ms = u64::from(alert.escalate_after_s.get()) * SECOND;
            let allow_hosts = self.hosts_of(&path, kind, &alert.allow_hosts);
            receivers.push(Receiver {
                id,
                kind,
                url_secret: alert.url_secret.clone(),
                key_secret: alert.key_secret.clone(),
                allow_hosts,
                eu: alert.eu,
                services: Set::of(alert.services.iter().cloned()),
                min_severity: alert.min_severity,
                events: Set::of(alert.events.iter().copied()),
                escalate_after_ms: is_second.then_some(waits_ms),
                group_ms: u64::from(alert.group_s.get()) * SECOND,
            });
        }
        receivers
    }

    fn receiver_kind(&mut self, path: &str, kind: RawAlertKind) -> Option<ReceiverKind> {
        match kind {
            RawAlertKind::Slack => Some(ReceiverKind::Slack),
            RawAlertKind::Pagerduty => Some(ReceiverKind::Pagerduty),
            RawAlertKind::Jsm => Some(ReceiverKind::Jsm),
            RawAlertKind::Webhook => Some(ReceiverKind::Webhook),
            RawAlertKind::Opsgenie => {
                let hint = "migrate to Jira Service Management, write `jsm`, and put the key of \
                            its API integration into the secret";
                self.report_with(
                    under(path, "kind"),
                    Code::E017,
                    OPSGENIE_ENDS.to_owned(),
                    "slack, pagerduty, jsm, webhook".to_owned(),
                    Some(hint.to_owned()),
                );
                None
            }
        }
    }

    /// Each kind needs the names of certain secrets, and has no use for others.
    fn secrets_of(&mut self, path: &str, kind: ReceiverKind, alert: &RawAlert) {
        let (url, key) = match kind {
            ReceiverKind::Slack => (true, false),
            ReceiverKind::Pagerduty | ReceiverKind::Jsm => (false, true),
            ReceiverKind::Webhook => (true, true),
        };
        let named =
            [("url_secret", url, &alert.url_secret), ("key_secret", key, &alert.key_secret)];
        for (name, is_used, secret) in named {
            match (is_used, secret) {
                (true, Some(secret)) => self.secret_name(&under(path, name), secret),
                (true, None) => {
                    let problem = format!("`{}` needs `{name}`", kind.as_str());
                    let allowed = "the name of the secret that holds the key or URL";
                    self.report(path, Code::E014, problem, allowed);
                }
                (false, Some(_)) => {
                    let problem = format!("`{}` does not use `{name}`", kind.as_str());
                    let allowed =
                        if name == "key_secret" { "`url_secret`" } else { "`key_secret`" };
                    self.report(under(path, name), Code::E014, problem, &format!("only {allowed}"));
                }
                (false, None) => {}
            }
        }
    }

    fn services_of(&mut self, path: &str, alert: &RawAlert, services: &Map<ServiceId, Service>) {
        for (index, id) in alert.services.iter().enumerate() {
            if self.is_full() {
                return;
            }
            if !services.contains_key(id) {
                let path = item(&under(path, "services"), index);
                let known = services.keys().map(ServiceId::as_str);
                self.unknown(&path, "a service", id.as_str(), known);
            }
        }
    }

    fn hosts_of(&mut self, path: &str, kind: ReceiverKind, written: &[String]) -> Vec<String> {
        let path = under(path, "allow_hosts");
        match kind {
            ReceiverKind::Slack if written.is_empty() => SLACK_HOSTS.map(str::to_owned).to_vec(),
            ReceiverKind::Webhook if written.is_empty() => {
                let problem = "a webhook may go nowhere";
                let allowed = "the host of its URL, such as `hooks.example.com`";
                self.report(path, Code::E018, problem, allowed);
                Vec::new()
            }
            ReceiverKind::Slack | ReceiverKind::Webhook => self.allowed_hosts(&path, written),
            ReceiverKind::Pagerduty | ReceiverKind::Jsm => {
                if !written.is_empty() {
                    let problem = format!("`{}` does not use `allow_hosts`", kind.as_str());
                    self.report(path, Code::E014, problem, "no list: its address is fixed");
                }
                Vec::new()
            }
        }
    }

    /// Full public DNS names. What a secret names is held against them before each call, so that
    /// neither a slip nor a stranger's config sends alerts into a private network.
    fn allowed_hosts(&mut self, path: &str, written: &[String]) -> Vec<String> {
        let mut hosts = Vec::new();
        for (index, text) in self.bounded(path, written, ALLOWED_HOSTS_MAX) {
            let path = item(path, index);
            let Some(host) = self.dns_name(&path, text) else { continue };
            if let Some(ending) = private_ending(&host) {
                let problem = format!("`{host}` is a name of a private network (`{ending}`)");
                self.report(path, Code::E018, problem, "a name that public DNS has");
            } else if hosts.contains(&host) {
                self.twice(path, &host);
            } else {
                hosts.push(host);
            }
        }
        hosts
    }

    pub(super) fn watchdog(&mut self, raw: &RawWatchdog, receivers: &[Receiver]) -> Watchdog {
        let RawWatchdog { heartbeat_secret, allow_hosts, silent_after_s } = raw;
        if let Some(secret) = heartbeat_secret {
            self.secret_name("watchdog.heartbeat_secret", secret);
        }
        let named = self.allowed_hosts("watchdog.allow_hosts", allow_hosts);
        let known = HEARTBEAT_HOSTS.map(str::to_owned);
        let silent_after_ms = u64::from(silent_after_s.get()) * SECOND;
        Watchdog {
            heartbeat_secret: heartbeat_secret.clone(),
            allow_hosts: known.into_iter().chain(named).collect(),
            silent_after_ms: (!receivers.is_empty()).then_some(silent_after_ms),
        }
    }

    /// Checks the name of a secret. A text that is none is reported with the secrets in the
    /// document.
    pub(super) fn secret_name(&mut self, path: &str, text: &str) {
        if OWN_SECRETS.contains(&text) {
            let problem = "this secret is Pointsman's own, and whoever is called would learn it";
            let (allowed, hint) = super::SECRET_BY_NAME;
            self.report_with(
                path.to_owned(),
                Code::E013,
                problem.to_owned(),
                allowed.to_owned(),
                Some(hint.to_owned()),
            );
        }
    }
}
