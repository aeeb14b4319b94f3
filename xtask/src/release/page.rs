//! The blocks of docs/getting-started.md that a player can play.

use anyhow::{Context, Result, ensure};

/// A block of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// What is done with a block; the words behind its three backticks say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// `sh`: typed, and it ends.
    Typed,
    /// `sh terminal=2 port=9001`: goes on in another terminal, and opens a port.
    Opens(u16),
    /// `sh until="a text"`: typed again until it prints the text.
    Until(String),
    /// `toml into=wrangler.toml`: the routes of the deployment.
    Routes,
}

/// What marks a block that is not played, since it needs what a player does not have.
const UNPLAYED: &str = "unplayed";

/// The blocks under a heading, up to the next one of the same level.
///
/// **Errors**: no such heading, or no blocks.
pub(super) fn blocks(page: &str, heading: &str) -> Result<Vec<Block>> {
    let (_, section) = page.split_once(heading).with_context(|| format!("no `{heading}`"))?;
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut blocks = Vec::new();
    // Fences open and close in turn.
    for fenced in section.split("\n```").skip(1).step_by(2) {
        let (head, text) = fenced.split_once('\n').context("a block without lines")?;
        if let Some(kind) = kind(head)? {
            blocks.push(Block { text: format!("{text}\n"), kind });
        }
    }
    ensure!(!blocks.is_empty(), "no blocks to play under `{heading}`");
    Ok(blocks)
}

/// What the words of a fence say; `None` for what is only read.
fn kind(head: &str) -> Result<Option<Kind>> {
    if let Some(until) = head.strip_prefix("sh until=\"") {
        return Ok(Some(Kind::Until(until.trim_end_matches('"').to_owned())));
    }
    let words: Vec<&str> = head.split_whitespace().collect();
    if words.contains(&UNPLAYED) {
        return Ok(None);
    }
    let port = words.iter().find_map(|word| word.strip_prefix("port="));
    Ok(match (words.first(), port) {
        (Some(&"sh"), Some(port)) => {
            Some(Kind::Opens(port.parse().context("the port of a block")?))
        }
        (Some(&"sh"), None) => Some(Kind::Typed),
        (Some(&"toml"), _) if words.contains(&"into=wrangler.toml") => Some(Kind::Routes),
        _ => None,
    })
}

/// A `wrangler.toml` with these routes above `workers_dev`, in place of those that it had.
///
/// **Errors**: it has no `workers_dev`.
pub(super) fn with_routes(deployed: &str, routes: &str) -> Result<String> {
    let (above, below) = deployed.split_once("\nworkers_dev = ").context("no `workers_dev`")?;
    let above = above.split("\nroutes = ").next().unwrap_or_default();
    Ok(format!("{above}\n{}\nworkers_dev = {below}", routes.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_blocks_of_the_section_are_taken_and_each_with_its_kind() {
        let page = "```sh\nbefore\n```\n## Here\n\ntext\n\n```sh\none\ntwo\n```\n\n\
             ```text\nsaid\n```\n\n```sh terminal=2 port=9001\nserve\n```\n\n\
             ```sh unplayed\nnot\n```\n\n```toml\nread = 1\n```\n\n\
             ```toml into=wrangler.toml\nroutes = []\n```\n\n\
             ```sh until=\"it is up\"\nlook\n```\n\n## Deploy\n\n```sh\nafter\n```\n";
        let block = |text: &str, kind| Block { text: text.to_owned(), kind };
        let expected = [
            block("one\ntwo\n", Kind::Typed),
            block("serve\n", Kind::Opens(9001)),
            block("routes = []\n", Kind::Routes),
            block("look\n", Kind::Until("it is up".to_owned())),
        ];
        assert_eq!(blocks(page, "## Here").unwrap(), expected);
        assert!(blocks(page, "## Nowhere").is_err());
    }

    #[test]
    fn routes_take_the_place_of_those_that_were_there_and_comments_stay() {
        let deployed = "a = 1\n#     routes = [1]\nworkers_dev = false\nb = 2\n";
        let once = with_routes(deployed, "routes = [2]\n").unwrap();
        assert_eq!(once, "a = 1\n#     routes = [1]\nroutes = [2]\nworkers_dev = false\nb = 2\n");
        let twice = with_routes(&once, "routes = [\n  3,\n]\n").unwrap();
        let expected =
            "a = 1\n#     routes = [1]\nroutes = [\n  3,\n]\nworkers_dev = false\nb = 2\n";
        assert_eq!(twice, expected);
        assert!(with_routes("a = 1\n", "").is_err());
    }
}
