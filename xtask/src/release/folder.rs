//! The folder of a release: what is in it, and where it is from.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::commit::{git, time_of};
use super::made::{Made, sha256, sums};
use super::{archive, links, native, npm, sbom};
use crate::checkout::Checkout;
use crate::core_only::printed;
use crate::setup::Tools;
use crate::{bundle, process};

/// What is copied, of what git knows.
const COPIED: [&str; 6] = ["CHANGELOG.md", "LICENSE", "README.md", "docs", "examples", "schema"];
/// What git should not keep of a deployment.
const IGNORED: &str = ".dev.vars\n.wrangler/\nnode_modules/\n";
/// The shells whose completions are there, with the names of their files.
const SHELLS: [(&str, &str); 3] =
    [("bash", "pointsman.bash"), ("fish", "pointsman.fish"), ("zsh", "_pointsman")];

/// Makes folder and archive below `out`, anew.
///
/// **Errors**: something does not build, or tells where it was built.
pub(super) fn make(checkout: &Checkout, tools: &Tools, out: &Path) -> Result<Made> {
    bundle::release(checkout, tools)?;
    bundle::edge(checkout, tools)?;
    let program = native::build(checkout)?;
    let name = format!("pointsman-{}-linux-x64", sbom::version(checkout)?);
    let folder = out.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fill(checkout, &folder, &program)?;
    write(&folder.join("SHA256SUMS"), &sums(&folder)?)?;
    let archive = out.join(format!("{name}.tar.gz"));
    archive::pack(&folder, &name, time_of(checkout)?, &archive)?;
    let sha256 = sha256(&archive)?;
    Ok(Made { name, folder, archive, sha256 })
}

fn fill(checkout: &Checkout, folder: &Path, program: &Path) -> Result<()> {
    for file in bundle::UPLOADED {
        copy(&checkout.bundle().join(file), &folder.join("build").join(file))?;
        copy(&checkout.edge_bundle().join(file), &folder.join("build-edge").join(file))?;
    }
    for file in known(checkout)? {
        copy(&checkout.root().join(&file), &folder.join(&file))?;
    }
    let tool = folder.join("bin/pointsman");
    copy(program, &tool)?;
    manuals(checkout, &tool, folder)?;
    for config in ["wrangler.toml", "wrangler.edge.toml"] {
        let deployed = fs::read_to_string(checkout.root().join(config))?;
        write(&folder.join(config), &without_build(config, &deployed)?)?;
    }
    write(&folder.join(".gitignore"), IGNORED)?;
    npm::write(checkout, folder)?;
    sbom::write(checkout, &folder.join("sbom.cdx.json"))?;
    links::settle(checkout.root(), folder)
}

/// The files that are copied as they are, but for links of pages.
pub(super) fn known(checkout: &Checkout) -> Result<Vec<String>> {
    let known = git(checkout, &[&["ls-files", "--"], &COPIED[..]].concat())?;
    Ok(known.lines().map(str::to_owned).collect())
}

/// What the tool prints of itself.
fn manuals(checkout: &Checkout, tool: &Path, folder: &Path) -> Result<()> {
    let mut man = process::command(tool, checkout.root());
    process::prepare(man.args(["man", "--out"]).arg(folder.join("man/man1")))?;
    for (shell, file) in SHELLS {
        let mut print = process::command(tool, checkout.root());
        let script = printed(print.args(["completions", shell]))?;
        write(&folder.join("completions").join(file), &script)?;
    }
    Ok(())
}

/// A configuration of wrangler without the section by which wrangler builds first.
fn without_build(config: &str, text: &str) -> Result<String> {
    let is_build = |part: &&str| part.lines().any(|line| line == "[build]");
    let (build, others): (Vec<&str>, Vec<&str>) = text.split("\n\n").partition(is_build);
    ensure!(build.len() == 1, "{config} has {} sections [build]", build.len());
    Ok(others.join("\n\n"))
}

/// Copies a file and its permissions, into folders that are made.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("no folder")?)?;
    fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(path.parent().context("no folder")?)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_build_step_is_taken_out_of_the_deployment() {
        let checkout = Checkout::locate().unwrap();
        for (config, main, last) in [
            ("wrangler.toml", "build/index.js", "[exports.Vantage]"),
            ("wrangler.edge.toml", "build-edge/index.js", "[vars]"),
        ] {
            let text = fs::read_to_string(checkout.root().join(config)).unwrap();
            let without = without_build(config, &text).unwrap();
            assert!(!without.contains("cargo") && !without.contains("[build]"), "{without}");
            assert!(without.contains(&format!("main = \"{main}\"")), "{without}");
            assert!(without.contains(last) && without.ends_with('\n'), "{without}");
            let lines = |text: &str| text.lines().filter(|line| line.starts_with('[')).count();
            assert_eq!(lines(&without) + 1, lines(&text));
            assert!(without_build(config, &without).is_err());
        }
    }
}
