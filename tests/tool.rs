//! The operator's tool as an operator runs it: the built program, its output and its exit code.
//!
//! What it prints is kept under `tests/tool`, word for word. `POINTSMAN_UPDATE=1 cargo test --test
//! tool` writes it anew; read the difference before you commit it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

#[path = "tool/accepting.rs"]
mod accepting;
#[path = "tool/batch.rs"]
mod batch;
#[path = "tool/manual.rs"]
mod manual;
#[path = "tool/places.rs"]
mod places;
#[path = "tool/promotion.rs"]
mod promotion;
#[path = "tool/published.rs"]
mod published;
#[path = "tool/token.rs"]
mod token;

use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

const NOW: &str = "2026-01-01T00:00:00Z";
const SHOP: &str = "tests/tool/shop.toml";

struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn pointsman(args: &[&str]) -> Ended {
    fed(args, "")
}

/// Runs the program in the folder of the package, with `input` to read.
fn fed(args: &[&str], input: &str) -> Ended {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pointsman"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || {
        // A program that does not read ends the pipe, which is its right.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Compares everything that a command says with what it said when somebody last looked.
fn golden(name: &str, args: &[&str]) -> Ended {
    let ended = pointsman(args);
    let shown = format!(
        "$ pointsman {}\n{}--- errors\n{}--- exit {}\n",
        args.join(" "),
        without_times(&ended.out),
        ended.err,
        ended.code
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/tool/{name}.out"));
    if env::var_os("POINTSMAN_UPDATE").is_some() {
        fs::write(&path, &shown).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(shown == expected, "{name} is\n{shown}\nand was\n{expected}");
    ended
}

/// How long something took is never the same.
fn without_times(text: &str) -> String {
    let timeless =
        |line: &str| match (line.strip_prefix("  took "), line.split_once("_took_ms\": ")) {
            (Some(_), _) => "  took N ms".to_owned(),
            (None, Some((key, _))) => format!("{key}_took_ms\": 0,"),
            (None, None) => line.to_owned(),
        };
    text.lines().map(|line| timeless(line) + "\n").collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_sound_config_is_proved_and_told_who_depends_on_whom() {
    assert_eq!(golden("check", &["check", SHOP, "--now", NOW]).code, 0);
}

#[test]
fn mistakes_are_shown_where_they_are() {
    assert_eq!(golden("mistaken", &["check", "tests/tool/mistaken.toml", "--now", NOW]).code, 1);
}

#[test]
fn a_check_in_json_says_the_same() {
    let ended = pointsman(&["check", SHOP, "tests/tool/mistaken.toml", "--json", "--now", NOW]);
    assert_eq!((ended.code, ended.err.as_str()), (1, ""));
    let report = json(&ended.out);
    let (shop, mistaken) = (&report["files"][0], &report["files"][1]);
    assert_eq!(shop["sound"], true);
    assert_eq!(shop["proof"]["holds"], true);
    assert_eq!(shop["proof"]["coverage"][2]["depth"], "every_set");
    let lost = shop["survivors"]["rows"].as_array().unwrap().iter().find(|row| {
        row["clients"]["class"]["rules"] == serde_json::json!(["lgpd"]) && row["down"] == "sa-east"
    });
    assert_eq!(lost.unwrap()["loses_service"], true);
    assert_eq!(lost.unwrap()["status"], 503);
    assert_eq!(mistaken["sound"], false);
    assert_eq!(mistaken["proof"], Value::Null);
    let codes = mistaken["problems"].as_array().unwrap().iter().map(|problem| &problem["code"]);
    assert!(codes.clone().any(|code| code == "E011"), "{mistaken}");
}

#[test]
fn every_example_is_sound_and_its_proof_holds() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut checked = 0;
    for entry in fs::read_dir(examples).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "toml" && ending != "json") {
            continue;
        }
        let ended = pointsman(&["check", path.to_str().unwrap(), "--json"]);
        let report = json(&ended.out);
        let proof = &report["files"][0]["proof"];
        assert_eq!(proof["holds"], true, "{}: {}", path.display(), ended.out);
        // Not every set-up has a proxy.
        let cases = ["proxy_cases", "dns_cases"].map(|key| proof[key].as_u64().unwrap());
        assert!(cases.iter().sum::<u64>() > 0, "{}", path.display());
        assert_eq!(ended.code, 0);
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn the_schema_is_json_that_names_itself_a_schema() {
    let ended = pointsman(&["schema"]);
    assert_eq!(ended.code, 0);
    assert!(json(&ended.out)["$schema"].is_string());
}

#[test]
fn a_request_is_followed_through_the_filters() {
    let served = ["explain", SHOP, "--now", NOW, "--host", "shop.example.com", "--country", "DE"];
    let account = ["--path", "/account/orders", "--down", "eu-west"];
    golden("explain-served", &[&served[..], &account[..]].concat());
    golden("explain-json", &[&served[..], &account[..], &["--json"][..]].concat());
    let refused = ["explain", SHOP, "--now", NOW, "--host", "shop.example.com", "--country", "BR"];
    golden("explain-refused", &[&refused[..], &["--tenant", "acme"][..]].concat());
}

#[test]
fn a_draining_region_is_passed_over_and_a_place_is_taken_in() {
    let args = ["explain", SHOP, "--now", NOW, "--json", "--host", "shop.example.com"];
    let more = ["--draining", "eu-west,eu-central", "--at", "-23.5,-46.6", "--colo", "GRU"];
    let decision = json(&pointsman(&[&args[..], &more[..]].concat()).out);
    // From nowhere: under every rule that looks at a country, so only Brazil is left.
    assert_eq!(decision["regions"], serde_json::json!(["sa-east"]));
    let american = ["--country", "XX", "--header", "x-tenant: acme"];
    let decision = json(&pointsman(&[&args[..], &american[..]].concat()).out);
    assert_eq!(decision["tenant"], "acme");
    assert_eq!(decision["status"], 451);
}

#[test]
fn expectations_that_are_met_are_fine() {
    golden("batch", &["explain", SHOP, "--now", NOW, "--batch", "tests/tool/cases.jsonl"]);
}

#[test]
fn an_expectation_that_is_not_met_is_a_finding() {
    let args = ["explain", SHOP, "--now", NOW, "--batch", "tests/tool/failing.jsonl"];
    assert_eq!(golden("batch-failing", &args).code, 1);
}

#[test]
fn a_line_that_is_no_case_is_told_with_its_number() {
    let args = ["explain", SHOP, "--now", NOW, "--batch", "tests/tool/unreadable.jsonl"];
    assert_eq!(golden("batch-unreadable", &args).code, 2);
}

#[test]
fn cases_are_read_from_standard_input_and_a_line_goes_out_for_each() {
    let regions = ["eu-west", "eu-central", "us-east", "sa-east"];
    let case = |number: usize| {
        let (down, country) = (regions[number % 4], ["DE", "BR", "US"][number % 3]);
        format!(
            "{{\"id\":{number},\"host\":\"shop.example.com\",\"country\":\"{country}\",\"down\":[\
             \"{down}\"],\"expect\":{{\"not_regions\":[\"{down}\"]}}}}\n"
        )
    };
    let cases: String = (0..1_000).map(case).collect();
    let ended = fed(&["explain", SHOP, "--batch", "-"], &cases);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(ended.err, "1,000 cases, 1,000 expectations, 0 failed\n");
    let ids: Vec<u64> = ended.out.lines().map(|line| json(line)["id"].as_u64().unwrap()).collect();
    assert!(ids.into_iter().eq(0..1_000));
}

#[test]
fn what_changes_is_told_for_each_class_of_clients() {
    let args = ["whatif", SHOP, "--now", NOW, "--down", "eu-west,eu-central"];
    assert_eq!(golden("whatif", &args).code, 0);
    let report = json(&pointsman(&[&args[..], &["--json"][..]].concat()).out);
    let shop = &report["services"][2];
    assert_eq!(shop["capacity"]["left_rps"], 400);
    let moved = &shop["moves"][0];
    assert_eq!(moved["to"]["regions"], serde_json::json!(["us-east"]));
    assert_eq!(moved["countries"].as_array().unwrap().len(), 248);
}

#[test]
fn nothing_changes_for_a_service_that_is_not_there() {
    let ended = pointsman(&["whatif", SHOP, "--down", "us-east"]);
    assert!(ended.out.contains("files: nothing changes\n"), "{}", ended.out);
}

#[test]
fn a_secret_is_never_printed_and_its_place_is() {
    // Put together here, so that no scanner of secrets takes this file for a leak.
    let secret = ["ghp", "4vEryLongAndSecretTokenÄ"].join("_");
    let shop = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SHOP)).unwrap();
    let header = "tenant = { header = \"x-tenant\" }";
    let put = |instead: String| shop.replace(header, &instead);
    let json = format!(
        "{{\"version\": 1, \"regoins\": {{}}, \"services\": {{\"a\": {{\"steering\": \"{secret}\", \
         \"wieght\": 5}}}}}}"
    );
    for (text, place) in [
        (put(format!("tenant = {{ header = \"{secret}\" }}")), "<stdin>:44:21"),
        (put(format!("tenant = {{ haeder = 1, header = \"{secret}\" }}")), "<stdin>:44:33"),
        (put(format!("tenant = {{ header = \"{secret}\", kv = 7, lable = 1 }}")), "<stdin>:44:21"),
        (put(format!("tenant = {{ header = \"\"\"\n{secret}\"\"\", kv = 7 }}")), "<stdin>:44:"),
        (json, "<stdin>:1:62"),
    ] {
        for command in ["check", "explain", "canonical"] {
            let ended = fed(&[command, "-"], &text);
            assert!(ended.err.contains("error[E013]"), "{}", ended.err);
            assert!(ended.err.contains(place), "{place}: {}", ended.err);
            assert!(!(ended.out + &ended.err).contains("4vEry"), "{text}: {}", ended.err);
        }
        let ended = fed(&["check", "-", "--json"], &text);
        assert!(ended.out.contains("E013") && !ended.out.contains("4vEry"), "{}", ended.out);
    }
}

#[test]
fn the_canonical_form_of_a_sound_config_is_sound_and_has_the_fingerprint_that_check_tells() {
    let ended = pointsman(&["canonical", SHOP]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let text = ended.out.strip_suffix('\n').unwrap();
    assert!(!text.contains('\n') && text.starts_with("{\"monitors\":"), "{text}");
    let told = json(&pointsman(&["check", SHOP, "--json"]).out);
    let fingerprint = pointsman::config::Config::parse(text).unwrap().fingerprint.to_string();
    assert_eq!(told["files"][0]["summary"]["fingerprint"], fingerprint.as_str());
}

#[test]
fn the_layout_of_a_config_does_not_change_its_fingerprint() {
    let fingerprint = |text: &str| {
        let told = json(&fed(&["check", "-", "--json", "--now", NOW], text).out);
        told["files"][0]["summary"]["fingerprint"].as_str().unwrap().to_owned()
    };
    let canonical = pointsman(&["canonical", SHOP]).out;
    let pretty = serde_json::to_string_pretty(&json(&canonical)).unwrap();
    let shop = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SHOP)).unwrap();
    let told = fingerprint(&shop);
    assert_eq!([fingerprint(&canonical), fingerprint(&pretty)], [told.clone(), told.clone()]);
    // And it is the one that the edge tells, whichever of them is in KV.
    for text in [&canonical, &pretty] {
        let config = pointsman::config::Config::parse(text).unwrap();
        assert_eq!(config.fingerprint.to_string(), told);
    }
}

