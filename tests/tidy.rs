//! The house rules that no compiler checks, each as a test whose failure names file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{fs, io};

/// What is walked; folders of these names inside are not ours.
const FOLDERS: [&str; 5] = ["src", "lab", "xtask", "tests", "docs"];
const NOT_OURS: [&str; 2] = ["node_modules", "target"];

const LINES_MAX: usize = 500;
const COLUMNS_MAX: usize = 100;

/// Put together here so that this file does not break its own rule.
const UNFINISHED: [&str; 3] =
    [concat!("to", "do!"), concat!("FIX", "ME"), concat!("unimpl", "emented!")];

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
/// from its own as long as no circle closes.
const LAYERS: [&[&str]; 8] = [
    &[
        "country",
        "fingerprint",
        "fraction",
        "geo",
        "hold",
        "ids",
        "json",
        "ordered",
        "secret",
        "tally",
        "time",
    ],
    &["config", "health", "latency", "passive", "residency", "target"],
    &["cloudflare", "failover", "journal", "routes", "state", "steering", "view"],
    &["controller", "documents", "status", "tick"],
    &["http"],
    &["proxy"],
    &["shell"],
    &["tool"],
];

/// In `src`, but in no layer: the crate's own page, the programs, the helpers of unit tests.
const NO_MODULES: [&str; 3] = ["lib", "bin", "testing"];

/// What only the native program has.
const NATIVE: [&str; 2] = ["src/config/advice/", "src/tool/"];

/// A file of ours; `path` is relative to the checkout.
struct File {
    path: String,
    text: String,
}

/// One module of the crate that names another, and where.
struct Import {
    from: String,
    to: String,
    place: String,
}

#[test]
fn the_walk_finds_the_library_and_this_file() -> io::Result<()> {
    let files = files()?;
    for path in ["src/lib.rs", "tests/tidy.rs", "xtask/src/bundle/mod.rs"] {
        assert!(files.iter().any(|file| file.path == path), "{path} was not walked");
    }
    Ok(())
}

#[test]
fn every_folder_and_every_library_begins_with_its_purpose() -> io::Result<()> {
    let root = |path: &str| path.ends_with("/mod.rs") || path.ends_with("/lib.rs");
    let silent = |file: &File| root(&file.path) && !file.text.starts_with("//!");
    let silent = rust_files()?.into_iter().filter(silent);
    assert_none(
        "begin the file with a `//!` paragraph that tells its purpose",
        silent.map(|file| format!("{}:1", file.path)),
    );
    Ok(())
}

#[test]
fn no_file_is_too_long_to_read_at_once() -> io::Result<()> {
    let long = rust_files()?.into_iter().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > LINES_MAX).then(|| format!("{}:{lines}", file.path))
    });
    assert_none(&format!("split the file: more than {LINES_MAX} lines"), long);
    Ok(())
}

#[test]
fn no_line_is_too_wide_to_read_side_by_side() -> io::Result<()> {
    let wide = places(&rust_files()?, |line| line.chars().count() > COLUMNS_MAX);
    assert_none(&format!("wrap the line: more than {COLUMNS_MAX} columns"), wide);
    Ok(())
}

#[test]
fn nothing_is_left_unfinished() -> io::Result<()> {
    let left = places(&files()?, |line| UNFINISHED.iter().any(|phrase| line.contains(phrase)));
    assert_none("finish it, or say in an ADR why not", left);
    Ok(())
}

#[test]
fn the_core_has_no_runtime_no_clock_and_no_chance() -> io::Result<()> {
    let mut found = Vec::new();
    for file in core_files()? {
        for (number, line) in (1..).zip(code(&file.text).lines()) {
            let said = NOT_IN_THE_CORE.iter().filter(|phrase| says(line, phrase));
            found.extend(said.map(|phrase| format!("{}:{number}: `{phrase}`", file.path)));
        }
    }
    assert_none("move it to src/shell, or take it as an argument", found);
    Ok(())
}

#[test]
fn nothing_that_ships_prints_for_programmers() -> io::Result<()> {
    let native = |file: &File| NATIVE.iter().any(|folder| file.path.starts_with(folder));
    let shipped: Vec<File> = module_files()?.into_iter().filter(|file| !native(file)).collect();
    assert_none(
        "print with `Display` or `as_str`: the build leaves `Debug` out of the wasm (ADR-0003)",
        places(&shipped, |line| line.contains(":?}") || line.contains(":#?}")),
    );
    Ok(())
}

#[test]
fn every_module_has_a_layer() -> io::Result<()> {
    let unknown = |file: &File| module(&file.path).is_some_and(|name| layer(&name).is_none());
    let unknown = rust_files()?.into_iter().filter(unknown);
    assert_none(
        "add the module to LAYERS in tests/tidy.rs",
        unknown.map(|file| format!("{}:1", file.path)),
    );
    Ok(())
}

#[test]
fn imports_point_down() -> io::Result<()> {
    let upward = imports()?.into_iter().filter_map(|import| match layer(&import.to) {
        None => Some(format!(
            "{}: `{}` is no module in LAYERS of tests/tidy.rs",
            import.place, import.to
        )),
        to if to > layer(&import.from) => {
            Some(format!("{}: `{}` is above `{}`", import.place, import.to, import.from))
        }
        _ => None,
    });
    assert_none("a module imports from below; move what it needs down", upward);
    Ok(())
}

#[test]
fn imports_within_a_layer_close_no_circle() -> io::Result<()> {
    let sideways =
        |import: &Import| import.from != import.to && layer(&import.from) == layer(&import.to);
    let imports: Vec<Import> = imports()?.into_iter().filter(sideways).collect();
    let stuck = stuck(imports.iter().map(|import| (import.from.as_str(), import.to.as_str())));
    let circle = imports.iter().filter(|import| {
        stuck.contains(import.from.as_str()) && stuck.contains(import.to.as_str())
    });
    assert_none(
        "break the circle",
        circle.map(|import| format!("{}: {} -> {}", import.place, import.from, import.to)),
    );
    Ok(())
}

