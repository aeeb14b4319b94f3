//! How each system is started: a primary in `eu-west`, a standby in `us-east`.

use crate::tools::{Tools, Tree, free_port};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest start of a database.
const START_BOUND: Duration = Duration::from_secs(90);

/// The systems of this world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum System {
    /// PostgreSQL with streaming replication
    Postgresql,
    /// PostgreSQL with logical replication
    PostgresqlLogical,
    /// Redis with a replica
    Redis,
    /// NATS JetStream with a mirror
    Nats,
    /// PostgreSQL under Patroni with etcd: it promotes by itself, and is followed
    Patroni,
}

/// Both sides of a pair, and the relay between them.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The folder of one run.
    pub folder: PathBuf,
    /// The port of the primary.
    pub primary: u16,
    /// The port of the standby.
    pub standby: u16,
    /// Where the primary listens for the standby; NATS has a port of its own for that.
    pub link_target: u16,
    /// The port of the relay, which the standby connects to.
    pub link: u16,
    /// Ports of both failover managers.
    pub managers: [u16; 2],
    /// Where their leader is elected.
    pub etcd: u16,
}

impl System {
    /// The name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            System::Postgresql => "postgresql",
            System::PostgresqlLogical => "postgresql-logical",
            System::Redis => "redis",
            System::Nats => "nats",
            System::Patroni => "patroni",
        }
    }

    /// What an app is given to connect to its database.
    pub fn address(self, port: u16) -> String {
        match self {
            System::Postgresql | System::PostgresqlLogical | System::Patroni => conninfo(port),
            System::Redis | System::Nats => format!("127.0.0.1:{port}"),
        }
    }

    /// The name of that setting for the hook.
    pub fn address_key(self) -> &'static str {
        match self {
            System::Postgresql | System::PostgresqlLogical | System::Patroni => "CONNINFO",
            System::Redis => "REDIS",
            System::Nats => "NATS",
        }
    }

    /// Starts both, and what else they need; the standby follows when this returns.
    pub fn start(self, tools: &Tools, layout: &Layout) -> Result<([Tree; 2], Vec<Tree>)> {
        let pair = match self {
            System::Postgresql => streaming(tools, layout),
            System::PostgresqlLogical => logical(tools, layout),
            System::Redis => redis(tools, layout),
            System::Nats => nats(tools, layout),
            System::Patroni => return patroni(tools, layout),
        };
        Ok((pair?, Vec::new()))
    }

    /// What is made once and copied for each run.
    pub fn prepare(self, tools: &Tools, folder: &Path) -> Result<()> {
        match self {
            System::Postgresql | System::PostgresqlLogical => template(tools, folder),
            System::Redis | System::Nats | System::Patroni => Ok(()),
        }
    }
}

fn conninfo(port: u16) -> String {
    format!("host=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=2")
}

const TABLES: &str = "CREATE TABLE rows (id bigserial PRIMARY KEY, n bigint NOT NULL, \
    writer text NOT NULL, region text NOT NULL); \
    CREATE TABLE pointsman_heartbeat (one boolean PRIMARY KEY DEFAULT true CHECK (one), \
    n bigint NOT NULL, at timestamptz NOT NULL)";

