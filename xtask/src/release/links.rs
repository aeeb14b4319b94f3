//! Links of the pages that a release has.
//!
//! A page may lead to what only the source has. There is no public address that it could lead to
//! instead, so in a release the link becomes its text and the path.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Result, ensure};

use super::made::files;

/// What pages end with.
const PAGE: &str = ".md";

/// A link of a page: `[text](target)`.
#[derive(Debug)]
struct Link<'a> {
    /// Where it stands.
    place: Range<usize>,
    text: &'a str,
    /// A path from the page, and perhaps `#` and an anchor.
    target: &'a str,
}

/// Takes the links out of a folder's pages that lead out of the folder and into the source.
///
/// **Errors**: a link leads nowhere at all, or a page cannot be read or written.
pub(super) fn settle(source: &Path, folder: &Path) -> Result<()> {
    let files: BTreeSet<String> = files(folder)?.into_iter().collect();
    let is_here = |path: &str| has(&files, path);
    let mut pages = BTreeMap::new();
    for path in files.iter().filter(|path| path.ends_with(PAGE)) {
        let text = fs::read_to_string(folder.join(path))?;
        let settled = without(path, &text, |path| !is_here(path) && source.join(path).exists());
        if settled != text {
            fs::write(folder.join(path), &settled)?;
        }
        pages.insert(path.clone(), settled);
    }
    let dead = dead(&pages, is_here);
    ensure!(dead.is_empty(), "links of the release that lead nowhere:\n{}", dead.join("\n"));
    Ok(())
}

/// The page with the text and the path in place of each link that leads only into the source.
fn without(page: &str, text: &str, is_source: impl Fn(&str) -> bool) -> String {
    let mut settled = text.to_owned();
    for link in links(text).iter().rev() {
        let Some(path) = path(page, link.target).filter(|path| is_source(path)) else { continue };
        let said = if link.text.trim_matches(['`', '/']) == path {
            format!("{} (of the source)", link.text)
        } else {
            format!("{} (`{path}` of the source)", link.text)
        };
        settled.replace_range(link.place.clone(), &said);
    }
    settled
}

/// The links of the pages that lead nowhere, as `page: target`.
fn dead(pages: &BTreeMap<String, String>, is_here: impl Fn(&str) -> bool) -> Vec<String> {
    let leads = |page: &str, target: &str| {
        let Some(path) = path(page, target) else { return true };
        let anchor = target.split_once('#').map(|(_, anchor)| anchor);
        match (pages.get(&path), anchor) {
            (Some(text), Some(anchor)) => anchors(text).contains(anchor),
            _ => is_here(&path),
        }
    };
    let of_page = |(page, text): (&String, &String)| {
        let links = links(text).into_iter().filter(|link| !leads(page, link.target));
        links.map(|link| format!("{page}: {}", link.target)).collect::<Vec<_>>()
    };
    pages.iter().flat_map(of_page).collect()
}

/// Whether a path is one of the files, or a folder of one.
fn has(files: &BTreeSet<String>, path: &str) -> bool {
    let is_below =
        |file: &String| file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
    path.is_empty() || files.contains(path) || files.iter().any(is_below)
}

/// The path from the root that a link of a page leads to; `None` if it leads out into the web.
fn path(page: &str, target: &str) -> Option<String> {
    let (target, _) = target.split_once('#').unwrap_or((target, ""));
    if target.is_empty() {
        return Some(page.to_owned());
    }
    if target.contains(':') {
        return None;
    }
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." if path.last().is_some_and(|last| *last != "..") => drop(path.pop()),
            part => path.push(part),
        }
    }
    Some(path.join("/"))
}

/// The links of a page, in order; blocks of code have none.
fn links(text: &str) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut is_code = false;
    let mut begins = 0;
    for line in text.split_inclusive('\n') {
        is_code ^= line.trim_start().starts_with("```");
        if !is_code {
            let ends = line.match_indices("](").map(|(at, _)| begins + at);
            links.extend(ends.filter_map(|at| link(text, at)));
        }
        begins += line.len();
    }
    links
}

