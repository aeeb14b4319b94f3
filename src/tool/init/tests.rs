use super::answers::{Alert, Answers, Origin, Rule, Serve};
use super::{draft, sound};
use crate::country::Country;
use crate::ids::RegionId;
use crate::time::Timestamp;
use crate::tool::terminal::{Exit, Terminal};
use crate::tool::{load, run};
use proptest::prelude::*;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);
const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const FLAGS: [&str; 6] = [
    "--host",
    "api.example.com",
    "--origin",
    "eu-west:IE:https://eu1.example.com",
    "--origin",
    "us-east:US:https://us1.example.com",
];

/// Runs the tool: how it ended, its results and its errors.
fn typed(args: &[&str], input: &str) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut terminal = Terminal {
        input: &mut input.as_bytes(),
        out: &mut out,
        err: &mut err,
        colour: false,
        clock: &|| NOW,
        variable: &|_| None,
    };
    let exit = run(["pointsman"].iter().chain(args).map(OsString::from), &mut terminal);
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

/// Runs `init` in an empty folder: how it ended, what it said, and what it wrote.
fn init(flags: &[&str], input: &str) -> (Exit, String, Option<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pointsman.toml");
    let args = [&["init", "--out", file.to_str().unwrap()], flags].concat();
    let (exit, out, err) = typed(&args, input);
    (exit, out + &err, fs::read_to_string(file).ok())
}

fn said_and_written(input: &str) -> (String, String) {
    let (exit, said, written) = init(&[], input);
    assert_eq!(exit, Exit::Fine, "{said}");
    (said, written.unwrap())
}

fn checked(file: &Path) -> (Exit, String) {
    let (exit, out, err) = typed(&["check", file.to_str().unwrap()], "");
    (exit, out + &err)
}

#[test]
fn options_make_a_config_and_a_schema_that_it_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my.toml");
    let args = [&["init", "--out", file.to_str().unwrap()], &FLAGS[..]].concat();
    let (exit, out, err) = typed(&args, "");
    assert_eq!((exit, err.as_str()), (Exit::Fine, ""));
    assert!(out.ends_with(&format!("Next: pointsman check {}\n", file.display())), "{out}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("#:schema ./pointsman.schema.json\n"), "{text}");
    let schema = fs::read_to_string(folder.path().join("pointsman.schema.json")).unwrap();
    assert_eq!(schema, typed(&["schema"], "").1);
    let (exit, said) = checked(&file);
    assert_eq!(exit, Exit::Fine, "{said}");
}

#[test]
fn a_file_that_is_there_stays_unless_it_is_forced() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pointsman.toml");
    fs::write(&file, "mine").unwrap();
    let args = [&["init", "--out", file.to_str().unwrap()], &FLAGS[..]].concat();
    let (exit, _, err) = typed(&args, "");
    assert_eq!(exit, Exit::BadUsage);
    assert!(err.contains("is there already: use --force"), "{err}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert_eq!(typed(&[&args[..], &["--force"]].concat(), "").0, Exit::Fine);
    assert!(fs::read_to_string(&file).unwrap().contains("version = 1"));
}

#[test]
fn options_that_make_no_valid_config_write_nothing_and_say_why() {
    for (flags, why) in [
        (&FLAGS[..4], "name 2 origins or more"),
        (&[&FLAGS[..], &["--health-path", "health"]].concat()[..], "starts with `/`"),
        (
            &[&FLAGS[..], &["--origin", "eu-west:DE:https://eu2.example.com"]].concat(),
            "IE and in DE",
        ),
        (&[&FLAGS[..], &["--serve", "record"]].concat(), "--zone"),
        (&[&FLAGS[..], &["--serve", "proxy", "--zone", "example.com"]].concat(), "--serve record"),
        (&[&FLAGS[..], &["--clients", "BR"]].concat(), "--allow"),
        (
            &[&FLAGS[..], &["--clients", "BR", "--allow", "BR", "--basis", "x"]].concat(),
            "residency",
        ),
        (&["--origin", "eu-west:IE:https://eu1.example.com"], "--host"),
        (&[&FLAGS[..], &["--origin", "eu-west"]].concat(), "REGION:COUNTRY:URL"),
        (&[&FLAGS[..], &["--admin-host", "api.example.com"]].concat(), "api.example.com"),
    ] {
        let (exit, said, written) = init(flags, "");
        assert_eq!((exit, written), (Exit::BadUsage, None), "{flags:?}: {said}");
        assert!(said.contains(why), "{flags:?}: {said}");
    }
}

