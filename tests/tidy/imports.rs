//! Which file imports from which: read from the tokens of each file, so that what stands inside a
//! macro counts as well, and followed through `use` to the file that defines what is named.

use crate::files::File;
use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use std::iter::once;
use std::slice;

/// How many `use` in a row are followed; a longer chain is a circle of its own.
const HOPS_MAX: usize = 8;

/// The modules of one crate, by their path: `["lab", "api", "pools"]`; the first part is the
/// crate's folder.
pub(crate) struct Crate {
    modules: BTreeMap<Vec<String>, Module>,
}

#[derive(Default)]
struct Module {
    file: String,
    /// Every path that the module names, with its line.
    named: Vec<(usize, Vec<String>)>,
    /// What each `use` calls the item at a path.
    uses: BTreeMap<String, Vec<String>>,
}

/// One file that names something of another.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Where, as `path:line`.
    pub(crate) place: String,
}

impl Crate {
    /// The crate whose files stand below `folder`, as `src` or `lab/src`.
    pub(crate) fn of(folder: &str, files: &[File]) -> Self {
        let inside = files.iter().filter_map(|file| {
            let path = file.path.strip_prefix(folder)?.strip_prefix('/')?;
            Some((module_path(path), Module::of(file)))
        });
        Self { modules: inside.collect() }
    }

    /// Every import of a file from another one, sorted. A folder's `mod.rs` is its face: what it
    /// and the files below it take from each other is no import.
    pub(crate) fn imports(&self) -> Vec<Import> {
        let mut imports = BTreeSet::new();
        for (from, module) in &self.modules {
            for (line, path) in &module.named {
                let Some(to) = self.resolve(from, path, HOPS_MAX) else { continue };
                if !from.starts_with(&to) && !to.starts_with(from) {
                    imports.insert(Import {
                        from: module.file.clone(),
                        to: self.modules[&to].file.clone(),
                        place: format!("{}:{line}", module.file),
                    });
                }
            }
        }
        imports.into_iter().collect()
    }

    /// The module that defines what `path` names where it stands in the module `here`.
    fn resolve(&self, here: &[String], path: &[String], hops: usize) -> Option<Vec<String>> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Vec::new(),
            "self" => here.to_vec(),
            "super" => here.split_last()?.1.to_vec(),
            child => here.iter().cloned().chain(once(child.to_owned())).collect(),
        };
        while let Some((part, behind)) = rest.split_first() {
            let child: Vec<_> = at.iter().cloned().chain(once(part.clone())).collect();
            if part == "super" {
                at.pop();
            } else if self.modules.contains_key(&child) {
                at = child;
            } else {
                let used = self.modules.get(&at)?.uses.get(part).filter(|_| hops > 0);
                let further = used.and_then(|used| self.resolve(&at, used, hops - 1));
                return Some(further.unwrap_or(at));
            }
            rest = behind;
        }
        self.modules.contains_key(&at).then_some(at)
    }
}

/// The files that import each other in a loop, a set for each loop.
pub(crate) fn circles(imports: &[Import]) -> Vec<BTreeSet<&str>> {
    let edges = imports.iter().map(|import| (import.from.as_str(), import.to.as_str()));
    let graph = DiGraphMap::<&str, ()>::from_edges(edges);
    let loops = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1);
    loops.map(|files| files.into_iter().collect()).collect()
}

/// `api/pools.rs` is `api::pools`, `api/mod.rs` is `api`, and `lib.rs` is the crate itself.
fn module_path(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs");
    let parts = path.split('/').filter(|part| !["mod", "lib", "main"].contains(part));
    parts.map(str::to_owned).collect()
}