fn template(tools: &Tools, folder: &Path) -> Result<()> {
    let data = folder.join("template");
    if data.exists() {
        return Ok(());
    }
    let at = data.to_string_lossy();
    let words = ["-D", &at, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"];
    tools.run("initdb", &[&words[..], &["--no-sync"]].concat())?;
    // Not by `postgres --single`: what is made there has an id of the system's own, and a
    // publication leaves it out without a word.
    let port = free_port()?;
    let server = postgres(tools, &data, port, &[])?;
    sql(tools, port, TABLES)?;
    tools.run("pg_ctl", &["-D", &at, "-m", "fast", "stop"])?;
    drop(server);
    Ok(())
}

fn copied(tools: &Tools, layout: &Layout, name: &str) -> Result<PathBuf> {
    let template = layout.folder.parent().context("no parent")?.join("template");
    let data = layout.folder.join(name);
    tools.run("cp", &["-a", &template.to_string_lossy(), &data.to_string_lossy()])?;
    Ok(data)
}

fn postgres(tools: &Tools, data: &Path, port: u16, settings: &[&str]) -> Result<Tree> {
    let mut command = tools.command("postgres")?;
    command.arg("-D").arg(data).arg("-p").arg(port.to_string());
    let usual =
        ["listen_addresses=127.0.0.1", "unix_socket_directories=", "log_min_messages=warning"];
    for setting in usual.iter().chain(settings) {
        command.args(["-c", setting]);
    }
    let tree = Tree::start(command, &data.with_extension("log"))?;
    until("PostgreSQL answers", || Ok(sql(tools, port, "SELECT 1").is_ok()))?;
    Ok(tree)
}

fn sql(tools: &Tools, port: u16, statement: &str) -> Result<String> {
    let words = ["-X", "-q", "-A", "-t", "-d", &conninfo(port), "-c", statement];
    Ok(tools.run("psql", &words)?.trim().to_owned())
}

fn streaming(tools: &Tools, layout: &Layout) -> Result<[Tree; 2]> {
    let (near, far) = (copied(tools, layout, "eu-west")?, copied(tools, layout, "us-east")?);
    let primary = postgres(tools, &near, layout.primary, &[])?;
    tools.run("touch", &[&far.join("standby.signal").to_string_lossy()])?;
    let link = format!("primary_conninfo=host=127.0.0.1 port={} user=postgres", layout.link);
    let standby = postgres(tools, &far, layout.standby, &[&link])?;
    let state = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
    until("the standby follows", || Ok(sql(tools, layout.standby, state)? == "1"))?;
    Ok([primary, standby])
}

fn logical(tools: &Tools, layout: &Layout) -> Result<[Tree; 2]> {
    let (near, far) = (copied(tools, layout, "eu-west")?, copied(tools, layout, "us-east")?);
    let primary = postgres(tools, &near, layout.primary, &["wal_level=logical"])?;
    let standby = postgres(tools, &far, layout.standby, &["wal_level=logical"])?;
    sql(tools, layout.primary, "CREATE PUBLICATION shop FOR ALL TABLES")?;
    let link = format!("host=127.0.0.1 port={} user=postgres dbname=postgres", layout.link);
    sql(
        tools,
        layout.standby,
        &format!("CREATE SUBSCRIPTION shop CONNECTION '{link}' PUBLICATION shop"),
    )?;
    let missing = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'";
    until("the tables are copied", || Ok(sql(tools, layout.standby, missing)? == "0"))?;
    Ok([primary, standby])
}

fn redis(tools: &Tools, layout: &Layout) -> Result<[Tree; 2]> {
    let start = |name: &str, port: u16, more: &str| {
        let folder = layout.folder.join(name);
        tools.run("mkdir", &[&folder.to_string_lossy()])?;
        let file = layout.folder.join(format!("{name}.conf"));
        let dir = folder.display();
        fs::write(
            &file,
            format!("port {port}\nbind 127.0.0.1\ndir {dir}\nappendonly yes\n{more}"),
        )?;
        let mut command = tools.command("redis-server")?;
        command.arg(&file);
        let tree = Tree::start(command, &layout.folder.join(format!("{name}.log")))?;
        until("Redis answers", || Ok(redis_says(tools, port, "role:").is_ok()))?;
        Ok::<_, anyhow::Error>(tree)
    };
    let primary = start("eu-west", layout.primary, "")?;
    let standby =
        start("us-east", layout.standby, &format!("replicaof 127.0.0.1 {}\n", layout.link))?;
    until("the replica follows", || {
        Ok(redis_says(tools, layout.standby, "master_link_status:")? == "up")
    })?;
    Ok([primary, standby])
}

fn redis_says(tools: &Tools, port: u16, key: &str) -> Result<String> {
    let told = tools.run("redis-cli", &["-p", &port.to_string(), "INFO", "replication"])?;
    let value = told.lines().find_map(|line| line.strip_prefix(key)).context("no such line")?;
    Ok(value.trim().to_owned())
}

fn nats(tools: &Tools, layout: &Layout) -> Result<[Tree; 2]> {
    let start = |name: &str, port: u16, domain: &str, leaf: &str| {
        let file = layout.folder.join(format!("{name}.conf"));
        let store = layout.folder.join(name);
        let store = store.display();
        let text = format!(
            "listen: \"127.0.0.1:{port}\"\nserver_name: {domain}\n\
             jetstream {{ domain: {domain}, store_dir: \"{store}\" }}\nleafnodes {{ {leaf} }}\n"
        );
        fs::write(&file, text)?;
        let mut command = tools.command("nats-server")?;
        command.arg("-c").arg(&file);
        Tree::start(command, &layout.folder.join(format!("{name}.log")))
    };
    let listen = format!("listen: \"127.0.0.1:{}\"", layout.link_target);
    let primary = start("eu-west", layout.primary, "eu", &listen)?;
    // Without the denials a row for one region would reach the streams of both.
    let link = format!(
        "remotes = [{{ url: \"nats-leaf://127.0.0.1:{}\", deny_imports: [\"rows.>\"], \
         deny_exports: [\"rows.>\"] }}]",
        layout.link
    );
    let standby = start("us-east", layout.standby, "us", &link)?;
    let made = |port: u16, config: &str| {
        let script = layout.folder.join(format!("make-{port}.mjs"));
        let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hooks/nats.mjs");
        let text = format!(
            "import {{ Nats }} from {:?};\nconst link = new Nats(\"127.0.0.1:{port}\");\n\
             const config = {config};\n\
             await link.api(`STREAM.CREATE.${{config.name}}`, config);\nlink.close();\n",
            client.to_string_lossy()
        );
        fs::write(&script, text)?;
        until("the stream is there", || {
            Ok(std::process::Command::new("node").arg(&script).output()?.status.success())
        })
    };
    let common = "storage: \"file\", retention: \"limits\"";
    made(layout.primary, &format!("{{ name: \"ROWS\", subjects: [\"rows.>\"], {common} }}"))?;
    let mirror = "mirror: { name: \"ROWS\", external: { api: \"$JS.eu.API\" } }";
    made(layout.standby, &format!("{{ name: \"ROWS_MIRROR\", {mirror}, {common} }}"))?;
    Ok([primary, standby])
}

fn patroni(tools: &Tools, layout: &Layout) -> Result<([Tree; 2], Vec<Tree>)> {
    let mut etcd = tools.command("etcd")?;
    let (client, peer) = (format!("http://127.0.0.1:{}", layout.etcd), free_port()?);
    let peer = format!("http://127.0.0.1:{peer}");
    etcd.arg("--data-dir").arg(layout.folder.join("etcd"));
    etcd.args(["--listen-client-urls", &client, "--advertise-client-urls", &client]);
    etcd.args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer]);
    etcd.args(["--initial-cluster", &format!("default={peer}")]);
    let etcd = Tree::start(etcd, &layout.folder.join("etcd.log"))?;
    // The standby reaches the first one by the relay.
    let nodes = [
        ("eu-west", layout.primary, layout.link, layout.managers[0]),
        ("us-east", layout.standby, layout.standby, layout.managers[1]),
    ];
    let [primary, standby] = nodes.map(|(name, port, shown, api)| {
        let data = layout.folder.join(name);
        let config = patroni_config(tools, name, &data, [port, shown, layout.etcd, api]);
        let file = layout.folder.join(format!("{name}.yml"));
        fs::write(&file, config)?;
        let mut command = tools.command("/usr/bin/python3")?;
        command.args(["-m", "patroni"]).arg(&file).env("PYTHONPATH", tools.python());
        let tree = Tree::start(command, &layout.folder.join(format!("{name}.log")))?;
        if name == "eu-west" {
            until("Patroni has a leader", || Ok(sql(tools, port, TABLES).is_ok()))?;
        } else {
            until("the replica follows", || Ok(sql(tools, port, "SELECT 1 FROM rows").is_ok()))?;
        }
        Ok::<_, anyhow::Error>(tree.with_left(data.join("postmaster.pid")))
    });
    Ok(([primary?, standby?], vec![etcd]))
}

