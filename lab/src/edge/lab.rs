//! The edge for tests and the demo.
use super::bundle::Folder;
use super::config::{CF_HEADER, render};
use super::control::call;
use super::options::{
    Connections, DataPoint, EdgeOptions, KvCounts, KvFaults, KvKey, NetFault, Route,
};
use super::process::{Log, Ports, Process};
use super::socket::{Handshake, handshake};
use crate::held::HeldPort;
use anyhow::{Result, ensure};
use reqwest::header::HOST;
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The Worker on a running workerd. The process is killed and its storage removed when this is
/// dropped.
#[derive(Debug)]
pub struct Edge {
    // Before the folder: a process must be gone before its storage is.
    process: tokio::sync::Mutex<Process>,
    ports: Ports,
    folder: Folder,
    options: EdgeOptions,
    config: PathBuf,
    log: Log,
    client: Client,
    world: Mutex<ControlState>,
}

/// What our workers keep in memory and must be sent again after a restart.
#[derive(Debug, Default)]
struct ControlState {
    routes: BTreeMap<String, Route>,
    faults: KvFaults,
    kv_clock_ms: u64,
}

/// The result of a cron run.
#[derive(Deserialize)]
struct CronRun {
    outcome: String,
}

impl Edge {
    /// Starts workerd and fills KV. The Worker has not run yet when this returns.
    ///
    /// **Errors**: the bundle is not one, or workerd does not start; the message has what it
    /// printed.
    pub async fn start(options: EdgeOptions) -> Result<Edge> {
        let folder = Folder::lay_out(&options.bundle, options.front.as_deref())?;
        let config = folder.write_config(&render(&options, &folder))?;
        let log = Log::default();
        let ports = Ports::take(options.front.is_some())?;
        let process = Process::start(&options.workerd, &config, &ports, &log).await?;
        let edge = Edge {
            ports,
            process: tokio::sync::Mutex::new(process),
            folder,
            options,
            config,
            log,
            client: client()?,
            world: Mutex::default(),
        };
        for (key, value) in &edge.options.kv {
            edge.kv_put(key, value).await?;
        }
        Ok(edge)
    }