#[test]
fn questions_lead_to_the_config_that_the_options_make() {
    let input = "api.example.com\n\neu-west\nIE\nhttps://eu1.example.com\nus-east\nus\n\
                 https://us1.example.com\n\n\n\n\n\n";
    let (_, written) = said_and_written(input);
    let by_options = init(&FLAGS, "").2.unwrap();
    let version = |text: &str| text.split_once("version = 1").unwrap().1.to_owned();
    assert_eq!(version(&written), version(&by_options));
}

#[test]
fn every_question_is_asked_again_with_the_reason_after_a_bad_answer() {
    let input = "not a host\napi.example.com\n\
                 dns\nrecord\n\
                 other zone\n\n\
                 EU\neu-west\nXX\nIE\n\
                 eu1.example.com\nhttps://api.example.com\nhttps://eu1.example.com\n\
                 \nsa-east\nBR\nhttps://eu1.example.com\nhttps://br1.example.com\n\n\
                 no path\n/healthz\n\
                 UK\n@eea\nnone\nBR\nsa-east,eu-west\nLGPD\n\
                 mail\nwebhook\n\nhooks.example.com\n\
                 api example\nops.example.com\n";
    let (said, written) = said_and_written(input);
    for why in ["proxy`, `record` or `pools`", "`XX` is not a country", "write `slack`"] {
        assert!(said.contains(why), "{why}: {said}");
    }
    // The question, its repetition and each reason on a line of its own.
    assert_eq!(said.matches("Which host do clients ask for").count(), 2, "{said}");
    assert_eq!(said.matches("Its country").count(), 3, "{said}");
    assert_eq!(said.matches("Which page says").count(), 2, "{said}");
    assert_eq!(said.matches("Which clients have to stay").count(), 2, "{said}");
    assert_eq!(said.matches("The host of its URL").count(), 2, "{said}");
    for line in [
        "dns = { zone = \"example.com\", name = \"api.example.com\", type = \"CNAME\"",
        "path = \"/healthz\"",
        "allow = [\"sa-east\", \"eu-west\"]",
        "allow_hosts = [\"hooks.example.com\"]",
        "hosts = [\"ops.example.com\"]",
    ] {
        assert!(written.contains(line), "{line}: {written}");
    }
}

#[test]
fn answers_that_end_too_soon_are_an_error_and_write_nothing() {
    let (exit, said, written) = init(&[], "api.example.com\n");
    assert_eq!((exit, written), (Exit::BadUsage, None));
    assert!(said.contains("the input ended before the last answer"), "{said}");
}

#[test]
fn origins_on_this_machine_are_for_the_proxy_alone() {
    let local =
        ["--origin", "a:IE:http://localhost:9001", "--origin", "b:US:http://localhost:9002"];
    let flags = [&FLAGS[..2], &local].concat();
    assert_eq!(init(&flags, "").0, Exit::Fine);
    let (exit, said, _) =
        init(&[&flags[..], &["--serve", "record", "--zone", "example.com"]].concat(), "");
    assert_eq!(exit, Exit::BadUsage, "{said}");
    let input =
        "api.example.com\n\na\nIE\nhttp://localhost:9001\nb\nUS\nhttp://localhost:9002\n\n\n\n\n\n";
    said_and_written(input);
}

fn label() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9]{0,8}"
}