fn patroni_config(tools: &Tools, name: &str, data: &Path, ports: [u16; 4]) -> String {
    let [port, shown, etcd, api] = ports;
    let (data, bin) = (data.display(), tools.postgresql());
    let bin = bin.display();
    format!(
        "scope: rows\nname: {name}\n\
         restapi: {{listen: '127.0.0.1:{api}', connect_address: '127.0.0.1:{api}'}}\n\
         etcd3: {{host: '127.0.0.1:{etcd}'}}\n\
         bootstrap:\n  dcs: {{ttl: 30, loop_wait: 10, retry_timeout: 10}}\n  \
         initdb: [{{encoding: UTF8}}, {{auth: trust}}, {{locale: C}}]\n\
         postgresql:\n  listen: '127.0.0.1:{port}'\n  connect_address: '127.0.0.1:{shown}'\n  \
         data_dir: {data}\n  bin_dir: {bin}\n  \
         authentication: {{superuser: {{username: postgres}}, \
         replication: {{username: postgres}}, rewind: {{username: postgres}}}}\n  \
         parameters: {{unix_socket_directories: ''}}\n  pgpass: {data}.pgpass\n  \
         pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']\n"
    )
}

/// Asks until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let began = Instant::now();
    while !is_so()? {
        ensure!(began.elapsed() < START_BOUND, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
