//! Takes out what is compiled in and can never run, or has nothing to say.

use anyhow::Result;

use super::module::Module;

/// Classes that our dependencies export to JavaScript and that only Rust could make, which ours
/// does not: streams that are written in Rust, and options of products that we do not use. Their
/// methods keep a good deal of code alive.
const CLASSES: [&str; 6] = [
    "containerstartupoptions",
    "intounderlyingbytesource",
    "intounderlyingsink",
    "intounderlyingsource",
    "minifyconfig",
    "r2range",
];

/// How the functions begin that do nothing but panic, or help those that do.
const PANICS: [&str; 19] = [
    "alloc::alloc::handle_alloc_error",
    "alloc::raw_vec::handle_error",
    "core::cell::lazy::panic_poisoned",
    "core::cell::panic_already",
    "core::option::expect_failed",
    "core::option::unwrap_failed",
    "core::panicking::",
    "core::result::unwrap_failed",
    "core::slice::copy_from_slice_impl::len_mismatch_fail",
    "core::slice::index::slice_index_fail",
    "core::str::slice_error_fail",
    "std::alloc::rust_oom",
    "std::panic::PanicHookInfo",
    "std::panicking::begin_panic",
    "std::panicking::default_hook",
    "std::panicking::panic_handler",
    "std::panicking::panic_with_hook",
    "std::panicking::payload_as_str",
    "std::thread::local::panic_access_error",
];

/// The end of the name of a function that only panics, within one that checks its arguments.
const ASSERTION: &str = "::assert_failed";

/// No locals; `unreachable`; the end.
const TRAP: [u8; 3] = [0, 0x00, 0x0b];

/// The end of the name of a function that prints a value for programmers. It stays within reach of
/// tables that only panics used, which no optimizer sees.
const DEBUG: &str = " as core::fmt::Debug>::fmt";

/// No locals; `Ok(())`; the end.
const PRINT_NOTHING: [u8; 4] = [0, 0x41, 0x00, 0x0b];

/// Drops the exports of classes of which there is never an instance.
pub(super) fn exports(module: &mut Module) -> Result<()> {
    module.retain_exports(|name| !CLASSES.iter().any(|class| name.contains(class)))
}

/// Lets what prints for programmers print nothing: only messages of panics, and `tests/tidy.rs` has
/// an eye on ours, print that way. A dependency that does gets a gap in its text, and no trap.
pub(super) fn debug(module: &mut Module) -> Result<()> {
    replace(module, prints_for_programmers, &PRINT_NOTHING)
}

/// Lets a panic trap at once. It did so in the end: what is left out is the putting together of a
/// message. The shim of `worker-build` sees the trap either way, and starts anew.
pub(super) fn panics(module: &mut Module) -> Result<()> {
    replace(module, only_panics, &TRAP)
}

/// Puts the same code in the place of all functions of which the name is `meant`.
fn replace(module: &mut Module, meant: impl Fn(&str) -> bool, code: &[u8]) -> Result<()> {
    let names = module.names()?;
    let mut functions = module.functions()?;
    for (index, function) in functions.iter_mut().enumerate() {
        if names.get(&index).is_some_and(|name| meant(name)) {
            *function = code.to_vec();
        }
    }
    module.set_functions(&functions);
    Ok(())
}

fn prints_for_programmers(name: &str) -> bool {
    let name = without_hashes(name);
    let rest = name.rsplit_once(DEBUG).map(|(_, rest)| rest);
    // Behind it there may be a hash, but no function of its own.
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::h") && !rest.contains('{'))
}

fn only_panics(name: &str) -> bool {
    let name = without_hashes(name);
    let path = name.trim_start_matches('<');
    PANICS.iter().any(|panic| path.starts_with(panic)) || name.ends_with(ASSERTION)
}

/// A name without the hashes that compilers put into it: `core[c5930c85a12de822]::panicking`.
fn without_hashes(name: &str) -> String {
    let mut parts = name.split('[');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hash = part.split_once(']').filter(|(hash, _)| {
            hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        match hash {
            Some((_, rest)) => plain.push_str(rest),
            None => plain.extend(["[", part]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::shrink::module::tests::module;

    #[test]
    fn what_only_panics_is_known_by_its_name() {
        for name in [
            "core[c5930c85a12de822]::panicking::panic_fmt",
            "core[c5930c85a12de822]::panicking::assert_failed::<usize, usize>",
            "<alloc[3ca501edff3f0c7c]::vec::Vec<_, _>>::remove::assert_failed",
            "<std[a543996e6e7dbf1e]::panicking::panic_handler::Payload as core::X>::get",
        ] {
            assert!(only_panics(name), "{name}");
        }
        for name in [
            "std[a543996e6e7dbf1e]::panicking::set_hook",
            "std[a543996e6e7dbf1e]::panicking::panic_count::is_zero_slow_path",
            "pointsman::json::reader::Reader::report::h0123456789abcdef",
            "<[u8] as core[c5930c85a12de822]::fmt::Debug>::fmt",
        ] {
            assert!(!only_panics(name), "{name}");
        }
    }

    #[test]
    fn what_prints_for_programmers_is_known_by_its_name_and_prints_nothing() {
        let debug = "<worker::error::Error as core::fmt::Debug>::fmt::h5a6d5854268b51ca";
        assert!(prints_for_programmers(debug));
        assert!(prints_for_programmers("<&str as core[c5930c85a12de822]::fmt::Debug>::fmt"));
        for name in [
            "<str as core[c5930c85a12de822]::fmt::Display>::fmt",
            "<pointsman::ids::RegionId as core::fmt::Debug>::fmt::{{closure}}::h5a6d5854268b51ca",
        ] {
            assert!(!prints_for_programmers(name), "{name}");
        }
        let mut module = module(&[(debug, &[0, 1, 11]), ("f", &[0, 11])], &[]);
        super::debug(&mut module).unwrap();
        assert_eq!(module.functions().unwrap(), [PRINT_NOTHING.to_vec(), vec![0, 11]]);
    }

    #[test]
    fn a_panic_traps_and_the_rest_stays() {
        let mut module = module(&[("core::panicking::panic", &[0, 1, 11]), ("f", &[0, 11])], &[]);
        panics(&mut module).unwrap();
        assert_eq!(module.functions().unwrap(), [TRAP.to_vec(), vec![0, 11]]);
    }

    #[test]
    fn classes_without_instances_are_not_exported() {
        let mut module = module(&[("r2range_free", &[0, 11]), ("fetch", &[0, 11])], &[]);
        exports(&mut module).unwrap();
        let kept = module.write();
        assert!(kept.windows(5).any(|text| text == b"fetch"));
    }
}
