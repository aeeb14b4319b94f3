//! The workerd process: its start, its output and its end.
use super::config::{CTL_SOCKET, HTTP_SOCKET, WHOLE_SOCKET};
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

/// The ports of workerd's sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ports {
    pub(super) http: u16,
    /// Of the whole Worker, where another one answers clients.
    pub(super) whole: Option<u16>,
    pub(super) ctl: u16,
}

/// How many sockets there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sockets {
    /// For clients, and the controls.
    Two,
    /// One for the whole Worker as well.
    Three,
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
    pub(super) ports: Ports,
}

/// What workerd reports on its control descriptor for each socket that listens.
#[derive(Debug, Deserialize)]
struct Listen {
    socket: String,
    port: u16,
}

impl Process {
    /// Starts workerd and waits until all sockets listen, on the given ports if there are any.
    ///
    /// **Errors**: it ends or stays silent for 10 s; the message has what it printed.
    pub(super) async fn start(
        workerd: &Path,
        config: &Path,
        (sockets, ports): (Sockets, Option<Ports>),
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
        match timeout(START_BOUND, ports_of(listening, sockets)).await {
            Ok(Some(ports)) => {
                readers.detach_all();
                Ok(Process { child, ports })
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

fn command(workerd: &Path, config: &Path, ports: Option<Ports>) -> Command {
    let mut command = Command::new(workerd);
    command.args(["serve", "--experimental", "--control-fd=1"]);
    if let Some(Ports { http, whole, ctl }) = ports {
        let all = [(HTTP_SOCKET, Some(http)), (WHOLE_SOCKET, whole), (CTL_SOCKET, Some(ctl))];
        for (socket, port) in all.into_iter().filter_map(|(name, port)| Some((name, port?))) {
            command.arg(format!("--socket-addr={socket}=127.0.0.1:{port}"));
        }
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

/// Waits for the ports of all sockets. `None` if workerd closed its output first.
async fn ports_of(
    mut listening: mpsc::UnboundedReceiver<Listen>,
    sockets: Sockets,
) -> Option<Ports> {
    let (mut http, mut whole, mut ctl) = (None, None, None);
    loop {
        let has_all = whole.is_some() || sockets == Sockets::Two;
        if let (Some(http), true, Some(ctl)) = (http, has_all, ctl) {
            return Some(Ports { http, whole, ctl });
        }
        let Listen { socket, port } = listening.recv().await?;
        match socket.as_str() {
            HTTP_SOCKET => http = Some(port),
            WHOLE_SOCKET => whole = Some(port),
            CTL_SOCKET => ctl = Some(port),
            _ => {}
        }
    }
}
