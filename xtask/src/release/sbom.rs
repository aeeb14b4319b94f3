//! What the release is made of: a `CycloneDX` document.
//!
//! The crates of the Worker and of the tool, as cargo resolves them for the two targets, each with
//! its licence and the checksum of `Cargo.lock`. It has no serial number, and its time is that of
//! the commit, so that the same commit has the same document.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::commit::git;
use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::process;

/// The product.
const PRODUCT: &str = "pointsman";
/// What is in the release, and for which target.
const PARTS: [(&str, &str); 2] =
    [("worker", "wasm32-unknown-unknown"), ("tool", "x86_64-unknown-linux-musl")];

/// Name and version of a crate.
type Crate = (String, String);

/// The version of the product.
pub(super) fn version(checkout: &Checkout) -> Result<String> {
    let crates = crates_of(&metadata(checkout)?)?;
    let found = crates.into_keys().find(|(name, _)| name == PRODUCT);
    Ok(found.context("cargo does not know pointsman")?.1)
}

/// Writes the document.
///
/// **Errors**: cargo or git does not tell.
pub(super) fn write(checkout: &Checkout, path: &Path) -> Result<()> {
    let known = crates_of(&metadata(checkout)?)?;
    let mut parts: BTreeMap<Crate, Vec<&str>> = BTreeMap::new();
    for (part, target) in PARTS {
        for found in built_for(checkout, target)? {
            parts.entry(found).or_default().push(part);
        }
    }
    let lock = fs::read_to_string(checkout.root().join("Cargo.lock"))?;
    let time = git(checkout, &["log", "-1", "--date=iso-strict", "--format=%cd"])?;
    let document = document(&parts, &known, &checksums(&lock), time.trim())?;
    fs::write(path, serde_json::to_string_pretty(&document)? + "\n")
        .with_context(|| format!("cannot write {}", path.display()))
}

fn document(
    parts: &BTreeMap<Crate, Vec<&str>>,
    known: &BTreeMap<Crate, Package>,
    checksums: &BTreeMap<Crate, String>,
    time: &str,
) -> Result<Value> {
    let (mut components, mut dependencies, mut product) = (Vec::new(), Vec::new(), Value::Null);
    for (found, parts_of) in parts {
        let package = known.get(found).with_context(|| format!("cargo lacks {}", found.0))?;
        let needs = package.needs.iter().filter(|need| parts.contains_key(*need));
        dependencies.push(json!({
            "ref": reference(found), "dependsOn": needs.map(reference).collect::<Vec<_>>(),
        }));
        let mut component = component(found, package);
        if found.0 == PRODUCT {
            component["type"] = "application".into();
            product = component;
            continue;
        }
        component["properties"] = json!([{"name": "pointsman:part", "value": parts_of.join(" ")}]);
        if let Some(sum) = checksums.get(found) {
            component["hashes"] = json!([{"alg": "SHA-256", "content": sum}]);
        }
        components.push(component);
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": time, "component": product},
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(found: &Crate, package: &Package) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(found),
        "name": found.0,
        "version": found.1,
        "purl": reference(found),
    });
    // Before SPDX a slash stood between alternatives.
    if let Some(licence) = &package.licence {
        component["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
    }
    component
}

fn reference((name, version): &Crate) -> String {
    format!("pkg:cargo/{name}@{version}")
}

/// What cargo knows of a crate.
#[derive(Debug)]
struct Package {
    licence: Option<String>,
    /// The crates that it is compiled with, on any target.
    needs: BTreeSet<Crate>,
}

fn metadata(checkout: &Checkout) -> Result<Value> {
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["metadata", "--locked", "--format-version", "1"]);
    serde_json::from_str(&printed(&mut cargo)?).context("what cargo tells of the crates")
}

