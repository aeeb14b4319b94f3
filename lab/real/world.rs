//! One pair of databases with an app and a hook in each region, and the faults.

use crate::relay::Relay;
use crate::systems::{Layout, System};
use crate::tools::{Tools, Tree, free_port, freeze, kill, thaw};
use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The region of the primary, and that of the standby.
pub const REGIONS: [&str; 2] = ["eu-west", "us-east"];
/// The key of the hooks' signatures.
pub const SECRET: &str = "whsec_cmVhbC1kcmlsbC1rZXktMDEyMzQ1Njc4OWFiY2RlZg==";
/// Longest wait until both health documents tell everything.
const READY_BOUND: Duration = Duration::from_secs(30);
/// Longest wait for one answer of an app or a hook.
pub const ANSWER_BOUND: Duration = Duration::from_secs(1);

/// What happens to the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// All its processes are stopped; its sockets stay open
    Freeze,
    /// It lives and takes writes of its own region; nobody else reaches it
    Cut,
    /// All its processes are killed
    Kill,
}

impl Fault {
    /// The name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Freeze => "freeze",
            Fault::Cut => "cut",
            Fault::Kill => "kill",
        }
    }
}

/// What the fence hook does to the old primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fence {
    /// Its power is switched off
    Power,
    /// Nothing, and says that it did: what a fence is for
    None,
}

/// The pair. Everything ends when it is dropped.
#[derive(Debug)]
pub struct World {
    folder: PathBuf,
    /// Ports of the apps, by the order of [`REGIONS`].
    pub apps: [u16; 2],
    /// Ports of the hooks.
    pub hooks: [u16; 2],
    /// Between the standby and the primary.
    link: Relay,
    /// Between clients elsewhere and the app of the primary's region.
    pub clients: Relay,
    frozen: BTreeSet<u32>,
    /// Whether a failover manager rules: then its own documents are the health.
    is_managed: bool,
    // Hooks and apps go before the databases.
    _programs: Vec<Tree>,
    databases: [Tree; 2],
}

impl World {
    /// Starts everything in a folder of its own below `work`. The standby follows then, and
    /// both health documents tell everything.
    pub async fn start(tools: &Tools, system: System, work: &Path, fence: Fence) -> Result<World> {
        let folder = work.join(format!("{}-{}", system.name(), free_port()?));
        fs::create_dir(&folder)?;
        open_to_all(&folder)?;
        let (primary, standby) = (free_port()?, free_port()?);
        let link_target = if system == System::Nats { free_port()? } else { primary };
        let layout = Layout {
            folder: folder.clone(),
            primary,
            standby,
            link_target,
            link: free_port()?,
            managers: [free_port()?, free_port()?],
            etcd: free_port()?,
        };
        let link = Relay::start(layout.link, link_target).await?;
        let apps = [free_port()?, free_port()?];
        let hooks = [free_port()?, free_port()?];
        let clients = Relay::start(free_port()?, apps[0]).await?;
        let (for_start, of_tools) = (layout.clone(), tools.clone());
        let start = move || system.start(&of_tools, &for_start);
        let (databases, more) = tokio::task::spawn_blocking(start).await??;
        let roots = databases[0].roots().iter().map(ToString::to_string).collect::<Vec<_>>();
        fs::write(folder.join("eu-west.root"), roots.join("\n"))?;
        let mut programs = more;
        for (index, port) in [primary, standby].into_iter().enumerate() {
            let place = Place { tools, system, folder: &folder, index, port, fence, primary };
            if system == System::Patroni {
                programs.push(place.app(apps[index], layout.managers[index])?);
            } else {
                programs.push(place.hook(hooks[index])?);
                programs.push(place.app(apps[index], hooks[index])?);
            }
        }
        let world = World {
            folder,
            apps,
            hooks,
            link,
            clients,
            frozen: BTreeSet::new(),
            is_managed: system == System::Patroni,
            _programs: programs,
            databases,
        };
        world.ready().await?;
        Ok(world)
    }

