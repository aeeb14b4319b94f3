//! The configuration of workerd, a Cap'n Proto text made from the options.

use super::bundle::{FRONT, Folder, MAIN, Module};
use super::options::{EdgeOptions, FRONT_VARS};
use super::{COMPATIBILITY_DATE, COMPATIBILITY_FLAGS};
use std::fmt::Write;

/// The request header that becomes `request.cf`. workerd removes it from the request.
pub const CF_HEADER: &str = "x-lab-cf";

/// The sockets, by the names that workerd reports their ports under.
pub(super) const HTTP_SOCKET: &str = "http";
/// The socket of the whole Worker, where another one answers clients.
pub(super) const WHOLE_SOCKET: &str = "whole";
/// The socket of the controls.
pub(super) const CTL_SOCKET: &str = "ctl";

/// The services behind the Worker's KV, fetches and cache.
struct Around {
    /// A service that speaks the KV service's protocol.
    kv: &'static str,
    outbound: &'static str,
    /// The setting for the Cache API.
    cache: &'static str,
}

/// Through our own workers.
const UNDER_CONTROL: Around =
    Around { kv: "kvtap", outbound: "netsim", cache: ", cacheApiOutbound = \"cache\"" };
/// Direct.
const BARE: Around = Around { kv: "kv", outbound: "loopback", cache: "" };

/// The KV namespace of the Worker's binding. There is only one, but the KV service needs a name.
const NAMESPACE: &str = r#"props = (json = "{\"namespace\":\"KV\"}")"#;

