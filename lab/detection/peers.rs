//! gdnsd, PowerDNS and HAProxy, each in two settings.

use crate::watch::{Eye, Tells};
use anyhow::{Context as _, Result};
use reqwest::Client;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The zone of the DNS servers, without its names that are looked at.
const ZONE: &str = "@ 60 IN SOA ns1 hostmaster 1 7200 1800 259200 900\n@ 60 IN NS ns1\n\
                    ns1 60 IN A 127.0.0.1\n";
/// The one address has the origin, the other one that is always well.
const STRUCK: &str = "127.0.0.1";
const STANDBY: &str = "127.0.0.2";

/// Running programs, and where they tell. They end when this is dropped.
pub struct Peers {
    _processes: Vec<Child>,
    // After the processes, which use it.
    _folder: TempDir,
    haproxy: u16,
    client: Client,
    gdnsd: u16,
    /// By its defaults, and as fast as can be: its interval is one for the whole process.
    powerdns: [u16; 2],
}

impl Peers {
    /// Starts them. All of them look at `path` at the port of the two addresses.
    pub fn start(tools: &Path, port: u16, path: &str) -> Result<Peers> {
        let folder = TempDir::with_prefix("pointsman-detection-")?;
        let (haproxy, gdnsd, powerdns) = (free()?, free()?, [free()?, free()?]);
        let at = folder.path();
        let processes = vec![
            start_haproxy(tools, &at.join("haproxy.cfg"), haproxy, port, path)?,
            start_gdnsd(tools, &at.join("gdnsd"), gdnsd, port, path)?,
            start_powerdns(tools, &at.join("default"), powerdns[0], &record(port, path, ""))?,
            start_powerdns(
                tools,
                &at.join("fastest"),
                powerdns[1],
                &record(port, path, ", {timeout=1}"),
            )?,
        ];
        let client = Client::builder().no_proxy().build()?;
        Ok(Peers { _processes: processes, _folder: folder, haproxy, client, gdnsd, powerdns })
    }

    /// Where they tell.
    pub fn eyes(&self) -> impl Iterator<Item = Eye> {
        let haproxy = |setting| {
            let url = format!("http://127.0.0.1:{}/;csv", self.haproxy);
            let tells = Tells::Statistics(self.client.clone(), url, setting);
            Eye { who: "HAProxy", setting, tells }
        };
        let dns = |who, setting, port| {
            let server = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let name = format!("{setting}.example.com");
            Eye { who, setting, tells: Tells::Dns(server, name) }
        };
        [
            haproxy("default"),
            haproxy("fastest"),
            dns("gdnsd", "default", self.gdnsd),
            dns("gdnsd", "fastest", self.gdnsd),
            dns("PowerDNS", "default", self.powerdns[0]),
            dns("PowerDNS", "fastest", self.powerdns[1]),
        ]
        .into_iter()
    }
}

/// A free port.
fn free() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A program out of the unpacked packages, with their libraries.
fn started(tools: &Path, program: &str, arguments: &[&str]) -> Result<Child> {
    let root = tools.join("root");
    let mut command = Command::new(root.join(program));
    command.args(arguments).env("LD_LIBRARY_PATH", root.join("usr/lib/x86_64-linux-gnu"));
    command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().with_context(|| format!("{program} does not start"))
}

fn start_haproxy(tools: &Path, file: &Path, stats: u16, port: u16, path: &str) -> Result<Child> {
    let server = |name: &str, address: &str, more: &str| {
        format!(" server {name} {address}:{port} check {more}\n")
    };
    let backend = |name: &str, check: &str, more: &str| {
        let backup = format!("{more} backup");
        let servers = server("struck", STRUCK, more) + &server("standby", STANDBY, &backup);
        format!("backend {name}\n option httpchk GET {path}\n{check}{servers}")
    };
    let config = format!(
        "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
         frontend stats\n bind 127.0.0.1:{stats}\n stats enable\n stats uri /\n{}{}",
        backend("default", "", ""),
        backend("fastest", " timeout check 1s\n", "inter 100ms fall 1 rise 1"),
    );
    fs::write(file, config)?;
    started(tools, "usr/sbin/haproxy", &["-db", "-f", shown(file)?])
}

fn start_gdnsd(tools: &Path, folder: &Path, dns: u16, port: u16, path: &str) -> Result<Child> {
    for part in ["zones", "run", "state"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let at = shown(folder)?;
    let service = |name: &str, more: &str| {
        format!(
            "{name} => {{ plugin => http_status, port => {port}, url_path => {path}, \
             vhost => www.example.com{more} }}\n"
        )
    };
    let resource = |name: &str| {
        format!(
            "{name} => {{ service_types => {name}, primary => {STRUCK}, secondary => {STANDBY} }}\n"
        )
    };
    let fastest = ", interval => 2, timeout => 1, up_thresh => 1, ok_thresh => 1, down_thresh => 1";
    let config = format!(
        "options => {{ listen => [ 127.0.0.1:{dns} ], run_dir => {at}/run, \
         state_dir => {at}/state }}\n\
         service_types => {{ {}{} }}\nplugins => {{ simplefo => {{ {}{} }} }}\n",
        service("default", ""),
        service("fastest", fastest),
        resource("default"),
        resource("fastest"),
    );
    fs::write(folder.join("config"), config)?;
    let names = "default 60 DYNA simplefo!default\nfastest 60 DYNA simplefo!fastest\n";
    fs::write(folder.join("zones/example.com"), ZONE.to_owned() + names)?;
    started(tools, "usr/sbin/gdnsd", &["-c", at, "start"])
}

/// The Lua record of PowerDNS. Its address is the one that is tried, and the URL's host is told.
fn record(port: u16, path: &str, options: &str) -> String {
    format!(
        "60 IN LUA A \"ifurlup('http://www.example.com:{port}{path}', \
         {{{{'{STRUCK}'}}, {{'{STANDBY}'}}}}{options})\"\n"
    )
}

fn start_powerdns(tools: &Path, folder: &Path, dns: u16, record: &str) -> Result<Child> {
    fs::create_dir_all(folder)?;
    let at = shown(folder)?;
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let modules = tools.join("root/usr/lib/x86_64-linux-gnu/pdns");
    let interval = if name == "fastest" { "lua-health-checks-interval=1\n" } else { "" };
    let config = format!(
        "launch=bind\nmodule-dir={}\nbind-config={at}/named.conf\nlocal-address=127.0.0.1\n\
         local-port={dns}\nsocket-dir={at}\nenable-lua-records=yes\ncache-ttl=0\n\
         query-cache-ttl=0\nnegquery-cache-ttl=0\n{interval}",
        shown(&modules)?
    );
    fs::write(folder.join("pdns.conf"), config)?;
    let zone = format!("zone \"example.com\" {{ type master; file \"{at}/example.com\"; }};\n");
    fs::write(folder.join("named.conf"), zone)?;
    let text = format!("$ORIGIN example.com.\n{ZONE}{name} {record}");
    fs::write(folder.join("example.com"), text)?;
    let at = format!("--config-dir={at}");
    started(tools, "usr/sbin/pdns_server", &[&at, "--guardian=no", "--daemon=no"])
}

fn shown(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("not a text: {}", path.display()))
}