#[test]
fn a_config_with_mistakes_has_no_canonical_form() {
    let ended = pointsman(&["canonical", "tests/tool/mistaken.toml"]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.contains("error[E011]"), "{}", ended.err);
}

#[test]
fn a_canonical_form_is_written_whole_or_not_at_all() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("canonical");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    let path = folder.join("config.json");
    let out = path.to_str().unwrap();
    let files = || fs::read_dir(&folder).unwrap().count();
    let refused = pointsman(&["canonical", "tests/tool/mistaken.toml", "--out", out]);
    assert_eq!((refused.code, refused.out.as_str(), files()), (2, "", 0));
    let ended = pointsman(&["canonical", SHOP, "--out", out]);
    assert_eq!((ended.code, ended.out.as_str(), ended.err.as_str()), (0, "", ""));
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(written + "\n", pointsman(&["canonical", SHOP]).out);
    let before = fs::read(&path).unwrap();
    let refused = pointsman(&["canonical", "tests/tool/mistaken.toml", "--out", out]);
    assert_eq!((refused.code, fs::read(&path).unwrap() == before, files()), (2, true, 1));
    let nowhere = folder.join("absent/config.json");
    let ended = pointsman(&["canonical", SHOP, "--out", nowhere.to_str().unwrap()]);
    assert_eq!((ended.code, ended.out.as_str()), (2, ""));
    assert!(ended.err.starts_with("error: cannot write `"), "{}", ended.err);
}

