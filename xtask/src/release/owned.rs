//! A program that ends with whoever started it.
//!
//! A program of another terminal is in a process group of its own, so Ctrl-C does not reach it, and
//! whoever is killed drops nothing. So a shell between the two holds a pipe whose other end is
//! ours. When we end, however we end, the system closes the pipe, and the shell ends its group.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::process;

/// What the shell does: `$1` is how long a group has to end itself, the rest is the program. The
/// handler of TERM is empty, and not absent, so that what is started keeps the usual one.
const GUARD: &str = r#"
grace=$1; shift
trap : TERM
exec 3<&0
{
    trap : TERM
    cat
    kill -TERM 0
    sleep "$grace"
    kill -KILL 0
} <&3 3<&- > /dev/null 2>&1 &
ended=0
"$@" < /dev/null 3<&- || ended=$?
kill -TERM 0
exit "$ended"
"#;
/// What the shell does that sweeps: waits for the end of its owner, and for the end of what that
/// owned; `$1` is how long that takes at most. Nothing is left to do if the folder is gone.
const SWEEP: &str = r#"
cat > /dev/null
[ -e "$2" ] || exit 0
sleep 1
rm -rf -- "$2" && exit
sleep "$1"
exec rm -rf -- "$2"
"#;
/// How long what is ended has for it.
const GRACE_S: u64 = 10;

/// A command that runs `program` under `shell` and ends it, and all that it has started, when the
/// command's input is closed. It has its own process group.
pub(super) fn guarded(shell: &Path, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(shell);
    command.args(["-c", GUARD, "guard", &GRACE_S.to_string()]).arg(program);
    command.stdin(Stdio::piped()).process_group(0);
    command
}

/// What [`guarded`] has started. It is ended when this is dropped.
#[derive(Debug)]
pub(super) struct Owned(Child);

impl Owned {
    /// Starts a command of [`guarded`].
    ///
    /// **Errors**: it cannot be started.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let started = command.spawn();
        started.map(Self).with_context(|| format!("cannot start {}", process::shown(command)))
    }
}

/// Removes a folder that its owner leaves behind, since one that is killed removes nothing. The
/// programs that work there have ended by then.
///
/// **Errors**: no shell can be started.
pub(super) fn swept(shell: &Path, folder: &Path) -> Result<Owned> {
    let mut command = Command::new(shell);
    command.args(["-c", SWEEP, "sweep", &GRACE_S.to_string()]).arg(folder);
    Owned::start(command.stdin(Stdio::piped()).process_group(0))
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Closes the pipe.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    /// Longest wait for what another process does.
    const WAIT_MAX: Duration = Duration::from_secs(20);

    fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < WAIT_MAX, "{what}");
            sleep(Duration::from_millis(20));
        }
    }

    /// A block that starts a server, notes its process, and goes on.
    fn serving(noted: &Path) -> [String; 2] {
        let noted = noted.display();
        [
            "-c".to_owned(),
            format!("sleep 600 & echo $! > {noted}.new; mv {noted}.new {noted}; wait"),
        ]
    }

    fn server(noted: &Path) -> u32 {
        wait_until("the server notes its process", || noted.exists());
        fs::read_to_string(noted).unwrap().trim().parse().unwrap()
    }

    fn is_running(process: u32) -> bool {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // One that is dead and that nobody has asked about is a zombie.
        stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
    }

    #[test]
    fn what_is_dropped_ends_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let noted = folder.path().join("noted");
        let mut command = guarded(Path::new("sh"), "sh");
        let owned = Owned::start(command.args(serving(&noted))).unwrap();
        let server = server(&noted);
        assert!(is_running(server));
        drop(owned);
        wait_until("the server ends", || !is_running(server));
    }

    #[test]
    fn what_a_killed_owner_has_started_ends_too() {
        let folder = tempfile::tempdir().unwrap();
        let noted = folder.path().join("noted");
        // This process holds the pipe, as we do, and is killed.
        let mut owner = Command::new("sleep").arg("600").stdout(Stdio::piped()).spawn().unwrap();
        let mut command = guarded(Path::new("sh"), "sh");
        command.args(serving(&noted)).stdin(owner.stdout.take().unwrap());
        let mut guard = command.spawn().unwrap();
        let server = server(&noted);
        assert!(is_running(server));
        owner.kill().unwrap();
        owner.wait().unwrap();
        wait_until("the server ends", || !is_running(server));
        assert!(!guard.wait().unwrap().success());
    }

    #[test]
    fn what_an_owner_leaves_behind_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("left behind");
        fs::create_dir(&left).unwrap();
        let swept = swept(Path::new("sh"), &left).unwrap();
        fs::write(left.join("file"), "").unwrap();
        drop(swept);
        assert!(!left.exists());
    }

    #[test]
    fn a_program_that_ends_by_itself_is_known_by_its_output_and_its_end() {
        let end = |script: &str| {
            let mut command = guarded(Path::new("sh"), "sh");
            command.args(["-c", script]).stdout(Stdio::piped());
            let mut block = command.spawn().unwrap();
            let held = block.stdin.take();
            let begun = Instant::now();
            let ended = block.wait_with_output().unwrap();
            assert!(held.is_some() && begun.elapsed() < Duration::from_secs(GRACE_S));
            (ended.status.code(), String::from_utf8(ended.stdout).unwrap())
        };
        assert_eq!(end("echo out"), (Some(0), "out\n".to_owned()));
        assert_eq!(end("exit 3"), (Some(3), String::new()));
    }
}
