//! What a script may say, and that the same script always tells the same.

use super::*;

const CONFIG: &str = include_str!("../../../../examples/three-regions.toml");
const OUTAGE: &str = r#"
    about = "eu-west is lost"
    lasts = "20m"

    [[step]]
    at = "1m"
    region = { id = "eu-west", meets = "refused" }

    [[step]]
    at = "5m"
    region = { id = "eu-west", meets = "well" }
"#;

#[test]
fn the_same_script_always_tells_the_same() {
    let text = || {
        let mut text = Vec::new();
        played(CONFIG, OUTAGE).write(false, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    assert_eq!(text(), text());
}

#[test]
fn a_region_that_is_lost_is_left_and_taken_back() {
    let outcome = played(CONFIG, OUTAGE);
    assert_holds(&outcome);
    let records = told(&outcome, &["record"]);
    assert_eq!(records.len(), 2, "{records:#?}");
    assert!(records[0].ends_with("eu1.origin.example.com → us1.origin.example.com"), "{records:?}");
    assert_eq!(outcome.incidents.len(), 1);
    let calm = told(&outcome, &["failed", "withheld", "log", "action"]);
    assert_eq!(calm, [""; 0], "{}", outcome.transcript);
}

#[test]
fn before_the_first_step_nothing_is_told() {
    let outcome = played(CONFIG, "about = 'a calm day'\nlasts = '3h'\n");
    assert_holds(&outcome);
    assert_eq!(outcome.transcript.to_string(), "");
}

#[test]
fn what_is_not_as_expected_is_said() {
    let expect = r#"
        [[expect]]
        at = "1m"
        within = "2s"
        record = { name = "downloads.example.com", says = "us1.origin.example.com" }

        [[expect]]
        at = "1m"
        within = "1m"
        holds = "3m"
        request = { country = "IE", at = [53.3, -6.3], expect = { region = "us-east" } }

        [[expect]]
        at = "1m"
        within = "1m"
        holds = "10m"
        record = { name = "downloads.example.com", not = "eu1.origin.example.com" }

        [[expect]]
        write = { says = "downloads", times = 1 }
    "#;
    let outcome = played(CONFIG, &[OUTAGE, expect].concat());
    let verdicts: Vec<_> = outcome.expectations.iter().map(|ended| &ended.verdict).collect();
    assert!(verdicts[0].is_err(), "{verdicts:#?}");
    assert!(verdicts[1].is_ok(), "{verdicts:#?}");
    assert!(verdicts[2].as_ref().is_err_and(|why| why.contains("no longer")), "{verdicts:#?}");
    assert_eq!(verdicts[3].as_ref().unwrap_err().split(',').next(), Some("there were 2"));
    assert!(!outcome.holds());
}

#[test]
fn a_script_that_makes_no_sense_is_refused() {
    let valid = load::load("config", CONFIG, Timestamp::default(), false).valid.unwrap();
    let begins = "about = ''\nlasts = '1m'\n";
    let refused = [
        ("lasts = '5x'", "no length of time"),
        ("lasts = '1m'\nwhen = 1", "unknown field `when`"),
        ("[[expect]]\nat = '1s'", "exactly one thing"),
        ("[[expect]]\nrecord = { name = 'x' }", "either `says` or `not`"),
        ("[[expect]]\nstage = { service = 'api', is = 'fine' }", "none of normal"),
        ("[[expect]]\nstage = { service = 'app', is = 'normal' }", "no service `app`"),
        ("[[expect]]\nrequest = { host = 'api.example.com' }", "no `expect`"),
        ("[[expect]]\nholds = '1m'\nevent = { kind = 'down' }", "not with what is counted"),
        ("[[step]]\nregion = { id = 'eu-west', meets = 'fire' }", "unknown variant"),
        ("[[step]]\nregion = { id = 'mars', meets = 'refused' }", "no region `mars`"),
        ("[[step]]\nat = '1s'", "exactly one thing"),
        ("[[step]]\nrecord = { name = 'x.example.com' }", "no record"),
        ("[[step]]\nperson = { name = 'ann', does = { dance = {} } }", "`does`"),
    ];
    for (text, why) in refused {
        let text = if text.starts_with("lasts") {
            format!("about = ''\n{text}")
        } else {
            format!("{begins}{text}")
        };
        let ended = read(&text).and_then(|script| play(&valid, &script));
        let said = ended.map(|_| ()).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
    }
}

#[test]
fn a_controller_that_crashes_in_the_midst_goes_on_from_what_it_has_saved() {
    let crash = "[[step]]\nat = '1m7s500ms'\ncontroller = 'crashes'\n";
    for at in ["1m3s", "1m6s", "1m7s", "1m7s100ms", "1m7s300ms", "1m8s", "1m12s"] {
        let outcome = played(CONFIG, &[OUTAGE, &crash.replace("1m7s500ms", at)].concat());
        assert_holds(&outcome);
        let records = told(&outcome, &["record"]);
        assert_eq!(records.len(), 2, "{at}: {}", outcome.transcript);
    }
}
