//! The browser, as a program that answers questions line by line.

use anyhow::{Context as _, Result, ensure};
use pointsman_lab::deployment::root;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// Longest wait for an answer: a first start reads 400 MB from the disk.
const BOUND: Duration = Duration::from_secs(90);

/// A browser that looks at one origin.
pub(crate) struct Chromium {
    /// It ends when this is dropped.
    _program: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Chromium {
    /// Starts it. `programs` is where Debian's packages are unpacked.
    pub(crate) fn start(programs: &Path, origin: &str) -> Result<Chromium> {
        let installed = programs.join("root/usr/lib");
        let shared = installed.join("x86_64-linux-gnu");
        let libraries = [shared.join("pulseaudio"), shared];
        let fonts = programs.join("fonts.conf");
        let folder = programs.join("root/usr/share/fonts");
        // Fonts of the system would make pictures of another machine look different.
        let config = format!("<fontconfig><dir>{}</dir></fontconfig>", folder.display());
        std::fs::write(&fonts, config)?;
        let mut program = Command::new("node")
            .arg(root().join("lab/browser/look.mjs"))
            .arg(installed.join("chromium/chromium"))
            .arg(origin)
            .env("LD_LIBRARY_PATH", std::env::join_paths(libraries)?)
            .env("FONTCONFIG_FILE", fonts)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node")?;
        let questions = program.stdin.take().context("no stdin")?;
        let answers = BufReader::new(program.stdout.take().context("no stdout")?).lines();
        Ok(Chromium { _program: program, questions, answers })
    }

    /// Asks for something to be done, and waits for what came of it.
    pub(crate) async fn ask(&mut self, question: &Value) -> Result<Value> {
        self.begin(question).await?;
        self.answer().await.with_context(|| question.to_string())
    }

    /// Asks, and does not wait.
    pub(crate) async fn begin(&mut self, question: &Value) -> Result<()> {
        Ok(self.questions.write_all(format!("{question}\n").as_bytes()).await?)
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Result<Value> {
        let line =
            timeout(BOUND, self.answers.next_line()).await.context("no answer in time")??;
        let told: Value = serde_json::from_str(&line.context("the browser has ended")?)?;
        ensure!(told.get("failed").is_none(), "{}", told["failed"]);
        Ok(told)
    }
}
