//! Configs as operators write them: the sound ones, and each mistake with exactly what is said of
//! it.
//!
//! Beside each `tests/configs/NAME.toml` stands `NAME.out`, the diagnostics as they are shown. Run
//! with `POINTSMAN_UPDATE=1` to write them anew, and read the difference as somebody would who is
//! woken by it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test ends at the first surprise"
)]

use pointsman::config::{self, Code, Config, DIAGNOSTICS_LISTED_MAX, Diagnostic};
use pointsman::controller::table_too_large;
use pointsman::fingerprint::Fingerprint;
use pointsman::time::Timestamp;
use pointsman::tool::{Finding, Part, Severity, Source, render};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

const EXAMPLE: &str = include_str!("../examples/three-regions.json");
const SCHEMA: &str = "schema/pointsman.schema.json";
const UPDATE: &str = "POINTSMAN_UPDATE";
const TRANSLATED: &str = "examples/coming-from";
const RECIPES: &str = "examples/recipes";
/// The examples that are played from beginning to end, in `tests/e2e/setups`.
const SETUPS: [&str; 3] = ["one-record.toml", "br-mx-payments.toml", "warm-standby.toml"];

/// The codes of mistakes of form: what a JSON Schema can know too.
const OF_FORM: [Code; 4] = [Code::E002, Code::E007, Code::E011, Code::E012];

/// Whether it is a word that is not in a closed set of which the schema has all words.
fn is_of_closed_set(found: &Diagnostic) -> bool {
    let path = found.path.as_str();
    let is_listed = path.starts_with("areas.use[") || path.contains(".attest[");
    match found.code {
        Code::E006 => is_listed,
        Code::E017 => path.rsplit('.').next() == Some("kind"),
        _ => false,
    }
}

/// The files of a folder of the checkout with this extension, in order.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

/// Every example in TOML, with those that are translated from other balancers' configs, and the
/// recipes.
fn examples() -> Vec<PathBuf> {
    ["examples", TRANSLATED, RECIPES].map(|folder| files(folder, "toml")).concat()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn source(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    Source::read(&name_of(path), &text).unwrap_or_else(|unreadable| panic!("{unreadable}"))
}

fn check(document: &Value) -> Vec<Diagnostic> {
    match Config::read(document, Fingerprint::of(b"")) {
        Ok(config) => table_too_large(&config).into_iter().collect(),
        Err(found) => found.listed,
    }
}

fn told(diagnostic: &Diagnostic) -> Finding {
    let is_about_key = matches!(diagnostic.code, Code::E011 | Code::E012);
    Finding {
        severity: Severity::Error,
        code: format!("{:?}", diagnostic.code),
        path: diagnostic.path.clone(),
        part: if is_about_key { Part::Key } else { Part::Value },
        problem: diagnostic.problem.clone(),
        allowed: diagnostic.allowed.clone(),
        hint: diagnostic.hint.clone(),
        also: Vec::new(),
        more: 0,
    }
}

/// What is shown for a file.
fn shown(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    match Source::read(&name_of(path), &text) {
        Ok(source) => {
            let found: Vec<Finding> = check(&source.value).iter().map(told).collect();
            render(&source, &found, false)
        }
        Err(unreadable) => unreadable.render(false),
    }
}

/// Compares a file with what it should say, or writes it, where that is asked for.
fn stays(path: &Path, now: &str) -> Result<(), String> {
    if env::var_os(UPDATE).is_some() {
        fs::write(path, now).unwrap();
    }
    let before = fs::read_to_string(path).unwrap_or_default();
    if before == now { Ok(()) } else { Err(format!("{}\n{now}", path.display())) }
}

/// Code and path of everything that is wrong, each pair once.
fn problems(text: &str) -> Vec<String> {
    let found = Config::parse(text).err().unwrap_or_default();
    let mut told: Vec<_> = found.iter().map(|d| format!("{:?} {}", d.code, d.path)).collect();
    told.dedup();
    told
}

#[test]
fn every_example_is_sound() {
    let examples = [files("examples", "json"), examples()].concat();
    assert!(examples.len() >= 3, "{examples:?}");
    for path in examples {
        assert_eq!(shown(&path), "", "{}", path.display());
    }
}

#[test]
fn every_translated_config_has_its_section_in_the_page_and_every_section_its_config() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/coming-from.md")).unwrap();
    let linked = page.split("](../examples/coming-from/").skip(1);
    let linked: BTreeSet<_> = linked.filter_map(|rest| rest.split(')').next()).collect();
    let names: Vec<_> = files(TRANSLATED, "toml").iter().map(|path| name_of(path)).collect();
    assert_eq!(linked, names.iter().map(String::as_str).collect());
    assert_eq!(names.len(), 7, "one for each balancer of the page");
}

