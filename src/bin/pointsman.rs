//! The operator's tool. `pointsman::tool` does everything; this file adds what only a program has:
//! arguments, standard streams, a clock, an environment and an exit code.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    use pointsman::time::Timestamp;
    use pointsman::tool::{Terminal, run};
    use std::io::{self, BufWriter, IsTerminal};

    #[allow(clippy::disallowed_methods, reason = "a program of the host is where a clock is read")]
    fn clock() -> Timestamp {
        let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
    }

    // Source: no-color.org.
    let asked_for_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let mut terminal = Terminal {
        input: &mut io::stdin().lock(),
        out: &mut BufWriter::new(io::stdout().lock()),
        err: &mut io::stderr().lock(),
        colour: io::stderr().is_terminal() && !asked_for_none,
        clock: &clock,
        variable: &|name| std::env::var(name).ok(),
    };
    run(std::env::args_os(), &mut terminal).into()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