/// The link whose text ends at a byte. A text may be on two lines, and have brackets of its own.
fn link(text: &str, ends: usize) -> Option<Link<'_>> {
    let mut open = 1_u32;
    let begins = text.get(..ends)?.char_indices().rev().find_map(|(at, sign)| {
        match sign {
            ']' => open += 1,
            '[' => open -= 1,
            _ => {}
        }
        (open == 0).then_some(at)
    })?;
    let target = ends + "](".len();
    let length = text.get(target..)?.find(')')?;
    Some(Link {
        place: begins..target + length + ")".len(),
        text: text.get(begins + "[".len()..ends)?,
        target: text.get(target..target + length)?,
    })
}

/// What links to a page may name behind `#`: its headings, as browsers of Markdown name them, and
/// what it names itself.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        let heading = line.trim_start_matches('#');
        if !is_code && heading.len() < line.len() && heading.starts_with(' ') {
            let name = slug(heading.trim());
            let taken = (1..).map(|number| format!("{name}-{number}"));
            let free = std::iter::once(name.clone()).chain(taken);
            anchors.extend({ free }.find(|name| !anchors.contains(name)));
        }
        let named = line.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next());
        anchors.extend(named.map(str::to_owned));
    }
    anchors
}

/// A heading as an anchor: in small letters, without signs, and with `-` for each space. Of a link
/// its text counts.
fn slug(heading: &str) -> String {
    let mut heading = heading.to_owned();
    for link in links(&heading.clone()).iter().rev() {
        heading.replace_range(link.place.clone(), link.text);
    }
    let kept = |sign: &char| sign.is_alphanumeric() || "-_ ".contains(*sign);
    heading
        .chars()
        .filter(kept)
        .flat_map(char::to_lowercase)
        .map(|sign| match sign {
            ' ' => '-',
            sign => sign,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::folder::known;
    use super::*;
    use crate::checkout::Checkout;

    /// What a release has beside files that git knows.
    const BUILT: [&str; 5] =
        ["bin/pointsman", "build/index.js", "sbom.cdx.json", "wrangler.edge.toml", "wrangler.toml"];

    #[test]
    fn no_page_of_a_release_has_a_dead_link() {
        let checkout = Checkout::locate().unwrap();
        let source = checkout.root();
        let known = known(&checkout).unwrap();
        let files: BTreeSet<_> = known.into_iter().chain(BUILT.map(str::to_owned)).collect();
        let is_source = |path: &str| !has(&files, path) && source.join(path).exists();
        let page = |path: &String| {
            let text = fs::read_to_string(source.join(path)).unwrap();
            (path.clone(), without(path, &text, is_source))
        };
        let pages: BTreeMap<_, _> =
            files.iter().filter(|path| path.ends_with(PAGE)).map(page).collect();
        assert!(pages["README.md"].contains("findings/ (of the source)"));
        assert_eq!(dead(&pages, |path| has(&files, path)), Vec::<String>::new());
    }

    #[test]
    fn a_link_into_the_source_becomes_its_text_and_the_path() {
        let text = "See [the map](../ARCHITECTURE.md#map), [`tests/a`](../tests/a) and\n\
                    [a [good]\npage](b.md).\n";
        let expected = "See the map (`ARCHITECTURE.md` of the source), `tests/a` (of the source) \
                        and\n[a [good]\npage](b.md).\n";
        assert_eq!(without("docs/x.md", text, |path| path != "docs/b.md"), expected);
    }

    #[test]
    fn links_without_a_file_or_without_an_anchor_are_dead() {
        let page = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let pages = BTreeMap::from([
            page("a.md", "# A `b` & [c](d/e.md)!\n\n## Twice\n\n## Twice\n<a id=\"own\">\n"),
            page(
                "d/e.md",
                "[1](../a.md#a-b--c) [2](../a.md#twice-1) [3](../a.md#own) [4](#x) [5](../no.md)\n\
                 [6](https://a.example/#y) [7](../a.md#twice-2) [8](..)\n```sh\n[9](no)\n```\n",
            ),
        ]);
        let files = pages.keys().cloned().collect();
        let expected = ["d/e.md: #x", "d/e.md: ../no.md", "d/e.md: ../a.md#twice-2"];
        assert_eq!(dead(&pages, |path| has(&files, path)), expected);
    }
}