#[test]
fn every_mistake_is_told_in_these_words() {
    let changed: Vec<_> = files("tests/configs", "toml")
        .iter()
        .filter_map(|path| stays(&path.with_extension("out"), &shown(path)).err())
        .collect();
    assert!(changed.is_empty(), "{UPDATE}=1 writes these anew:\n{}", changed.join("\n"));
}

#[test]
fn every_file_has_a_mistake_and_is_told_without_a_stray_word() {
    for path in files("tests/configs", "toml") {
        let shown = shown(&path);
        assert!(shown.starts_with("error[E0"), "{}: {shown}", path.display());
        assert!(shown.lines().all(|line| line.trim_end() == line), "{shown}");
    }
    for path in files("tests/configs", "out") {
        assert!(path.with_extension("toml").exists(), "{} is about nothing", path.display());
    }
}

#[test]
fn no_message_repeats_a_secret() {
    let mut secrets = 0;
    for path in files("tests/configs", "toml") {
        let text = fs::read_to_string(&path).unwrap();
        let Ok(source) = Source::read("", &text) else { continue };
        for found in check(&source.value) {
            assert!(!found.to_string().contains("hunter"), "{}: {found}", path.display());
        }
        secrets += usize::from(text.contains("hunter"));
    }
    assert!(secrets >= 4, "only {secrets} files have a secret");
}

#[test]
fn every_diagnostic_points_at_a_value_of_the_file() {
    for path in files("tests/configs", "toml") {
        let Ok(source) = Source::read("", &fs::read_to_string(&path).unwrap()) else { continue };
        for found in check(&source.value) {
            // What is missing has no place of its own.
            let is_there = source.span(&found.path).is_some() || found.path == ".";
            let is_missing = matches!(found.code, Code::E003 | Code::E004 | Code::E014);
            assert!(is_there || is_missing, "{}: {found}", path.display());
        }
    }
}

#[test]
fn every_code_has_a_file() {
    let told: String = files("tests/configs", "out")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let missing: Vec<_> =
        Code::ALL.iter().filter(|code| !told.contains(&format!("error[{code:?}]"))).collect();
    assert!(missing.is_empty(), "no file in tests/configs shows {missing:?}");
}

#[test]
fn no_hint_tells_anybody_to_loosen_a_rule() {
    let loosening = ["preferred", "remove", "`*`", "everywhere", "relax"];
    for path in files("tests/configs", "toml") {
        let Ok(source) = Source::read("", &fs::read_to_string(&path).unwrap()) else { continue };
        for hint in check(&source.value).iter().filter_map(|found| found.hint.as_ref()) {
            assert!(!loosening.iter().any(|word| hint.contains(word)), "{hint}");
        }
    }
}

#[test]
fn there_are_ten_recipes_of_which_nothing_is_said_and_a_page_has_each() {
    let now = Timestamp::try_from("2026-11-01T00:00:00Z".to_owned()).unwrap();
    let page = include_str!("../docs/recipes.md");
    let recipes = files(RECIPES, "toml");
    assert_eq!(recipes.len(), 10);
    for path in recipes {
        let config = Config::read(&source(&path).value, Fingerprint::of(b"")).unwrap();
        assert_eq!(config::advise(&config, now), [], "{}", path.display());
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(page.contains(&format!("](#{name})")), "{name}");
        let pointers = config.monitors.values().flat_map(|monitor| &monitor.expect.json);
        for (pointer, _) in pointers {
            let last = pointer.rsplit('/').next().unwrap();
            assert!(page.contains(last), "{name}: the page does not name `{pointer}`");
        }
    }
}