#[test]
fn one_file_that_cannot_be_read_keeps_the_others_from_nothing() {
    let files = [
        "check",
        "tests/tool/absent.toml",
        SHOP,
        "tests/tool",
        "tests/tool/mistaken.toml",
        "--now",
        NOW,
    ];
    let ended = pointsman(&files);
    assert_eq!(ended.code, 2);
    for said in ["cannot read `tests/tool/absent.toml`", "cannot read `tests/tool`", "E011"] {
        assert!(ended.err.contains(said), "{}", ended.err);
    }
    assert!(ended.out.starts_with("tests/tool/shop.toml: valid, "), "{}", ended.out);
    assert!(ended.out.contains("\n\ntests/tool/mistaken.toml: invalid, "), "{}", ended.out);
    let report = json(&pointsman(&[&files[..], &["--json"][..]].concat()).out);
    assert!(report["files"][0]["unread"].as_str().unwrap().contains("absent.toml"));
    assert_eq!(report["files"][1]["sound"], true);
    assert_eq!(report["files"][1]["unread"], Value::Null);
}

#[test]
fn what_never_ends_is_not_read_to_its_end() {
    let ended = fed(&["check", "-"], &"# for ever and ever\n".repeat(4 * 1024 * 1024 / 20 + 1));
    assert_eq!(ended.code, 2);
    assert_eq!(ended.err, "error: cannot read `<stdin>`: it is larger than 4 MiB\n");
}