    async fn ready(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            let near = health(self.apps[0]).await.unwrap_or_default();
            let far = health(self.apps[1]).await.unwrap_or_default();
            let keys: &[&str] = if self.is_managed { &[] } else { &["lag_s", "contact_age_s"] };
            let follows = keys.iter().all(|key| far[*key].is_number());
            let roles = ["standby", "replica"];
            if near["role"] == "primary" && roles.iter().any(|it| far["role"] == *it) && follows {
                return Ok(());
            }
            ensure!(began.elapsed() < READY_BOUND, "not ready: {near}, {far}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The fault begins.
    pub fn fail(&mut self, fault: Fault) -> Result<()> {
        match fault {
            Fault::Freeze => self.frozen = freeze(&self.databases[0].roots())?,
            Fault::Kill => kill(&self.databases[0].roots())?,
            Fault::Cut => {
                self.link.cut(true);
                self.clients.cut(true);
            }
        }
        Ok(())
    }

    /// The fault ends: what was frozen thaws, what was killed is started again, links heal. A
    /// machine whose power is off stays off.
    pub fn heal(&mut self, fault: Fault) -> Result<()> {
        let is_off = self.folder.join("eu-west.off").exists();
        match fault {
            Fault::Freeze => thaw(&self.frozen),
            Fault::Kill if !is_off => self.databases[0].start_again()?,
            Fault::Kill => {}
            Fault::Cut => {
                self.link.cut(false);
                self.clients.cut(false);
            }
        }
        Ok(())
    }

    /// The rows that the database of a region has, as `writer:n`.
    pub async fn rows(&self, region: usize) -> Result<BTreeSet<String>> {
        let url = format!("http://127.0.0.1:{}/rows", self.apps[region]);
        let text = reqwest::get(url).await?.error_for_status()?.text().await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// The calls that the hook of the standby's region has answered, in their order.
    pub fn calls(&self) -> Result<Vec<Value>> {
        let log = fs::read_to_string(self.folder.join("hook-us-east.log"))?;
        Ok(log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Where the files of this run are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Health of the database behind an app; an error if it does not answer with 200.
pub async fn health(port: u16) -> Result<Value> {
    let request = reqwest::Client::new().get(format!("http://127.0.0.1:{port}/health"));
    let answer = request.timeout(ANSWER_BOUND).send().await?.error_for_status()?;
    Ok(serde_json::from_str(&answer.text().await?)?)
}

/// The databases' user is another one.
pub fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o777))?)
}

/// Where a program of a region stands.
struct Place<'a> {
    tools: &'a Tools,
    system: System,
    folder: &'a Path,
    index: usize,
    port: u16,
    fence: Fence,
    primary: u16,
}

impl Place<'_> {
    fn region(&self) -> &'static str {
        REGIONS.get(self.index).copied().unwrap_or_default()
    }

    fn node(&self, script: &str, port: u16) -> Result<Command> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut node = Command::new("node");
        node.arg(root.join(script)).env("PORT", port.to_string()).env("REGION", self.region());
        node.env("STREAM", "ROWS").env("PSQL", self.tools.postgresql().join("psql"));
        node.env("LD_LIBRARY_PATH", self.tools.libraries()?);
        Ok(node)
    }

    fn hook(&self, port: u16) -> Result<Tree> {
        let region = self.region();
        let mut node = self.node(&format!("examples/hooks/{}.mjs", self.system.name()), port)?;
        node.env(self.system.address_key(), self.system.address(self.port));
        node.env("HOOK_SECRET", SECRET);
        node.env("STATE", self.folder.join(format!("epochs-{region}.json")));
        match self.fence {
            Fence::Power => {
                let this = std::env::current_exe()?;
                node.env("FENCE", format!("{} power {}", this.display(), self.folder.display()));
                node.env("PEERS", format!("eu-west=127.0.0.1:{}", self.primary));
            }
            Fence::None => {
                node.env("FENCE", "true");
            }
        }
        Tree::start(node, &self.folder.join(format!("hook-{region}.log")))
    }

    fn app(&self, port: u16, hook: u16) -> Result<Tree> {
        let mut node = self.node("lab/real/app.mjs", port)?;
        node.env("SYSTEM", self.system.name()).env("DATABASE", self.system.address(self.port));
        node.env("HEALTH", format!("http://127.0.0.1:{hook}/health"));
        Tree::start(node, &self.folder.join(format!("app-{}.log", self.region())))
    }
}

/// The power switch of a region, as a fence hook calls it: `power FOLDER REGION`.
pub fn power_off(folder: &Path, region: &str) -> Result<()> {
    let roots = fs::read_to_string(folder.join(format!("{region}.root")));
    let roots = roots.with_context(|| format!("no switch for {region}"))?;
    let roots = roots.lines().map(str::parse).collect::<Result<Vec<u32>, _>>()?;
    if std::env::var("IS_DRY").is_ok_and(|dry| dry == "1") {
        return Ok(());
    }
    fs::write(folder.join(format!("{region}.off")), "")?;
    kill(&roots)
}