#[test]
fn of_a_set_up_nothing_is_said_that_its_file_does_not_answer_and_a_page_leads_to_it() {
    let now = Timestamp::try_from("2026-11-30T00:00:00Z".to_owned()).unwrap();
    let page = include_str!("../docs/getting-started.md");
    for name in SETUPS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let config = Config::read(&source(&path).value, Fingerprint::of(b"")).unwrap();
        assert_eq!(config::advise(&config, now), [], "{name}");
        assert!(page.contains(&format!("](../examples/{name})")), "{name}");
        let first = fs::read_to_string(&path).unwrap();
        assert!(first.starts_with("#:schema ../schema/pointsman.schema.json\n"), "{name}");
    }
}

/// At a fixed instant, because advice has the clock.
#[test]
fn the_examples_are_advised_in_these_words() {
    let now = Timestamp::try_from("2026-11-01T00:00:00Z".to_owned()).unwrap();
    let mut lines = String::new();
    for path in examples() {
        let config = Config::read(&source(&path).value, Fingerprint::of(b"")).unwrap();
        writeln!(lines, "{}", name_of(&path)).unwrap();
        for advice in config::advise(&config, now) {
            writeln!(lines, "  {advice}").unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advice.out");
    let stays = stays(&path, &lines);
    assert!(stays.is_ok(), "{UPDATE}=1 writes this anew:\n{}", stays.unwrap_err());
}

#[test]
fn the_same_in_toml_and_in_json_is_the_same_config() {
    for path in examples() {
        let source = source(&path);
        let fingerprint = Fingerprint::of(b"");
        let toml = Config::read(&source.value, fingerprint).unwrap();
        let canonical = config::canonical(&source.value);
        assert!(!canonical.contains('\n'), "{canonical}");
        let mut json = Config::parse(&canonical).unwrap();
        assert_eq!(json.fingerprint, Fingerprint::of(canonical.as_bytes()));
        json.fingerprint = fingerprint;
        assert_eq!(toml, json, "{}", path.display());
    }
}

#[test]
fn the_two_examples_of_three_regions_say_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let toml = source(&folder.join("three-regions.toml")).value;
    assert_eq!(toml, serde_json::from_str::<Value>(EXAMPLE).unwrap());
}

#[test]
fn the_two_examples_of_a_local_run_say_the_same_and_are_for_one_machine() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let toml = source(&folder.join("local.toml")).value;
    let json = fs::read_to_string(folder.join("local.json")).unwrap();
    assert_eq!(toml, serde_json::from_str::<Value>(&json).unwrap());
    let config = Config::parse(&json).unwrap();
    assert!(config.is_local());
    // Two regions on one host are an error as soon as one of them is not on this machine.
    let elsewhere = json.replace("localhost:9003", "br1.origin.example.com");
    let local = ["E008 regions.eu-west.origins[0].url", "E008 regions.us-east.origins[0].url"];
    let shared = "E005 regions.us-east.origins[0].url";
    let mut expected = local.map(str::to_owned).to_vec();
    expected.push(shared.to_owned());
    expected.sort();
    let mut told = problems(&elsewhere);
    told.sort();
    assert_eq!(told, expected);
}

#[test]
fn the_schema_is_what_the_reader_reads() {
    let now = serde_json::to_string_pretty(&config::schema()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEMA);
    let stays = stays(&path, &now);
    assert!(stays.is_ok(), "{SCHEMA} is of another build; {UPDATE}=1 writes it anew");
}

