//! The npm packages of a deployment: wrangler and what it needs, in the versions that were tested.

use std::collections::{BTreeSet, VecDeque};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};

use crate::checkout::Checkout;

/// What deploys.
const DEPLOYER: &str = "wrangler";

/// Writes `package.json` and the part of our lock file that wrangler needs.
///
/// **Errors**: our lock file does not have all of it.
pub(super) fn write(checkout: &Checkout, folder: &Path) -> Result<()> {
    let lock = fs::read_to_string(checkout.root().join("package-lock.json"))?;
    let lock: Value = serde_json::from_str(&lock).context("package-lock.json")?;
    let packages = lock["packages"].as_object().context("package-lock.json has no packages")?;
    let root = root(packages)?;
    let mut kept = Map::from_iter([(String::new(), root.clone())]);
    for path in needed(packages)? {
        kept.insert(path.clone(), installed(&packages[&path]));
    }
    let name = root["name"].clone();
    let lock = json!({
        "name": name,
        "lockfileVersion": lock["lockfileVersion"],
        "requires": true,
        "packages": kept,
    });
    let mut package = root;
    package["private"] = true.into();
    package["description"] = "What deploys the Worker: `npm ci`, then `npx wrangler deploy`".into();
    for (file, value) in [("package.json", package), ("package-lock.json", lock)] {
        fs::write(folder.join(file), serde_json::to_string_pretty(&value)? + "\n")?;
    }
    Ok(())
}

/// The package of the deployment itself.
fn root(packages: &Map<String, Value>) -> Result<Value> {
    let deployer = packages.get(&format!("node_modules/{DEPLOYER}"));
    let deployer = deployer.context("package-lock.json has no wrangler")?;
    Ok(json!({
        "name": "pointsman-deployment",
        "dependencies": {DEPLOYER: deployer["version"]},
        "engines": deployer["engines"],
    }))
}

/// The paths of all packages that wrangler may load, its own among them.
fn needed(packages: &Map<String, Value>) -> Result<BTreeSet<String>> {
    let mut needed = BTreeSet::new();
    let mut due = VecDeque::from([format!("node_modules/{DEPLOYER}")]);
    while let Some(path) = due.pop_front() {
        if !needed.insert(path.clone()) {
            continue;
        }
        let package = &packages[&path];
        for kind in ["dependencies", "optionalDependencies", "peerDependencies"] {
            for name in package[kind].as_object().into_iter().flat_map(Map::keys) {
                let found = resolved(packages, &path, name);
                let may_lack = kind == "optionalDependencies"
                    || package["peerDependenciesMeta"][name]["optional"] == true;
                ensure!(found.is_some() || may_lack, "package-lock.json has no {name} for {path}");
                // What only may be there is not needed.
                due.extend(found.filter(|_| kind != "peerDependencies" || !may_lack));
            }
        }
    }
    Ok(needed)
}

/// Where Node.js finds a package that the one at `path` asks for.
fn resolved(packages: &Map<String, Value>, path: &str, name: &str) -> Option<String> {
    let mut folder = Some(path);
    while let Some(inside) = folder {
        let candidate = format!("{inside}/node_modules/{name}");
        if packages.contains_key(&candidate) {
            return Some(candidate);
        }
        folder = inside.rfind("/node_modules/").and_then(|at| inside.get(..at));
    }
    let candidate = format!("node_modules/{name}");
    packages.contains_key(&candidate).then_some(candidate)
}

/// The entry of a package that is installed for a deployment, and not only for development.
fn installed(package: &Value) -> Value {
    let mut package = package.clone();
    if let Some(entry) = package.as_object_mut() {
        entry.remove("dev");
        if entry.remove("devOptional").is_some() {
            entry.insert("optional".to_owned(), true.into());
        }
    }
    package
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_found_where_node_looks_for_it() {
        let packages = ["node_modules/a", "node_modules/b", "node_modules/a/node_modules/b"];
        let packages = packages.map(|path| (path.to_owned(), json!({})));
        let packages = Map::from_iter(packages);
        let find = |path| resolved(&packages, path, "b").unwrap();
        assert_eq!(find("node_modules/a"), "node_modules/a/node_modules/b");
        assert_eq!(find("node_modules/a/node_modules/c"), "node_modules/a/node_modules/b");
        assert_eq!(find("node_modules/c"), "node_modules/b");
        assert_eq!(resolved(&packages, "node_modules/a", "d"), None);
    }

    #[test]
    fn a_deployment_gets_wrangler_and_its_runtime_and_nothing_of_the_development() {
        let folder = tempfile::tempdir().unwrap();
        write(&Checkout::locate().unwrap(), folder.path()).unwrap();
        let read = |file| fs::read_to_string(folder.path().join(file)).unwrap();
        let lock: Value = serde_json::from_str(&read("package-lock.json")).unwrap();
        let packages = lock["packages"].as_object().unwrap();
        for path in ["node_modules/wrangler", "node_modules/workerd", "node_modules/miniflare"] {
            assert!(packages.contains_key(path), "{path}");
        }
        assert!(!packages.contains_key("node_modules/prettier"));
        assert!(packages.values().all(|package| package.get("dev").is_none()));
        let package: Value = serde_json::from_str(&read("package.json")).unwrap();
        assert_eq!(package["dependencies"], lock["packages"][""]["dependencies"]);
        assert_eq!(
            package["dependencies"]["wrangler"],
            packages["node_modules/wrangler"]["version"]
        );
    }
}
