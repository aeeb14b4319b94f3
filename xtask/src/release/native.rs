//! The tool `pointsman` for Linux on x64: one program that needs no library of the system.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::{bundle, process, setup};

/// Links the C library into the program, so that it runs whichever one a system has.
const TARGET: &str = "x86_64-unknown-linux-musl";
/// Which C compiler cargo takes for this target. What is compiled in C uses no library, so that of
/// the machine does where there is none for the target.
const COMPILER: &str = "CC_x86_64_unknown_linux_musl";

/// Builds it, and returns where it is.
///
/// **Errors**: it does not build, or it tells where it was built.
pub(super) fn build(checkout: &Checkout) -> Result<PathBuf> {
    setup::rust_target::ensure(checkout, TARGET)?;
    let mut cargo = process::command("cargo", checkout.root());
    cargo.args(["build", "--locked", "--profile", "native", "--package", "pointsman"]);
    cargo.args(["--bin", "pointsman", "--target", TARGET]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", bundle::flags_of_a_release(checkout)?);
    cargo.env("CARGO_PROFILE_NATIVE_STRIP", "symbols");
    if env::var_os(COMPILER).is_none() {
        cargo.env(COMPILER, "cc");
    }
    process::prepare(&mut cargo)?;
    let program = checkout.target().join(TARGET).join("native/pointsman");
    bundle::tells_nothing_of_the_machine(checkout, &program)?;
    Ok(program)
}