/// Writes the whole configuration. `embed` paths are relative to the file, disk paths absolute.
pub(super) fn render(options: &EdgeOptions, folder: &Folder) -> String {
    let upstream =
        format!(r#"bindings = [(name = "UPSTREAM", service = (name = "kv", {NAMESPACE}))]"#);
    let ours = format!(
        r#"(name = "kvtap", worker = ({kvtap})),
    (name = "ctl", worker = ({ctl})),
    (name = "cache", worker = ({cache})),
    (name = "analytics", worker = ({analytics})),
    (name = "netsim", worker = ({netsim})),"#,
        kvtap = lab_worker("kvtap.js", &upstream),
        ctl = ctl_worker(),
        cache = lab_worker("cache.js", ""),
        analytics = lab_worker("analytics.js", ""),
        netsim = lab_worker("netsim.js", r#"globalOutbound = "loopback""#),
    );
    let outbound = if options.direct { BARE.outbound } else { UNDER_CONTROL.outbound };
    let around = Around { outbound, ..UNDER_CONTROL };
    let main = main_worker(options, &folder.modules, &around, 0);
    let others = (1..options.isolates).map(|number| {
        let worker = main_worker(options, &folder.modules, &around, number);
        format!("(name = {}, worker = ({worker})),", quote(&isolate(number)))
    });
    let others: Vec<String> = others.collect();
    if !folder.front.is_empty() {
        let front = front_worker(options, &folder.front, &around);
        let ours = format!(r#"{ours} (name = "front", worker = ({front})),"#);
        return whole(folder, &main, &ours, "front", r#""ctl""#);
    }
    if others.is_empty() {
        return whole(folder, &main, &ours, "main", r#""ctl""#);
    }
    let in_turn = (0..options.isolates).map(|number| {
        format!("(name = \"ISOLATE_{number}\", service = {})", quote(&isolate(number)))
    });
    let in_turn = lab_worker("in_turn.js", &format!("bindings = {}", list(in_turn)));
    let ours = format!(r#"{ours} {} (name = "in_turn", worker = ({in_turn})),"#, others.join(" "));
    whole(folder, &main, &ours, "in_turn", r#""ctl""#)
}

/// The service that is an isolate of the Worker.
fn isolate(number: usize) -> String {
    if number == 0 { "main".to_owned() } else { format!("main-{number}") }
}

/// The same without workers of ours. The control socket is then KV's own.
pub(super) fn render_bare(options: &EdgeOptions, folder: &Folder) -> String {
    let main = main_worker(options, &folder.modules, &BARE, 0);
    whole(folder, &main, "", "main", &format!(r#"(name = "kv", {NAMESPACE})"#))
}

fn whole(folder: &Folder, main: &str, more_services: &str, front: &str, controls: &str) -> String {
    let disk = |name: &str| quote(&folder.path().join(name).to_string_lossy());
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = ({main})),
    (name = "kv", worker = ({kv})),
    {more_services}
    (name = "loopback", network = (allow = ["127.0.0.0/8"])),
    (name = "objects", disk = (path = {objects}, writable = true)),
    (name = "blobs", disk = (path = {blobs}, writable = true)),
  ],
  sockets = [
    (name = "{HTTP_SOCKET}", address = "127.0.0.1:0", service = "{front}",
      http = (cfBlobHeader = "{CF_HEADER}")),
    {more_sockets}
    (name = "{CTL_SOCKET}", address = "127.0.0.1:0", http = (), service = {controls}),
  ],
);
"#,
        more_sockets = if folder.front.is_empty() { String::new() } else { whole_socket() },
        kv = kv_worker(),
        objects = disk("objects"),
        blobs = disk("blobs"),
    )
}

/// For our own pages, which the Worker for requests alone has not.
fn whole_socket() -> String {
    format!(
        r#"(name = "{WHOLE_SOCKET}", address = "127.0.0.1:0", service = "main",
      http = (cfBlobHeader = "{CF_HEADER}")),"#
    )
}

fn main_worker(
    options: &EdgeOptions,
    modules: &[Module],
    around: &Around,
    number: usize,
) -> String {
    let Around { kv, outbound, cache } = around;
    let before = match (options.jurisdictions, options.invocations) {
        (true, _) => Some("jurisdictions.js"),
        (false, true) => Some("invocations.js"),
        (false, false) => None,
    };
    let before = before.map(|file| format!(r#"(name = "{file}", esModule = embed "lab/{file}")"#));
    let modules = list(before.into_iter().chain(modules.iter().map(|it| module(MAIN, it))));
    let kv = format!(r#"(name = "KV", kvNamespace = (name = "{kv}", {NAMESPACE}))"#);
    let vars = options
        .vars
        .iter()
        .map(|(name, value)| format!("(name = {}, text = {})", quote(name), quote(value)));
    let objects = options.durable_objects.iter().map(|(binding, class)| {
        let (binding, class) = (quote(binding), quote(class));
        let of = format!(r#"(className = {class}, serviceName = "main")"#);
        let namespace = if number == 0 { class } else { of };
        format!("(name = {binding}, durableObjectNamespace = {namespace})")
    });
    let net = r#"(name = "LAB_NET", service = (name = "netsim", entrypoint = "Control"))"#;
    let net = options.invocations.then(|| net.to_owned());
    let dataset = options.dataset.as_ref().map(|binding| dataset(binding));
    let classes = options.durable_objects.iter().map(|(_, class)| {
        let class = quote(class);
        format!("(className = {class}, uniqueKey = {class}, enableSql = true)")
    });
    let objects_here = format!(
        r#", durableObjectNamespaces = {}, durableObjectStorage = (localDisk = "objects")"#,
        list(classes)
    );
    format!(
        r#"modules = {modules}, globalOutbound = "{outbound}"{cache},
      compatibilityDate = "{COMPATIBILITY_DATE}", compatibilityFlags = {flags},
      bindings = {bindings}{objects_here}"#,
        flags = list(COMPATIBILITY_FLAGS.into_iter().map(quote)),
        bindings = list([kv].into_iter().chain(vars).chain(objects).chain(net).chain(dataset)),
        objects_here = if number == 0 { objects_here } else { String::new() },
    )
}

/// The Worker for requests alone: the same KV, the other's Controller, and no secret that opens
/// anything.
fn front_worker(options: &EdgeOptions, modules: &[Module], around: &Around) -> String {
    let Around { kv, outbound, cache } = around;
    let kv = format!(r#"(name = "KV", kvNamespace = (name = "{kv}", {NAMESPACE}))"#);
    // A text may stand where a dataset belongs.
    let names = FRONT_VARS.iter().chain(&["ANALYTICS"]);
    let vars = names.filter_map(|name| options.vars.get_key_value(*name));
    let vars =
        vars.map(|(name, value)| format!("(name = {}, text = {})", quote(name), quote(value)));
    let objects = options.durable_objects.iter().filter(|(binding, _)| binding == "CONTROLLER");
    let objects = objects.map(|(binding, class)| {
        let of = format!(r#"(className = {}, serviceName = "main")"#, quote(class));
        format!("(name = {}, durableObjectNamespace = {of})", quote(binding))
    });
    let dataset = options.dataset.as_ref().map(|binding| dataset(binding));
    format!(
        r#"modules = {modules}, globalOutbound = "{outbound}"{cache},
      compatibilityDate = "{COMPATIBILITY_DATE}", compatibilityFlags = {flags},
      bindings = {bindings}"#,
        modules = list(modules.iter().map(|it| module(FRONT, it))),
        flags = list(COMPATIBILITY_FLAGS.into_iter().map(quote)),
        bindings = list([kv].into_iter().chain(vars).chain(objects).chain(dataset)),
    )
}

fn dataset(binding: &str) -> String {
    format!(r#"(name = {}, analyticsEngine = "analytics")"#, quote(binding))
}

/// One module. The script of `worker-build` imports its wasm by a name that starts with `./`.
fn module(folder: &str, module: &Module) -> String {
    let file = quote(&format!("{folder}/{}", module.file));
    if module.is_wasm {
        format!("(name = {}, wasm = embed {file})", quote(&format!("./{}", module.file)))
    } else {
        format!("(name = {}, esModule = embed {file})", quote(&module.file))
    }
}

/// workerd's own KV service, with a clock that can be moved.
fn kv_worker() -> String {
    format!(
        r#"modules = [(name = "kv", bundled = "/workerd/kv.js")],
      compatibilityDate = "{COMPATIBILITY_DATE}",
      durableObjectNamespaces = [(className = "KVNamespace", uniqueKey = "kv", enableSql = true)],
      durableObjectStorage = (localDisk = "objects"),
      bindings = [(name = "SHARD", durableObjectNamespace = "KVNamespace"),
        (name = "BLOBS", service = "blobs"), (name = "TEST_CLOCK", json = "true")]"#
    )
}

fn ctl_worker() -> String {
    let bindings = format!(
        r#"compatibilityFlags = ["service_binding_extra_handlers"],
      bindings = [(name = "MAIN", service = "main"),
        (name = "KV", kvNamespace = (name = "kvtap", entrypoint = "Operator", {NAMESPACE})),
        (name = "TAP", service = (name = "kvtap", entrypoint = "Control")),
        (name = "NET", service = (name = "netsim", entrypoint = "Control")),
        (name = "ANALYTICS", service = (name = "analytics", entrypoint = "Control"))]"#
    );
    lab_worker("ctl.js", &bindings)
}

fn lab_worker(file: &str, rest: &str) -> String {
    format!(
        r#"modules = [(name = "{file}", esModule = embed "lab/{file}")],
      compatibilityDate = "{COMPATIBILITY_DATE}", {rest}"#
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// A Cap'n Proto string literal. Text beyond ASCII is not escaped, because escapes denote bytes.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            control if control.is_ascii_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_quoted_so_that_they_cannot_leave_their_quotes() {
        assert_eq!(quote(r#"a"b\c"#), r#""a\"b\\c""#);
        assert_eq!(quote("a\nb\tc\u{7f}é"), "\"a\\nb\\x09c\\x7fé\"");
    }

    #[test]
    fn wasm_is_named_as_the_script_imports_it() {
        let wasm = Module { file: "index_bg.wasm".into(), is_wasm: true };
        assert_eq!(
            module(MAIN, &wasm),
            r#"(name = "./index_bg.wasm", wasm = embed "main/index_bg.wasm")"#
        );
    }
}
