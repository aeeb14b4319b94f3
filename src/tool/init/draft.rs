//! The text of a config, from answers.

use super::answers::{Alert, Answers, Origin, Rule, Serve};
use crate::ids::RegionId;
use serde_json::Value;
use std::fmt::Write as _;

/// Up to so many origins can be probed every [`INTERVAL_S`] within the default of
/// `limits.probes_per_run`, with some probes left for rechecks.
const ORIGINS_PROBED_OFTEN: usize = 10;
/// How often they are probed then; with more of them, as often as the default says.
const INTERVAL_S: u32 = 15;

/// The config. Nothing says here whether it is valid.
pub(super) fn config(answers: &Answers, file: &str, schema: &str) -> String {
    let mut text = heading(answers, file, schema);
    for (region, origins) in answers.regions() {
        text.push_str(&of_region(region, &origins));
    }
    text.push_str(&monitor(answers));
    text.push_str(&service(answers));
    if let Some(rule) = &answers.rule {
        text.push_str(&of_rule(rule));
    }
    if let Some(alert) = &answers.alert {
        text.push_str(&of_alert(alert));
    }
    text.push_str(&admin(answers.admin_host.as_deref()));
    text
}

fn heading(answers: &Answers, file: &str, schema: &str) -> String {
    let country = answers.origins.first().map(|origin| origin.country.to_string());
    let country = country.as_deref().unwrap_or("DE");
    format!(
        "#:schema {schema}\n\
         # Written by `pointsman init`. What next:\n\
         #\n\
         #     pointsman check {file}    # mistakes, the proof, who depends on whom\n\
         #     pointsman explain {file} --country {country}\n\
         #     pointsman push {file} --reason \"the first one\"\n\
         #\n\
         # docs/getting-started.md leads from here to a running Worker. docs/config.md has every\n\
         # key.\n\
         version = 1\n\
         \n\
         # A region is where data is stored and processed. Its country decides whose law applies:\n\
         # where its servers really are, not where its provider's name for it points.\n"
    )
}

fn of_region(region: &RegionId, origins: &[&Origin]) -> String {
    let country = origins.first().map(|origin| origin.country.to_string()).unwrap_or_default();
    let mut text = format!("[regions.{region}]\ncountry = {}\norigins = [\n", quoted(&country));
    for (number, origin) in (1..).zip(origins) {
        let id = quoted(&format!("{region}-{number}"));
        let _ = writeln!(text, "    {{ id = {id}, url = {} }},", quoted(&origin.url));
    }
    text.push_str("]\n\n");
    text
}

fn monitor(answers: &Answers) -> String {
    let is_often = answers.origins.len() <= ORIGINS_PROBED_OFTEN;
    let interval = if is_often { format!("interval_s = {INTERVAL_S}\n") } else { String::new() };
    format!(
        "# An origin is up if this page answers with 200. Let the page look at what the service\n\
         # needs.\n\
         [monitors.health]\n\
         path = {}\n\
         {interval}\
         timeout_ms = 2000\n\n",
        quoted(&answers.health_path)
    )
}

fn service(answers: &Answers) -> String {
    let id = answers.service();
    let regions = answers.regions();
    let names = list(regions.iter().map(|(region, _)| region.as_str()));
    let hosts = match &answers.serve {
        Serve::Proxy | Serve::Pools { .. } => format!("hosts = [{}]\n", quoted(&answers.host)),
        Serve::Record { .. } => String::new(),
    };
    let about = match &answers.serve {
        Serve::Proxy => {
            "# Requests go through the Worker, to the first region that may serve them and is up.\n"
        }
        Serve::Record { .. } => {
            "# The record leads to the first region that is up. No request goes through the\n\
             # Worker.\n"
        }
        Serve::Pools { .. } => {
            "# Origins that are down are disabled in the pools, which have to be there. The proxy\n\
             # serves the host too, where a route of the Worker leads to it.\n"
        }
    };
    let mut text = format!(
        "{about}[services.{id}]\n{hosts}monitor = \"health\"\nregions = {names}\n\
         steering = \"ordered\"\n\n"
    );
    match &answers.serve {
        Serve::Proxy => {}
        Serve::Record { zone } => {
            let _ = write!(
                text,
                "[[services.{id}.publish]]\n\
                 dns = {{ zone = {}, name = {}, type = \"CNAME\", ttl_s = 60, manage = true }}\n\n",
                quoted(zone),
                quoted(&answers.host)
            );
        }
        Serve::Pools { account } => {
            for (region, _) in regions {
                let name = quoted(&format!("{id}-{region}"));
                let _ = write!(
                    text,
                    "[[services.{id}.publish]]\n\
                     pool = {{ account = {}, name = {name}, regions = [{}] }}\n\n",
                    quoted(account),
                    quoted(region.as_str())
                );
            }
        }
    }
    text
}

fn of_rule(rule: &Rule) -> String {
    format!(
        "# A strict rule is never broken, whatever is down: such a client gets 503 rather than\n\
         # another region. A client whose country nobody knows is under it too.\n\
         [[residency]]\n\
         id = \"residency-1\"\n\
         when = {{ country = {} }}\n\
         allow = {}\n\
         mode = \"strict\"\n\
         basis = {}\n\n",
        list(rule.clients.iter().map(String::as_str)),
        list(rule.allow.iter().map(String::as_str)),
        quoted(&rule.basis)
    )
}

fn of_alert(alert: &Alert) -> String {
    let (kind, keys): (&str, &[&str]) = match alert {
        Alert::Slack => ("slack", &["url_secret = \"SLACK_WEBHOOK\""]),
        Alert::Pagerduty => ("pagerduty", &["key_secret = \"PAGERDUTY_KEY\""]),
        Alert::Jsm => ("jsm", &["key_secret = \"JSM_KEY\""]),
        Alert::Webhook { .. } => {
            ("webhook", &["url_secret = \"HOOK_URL\"", "key_secret = \"HOOK_KEY\""])
        }
    };
    let keys = keys.iter().fold(String::new(), |keys, key| keys + key + "\n");
    let hosts = match alert {
        Alert::Webhook { host } => format!("allow_hosts = [{}]\n", quoted(host)),
        _ => String::new(),
    };
    format!(
        "# Each name in capitals is a secret of the Worker: `npx wrangler secret put NAME`.\n\
         # Messages wait until it is set. `pointsman alert test` tries it.\n\
         [[alerts]]\n\
         kind = \"{kind}\"\n\
         {keys}{hosts}\n"
    )
}

fn admin(host: Option<&str>) -> String {
    let hosts = match host {
        Some(host) => format!("hosts = [{}]\n", quoted(host)),
        None => "# hosts = [\"ops.example.com\"]\n".to_owned(),
    };
    format!(
        "# Where the admin API answers: a host of the Worker that is no service's. Below it\n\
         # belong the lines that `pointsman token new --id on-call --role approver` prints.\n\
         [admin]\n\
         {hosts}"
    )
}

fn list<'t>(items: impl Iterator<Item = &'t str>) -> String {
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

/// A string of TOML. What JSON escapes TOML reads, and there is one more that TOML wants escaped.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