fn country() -> impl Strategy<Value = Country> {
    prop::sample::select(vec!["IE", "DE", "US", "BR", "JP", "IN", "GB", "CA", "XK"])
        .prop_map(|code| Country::parse(code).unwrap())
}

fn serve() -> impl Strategy<Value = Serve> {
    prop_oneof![
        Just(Serve::Proxy),
        Just(Serve::Record { zone: "example.com".to_owned() }),
        Just(Serve::Pools { account: ACCOUNT.to_owned() }),
    ]
}

fn alert() -> impl Strategy<Value = Option<Alert>> {
    let webhook = label().prop_map(|host| Alert::Webhook { host: format!("{host}.example.org") });
    prop::option::of(prop_oneof![
        Just(Alert::Slack),
        Just(Alert::Pagerduty),
        Just(Alert::Jsm),
        webhook
    ])
}

/// Regions with their countries, and how many origins each has. Some are on this machine.
fn origins() -> impl Strategy<Value = Vec<Origin>> {
    let regions = prop::collection::btree_map(label(), (country(), 1_usize..4), 2..8);
    (regions, prop::bool::weighted(0.2)).prop_map(|(regions, is_local)| {
        let mut origins = Vec::new();
        for (region, (country, number)) in regions {
            for _ in 0..number {
                let at = origins.len();
                let url = if is_local {
                    format!("http://localhost:{}", 9_000 + at)
                } else {
                    format!("https://o{at}.origin.example.com")
                };
                let region = RegionId::parse(&region).unwrap();
                origins.push(Origin { region, country, url });
            }
        }
        origins
    })
}

prop_compose! {
    /// Answers that go together.
    fn sound_answers()(
        origins in origins(), serve in serve(), service in label(), alert in alert(),
        has_rule in any::<bool>(), where_to in any::<prop::sample::Index>(),
        clients in prop::collection::btree_set(country(), 1..4), basis in ".{1,40}",
        path in "/[a-z0-9/._?=&-]{0,20}", has_admin in any::<bool>(),
    ) -> Answers {
        let is_local = origins[0].url.contains("localhost");
        let home = where_to.get(&origins);
        let allow = vec![format!("region:{}", home.region), home.country.to_string()];
        let clients = clients.iter().map(ToString::to_string).collect();
        Answers {
            host: format!("{service}.example.com"),
            serve: if is_local { Serve::Proxy } else { serve },
            health_path: path,
            rule: has_rule.then_some(Rule { clients, allow, basis }),
            alert,
            admin_host: has_admin.then(|| "the-ops.example.com".to_owned()),
            origins,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn answers_that_go_together_make_a_config_that_check_accepts(answers in sound_answers()) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pointsman.toml");
        let problems = sound::problems(&answers, NOW);
        // A rule that permits everything is refused, which random countries come to at times.
        prop_assume!(problems.iter().all(|problem| !problem.contains("allows every")));
        prop_assert!(problems.is_empty(), "{:?}", problems);
        fs::write(&file, draft::config(&answers, "pointsman.toml", "./schema.json")).unwrap();
        let (exit, said) = checked(&file);
        prop_assert_eq!(exit, Exit::Fine, "{}", said);
    }

    #[test]
    fn any_text_is_taken_as_it_is_or_refused(
        answers in sound_answers(), host in ".{0,20}", url in ".{0,20}", basis in any::<String>(),
    ) {
        let mut answers = answers;
        answers.host = host;
        answers.origins[0].url = url;
        answers.rule = answers.rule.map(|rule| Rule { basis, ..rule });
        let text = draft::config(&answers, "pointsman.toml", "./schema.json");
        let loaded = load::load("draft.toml", &text, NOW, false);
        // E001: the file is no TOML.
        let unreadable = loaded.findings.iter().find(|finding| finding.code == "E001");
        prop_assert!(unreadable.is_none(), "{:?}\n{}", unreadable, text);
    }
}
