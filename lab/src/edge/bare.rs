//! The edge for measurements: the Worker with its bindings and no workers of ours around it.
use super::bundle::Folder;
use super::config::render_bare;
use super::options::EdgeOptions;
use super::process::{Log, Ports, Process};
use anyhow::{Context, Result, ensure};
use reqwest::Client;
use std::path::PathBuf;

/// A Worker whose fetches go straight to loopback. The process is killed and its storage removed
/// when this is dropped.
#[derive(Debug)]
pub struct BareEdge {
    // Before the folder: a process must be gone before its storage is.
    process: Process,
    ports: Ports,
    _folder: Folder,
    workerd: PathBuf,
    config: PathBuf,
    log: Log,
}

impl BareEdge {
    /// Starts workerd and fills KV.
    ///
    /// **Errors**: the bundle is not one, or workerd does not start.
    pub async fn start(options: &EdgeOptions) -> Result<BareEdge> {
        let folder = Folder::lay_out(&options.bundle, None)?;
        let config = folder.write_config(&render_bare(options, &folder))?;
        let (log, workerd) = (Log::default(), options.workerd.clone());
        let ports = Ports::take(false)?;
        let process = Process::start(&workerd, &config, &ports, &log).await?;
        let edge = BareEdge { process, ports, _folder: folder, workerd, config, log };
        for (key, value) in &options.kv {
            edge.kv_put(key, value).await?;
        }
        Ok(edge)
    }

    /// The port of the Worker on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.http.port()
    }

    /// The id of the process, where it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Writes a value of KV.
    ///
    /// **Errors**: KV refuses the key or the value.
    pub async fn kv_put(&self, key: &str, value: &str) -> Result<()> {
        let url = format!("http://127.0.0.1:{}/{key}", self.ports.ctl.port());
        let client = Client::builder().no_proxy().build()?;
        let put = client.put(url).body(value.to_owned()).send().await.context("KV")?;
        let status = put.status();
        ensure!(status.is_success(), "KV answered {status}: {}", put.text().await?);
        Ok(())
    }

    /// Kills workerd and waits for its end.
    ///
    /// **Errors**: the system refuses to kill it.
    pub async fn kill(&mut self) -> Result<()> {
        self.process.kill().await
    }

    /// Restarts workerd on the same storage and ports, and waits until it listens.
    ///
    /// **Errors**: it does not start.
    pub async fn start_again(&mut self) -> Result<()> {
        self.process = Process::start(&self.workerd, &self.config, &self.ports, &self.log).await?;
        Ok(())
    }

    /// What workerd printed.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }
}