impl Module {
    fn of(file: &File) -> Self {
        let mut module = Self { file: file.path.clone(), ..Self::default() };
        match file.text.parse() {
            Ok(tokens) => module.read(tokens),
            Err(error) => panic!("{} has no tokens: {error}", file.path),
        }
        module
    }

    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(ident) if is_named_first(&tokens, at - 1) => {
                    let line = ident.span().start().line;
                    let prefix = vec![ident.to_string()];
                    self.tree(&tokens, &mut at, prefix, line);
                }
                _ => {}
            }
        }
    }

    /// Reads on from a path that has begun: more of it, or a group of ways on from here.
    fn tree(&mut self, tokens: &[TokenTree], at: &mut usize, mut path: Vec<String>, line: usize) {
        while is_colons(tokens, *at) {
            match tokens.get(*at + 2) {
                Some(TokenTree::Ident(ident)) => path.push(ident.to_string()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    *at += 3;
                    return self.group(group.stream(), &path, line);
                }
                _ => break,
            }
            *at += 3;
        }
        let alias = match (tokens.get(*at), tokens.get(*at + 1)) {
            (Some(TokenTree::Ident(r#as)), Some(TokenTree::Ident(alias))) if r#as == "as" => {
                Some(alias.to_string())
            }
            _ => path.last().cloned(),
        };
        if path.len() > 1 {
            self.uses.extend(alias.map(|alias| (alias, path.clone())));
            self.named.push((line, path));
        }
    }

    fn group(&mut self, tokens: TokenStream, prefix: &[String], line: usize) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for member in tokens.split(|token| is_punct(slice::from_ref(token), 0, ',')) {
            let Some(TokenTree::Ident(first)) = member.first() else { continue };
            let path = prefix.iter().cloned().chain(once(first.to_string()));
            let path = path.filter(|part| part != "self" || prefix.is_empty()).collect();
            self.tree(member, &mut 1, path, line);
        }
    }
}

/// Whether a path begins at this token: it is followed by `::`, and not preceded by it. What begins
/// with `$crate` is named by whoever calls the macro.
fn is_named_first(tokens: &[TokenTree], at: usize) -> bool {
    let goes_on = at.checked_sub(2).is_some_and(|before| is_colons(tokens, before));
    let is_callers = at.checked_sub(1).is_some_and(|before| is_punct(tokens, before, '$'));
    is_colons(tokens, at + 1) && !goes_on && !is_callers
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')
}

fn is_punct(tokens: &[TokenTree], at: usize, sign: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            text: (*text).to_owned(),
        };
        let files: Vec<File> = files.iter().map(file).collect();
        let imports = Crate::of("src", &files).imports();
        imports.into_iter().map(|import| (import.place, import.to)).collect()
    }

    fn pair(place: &str, to: &str) -> (String, String) {
        (place.to_owned(), to.to_owned())
    }

    #[test]
    fn an_import_is_read_in_each_of_its_forms() {
        let found = imports(&[
            ("src/lib.rs", "mod a; mod b; mod c;"),
            (
                "src/a.rs",
                "use crate::b::B;\nuse crate::{c::{C, D as E}};\n// use crate::b::X;\n\
                 words! { x: super::c::F }\nfn f() { crate::b::g(); }",
            ),
            ("src/b.rs", ""),
            ("src/c.rs", ""),
        ]);
        let expected = [
            pair("src/a.rs:1", "src/b.rs"),
            pair("src/a.rs:5", "src/b.rs"),
            pair("src/a.rs:2", "src/c.rs"),
            pair("src/a.rs:4", "src/c.rs"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_folder_hands_on_is_followed_to_the_file_that_has_it() {
        let found = imports(&[
            ("src/a/mod.rs", "mod b; mod c; pub use b::B; pub use self::c::C as D; pub struct A;"),
            ("src/a/b.rs", "use super::D; use super::A;"),
            ("src/a/c.rs", ""),
            ("src/e.rs", "use crate::a::{A, B};"),
        ]);
        let expected = [
            pair("src/a/b.rs:1", "src/a/c.rs"),
            pair("src/e.rs:1", "src/a/b.rs"),
            pair("src/e.rs:1", "src/a/mod.rs"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_circle_is_told_from_a_chain() {
        let import = |from: &str, to: &str| Import {
            from: from.to_owned(),
            to: to.to_owned(),
            place: String::new(),
        };
        let chain = [import("a", "b"), import("b", "c"), import("a", "c")];
        assert!(circles(&chain).is_empty());
        let circle = [import("a", "b"), import("b", "a"), import("a", "c")];
        assert_eq!(circles(&circle), [BTreeSet::from(["a", "b"])]);
    }
}
