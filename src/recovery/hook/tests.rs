use super::*;
use crate::secret::Secret;

const BODY: &str = concat!(
    r#"{"service":"orders","epoch":7,"step":"fence","kind":"failover","from":"eu-west","#,
    r#""to":"us-east","reason":"eu-west is down","is_dry":false,"at":"1970-01-01T00:00:05.000Z"}"#,
);

fn call(url: &str, secret: Option<&str>) -> HookCall {
    let service = ServiceId::parse("orders").unwrap();
    let hook = Hook { url: url.to_owned(), secret: secret.map(str::to_owned), timeout_ms: 60_000 };
    HookCall {
        service: service.clone(),
        index: Some(0),
        tries: 1,
        hook,
        body: HookBody {
            service,
            epoch: 7,
            step: "fence".to_owned(),
            kind: PlanKind::Failover,
            from: RegionId::parse("eu-west").ok(),
            to: RegionId::parse("us-east").ok(),
            reason: "eu-west is down".to_owned(),
            is_dry: false,
            at: Timestamp::from_millis(5_000),
        },
    }
}

fn answered(status: u16, retry_after_ms: Option<Millis>, said: &str) -> HookAnswer {
    HookAnswer::of(&Outcome::Answered { status, retry_after_ms, said: said.to_owned() })
}

#[test]
fn a_hook_is_told_what_why_and_for_which_epoch_under_one_id_for_all_tries() {
    let key = SigningSecret::text(&[7; 32]);
    let secrets = Secrets { key: Some(Secret::new(key)), ..Secrets::default() };
    let call = call("https://hooks.example.com/fence", Some("HOOK_KEY"));
    let sent = call.request(&secrets, Timestamp::from_millis(9_999)).ok().unwrap();
    assert_eq!(sent.url, "https://hooks.example.com/fence");
    let told: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(told, serde_json::from_str::<serde_json::Value>(BODY).unwrap());
    let header = |name: &str| {
        let found = sent.headers.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    assert_eq!(header("webhook-id"), "orders-7-fence");
    assert_eq!(header("webhook-timestamp"), "9");
    let again = HookCall { tries: 5, ..call }.request(&secrets, Timestamp::from_millis(9_999));
    let again = again.ok().unwrap();
    assert_eq!((sent.body.clone(), sent.headers.clone()), (again.body, again.headers));
}

#[test]
fn a_dry_call_has_another_id_so_that_nobody_takes_it_for_done() {
    let mut call = call("https://hooks.example.com/fence", None);
    call.body.is_dry = true;
    assert_eq!(call.id(), "orders-7-fence-dry");
}

#[test]
fn the_hook_of_the_region_that_takes_over_is_called_where_its_name_says_so() {
    let call = call("https://hook.{to}.example.com/{to}", None);
    let to = call.body.to.as_ref().unwrap().to_string();
    let sent = call.request(&Secrets::default(), Timestamp::default()).unwrap();
    assert_eq!(sent.url, format!("https://hook.{to}.example.com/{to}"));
}

#[test]
fn a_hook_without_its_secret_is_not_called() {
    let refused = call("https://hooks.example.com/fence", Some("HOOK_KEY"))
        .request(&Secrets::default(), Timestamp::default());
    assert_eq!(refused.err(), Some(CannotSend::NoSecret("HOOK_KEY".to_owned())));
}

#[test]
fn only_a_public_name_is_called_and_only_by_tls() {
    for (url, why) in [
        ("http://hooks.example.com/", BadAddress::NotHttps),
        ("https://localhost/", BadAddress::Host),
        ("https://127.0.0.1/", BadAddress::Host),
        ("https://[::1]/", BadAddress::Host),
        ("https://169.254.169.254/", BadAddress::Host),
        ("https://a@hooks.example.com/", BadAddress::Host),
        ("https://hooks.example.com\\@evil.example/", BadAddress::Host),
    ] {
        let refused = call(url, None).request(&Secrets::default(), Timestamp::default());
        assert_eq!(refused.err(), Some(CannotSend::Address(why)), "{url}");
    }
    let fine = call("https://HOOKS.example.com:8443/a?b=c", None);
    assert!(fine.request(&Secrets::default(), Timestamp::default()).is_ok());
}

#[test]
fn each_answer_means_one_thing() {
    assert_eq!(answered(200, None, ""), HookAnswer::Done { said: None });
    assert_eq!(answered(200, None, " ok\n"), HookAnswer::Done { said: Some("ok".to_owned()) });
    let begun = |after_ms| HookAnswer::Begun { after_ms, said: None };
    assert_eq!(answered(202, None, ""), begun(HOOK_POLL_MS));
    assert_eq!(answered(202, Some(0), ""), begun(1_000), "nobody is asked without a rest");
    assert_eq!(answered(202, Some(7_000), ""), begun(7_000));
    assert_eq!(answered(202, Some(900_000), ""), begun(HOOK_WAIT_MS_MAX));
    let why = "it answered 409: epoch 9 rules".to_owned();
    assert_eq!(answered(409, None, "epoch 9 rules"), HookAnswer::Superseded { why });
    for status in [429, 500, 502, 503, 504, 599] {
        let why = format!("it answered {status}");
        let again = HookAnswer::Again { after_ms: Some(3_000), why };
        assert_eq!(answered(status, Some(3_000), ""), again, "{status}");
    }
    for status in [201, 204, 206, 301, 302, 400, 401, 403, 404, 410, 422, 600] {
        let why = format!("it answered {status}");
        assert_eq!(answered(status, None, ""), HookAnswer::Failed { why }, "{status}");
    }
    for (outcome, why) in [
        (Outcome::TimedOut, "no answer in time"),
        (Outcome::NoConnection, "no connection"),
        (Outcome::NotSent { why: "the secret is not set".to_owned() }, "the secret is not set"),
    ] {
        let again = HookAnswer::Again { after_ms: None, why: why.to_owned() };
        assert_eq!(HookAnswer::of(&outcome), again);
    }
}

#[test]
fn so_much_of_an_answer_is_kept_and_on_one_line() {
    for (len, kept) in [
        (HOOK_SAID_BYTES_MAX - 1, HOOK_SAID_BYTES_MAX - 1),
        (HOOK_SAID_BYTES_MAX, HOOK_SAID_BYTES_MAX),
        (HOOK_SAID_BYTES_MAX + 1, HOOK_SAID_BYTES_MAX),
    ] {
        let HookAnswer::Done { said: Some(said) } = answered(200, None, &"s".repeat(len)) else {
            panic!("it is done");
        };
        assert_eq!(said.len(), kept);
    }
    let HookAnswer::Done { said } = answered(200, None, "a\r\nb\u{1b}[31m") else { panic!() };
    assert_eq!(said.as_deref(), Some("a  b [31m"));
}

#[test]
fn tries_that_fail_come_more_slowly_and_never_too_slowly() {
    let waits: Vec<Millis> = (1..=14).map(|failures| backoff_ms(failures, None)).collect();
    assert_eq!(waits[..3], [5_000, 10_000, 15_000]);
    assert_eq!(waits[11..], [HOOK_WAIT_MS_MAX; 3]);
    assert_eq!(backoff_ms(1, Some(8_000)), 8_000);
    assert_eq!(backoff_ms(4, Some(8_000)), 20_000);
    assert_eq!(backoff_ms(1, Some(900_000)), HOOK_WAIT_MS_MAX);
}
