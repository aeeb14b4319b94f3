//! The house rules that no compiler checks, each as a test whose failure names file and line.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it should be"
)]

mod files;
mod imports;

use files::File;
use imports::{Crate, Import, circles};
use std::collections::BTreeSet;

const LINES_MAX: usize = 500;
const COLUMNS_MAX: usize = 100;

/// Put together here so that this file does not break its own rule.
const UNFINISHED: [&str; 3] =
    [concat!("to", "do!"), concat!("FIX", "ME"), concat!("unimpl", "emented!")];

/// What a merge leaves where both sides changed a line.
const MERGE_MARKS: [&str; 2] = ["<<<<<<< ", ">>>>>>> "];

/// What the core may not say: it waits for nothing, knows no runtime, reads no clock, has no order
/// of its own, and uses no float function whose last bit differs between the host and wasm.
const NOT_IN_THE_CORE: [&str; 17] = [
    "async fn",
    "async move",
    ".await",
    "worker::",
    "js_sys",
    "web_sys",
    "wasm_bindgen",
    "SystemTime",
    "Instant",
    "HashMap",
    "HashSet",
    ".exp(",
    ".ln(",
    ".powf(",
    ".sin(",
    ".cos(",
    ".tan(",
];

/// The modules of `src` from the lowest layer up. A module imports from layers below its own, and
/// from its own.
const LAYERS: [&[&str]; 8] = [
    &[
        "admin_token",
        "analytics",
        "country",
        "fingerprint",
        "fnv",
        "geo",
        "hex",
        "hold",
        "ids",
        "journal",
        "json",
        "jurisdiction",
        "ordered",
        "other_owner",
        "owned",
        "secret",
        "tally",
        "time",
        "traffic",
    ],
    &[
        "alert",
        "config",
        "contract",
        "drill",
        "health",
        "latency",
        "order",
        "outgoing",
        "passive",
        "recovery",
        "residency",
        "target",
    ],
    &["cloudflare", "routes", "state", "steering", "view"],
    &["controller", "documents", "metrics", "tick"],
    &["http"],
    &["dashboard", "proxy"],
    &["shell"],
    &["tool"],
];

/// In `src`, but in no layer: the crate's own page, the programs, the helpers of unit tests.
const NO_MODULES: [&str; 3] = ["lib", "bin", "testing"];

/// The folders of the crates whose files must not import each other in a circle.
const CRATES: [&str; 4] = ["src", "bench/src", "lab/src", "xtask/src"];

/// Files that may: a shape says how its parts are read, and the reader reads parts by their shape.
const MUTUAL: [&str; 2] = ["src/json/reader.rs", "src/json/shape.rs"];

#[test]
fn the_walk_finds_the_library_and_this_file() {
    let files = files::all();
    for path in ["src/lib.rs", "tests/tidy/main.rs", "xtask/src/bundle/mod.rs"] {
        assert!(files.iter().any(|file| file.path == path), "{path} was not walked");
    }
}

#[test]
fn every_folder_and_every_library_begins_with_its_purpose() {
    let root = |path: &str| path.ends_with("/mod.rs") || path.ends_with("/lib.rs");
    let silent = |file: &File| root(&file.path) && !file.text.starts_with("//!");
    let silent = files::rust().into_iter().filter(silent);
    assert_none(
        "begin the file with a `//!` paragraph that tells its purpose",
        silent.map(|file| format!("{}:1", file.path)),
    );
}

#[test]
fn no_file_is_too_long_to_read_at_once() {
    let long = files::rust().into_iter().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > LINES_MAX).then(|| format!("{}:{lines}", file.path))
    });
    assert_none(&format!("split the file: more than {LINES_MAX} lines"), long);
}

#[test]
fn no_line_is_too_wide_to_read_side_by_side() {
    let wide = places(&files::rust(), |line| line.chars().count() > COLUMNS_MAX);
    assert_none(&format!("wrap the line: more than {COLUMNS_MAX} columns"), wide);
}

#[test]
fn nothing_is_left_unfinished() {
    let left = places(&files::all(), |line| UNFINISHED.iter().any(|phrase| line.contains(phrase)));
    assert_none("finish it, or say in an ADR why not", left);
}

#[test]
fn no_merge_is_left_half_done() {
    let left = places(&files::all(), |line| MERGE_MARKS.iter().any(|mark| line.starts_with(mark)));
    assert_none("take what is right of both sides", left);
}

