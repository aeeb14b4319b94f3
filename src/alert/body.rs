//! What each kind of receiver is sent, as it demands it.

use super::message::{AlertAction, Message, shortened};
use crate::journal::Severity;
use crate::json::object;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// Longest header of a Slack block. Source: docs.slack.dev/reference/block-kit/blocks/header-block.
const SLACK_HEADER_MAX: usize = 150;
/// Longest text of a Slack section: 3,000 characters. Source: docs.slack.dev, section block.
const SLACK_SECTION_MAX: usize = 2_900;
/// Longest summary. Source: `PagerDuty`'s Events API v2, `payload.summary`.
const PAGERDUTY_SUMMARY_MAX: usize = 1_024;
/// Longest message of an alert. Source: developer.atlassian.com, JSM Operations, `message`.
const JSM_MESSAGE_MAX: usize = 130;
/// Longest description of an alert, which may have 15,000 characters; see there.
const JSM_DESCRIPTION_MAX: usize = 14_000;

/// Where messages to Jira Service Management go. Source: developer.atlassian.com/cloud/jira/
/// service-desk-ops, "Integration events".
pub(super) const JSM_ALERTS: &str = "https://api.atlassian.com/jsm/ops/integration/v2/alerts";

/// What a message is, in a word or two for people.
fn word(message: &Message) -> &'static str {
    match (message.action, message.severity) {
        (AlertAction::Trigger | AlertAction::Note, Severity::Critical) => "CRITICAL",
        (AlertAction::Trigger | AlertAction::Note, Severity::Error) => "ERROR",
        (AlertAction::Trigger | AlertAction::Note, Severity::Warning) => "WARNING",
        (AlertAction::Trigger | AlertAction::Note, Severity::Info) => "INFO",
        (AlertAction::Update, _) => "UPDATE",
        (AlertAction::Acknowledge, _) => "ACKNOWLEDGED",
        (AlertAction::Resolve, _) => "RESOLVED",
        (AlertAction::Test, _) => "TEST",
    }
}

/// Source: docs.slack.dev/messaging/formatting-message-text, "Escaping text".
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(super) fn slack(message: &Message, may_be_repeated: bool) -> Value {
    let heading = format!("{}: {}", word(message), message.title);
    let header = shortened(&heading, SLACK_HEADER_MAX);
    let mut blocks = vec![json!({
        "type": "header",
        "text": {"type": "plain_text", "text": header, "emoji": false},
    })];
    if !message.lines.is_empty() {
        let lines = shortened(&slack_text(&message.lines.join("\n")), SLACK_SECTION_MAX);
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": lines}}));
    }
    let mut context = vec![
        format!("*{}* since {}", message.severity.as_str(), message.since),
        format!("`{}`", slack_text(&message.how_to_look())),
    ];
    if may_be_repeated {
        context.push("sent once more: nobody knows whether it arrived".to_owned());
    }
    let context = context.into_iter().map(|text| json!({"type": "mrkdwn", "text": text}));
    blocks.push(json!({"type": "context", "elements": context.collect::<Vec<_>>()}));
    json!({"text": slack_text(&heading), "blocks": blocks})
}

/// Source: `PagerDuty`'s Events API v2 (`github.com/PagerDuty/developer-docs`).
pub(super) fn pagerduty(message: &Message, routing_key: &str) -> Value {
    let action = match message.action {
        AlertAction::Acknowledge => "acknowledge",
        AlertAction::Resolve => "resolve",
        _ => "trigger",
    };
    let mut event = vec![
        ("routing_key", routing_key.into()),
        ("event_action", action.into()),
        ("dedup_key", message.identity().into()),
    ];
    if action == "trigger" {
        let source = message.service.as_ref().map_or("pointsman", |service| service.as_str());
        let payload = json!({
            "summary": shortened(&message.title, PAGERDUTY_SUMMARY_MAX),
            "source": source,
            "severity": message.severity.as_str(),
            "timestamp": message.since.to_string(),
            "component": message.service.as_ref().map(ToString::to_string),
            "group": message.region.as_ref().map(ToString::to_string),
            "class": message.kind.as_str(),
            "custom_details": {"lines": message.lines, "look": message.how_to_look()},
        });
        event.push(("client", "pointsman".into()));
        event.push(("payload", payload));
    }
    object(event)
}

/// The URL and the body. Source: developer.atlassian.com/cloud/jira/service-desk-ops.
pub(super) fn jsm(message: &Message) -> (String, Value) {
    let alias = message.identity();
    let of = |verb: &str| {
        let alias = utf8_percent_encode(&alias, NON_ALPHANUMERIC);
        format!("{JSM_ALERTS}/{alias}/{verb}?identifierType=alias")
    };
    let note = shortened(&message.lines.join("\n"), JSM_DESCRIPTION_MAX);
    match message.action {
        AlertAction::Acknowledge => {
            (of("acknowledge"), json!({"source": "pointsman", "note": note}))
        }
        AlertAction::Resolve => (of("close"), json!({"source": "pointsman", "note": note})),
        _ => {
            let priority = match message.severity {
                Severity::Critical => "P1",
                Severity::Error => "P2",
                Severity::Warning => "P3",
                Severity::Info => "P5",
            };
            let look = message.how_to_look();
            let description = format!("{note}\n\nLook: {look}");
            let body = json!({
                "message": shortened(&message.title, JSM_MESSAGE_MAX),
                "alias": alias,
                "description": description,
                "source": "pointsman",
                "entity": message.service.as_ref().map_or("pointsman", |it| it.as_str()),
                "priority": priority,
                "tags": ["pointsman", message.kind.as_str()],
            });
            (JSM_ALERTS.to_owned(), body)
        }
    }
}

/// A type, a time and the data, as Standard Webhooks recommends.
pub(super) fn webhook(message: &Message) -> Value {
    json!({
        "type": format!("alert.{}", message.action.as_str()),
        "timestamp": message.at.to_string(),
        "data": {
            "alert": message.identity(),
            "incident": message.is_incident.then_some(&message.key),
            "severity": message.severity.as_str(),
            "event": message.kind.as_str(),
            "service": message.service.as_ref().map(ToString::to_string),
            "region": message.region.as_ref().map(ToString::to_string),
            "title": message.title,
            "lines": message.lines,
            "since": message.since.to_string(),
            "look": message.how_to_look(),
        },
    })
}

#[cfg(test)]
mod tests;