#[test]
fn a_config_is_read_from_standard_input() {
    let shop = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(SHOP)).unwrap();
    let ended = fed(&["check", "-", "--now", NOW], &shop);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(ended.err.contains("--> <stdin>:"), "{}", ended.err);
    assert!(ended.out.starts_with("<stdin>: valid, "), "{}", ended.out);
}

#[test]
fn mistakes_are_json_for_every_command_that_prints_json() {
    let mistaken = "tests/tool/mistaken.toml";
    for args in [&["explain", mistaken][..], &["whatif", mistaken, "--down", "eu-west"]] {
        let ended = pointsman(&[args, &["--json"]].concat());
        assert_eq!((ended.code, ended.err.as_str()), (2, ""), "{args:?}");
        let report = json(&ended.out);
        let problems = report["files"][0]["problems"].as_array().unwrap();
        assert!(problems.iter().any(|problem| problem["code"] == "E011"), "{args:?}: {report}");
    }
}

#[test]
fn down_takes_lists_and_may_be_repeated_and_stands_anywhere() {
    let ways: [&[&str]; 3] = [
        &["whatif", "--down", "eu-west,eu-central", SHOP],
        &["whatif", "--down", "eu-west", "--down", "eu-central", SHOP],
        &["whatif", SHOP, "--down", "eu-central,eu-west"],
    ];
    let [first, rest @ ..] = ways.map(|args| pointsman(&[args, &["--now", NOW]].concat()));
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(rest.iter().all(|other| other.out == first.out));
    let host = ["--host", "shop.example.com"];
    let ways: [&[&str]; 2] = [
        &["explain", "--down", "eu-west,eu-central", SHOP],
        &["explain", "--down", "eu-west", "--down", "eu-central", SHOP],
    ];
    let [lists, repeated] = ways.map(|args| pointsman(&[args, &host].concat()));
    assert_eq!((lists.code, &lists.out), (0, &repeated.out));
    for command in ["explain", "whatif"] {
        assert!(pointsman(&[command, "--help"]).out.contains("separated by commas"));
    }
}

#[test]
fn a_tenant_that_nobody_knows_is_called_so() {
    let args = ["explain", SHOP, "--host", "shop.example.com", "--country", "US", "--tenant"];
    let nobody = pointsman(&[&args[..], &["nobody"]].concat());
    let said = "service shop, tenant nobody, which is not known and has no pin\n";
    assert!(nobody.out.contains(said), "{}", nobody.out);
    let acme = pointsman(&[&args[..], &["acme"]].concat());
    assert!(acme.out.contains("service shop, tenant acme\n"), "{}", acme.out);
}