    /// The base of the Worker's URL, without a final slash.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The port of the Worker on 127.0.0.1; a restart keeps it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.http.port()
    }

    /// Runs the cron handler for the given time, in milliseconds since 1970, and waits for its end.
    ///
    /// **Errors**: the run did not end with the outcome `ok`.
    pub async fn run_cron(&self, scheduled_ms: i64) -> Result<()> {
        let run: CronRun =
            self.call(&json!({ "command": "cron", "scheduled_ms": scheduled_ms })).await?;
        let log = || self.log().join("\n");
        ensure!(run.outcome == "ok", "the cron run ended with `{}`\n{}", run.outcome, log());
        Ok(())
    }

    /// Reads a value, bypassing the Worker's counters and faults.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn kv_get(&self, key: &str) -> Result<Option<String>> {
        self.call(&json!({ "command": "kv_get", "key": key })).await
    }

    /// Writes a value, uncounted.
    ///
    /// **Errors**: KV refuses the key or the value.
    pub async fn kv_put(&self, key: &str, value: &str) -> Result<()> {
        self.call(&json!({ "command": "kv_put", "key": key, "value": value })).await
    }

    /// Deletes a key, uncounted.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn kv_delete(&self, key: &str) -> Result<()> {
        self.call(&json!({ "command": "kv_delete", "key": key })).await
    }

    /// Lists all keys with the prefix, in order, uncounted.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn kv_list(&self, prefix: &str) -> Result<Vec<KvKey>> {
        self.call(&json!({ "command": "kv_list", "prefix": prefix })).await
    }

    /// Moves KV's clock forward, so that values expire and propagate.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn advance_kv_clock(&self, ms: u64) -> Result<()> {
        self.world().kv_clock_ms += ms;
        self.call(&json!({ "command": "kv_advance_clock", "ms": ms })).await
    }

    /// What the Worker has done with KV since the start, the last reset or the last restart.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn kv_counts(&self) -> Result<KvCounts> {
        self.call(&json!({ "command": "kv_counts" })).await
    }

    /// Sets all counters to zero.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn reset_kv_counts(&self) -> Result<()> {
        self.call(&json!({ "command": "kv_reset_counts" })).await
    }

    /// Makes KV misbehave towards the Worker from now on. The default of [`KvFaults`] ends that.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn set_kv_faults(&self, faults: KvFaults) -> Result<()> {
        self.world().faults = faults;
        self.call(&json!({ "command": "kv_faults", "faults": faults })).await
    }

    /// Routes a host name for the Worker's later fetches. The scheme and the port of the fetched
    /// URL do not matter; the origin sees them in `x-lab-scheme` and `x-lab-host`.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn route_host(&self, host: &str, route: Route) -> Result<()> {
        self.world().routes.insert(host.to_owned(), route);
        self.call(&json!({ "command": "route", "host": host, "route": route })).await
    }

    /// What replaces the connections of one area's probes to a host; `None` for nothing. An area is
    /// known by what its probes say of themselves; a restart forgets this.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn fault_from(&self, area: &str, host: &str, fault: Option<NetFault>) -> Result<()> {
        self.call(&json!({ "command": "fault", "area": area, "host": host, "fault": fault })).await
    }

    /// The probes since the start or since the last time that this was asked, by area; `run` has
    /// those of runs that probe by themselves.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn connections(&self) -> Result<BTreeMap<String, Connections>> {
        self.call(&json!({ "command": "connections" })).await
    }

    /// The data points that the Worker has written since the start or the last restart; none
    /// without [`EdgeOptions::dataset`].
    ///
    /// **Errors**: workerd does not answer.
    pub async fn data_points(&self) -> Result<Vec<DataPoint>> {
        self.call(&json!({ "command": "data_points" })).await
    }

    /// Names the zone of the Worker, which is `example.com` at first. Inside it the Worker may
    /// connect to another host than the one it names; a restart forgets this.
    ///
    /// **Errors**: workerd does not answer.
    pub async fn set_zone(&self, name: &str) -> Result<()> {
        self.call(&json!({ "command": "zone", "name": name })).await
    }

    /// A request to the Worker as a client of `host` would make it, with `cf` as its `request.cf`.
    /// It follows no redirects and has its own connection. Dot segments of the path are resolved
    /// before it is sent.
    pub fn request(
        &self,
        method: Method,
        host: &str,
        path_and_query: &str,
        cf: Option<&Value>,
    ) -> RequestBuilder {
        let whole = self.ports.whole.as_ref().filter(|_| is_for_whole(path_and_query));
        let port = whole.map_or_else(|| self.port(), HeldPort::port);
        let url = format!("http://127.0.0.1:{port}{path_and_query}");
        let request = self.client.request(method, url).header(HOST, host);
        match cf {
            Some(cf) => request.header(CF_HEADER, ascii_json(cf)),
            None => request,
        }
    }

    /// The resident memory of workerd in bytes. `None` on systems without `/proc`.
    pub async fn resident_bytes(&self) -> Option<u64> {
        let process = self.process.lock().await.id()?;
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// The processor time that workerd has used, in milliseconds. `None` on systems without
    /// `/proc`.
    pub async fn processor_ms(&self) -> Option<u64> {
        // Linux counts in hundredths of a second, whatever its clock does.
        const MS_PER_TICK: u64 = 10;
        let process = self.process.lock().await.id()?;
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name of the process may have spaces; the fields behind it have none.
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        Some(ticks.sum::<Result<u64, _>>().ok()? * MS_PER_TICK)
    }

    /// The bytes of the files that the objects of a class have on disk.
    ///
    /// **Errors**: they cannot be read.
    pub fn storage_bytes(&self, class: &str) -> Result<u64> {
        let mut bytes = 0;
        for file in fs::read_dir(self.objects_folder(class))? {
            bytes += file?.metadata()?.len();
        }
        Ok(bytes)
    }

    /// Opens a WebSocket at the Worker as a client of `host` would, with these headers beside the
    /// usual ones.
    ///
    /// **Errors**: no answer to the handshake.
    pub async fn socket(
        &self,
        host: &str,
        path_and_query: &str,
        cf: Option<&Value>,
        headers: &[(&'static str, &str)],
    ) -> Result<Handshake> {
        let cf = cf.map(|cf| (CF_HEADER, ascii_json(cf)));
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        handshake(self.port(), host, path_and_query, cf.into_iter().chain(headers)).await
    }

    /// Kills workerd as a crash would and starts it again on the same storage and ports. Routes, KV
    /// faults and KV's clock stay as they are; the counters begin anew.
    ///
    /// **Errors**: workerd does not start again.
    pub async fn restart(&self) -> Result<()> {
        self.restart_after(|| Ok(())).await
    }

    /// The same, with everything gone that the objects of a class have stored, alarms too. KV
    /// stays: its storage is its own. Returns how many objects there were.
    ///
    /// **Errors**: the storage cannot be removed, or workerd does not start again.
    pub async fn lose_objects(&self, class: &str) -> Result<usize> {
        let objects = self.objects_of(class)?.len();
        let folder = self.objects_folder(class);
        self.restart_after(|| Ok(fs::remove_dir_all(folder)?)).await?;
        Ok(objects)
    }

    /// Kills workerd, does something while it is gone, and starts it again.
    async fn restart_after(&self, meanwhile: impl FnOnce() -> Result<()>) -> Result<()> {
        let mut process = self.process.lock().await;
        process.kill().await?;
        meanwhile()?;
        let workerd = &self.options.workerd;
        *process = Process::start(workerd, &self.config, &self.ports, &self.log).await?;
        let ControlState { routes, faults, kv_clock_ms } = std::mem::take(&mut *self.world());
        self.advance_kv_clock(kv_clock_ms).await?;
        self.set_kv_faults(faults).await?;
        for (host, route) in routes {
            self.route_host(&host, route).await?;
        }
        Ok(())
    }

    /// The same with a text variable set to another value, as a new deployment would set it.
    ///
    /// **Errors**: workerd does not start again.
    pub async fn restart_with(&self, variable: &str, value: &str) -> Result<()> {
        let mut vars = self.options.vars.clone();
        vars.insert(variable.to_owned(), value.to_owned());
        self.restart_with_all(vars).await
    }

    /// The same with these text variables and no others.
    ///
    /// **Errors**: workerd does not start again.
    pub async fn restart_with_all(&self, vars: BTreeMap<String, String>) -> Result<()> {
        let options = EdgeOptions { vars, ..self.options.clone() };
        self.folder.write_config(&render(&options, &self.folder))?;
        self.restart().await
    }

    /// The ids of the objects of a class that exist, by their storage.
    ///
    /// **Errors**: the storage cannot be read.
    pub fn objects_of(&self, class: &str) -> Result<BTreeSet<String>> {
        let folder = self.objects_folder(class);
        if !folder.exists() {
            return Ok(BTreeSet::new());
        }
        let names = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name()));
        let names = names.collect::<std::io::Result<Vec<_>>>()?;
        let ids = names.iter().filter_map(|name| name.to_str()?.strip_suffix(".sqlite"));
        Ok(ids.filter(|id| *id != "metadata").map(str::to_owned).collect())
    }

    fn objects_folder(&self, class: &str) -> PathBuf {
        self.folder.path().join("objects").join(class)
    }

    /// What workerd printed on both its streams, line by line, the newest 10,000.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Ends workerd and removes its storage.
    ///
    /// **Errors**: one of the two cannot be done.
    pub async fn stop(self) -> Result<()> {
        self.process.lock().await.kill().await?;
        self.folder.remove()
    }

    async fn call<T: DeserializeOwned>(&self, command: &Value) -> Result<T> {
        call(&self.client, self.ports.ctl.port(), command).await
    }

    fn world(&self) -> MutexGuard<'_, ControlState> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the whole Worker answers, where another one answers clients, as their routes at
/// Cloudflare say: our own pages are its, but for the one that says what an isolate of the other
/// has seen.
fn is_for_whole(path_and_query: &str) -> bool {
    let path = path_and_query.split('?').next().unwrap_or_default();
    path.starts_with("/.pointsman/") && path != "/.pointsman/v1/proxy"
}

/// One connection per request: a pooled one may be dead after a restart.
fn client() -> Result<Client> {
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none());
    Ok(client.pool_max_idle_per_host(0).build()?)
}

/// JSON for a header: everything beyond ASCII is escaped.
fn ascii_json(value: &Value) -> String {
    let mut ascii = String::new();
    for character in value.to_string().chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            ascii.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_for_a_header_is_ascii_and_means_the_same() {
        let value = json!({ "city": "Zürich", "note": "🚆 \"ok\"\n" });
        let ascii = ascii_json(&value);
        assert!(ascii.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{ascii}");
        assert_eq!(serde_json::from_str::<Value>(&ascii).unwrap(), value);
    }
}