#[test]
fn the_core_has_no_runtime_no_clock_and_no_chance() {
    let mut found = Vec::new();
    for file in files::built() {
        if module(&file.path).is_none_or(|name| name == "shell") {
            continue;
        }
        for (number, line) in (1..).zip(code(&file.text).lines()) {
            let said = NOT_IN_THE_CORE.iter().filter(|phrase| says(line, phrase));
            found.extend(said.map(|phrase| format!("{}:{number}: `{phrase}`", file.path)));
        }
    }
    assert_none("move it to src/shell, or take it as an argument", found);
}

#[test]
fn every_module_has_a_layer() {
    let homeless = |file: &File| module(&file.path).is_some_and(|name| layer(name).is_none());
    let unknown = files::rust().into_iter().filter(homeless);
    assert_none(
        "add the module to LAYERS in tests/tidy/main.rs",
        unknown.map(|file| format!("{}:1", file.path)),
    );
}

#[test]
fn every_layer_is_of_modules_that_exist() {
    let files = files::rust();
    let known: BTreeSet<&str> = files.iter().filter_map(|file| module(&file.path)).collect();
    let named = LAYERS.iter().copied().flatten().copied();
    assert_none(
        "take the module out of LAYERS in tests/tidy/main.rs",
        named.filter(|name| !known.contains(name)).map(str::to_owned),
    );
}

#[test]
fn imports_point_down() {
    let imports = Crate::of("src", &files::built()).imports();
    let upward = imports.iter().filter_map(|Import { from, to, place }| {
        let (from, to) = (module(from)?, module(to)?);
        (layer(to) > layer(from)).then(|| format!("{place}: `{to}` is above `{from}`"))
    });
    assert_none("a module imports from below; move what it needs down", upward);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = files::built();
    let ties = CRATES.into_iter().flat_map(|folder| {
        let imports = Crate::of(folder, &files).imports();
        let circles =
            circles(&imports).into_iter().filter(|files| *files != BTreeSet::from(MUTUAL));
        circles.flat_map(|files| ties(&imports, &files)).collect::<Vec<_>>()
    });
    assert_none("break the circle: move what both need into a file below them", ties);
}

/// What ties the files of a circle.
fn ties(imports: &[Import], files: &BTreeSet<&str>) -> Vec<String> {
    let is_inside = |import: &&Import| {
        files.contains(import.from.as_str()) && files.contains(import.to.as_str())
    };
    let tie = |Import { to, place, .. }: &Import| format!("{place} -> {to}");
    imports.iter().filter(is_inside).map(tie).collect()
}

#[test]
fn a_phrase_is_found_as_a_whole_word_only() {
    assert!(says("    let now = Instant::now();", "Instant"));
    assert!(says("use worker::Env;", "worker::"));
    assert!(says("x.exp()", ".exp("));
    assert!(!says("fn instantly(InstantReply: u8)", "Instant"));
    assert!(!says("use coworker::Env;", "worker::"));
}

/// Fails with the rule and the places that break it.
fn assert_none(rule: &str, places: impl IntoIterator<Item = String>) {
    let places: Vec<String> = places.into_iter().collect();
    assert!(places.is_empty(), "{rule}:\n  {}\n", places.join("\n  "));
}

/// The top-level module that a file belongs to, if the library ships it.
fn module(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let name = inside.split('/').next()?.trim_end_matches(".rs");
    (!NO_MODULES.contains(&name)).then_some(name)
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// `path:line` of each line that `breaks` the rule.
fn places(files: &[File], breaks: impl Fn(&str) -> bool) -> Vec<String> {
    let lines = files.iter().flat_map(|file| {
        (1..).zip(file.text.lines()).map(move |(number, line)| (file, number, line))
    });
    lines
        .filter(|(_, _, line)| breaks(line))
        .map(|(file, number, _)| format!("{}:{number}", file.path))
        .collect()
}

/// The text without its comments, line for line. A `//` inside an address follows a colon and
/// stays.
fn code(text: &str) -> String {
    let code = |line: &str| {
        let comment = line.match_indices("//").find(|(at, _)| {
            line.get(..*at)
                .is_some_and(|before| before.chars().next_back().is_none_or(char::is_whitespace))
        });
        comment.and_then(|(at, _)| line.get(..at)).unwrap_or(line).to_owned() + "\n"
    };
    text.lines().map(code).collect()
}

/// Whether `line` contains `phrase`, not as a part of a longer name.
fn says(line: &str, phrase: &str) -> bool {
    let joins = |inner: Option<char>, outer: Option<char>| {
        inner.is_some_and(is_name) && outer.is_some_and(is_name)
    };
    line.match_indices(phrase).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + phrase.len()..).and_then(|text| text.chars().next());
        !joins(phrase.chars().next(), before) && !joins(phrase.chars().next_back(), after)
    })
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