#[test]
fn a_request_that_nobody_could_make_is_refused() {
    let shop = "shop.example.com";
    for (args, said) in [
        (["--host", shop, "--path", "account"], "begins with `/`"),
        (["--host", shop, "--path", ""], "begins with `/`"),
        (["--host", shop, "--path", "/.pointsman/status"], "belongs to Pointsman itself"),
        (["--host", shop, "--method", "GET /"], "is no method"),
        (["--host", shop, "--method", ""], "is no method"),
        (["--host", "https://shop.example.com", "--path", "/"], "is no host"),
        (["--host", "shop.example.com:443", "--path", "/"], "is no host"),
        (["--host", "shop example.com", "--path", "/"], "is no host"),
        (["--host", shop, "--kv-allow", "DE"], "does not ask KV"),
    ] {
        let ended = pointsman(&[&["explain", SHOP], &args[..]].concat());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(said), "{args:?}: {}", ended.err);
    }
    let (code, lines) = batch::decided("{\"host\":\"shop.example.com\",\"path\":\"account\"}\n");
    assert_eq!((code, lines[0]["error"].is_string()), (2, true));
}

#[test]
fn bad_usage_is_exit_2_and_says_why_on_standard_error() {
    for (args, said) in [
        (&[][..], "Usage"),
        (&["chekc", SHOP], "unrecognized subcommand"),
        (&["check"], "<FILE>"),
        (&["check", "tests/tool/absent.toml"], "cannot read `tests/tool/absent.toml`"),
        (&["check", SHOP, "--now", "yesterday"], "RFC 3339"),
        (&["explain", SHOP], "which host?"),
        (&["explain", SHOP, "--host", "shop.example.com", "--down", "eu-wst"], "is no region"),
        (&["explain", SHOP, "--host", "shop.example.com", "--country", "UK"], "not a country"),
        (&["explain", SHOP, "--host", "shop.example.com", "--at", "91,0"], "not a location"),
        (&["explain", SHOP, "--host", "ledger.example.com", "--tenant", "a"], "reads no tenant"),
        (&["explain", SHOP, "--batch", "-", "--host", "a"], "cannot be used with"),
        (&["explain", SHOP, "--batch", "tests/tool/absent.jsonl"], "cannot read"),
        (&["explain", "tests/tool/mistaken.toml"], "E011"),
        (&["whatif", SHOP], "--down"),
        (&["whatif", SHOP, "--down", "eu-wst"], "is no region"),
    ] {
        let ended = pointsman(args);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{args:?}: {}", ended.err);
        assert!(ended.err.contains(said), "{args:?}: {}", ended.err);
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["check", "--help"], &["--version"]] {
        let ended = pointsman(args);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{args:?}");
        assert!(ended.out.contains("pointsman"), "{args:?}: {}", ended.out);
    }
}

#[test]
fn a_config_whose_routing_table_would_be_too_large_is_a_mistake_with_a_way_out() {
    let mut config = String::from("version = 1\n[monitors.web]\n");
    let names: Vec<String> = (0..90).map(|number| format!("r{number:062}")).collect();
    for (number, name) in names.iter().enumerate() {
        let origin = format!("{{ id = \"o-{number}\", url = \"https://o{number}.example.net\" }}");
        let lines =
            [&format!("[regions.{name}]"), "country = \"IE\"", "origins = [", &origin, "]\n"];
        config += &lines.join("\n");
    }
    config += "[services.web]\nhosts = [\"www.example.com\"]\nmonitor = \"web\"\n";
    config += &["regions = [\"", &names[0], "\"]\ntenant = { header = \"x-tenant\" }\n"].concat();
    config += "[limits]\nprobes_per_run = 10_000\n[tenants]\n";
    let fits = format!("{config}t0 = {{ allow = \"IE\" }}\n");
    let tenants = (0..5_000).map(|number| format!("t{number} = {{ allow = \"IE\" }}\n"));
    let large = config + &tenants.collect::<String>();
    assert_eq!(fed(&["check", "--now", NOW, "-"], &fits).code, 0);
    let ended = fed(&["check", "--now", NOW, "-"], &large);
    assert_eq!(ended.code, 1, "{}", ended.err);
    assert!(ended.err.contains("E024"), "{}", ended.err);
    assert!(ended.err.contains("keep tenants in KV"), "{}", ended.err);
}

#[test]
fn check_says_from_how_many_areas_each_target_is_probed() {
    let shop = fs::read_to_string(SHOP).unwrap();
    let alone = fed(&["check", "-", "--now", NOW], &shop).out;
    assert!(alone.contains(" per round, config "), "{alone}");
    let text = format!("areas = {{ use = [\"weur\", \"enam\", \"sam\"] }}\n{shop}");
    let ended = fed(&["check", "-", "--now", NOW], &text);
    assert!(ended.out.contains(" per round from each of 3 areas, config "), "{}", ended.out);
}