/// Every crate of the lock file.
fn crates_of(metadata: &Value) -> Result<BTreeMap<Crate, Package>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let names: BTreeMap<String, (Crate, Option<String>)> = list(&metadata["packages"])
        .iter()
        .map(|package| {
            let found = (text(&package["name"]), text(&package["version"]));
            (text(&package["id"]), (found, package["license"].as_str().map(str::to_owned)))
        })
        .collect();
    let mut crates = BTreeMap::new();
    for node in list(&metadata["resolve"]["nodes"]) {
        let (found, licence) = names.get(&text(&node["id"])).context("a crate without a name")?;
        let is_compiled_in =
            |need: &&Value| list(&need["dep_kinds"]).iter().any(|kind| kind["kind"].is_null());
        let needs = list(&node["deps"]);
        let needs = needs.iter().filter(is_compiled_in).map(|need| text(&need["pkg"]));
        let needs = needs.filter_map(|id| names.get(&id).map(|(found, _)| found.clone()));
        let package = Package { licence: licence.clone(), needs: needs.collect() };
        crates.insert(found.clone(), package);
    }
    Ok(crates)
}

/// The crates that the product is compiled with for this target, itself among them.
fn built_for(checkout: &Checkout, target: &str) -> Result<BTreeSet<Crate>> {
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["tree", "--locked", "--package", PRODUCT, "--edges", "normal"]);
    cargo.args(["--prefix", "none", "--format", "{p}", "--target", target]);
    Ok(printed(&mut cargo)?.lines().filter_map(named).collect())
}

/// The crate of a line such as `serde v1.0.229 (*)`.
fn named(line: &str) -> Option<Crate> {
    let mut words = line.split_whitespace();
    let name = words.next()?;
    let version = words.next()?.strip_prefix('v')?;
    Some((name.to_owned(), version.to_owned()))
}

/// The checksums of `Cargo.lock`.
fn checksums(lock: &str) -> BTreeMap<Crate, String> {
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
        line.and_then(|rest| rest.strip_suffix('"')).map(str::to_owned)
    };
    let packages = lock.split("[[package]]").skip(1);
    let sum = |block| {
        Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?))
    };
    packages.filter_map(sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cyclonedx_bom::prelude::{Bom, SpecVersion, Validate};

    fn written() -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        write(&Checkout::locate().unwrap(), file.path()).unwrap();
        fs::read_to_string(file.path()).unwrap()
    }

    #[test]
    fn the_document_has_the_crates_of_the_worker_and_of_the_tool_and_no_others() {
        let text = written();
        let bom = Bom::parse_from_json(text.as_bytes()).unwrap();
        assert!(bom.validate_version(SpecVersion::V1_5).passed());
        let components = bom.components.unwrap().0;
        let part = |name: &str| {
            let found = components.iter().find(|one| one.name.to_string() == name)?;
            let properties = &found.properties.as_ref()?.0;
            Some(properties.first()?.value.to_string())
        };
        assert_eq!(part("js-sys").as_deref(), Some("worker"));
        assert_eq!(part("ureq").as_deref(), Some("tool"));
        assert_eq!(part("sha2").as_deref(), Some("worker tool"));
        assert_eq!(part("proptest"), None);
        // In the lock file, and compiled into nothing.
        assert_eq!(part("worker"), None);
        for one in &components {
            assert!(one.hashes.is_some() && one.licenses.is_some(), "{}", one.name);
        }
    }

    #[test]
    fn the_document_is_the_same_each_time_and_knows_no_folder() {
        let (one, other) = (written(), written());
        assert_eq!(one, other);
        let root = Checkout::locate().unwrap().root().display().to_string();
        assert!(!one.contains(&root) && !one.contains("file://"), "{one}");
        assert!(!one.contains("serialNumber"), "{one}");
    }

    #[test]
    fn a_checksum_belongs_to_name_and_version() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\
                    checksum = \"ab\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n";
        let expected = BTreeMap::from([(("a".to_owned(), "1.0.0".to_owned()), "ab".to_owned())]);
        assert_eq!(checksums(lock), expected);
    }

    #[test]
    fn a_line_of_the_tree_names_a_crate() {
        let serde = Some(("serde".to_owned(), "1.0.229".to_owned()));
        assert_eq!(named("serde v1.0.229 (*)"), serde);
        assert_eq!(named(""), None);
    }
}
