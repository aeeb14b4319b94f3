//! Prometheus and promtool, as Debian packages them.

use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, Command};

/// What `install.sh` ends with where the packages cannot be had.
const CANNOT_BE_HAD: i32 = 77;
/// Longest installation.
const INSTALL_BOUND: Duration = Duration::from_mins(9);
/// Longest run of promtool.
const PROMTOOL_BOUND: Duration = Duration::from_mins(3);

/// The programs, and a folder for what they work on, which is gone when this is dropped.
pub(crate) struct Programs {
    bin: PathBuf,
    work: TempDir,
}

impl Programs {
    /// Fetches what is missing. `None`: the packages cannot be had.
    pub(crate) async fn installed(root: &Path) -> Result<Option<Self>> {
        let named = std::env::var_os("POINTSMAN_METRICS_DIR").map(PathBuf::from);
        let folder = named.unwrap_or_else(|| std::env::temp_dir().join("pointsman-metrics"));
        std::fs::create_dir_all(&folder)?;
        let mut install = Command::new("bash");
        install.arg(root.join("lab/metrics/install.sh")).env("DIR", &folder);
        let done = tokio::time::timeout(INSTALL_BOUND, install.output()).await??;
        let said = String::from_utf8_lossy(&done.stdout);
        if done.status.code() == Some(CANNOT_BE_HAD) {
            eprintln!("skipped: {}", said.lines().last().unwrap_or_default());
            return Ok(None);
        }
        let errors = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "Prometheus could not be fetched:\n{said}{errors}");
        Ok(Some(Self { bin: folder.join("root/usr/bin"), work: tempfile::tempdir()? }))
    }

    /// A folder for files.
    pub(crate) fn work(&self) -> &Path {
        self.work.path()
    }

    /// Runs promtool with this input.
    ///
    /// **Errors**: it is not content; the message has what it said.
    pub(crate) async fn promtool(&self, arguments: &[&str], input: &str) -> Result<()> {
        let mut command = Command::new(self.bin.join("promtool"));
        command.args(arguments).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let mut stdin = child.stdin.take().context("no input")?;
        stdin.write_all(input.as_bytes()).await?;
        drop(stdin);
        let done = tokio::time::timeout(PROMTOOL_BOUND, child.wait_with_output()).await??;
        let said = [done.stdout, done.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        ensure!(done.status.success(), "promtool {}:\n{said}", arguments.join(" "));
        Ok(())
    }

    /// Starts Prometheus with a configuration. It ends when the child is dropped.
    pub(crate) fn prometheus(&self, config: &Path, port: u16) -> Result<Child> {
        let mut command = Command::new(self.bin.join("prometheus"));
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", self.work().join("tsdb").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--log.level=warn");
        Ok(command.kill_on_drop(true).stdin(Stdio::null()).spawn()?)
    }
}