#[test]
fn the_schema_takes_what_is_sound_and_refuses_mistakes_of_form() {
    let schema = config::schema();
    assert!(jsonschema::meta::is_valid(&schema));
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(&schema).unwrap();
    let mut refused = 0;
    let folders = [files("examples", "json"), examples(), files("tests/configs", "toml")];
    for path in folders.into_iter().flatten() {
        let Ok(source) = Source::read(&name_of(&path), &fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        let found = check(&source.value);
        if found.iter().any(|found| found.code == Code::E003) {
            continue; // A schema of its own.
        }
        let is_of_form =
            found.iter().any(|one| OF_FORM.contains(&one.code) || is_of_closed_set(one));
        let is_valid = validator.is_valid(&source.value);
        assert_eq!(is_valid, !is_of_form, "{}: {found:?}", path.display());
        refused += usize::from(!is_valid);
    }
    assert!(refused > 30, "only {refused} files have mistakes of form");
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    let twice = EXAMPLE.replacen("\"residency\": [", "\"residency\": [], \"residency\": [", 1);
    assert_eq!(problems(&twice), ["E001 ."]);
}

#[test]
fn what_is_no_json_object_is_refused() {
    for text in ["", "[]", "null", "{", "{} {}", &"[".repeat(100_000)] {
        assert_eq!(problems(text).len(), 1, "{text:.20}");
    }
}

#[test]
fn a_config_is_read_up_to_its_limit() {
    let filled = |bytes: usize| format!("{EXAMPLE}{}", " ".repeat(bytes - EXAMPLE.len()));
    assert_eq!(problems(&filled(config::CONFIG_BYTES_MAX)), [""; 0]);
    assert_eq!(problems(&filled(config::CONFIG_BYTES_MAX + 1)), ["E001 ."]);
}

#[test]
fn a_null_is_as_good_as_an_absent_key() {
    let mut config: Value = serde_json::from_str(EXAMPLE).unwrap();
    config["services"]["api"]["contract"] = Value::Null;
    config["monitors"]["api"]["down_interval_s"] = Value::Null;
    assert_eq!(problems(&config.to_string()), [""; 0]);
    config["services"]["api"]["monitor"] = Value::Null;
    assert_eq!(problems(&config.to_string()), ["E012 services.api"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut config: Value = serde_json::from_str(EXAMPLE).unwrap();
    config["monitors"]["api"]["fall"] = json!(99);
    config["monitors"]["api"]["intervall_s"] = json!(5);
    config["services"]["api"]["monitor"] = json!("nothing");
    config["residency"][0]["allow"] = json!(["JP"]);
    let told = problems(&config.to_string());
    let expected = [
        "E007 monitors.api.fall",
        "E011 monitors.api.intervall_s",
        "E006 services.api.monitor",
        "E021 services.api.regions",
    ];
    assert_eq!(told, expected);
}

/// What follows from a default in the place of what was refused would be untrue.
#[test]
fn one_mistake_is_told_once() {
    let sound: Value = serde_json::from_str(EXAMPLE).unwrap();
    let changed = |pointer: &str, key: &str, value: Value| {
        let mut config = sound.clone();
        config["services"]["api"]["contract"] = json!({"rto_s": 240});
        config["services"]["api"]["hosts"] = json!(["api.example.com", "downloads.example.com"]);
        config["residency"][0]["when"] = json!({});
        config["residency"][0]["allow"] = json!(["IE", "BR"]);
        config.pointer_mut(pointer).unwrap()[key] = value;
        problems(&config.to_string())
    };
    assert_eq!(changed("", "version", json!(1)), [""; 0]);
    for (pointer, key, value, told) in [
        ("/monitors/api", "interval_s", json!("10s"), "E002 monitors.api.interval_s"),
        ("/monitors/api", "timout_ms", json!(500), "E011 monitors.api.timout_ms"),
        ("/monitors/api", "fall", json!(99), "E007 monitors.api.fall"),
        ("/residency/0", "allow", json!([]), "E004 residency[0].allow"),
        ("/residency/0", "allow", json!("@eaa"), "E006 residency[0].allow"),
        ("/residency/0", "allow", json!(["@eaa", "JP"]), "E006 residency[0].allow[0]"),
        ("/residency/0", "allow", json!(["eea", "JP"]), "E006 residency[0].allow[0]"),
        ("/residency/0", "allow", json!(["Eea", "JP"]), "E002 residency[0].allow[0]"),
    ] {
        assert_eq!(changed(pointer, key, value), [told], "{key}");
    }
}

#[test]
fn a_mistake_prints_on_one_line() {
    let mut config: Value = serde_json::from_str(EXAMPLE).unwrap();
    config["services"]["api"]["monitor"] = json!("apj");
    let found = Config::parse(&config.to_string()).unwrap_err();
    let lines: BTreeSet<String> = found.iter().map(ToString::to_string).collect();
    let line = "E006 services.api.monitor: `apj` is not a monitor; allowed: api; hint: write `api`";
    assert_eq!(lines, BTreeSet::from([line.to_owned()]));
}

/// A config with so many mistakes of one kind.
fn with_mistakes(many: usize, kind: &str) -> String {
    let mut config: Value = serde_json::from_str(EXAMPLE).unwrap();
    match kind {
        "unknown keys" => (0..many).for_each(|n| config[format!("k{n:06}")] = json!(1)),
        "wrong items" => config["regions"]["eu-west"]["attest"] = json!(vec![1; many]),
        "wrong rules" => config["residency"] = json!(vec![json!({"id": 1}); many / 3]),
        "secrets" => (0..many).for_each(|n| config[format!("k{n:06}")] = json!("AKIA1")),
        _ => config["services"]["api"]["hosts"] = json!(vec!["a b"; many]),
    }
    config.to_string()
}

#[test]
fn mistakes_are_listed_up_to_a_limit_and_the_rest_are_counted() {
    let most = DIAGNOSTICS_LISTED_MAX;
    for kind in ["unknown keys", "wrong items"] {
        for (many, listed) in [(most - 1, most - 1), (most, most), (most + 1, most)] {
            let found = Config::parse(&with_mistakes(many, kind)).unwrap_err();
            assert_eq!((found.len(), found.total()), (listed, many), "{many} {kind}");
        }
    }
}

/// The figure is what the process has, so it does not depend on what else runs.
fn cpu_ms() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    let after_name = stat.rsplit(") ").next().unwrap();
    let ticks: Vec<u64> = after_name.split(' ').filter_map(|word| word.parse().ok()).collect();
    // Fields 14 and 15: user and system time; the first after the name is field 3, a letter.
    (ticks[10] + ticks[11]) * 10
}

/// Twice as many mistakes would take four times as long if each were compared with all others.
#[test]
#[cfg(target_os = "linux")]
fn a_config_of_mistakes_alone_is_read_in_the_time_of_its_length() {
    for kind in ["unknown keys", "wrong items", "wrong rules", "secrets", "wrong hosts"] {
        let text = with_mistakes(16_000, kind);
        assert!(text.len() <= config::CONFIG_BYTES_MAX, "{kind}");
        let before = cpu_ms();
        let source = Source::read("pointsman.json", &text).unwrap();
        let found = Config::parse(&text).unwrap_err();
        let findings: Vec<Finding> = found.iter().map(told).collect();
        let shown = render(&source, &findings, false);
        let took = cpu_ms() - before;
        assert_eq!(found.len(), DIAGNOSTICS_LISTED_MAX, "{kind}");
        assert!(shown.len() < 100_000, "{kind}: {} bytes", shown.len());
        assert!(took < 3_000, "{kind}: {took} ms");
    }
}

#[test]
fn a_secret_beyond_the_mistakes_that_are_listed_is_shown_nowhere() {
    for many in [1, DIAGNOSTICS_LISTED_MAX, DIAGNOSTICS_LISTED_MAX + 1] {
        let mut config: Value = serde_json::from_str(EXAMPLE).unwrap();
        for number in 0..DIAGNOSTICS_LISTED_MAX * 2 {
            config[format!("k{number:04}")] = json!(1);
        }
        let secrets: Vec<_> = (0..many)
            .map(|n| json!({"kind": "slack", "url_secret": format!("hunter-{n}")}))
            .collect();
        config["alerts"] = json!(secrets);
        let text = config.to_string();
        let source = Source::read("pointsman.json", &text).unwrap();
        let found = Config::parse(&text).unwrap_err();
        let findings: Vec<Finding> = found.iter().map(told).collect();
        let shown = render(&source, &findings, false);
        assert!(!shown.contains("hunter-"), "{many}: {shown}");
        let told = found.iter().filter(|found| found.code == Code::E013).count();
        assert_eq!(told, many.min(DIAGNOSTICS_LISTED_MAX));
    }
}