#[test]
fn an_import_is_read_in_each_of_its_forms() {
    let text = "use crate::ids::OriginId;\nuse crate::{\n  time::{Millis, Day},\n  health,\n};\n\
                // use crate::shell;\nlet x = crate::config::LIMIT; // see crate::http\n";
    let found: Vec<_> = named_modules(&code(text)).collect();
    let expected = [(1, "ids"), (2, "time"), (2, "health"), (7, "config")];
    assert_eq!(found, expected.map(|(line, name)| (line, name.to_owned())));
}

#[test]
fn a_phrase_is_found_as_a_whole_word_only() {
    assert!(says("    let now = Instant::now();", "Instant"));
    assert!(says("use worker::Env;", "worker::"));
    assert!(says("x.exp()", ".exp("));
    assert!(!says("fn instantly(InstantReply: u8)", "Instant"));
    assert!(!says("use coworker::Env;", "worker::"));
}

#[test]
fn a_circle_is_told_from_a_chain() {
    assert!(stuck([("a", "b"), ("b", "c"), ("a", "c")].into_iter()).is_empty());
    let circle = stuck([("a", "b"), ("b", "a"), ("a", "c")].into_iter());
    assert_eq!(circle, BTreeSet::from(["a", "b"]));
}

/// Fails with the rule and the places that break it.
fn assert_none(rule: &str, places: impl IntoIterator<Item = String>) {
    let places: Vec<String> = places.into_iter().collect();
    assert!(places.is_empty(), "{rule}:\n  {}\n", places.join("\n  "));
}

fn files() -> io::Result<Vec<File>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in FOLDERS {
        walk(root, folder, &mut files)?;
    }
    Ok(files)
}

fn walk(root: &Path, folder: &str, files: &mut Vec<File>) -> io::Result<()> {
    let mut entries = fs::read_dir(root.join(folder))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if entry.file_type()?.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) {
                walk(root, &path, files)?;
            }
        } else if let Ok(text) = String::from_utf8(fs::read(entry.path())?) {
            files.push(File { path, text });
        }
    }
    Ok(())
}

fn rust_files() -> io::Result<Vec<File>> {
    let rust = |file: &File| Path::new(&file.path).extension().is_some_and(|ending| ending == "rs");
    Ok(files()?.into_iter().filter(rust).collect())
}

/// The modules that decide: all but the shell.
fn core_files() -> io::Result<Vec<File>> {
    let core = |file: &File| module(&file.path).is_some_and(|name| name != "shell");
    Ok(module_files()?.into_iter().filter(core).collect())
}

/// The library's modules without their tests: those may look up, and may hold the code against
/// other arithmetic.
fn module_files() -> io::Result<Vec<File>> {
    let tests = |path: &str| path.ends_with("/tests.rs") || path.contains("/tests/");
    let without_tests = |file: File| {
        let text = file.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        File { text: text.to_owned(), path: file.path }
    };
    let ours = |file: &File| module(&file.path).is_some() && !tests(&file.path);
    Ok(rust_files()?.into_iter().filter(ours).map(without_tests).collect())
}

/// The top-level module that a file belongs to, if the library ships it.
fn module(path: &str) -> Option<String> {
    let inside = path.strip_prefix("src/")?;
    let name = inside.split('/').next()?.trim_end_matches(".rs");
    (!NO_MODULES.contains(&name)).then(|| name.to_owned())
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

fn imports() -> io::Result<Vec<Import>> {
    let mut imports = Vec::new();
    for file in module_files()? {
        let Some(from) = module(&file.path) else { continue };
        let found = named_modules(&code(&file.text))
            .map(|(line, to)| Import {
                from: from.clone(),
                to,
                place: format!("{}:{line}", file.path),
            })
            .collect::<Vec<_>>();
        imports.extend(found);
    }
    Ok(imports)
}

/// The line and the module of each `crate::module` and `crate::{module, …}`.
fn named_modules(code: &str) -> impl Iterator<Item = (usize, String)> {
    let mut line = 1;
    let mut parts = code.split("crate::");
    line += parts.next().map_or(0, |before| before.matches('\n').count());
    parts
        .flat_map(move |part| {
            let here = line;
            line += part.matches('\n').count();
            let names = part.strip_prefix('{').map_or_else(|| vec![part.to_owned()], group);
            names.into_iter().map(move |name| {
                (here, name.trim().chars().take_while(|c| is_name(*c)).collect::<String>())
            })
        })
        .filter(|(_, name)| !name.is_empty())
}

/// The members of a group whose opening brace has been read, without what they have in braces of
/// their own.
fn group(text: &str) -> Vec<String> {
    let mut depth = 1;
    let mut members = String::new();
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ if depth == 1 => members.push(c),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    members.split(',').map(str::to_owned).collect()
}

/// What remains when modules that import nothing more are taken away again and again: the circles
/// and what leads to them.
fn stuck<'a>(edges: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeSet<&'a str> {
    let mut targets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (from, to) in edges {
        targets.entry(from).or_default().insert(to);
    }
    loop {
        let open: BTreeSet<&str> = targets.keys().copied().collect();
        let left = |to: &BTreeSet<&str>| to.iter().any(|module| open.contains(module));
        let free: Vec<&str> =
            targets.iter().filter(|(_, to)| !left(to)).map(|(from, _)| *from).collect();
        if free.is_empty() {
            return open;
        }
        for module in free {
            targets.remove(module);
        }
    }
}
