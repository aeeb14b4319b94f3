//! The workerd process: its start, its output and its end.
use super::config::{CTL_SOCKET, HTTP_SOCKET, WHOLE_SOCKET};
use crate::held::HeldPort;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Longest start of workerd, which usually takes a tenth of a second.
const START_BOUND: Duration = Duration::from_secs(10);
/// Most lines of output that are kept; older ones are dropped.
const LOG_LINES_MAX: usize = 10_000;

/// The ports of workerd's sockets, which a workerd that is started again finds free.
#[derive(Debug)]
pub(super) struct Ports {
    pub(super) http: HeldPort,
    /// Of the whole Worker, where another one answers clients.
    pub(super) whole: Option<HeldPort>,
    pub(super) ctl: HeldPort,
}

impl Ports {
    /// Takes free ones.
    ///
    /// **Errors**: there are none.
    pub(super) fn take(with_whole: bool) -> Result<Ports> {
        let whole = with_whole.then(HeldPort::take).transpose()?;
        Ok(Ports { http: HeldPort::take()?, whole, ctl: HeldPort::take()? })
    }

    /// The sockets by the names that workerd knows.
    fn named(&self) -> impl Iterator<Item = (&'static str, u16)> {
        let whole = self.whole.as_ref().map(|whole| (WHOLE_SOCKET, whole.port()));
        [(HTTP_SOCKET, self.http.port()), (CTL_SOCKET, self.ctl.port())].into_iter().chain(whole)
    }
}

/// What workerd printed, over all its restarts.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LOG_LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// A running workerd. Killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
}

/// What workerd reports on its control descriptor for each socket that listens.
#[derive(Debug, Deserialize)]
struct Listen {
    socket: String,
}

impl Process {
    /// Starts workerd and waits until all sockets listen.
    ///
    /// **Errors**: it ends or stays silent for 10 s; the message has what it printed.
    pub(super) async fn start(
        workerd: &Path,
        config: &Path,
        ports: &Ports,
        log: &Log,
    ) -> Result<Process> {
        let mut child = command(workerd, config, ports)
            .spawn()
            .with_context(|| format!("cannot run `{}`", workerd.display()))?;
        let (found, listening) = mpsc::unbounded_channel();
        let mut readers = JoinSet::new();
        if let Some(stdout) = child.stdout.take() {
            readers.spawn(read(stdout, log.clone(), Some(found)));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.spawn(read(stderr, log.clone(), None));
        }
        match timeout(START_BOUND, all_listen(listening, ports)).await {
            Ok(Some(())) => {
                readers.detach_all();
                Ok(Process { child })
            }
            outcome => {
                let what = if outcome.is_ok() { "ended" } else { "did not listen in 10 s" };
                child.kill().await?;
                readers.join_all().await;
                bail!("workerd {what}; it printed:\n{}", log.lines().join("\n"))
            }
        }
    }

    /// Its process id, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills the process, as a crash would, and waits for its end.
    pub(super) async fn kill(&mut self) -> Result<()> {
        self.child.kill().await.context("cannot end workerd")
    }
}

fn command(workerd: &Path, config: &Path, ports: &Ports) -> Command {
    let mut command = Command::new(workerd);
    command.args(["serve", "--experimental", "--control-fd=1"]);
    for (socket, port) in ports.named() {
        command.arg(format!("--socket-addr={socket}=127.0.0.1:{port}"));
    }
    command.arg(config).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Logs the lines of a stream until its end. Lines that report a listening socket go to `found`
/// while it has a receiver.
async fn read(
    stream: impl AsyncRead + Unpin,
    log: Log,
    found: Option<mpsc::UnboundedSender<Listen>>,
) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while let Ok(1..) = stream.read_until(b'\n', &mut line).await {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        line.clear();
        let report = found.as_ref().zip(serde_json::from_str(&text).ok());
        if report.is_none_or(|(found, listen)| found.send(listen).is_err()) {
            log.push(text);
        }
    }
}

/// Waits until all sockets listen. `None` if workerd closed its output first.
async fn all_listen(mut listening: mpsc::UnboundedReceiver<Listen>, ports: &Ports) -> Option<()> {
    let mut missing: Vec<&str> = ports.named().map(|(name, _)| name).collect();
    while !missing.is_empty() {
        let Listen { socket } = listening.recv().await?;
        missing.retain(|name| *name != socket);
    }
    Some(())
}
