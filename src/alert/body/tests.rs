use super::*;
use crate::alert::{Delivery, Entry};
use crate::config::{Receiver, ReceiverKind};
use crate::ids::{ReceiverId, RegionId, ServiceId};
use crate::journal::EventKind;
use crate::ordered::Set;
use crate::outgoing::{Secrets, SigningSecret};
use crate::secret::Secret;
use crate::time::Timestamp;
use std::borrow::Cow;

const AT: Timestamp = Timestamp::from_millis(1_769_860_800_000);

fn message(action: AlertAction) -> Message {
    Message {
        action,
        key: "2026-01-31t1200-eu-west-7".to_owned(),
        is_incident: true,
        since: AT,
        at: AT.plus(5_000),
        severity: Severity::Critical,
        kind: EventKind::Down,
        service: Some(ServiceId::parse("api").unwrap()),
        region: Some(RegionId::parse("eu-west").unwrap()),
        title: "api/eu-west: down: no healthy <origin> & no other".to_owned(),
        lines: vec!["first <line>".to_owned(), "second & last".to_owned()],
    }
}

fn receiver(kind: ReceiverKind) -> Receiver {
    Receiver {
        id: ReceiverId::parse(kind.as_str()).unwrap(),
        kind,
        url_secret: Some("A_URL".to_owned()),
        key_secret: Some("A_KEY".to_owned()),
        allow_hosts: vec!["hooks.example.com".to_owned()],
        eu: false,
        services: Set::new(),
        min_severity: Severity::Warning,
        events: Set::new(),
        escalate_after_ms: None,
        group_ms: 0,
    }
}

fn delivery(kind: ReceiverKind, action: AlertAction) -> Delivery {
    let receiver = receiver(kind);
    let entry = Entry {
        id: 7,
        receiver: receiver.id.clone(),
        message: message(action),
        tries: 1,
        sending_since: Some(AT),
        may_have_arrived: false,
    };
    Delivery { entry, receiver }
}

fn secrets() -> Secrets {
    Secrets {
        url: Some(Secret::new("https://hooks.example.com/a-secret-path".to_owned())),
        key: Some(Secret::new(SigningSecret::text(&[7; 32]))),
        ..Secrets::default()
    }
}

fn sent(
    kind: ReceiverKind,
    action: AlertAction,
) -> (String, Vec<(Cow<'static, str>, String)>, Value) {
    let Ok(request) = delivery(kind, action).request(&secrets(), AT) else {
        panic!("nothing is sent");
    };
    (request.url, request.headers, serde_json::from_str(&request.body).unwrap())
}

#[test]
fn slack_gets_escaped_blocks_within_its_limits_and_how_to_look() {
    let (url, headers, body) = sent(ReceiverKind::Slack, AlertAction::Trigger);
    assert_eq!(url, "https://hooks.example.com/a-secret-path");
    assert_eq!(headers, [("content-type".into(), "application/json".to_owned())]);
    let title = "CRITICAL: api/eu-west: down: no healthy <origin> & no other";
    let golden = json!({
        "text": "CRITICAL: api/eu-west: down: no healthy &lt;origin&gt; &amp; no other",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": false}},
            {"type": "section", "text": {
                "type": "mrkdwn", "text": "first &lt;line&gt;\nsecond &amp; last",
            }},
            {"type": "context", "elements": [
                {"type": "mrkdwn", "text": "*critical* since 2026-01-31T12:00:00.000Z"},
                {"type": "mrkdwn", "text": "`pointsman incidents 2026-01-31t1200-eu-west-7`"},
            ]},
        ],
    });
    assert_eq!(body, golden);
    let mut long = message(AlertAction::Update);
    long.title = "é".repeat(300);
    long.lines = vec!["&".repeat(400); 20];
    let body = slack(&long, true);
    let header = body["blocks"][0]["text"]["text"].as_str().unwrap();
    assert!(header.len() <= SLACK_HEADER_MAX && header.ends_with('…'), "{header}");
    let section = body["blocks"][1]["text"]["text"].as_str().unwrap();
    assert!(section.len() <= SLACK_SECTION_MAX, "{}", section.len());
    assert!(body["blocks"][2].to_string().contains("sent once more"), "{body}");
}

#[test]
fn pagerduty_gets_one_key_from_trigger_to_resolve() {
    let key = SigningSecret::text(&[7; 32]);
    let identity = "pointsman:2026-01-31t1200-eu-west-7:1769860800000";
    let (url, _, body) = sent(ReceiverKind::Pagerduty, AlertAction::Trigger);
    assert_eq!(url, "https://events.pagerduty.com/v2/enqueue");
    let golden = json!({
        "routing_key": key,
        "event_action": "trigger",
        "dedup_key": identity,
        "client": "pointsman",
        "payload": {
            "summary": "api/eu-west: down: no healthy <origin> & no other",
            "source": "api",
            "severity": "critical",
            "timestamp": "2026-01-31T12:00:00.000Z",
            "component": "api",
            "group": "eu-west",
            "class": "down",
            "custom_details": {
                "lines": ["first <line>", "second & last"],
                "look": "pointsman incidents 2026-01-31t1200-eu-west-7",
            },
        },
    });
    assert_eq!(body, golden);
    for (action, word) in
        [(AlertAction::Acknowledge, "acknowledge"), (AlertAction::Resolve, "resolve")]
    {
        let (_, _, body) = sent(ReceiverKind::Pagerduty, action);
        let golden = json!({"routing_key": key, "event_action": word, "dedup_key": identity});
        assert_eq!(body, golden);
    }
    let mut european = delivery(ReceiverKind::Pagerduty, AlertAction::Trigger);
    european.receiver.eu = true;
    let Ok(request) = european.request(&secrets(), AT) else { panic!("nothing is sent") };
    assert_eq!(request.url, "https://events.eu.pagerduty.com/v2/enqueue");
}

