//! `completions` and `man`.

use super::pointsman;
use std::collections::BTreeSet;
use std::fs;

#[test]
fn each_shell_gets_a_script_that_knows_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = pointsman(&["completions", shell]);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{shell}");
        for word in ["take-back", "rollback", "deny-warnings"] {
            assert!(ended.out.contains(word), "{shell} does not know {word}");
        }
    }
    let unknown = pointsman(&["completions", "tcsh"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.err.contains("possible values: bash"), "{}", unknown.err);
}

#[test]
fn each_command_has_a_manual_page_with_its_examples() {
    let folder = tempfile::tempdir().unwrap();
    let ended = pointsman(&["man", "--out", folder.path().to_str().unwrap()]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: BTreeSet<String> = entries.map(|name| name.into_string().unwrap()).collect();
    for name in ["pointsman.1", "pointsman-check.1", "pointsman-config-push.1"] {
        assert!(names.contains(name), "{names:?}");
    }
    assert!(!names.iter().any(|name| name.contains("help")), "{names:?}");
    assert!(ended.out.ends_with(&format!(": {} pages\n", names.len())), "{}", ended.out);
    for name in names {
        let page = fs::read_to_string(folder.path().join(&name)).unwrap();
        assert!(page.contains(".SH NAME") && page.contains(".SH SYNOPSIS"), "{name}: {page}");
        assert!(page.contains("pointsman "), "{name}: {page}");
    }
}

#[test]
fn the_page_of_one_command_is_printed_and_is_the_one_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    pointsman(&["man", "--out", folder.path().to_str().unwrap()]);
    let page = pointsman(&["man", "config", "push"]);
    assert_eq!((page.code, page.err.as_str()), (0, ""));
    let written = fs::read_to_string(folder.path().join("pointsman-config-push.1")).unwrap();
    assert_eq!(page.out, written);
    assert!(page.out.contains("pointsman config push pointsman.toml"), "{}", page.out);
    let unknown = pointsman(&["man", "config", "pull"]);
    assert_eq!(unknown.code, 2);
    assert_eq!(unknown.err, "error: there is no command `pull`\n");
}