#[test]
fn jira_service_management_gets_an_alias_from_creation_to_close() {
    let (url, headers, body) = sent(ReceiverKind::Jsm, AlertAction::Trigger);
    assert_eq!(url, "https://api.atlassian.com/jsm/ops/integration/v2/alerts");
    let authorization = format!("GenieKey {}", SigningSecret::text(&[7; 32]));
    assert_eq!(headers[1], ("authorization".into(), authorization));
    let alias = "pointsman:2026-01-31t1200-eu-west-7:1769860800000";
    let look = "pointsman incidents 2026-01-31t1200-eu-west-7";
    let golden = json!({
        "message": "api/eu-west: down: no healthy <origin> & no other",
        "alias": alias,
        "description": format!("first <line>\nsecond & last\n\nLook: {look}"),
        "source": "pointsman",
        "entity": "api",
        "priority": "P1",
        "tags": ["pointsman", "down"],
    });
    assert_eq!(body, golden);
    for (action, verb) in
        [(AlertAction::Acknowledge, "acknowledge"), (AlertAction::Resolve, "close")]
    {
        let (url, _, body) = sent(ReceiverKind::Jsm, action);
        let alias = "pointsman%3A2026%2D01%2D31t1200%2Deu%2Dwest%2D7%3A1769860800000";
        assert_eq!(url, format!("{JSM_ALERTS}/{alias}/{verb}?identifierType=alias"));
        let golden = json!({"source": "pointsman", "note": "first <line>\nsecond & last"});
        assert_eq!(body, golden);
    }
}

#[test]
fn a_webhook_is_signed_anew_at_each_try_under_the_same_id() {
    let (url, headers, body) = sent(ReceiverKind::Webhook, AlertAction::Update);
    assert_eq!(url, "https://hooks.example.com/a-secret-path");
    let golden = json!({
        "type": "alert.update",
        "timestamp": "2026-01-31T12:00:05.000Z",
        "data": {
            "alert": "pointsman:2026-01-31t1200-eu-west-7:1769860800000",
            "incident": "2026-01-31t1200-eu-west-7",
            "severity": "critical",
            "event": "down",
            "service": "api",
            "region": "eu-west",
            "title": "api/eu-west: down: no healthy <origin> & no other",
            "lines": ["first <line>", "second & last"],
            "since": "2026-01-31T12:00:00.000Z",
            "look": "pointsman incidents 2026-01-31t1200-eu-west-7",
        },
    });
    assert_eq!(body, golden);
    let header = |headers: &[(Cow<'static, str>, String)], name: &str| {
        headers.iter().find(|(it, _)| *it == name).unwrap().1.clone()
    };
    let again = delivery(ReceiverKind::Webhook, AlertAction::Update);
    let Ok(again) = again.request(&secrets(), AT.plus(600_000)) else { panic!("nothing is sent") };
    assert_eq!(header(&headers, "webhook-id"), "msg_1769860805000_7");
    assert_eq!(header(&headers, "webhook-id"), header(&again.headers, "webhook-id"));
    assert_eq!(header(&headers, "webhook-timestamp"), "1769860800");
    assert_eq!(header(&again.headers, "webhook-timestamp"), "1769861400");
    assert_ne!(header(&headers, "webhook-signature"), header(&again.headers, "webhook-signature"));
}

#[test]
fn what_cannot_be_sent_is_said_without_a_secret() {
    let text = |kind, secrets: &Secrets| {
        let Err(why) = delivery(kind, AlertAction::Trigger).request(secrets, AT) else {
            panic!("it is sent");
        };
        why.to_string()
    };
    let none = Secrets::default();
    assert_eq!(text(ReceiverKind::Slack, &none), "the secret `A_URL` is not set");
    assert_eq!(text(ReceiverKind::Pagerduty, &none), "the secret `A_KEY` is not set");
    let bad = Secrets {
        url: Some(Secret::new("https://evil.example.com/hunter2".to_owned())),
        key: Some(Secret::new("hunter2".to_owned())),
        ..Secrets::default()
    };
    let url = "the host of its URL is not in `allow_hosts`";
    assert_eq!(text(ReceiverKind::Slack, &bad), url);
    let signing = text(ReceiverKind::Webhook, &bad);
    assert!(signing.contains("pointsman secret new") && !signing.contains("hunter2"), "{signing}");
    let echo = "no hunter2 at https://evil.example.com/hunter2";
    assert_eq!(bad.redact(echo), "no [redacted] at [redacted]");
    let key = SigningSecret::text(&[7; 32]);
    let echo = format!("POST /a-secret-path {}", key.trim_start_matches("whsec_"));
    assert_eq!(secrets().redact(&echo), "POST /[redacted] [redacted]");
}

#[test]
fn an_identity_is_short_enough_for_every_receiver() {
    let mut long = message(AlertAction::Trigger);
    long.key = "é".repeat(300);
    let identity = long.identity();
    assert!(identity.len() <= 255, "{}", identity.len());
    assert!(identity.ends_with(":1769860800000"), "{identity}");
}
