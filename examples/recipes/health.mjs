// A health document for what has none of its own: Galera, Redis, PostgreSQL, pgBackRest, restic. One file, Node.js 20,
// no packages. docs/recipes.md says which fields to expect, and what they cannot tell.
//
//   SYSTEM=redis PORT=8100 COMMAND='redis-cli -p 6379' node health.mjs
//
// It asks when it is asked and keeps nothing: an old answer looks like a new one. Requests that come while it asks share
// the answer, so probes that were given up do not pile up at the database. What cannot be read is a 503 with the reason.
import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { createServer } from "node:http";

/** Longest wait for a command. Below the `timeout_ms` of the recipes, so that the reason is told and not a time-out. */
const COMMAND_MS_MAX = Number(process.env.COMMAND_MS_MAX ?? 4_000);
/** Most that a command may say. */
const SAID_BYTES_MAX = 8 * 1024 * 1024;

/** Runs COMMAND with more words and an input; resolves to what it said. */
function said(words, input = "") {
  const [file, ...first] = (process.env.COMMAND ?? "").split(" ").filter(Boolean);
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...first, ...words], { timeout: COMMAND_MS_MAX, killSignal: "SIGKILL" });
    const out = [];
    let [bytes, errors] = [0, ""];
    child.stdout.on("data", (data) => {
      bytes += data.length;
      if (bytes <= SAID_BYTES_MAX) out.push(data);
      else child.kill("SIGKILL");
    });
    child.stderr.on("data", (data) => (errors = (errors + data).slice(-300)));
    child.stdin.on("error", () => {});
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(Buffer.concat(out).toString());
      else reject(new Error(signal ? `no answer in ${COMMAND_MS_MAX} ms` : `${file} ended with ${code}: ${errors}`));
    });
    child.stdin.end(input);
  });
}

/** Lines `name<separator>value` as an object; whole numbers as numbers. */
function pairs(text, separator) {
  const value = (raw) => (/^-?\d{1,15}$/.test(raw) ? Number(raw) : raw);
  const lines = text.split(/\r?\n/).filter((line) => line.includes(separator));
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf(separator);
      return [line.slice(0, at), value(line.slice(at + separator.length))];
    }),
  );
}

// A read with `wsrep_sync_wait` waits until the node has what the cluster has: a node that thawed says `Synced` for
// seconds before it knows better, and this read fails there. `SHOW STATUS` alone would not.
const GALERA = `SET SESSION wsrep_sync_wait = 1; SET SESSION lock_wait_timeout = 2;
SELECT 'clusters', COUNT(*) FROM mysql.wsrep_cluster; SHOW GLOBAL STATUS LIKE 'wsrep\\_%';`;

// What was received counts, not what was replayed. The timeline of a primary is that of the WAL that it writes: the
// control file has the old one until the next checkpoint.
const POSTGRESQL = `SELECT json_build_object(
  'role', CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END,
  'contact_age_s', CASE WHEN NOT pg_is_in_recovery() THEN 0 ELSE
    (SELECT round(extract(epoch FROM clock_timestamp() - last_msg_receipt_time)::numeric, 3)
     FROM pg_stat_wal_receiver WHERE status = 'streaming') END,
  'timeline', CASE WHEN pg_is_in_recovery() THEN (SELECT received_tli FROM pg_stat_wal_receiver)
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
  'position', (CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn)::bigint)`;

/** When a file was last written: by `restic check --read-data && touch FILE`, or after a test restore. */
function written_at(file) {
  if (!file) return null;
  try {
    return statSync(file).mtime.toISOString();
  } catch {
    return null;
  }
}

/** The number of a segment of the write-ahead log, counted from the first one; 16 MiB each. */
const segment = (name) => parseInt(name.slice(8, 16), 16) * 256 + parseInt(name.slice(16, 24), 16);

async function pgbackrest(stanza = process.env.STANZA ?? "main") {
  const [info] = JSON.parse(await said(["--output=json", `--stanza=${stanza}`, "info"]));
  const last = info.backup.at(-1);
  const archive = info.archive.at(-1);
  const listed = await said(["--output=json", "--recurse", "repo-ls", `archive/${stanza}/${archive?.id ?? ""}`]);
  const names = Object.keys(JSON.parse(listed)).map((path) => path.split("/").at(-1));
  const segments = new Set(names.map((name) => /^([0-9A-F]{24})-/.exec(name)?.[1]).filter(Boolean));
  // Of the last timeline alone: between two of them numbers are skipped.
  const own = [...segments].filter((name) => name.slice(0, 8) === archive?.max.slice(0, 8)).map(segment);
  const missing = own.length ? Math.max(...own) - Math.min(...own) + 1 - own.length : null;
  return {
    status_code: info.status.code,
    last_run_at: last ? new Date(last.timestamp.stop * 1_000).toISOString() : null,
    has_error: last?.error ?? null,
    bytes: last?.info.size ?? 0,
    segments: own.length,
    segments_missing: missing,
    last_restore_at: written_at(process.env.PROOF),
  };
}

async function restic() {
  const [last] = JSON.parse(await said(["--no-lock", "snapshots", "--json", "--latest", "1"]));
  const stats = last ? JSON.parse(await said(["--no-lock", "stats", "--json", "latest"])) : {};
  return {
    last_run_at: last?.time ?? null,
    files: stats.total_file_count ?? 0,
    bytes: stats.total_size ?? 0,
    last_check_at: written_at(process.env.PROOF),
  };
}

async function redis() {
  const info = pairs(await said(["INFO"]), ":");
  const is_replica = info.role === "slave";
  return {
    role: is_replica ? "replica" : "primary",
    is_loading: info.loading === 1,
    link: is_replica ? info.master_link_status : "up",
    contact_age_s: is_replica ? info.master_last_io_seconds_ago : 0,
    position: info.master_repl_offset,
  };
}

const documents = {
  galera: async () => pairs(await said(["--batch", "--skip-column-names"], GALERA), "\t"),
  pgbackrest,
  postgresql: async () => JSON.parse(await said(["-X", "-q", "-A", "-t", "-c", POSTGRESQL])),
  redis,
  restic,
};

const read = documents[process.env.SYSTEM ?? ""];
if (!read) throw new Error(`SYSTEM is none of ${Object.keys(documents).join(", ")}`);
let under_way = null;

const server = createServer(async (_request, response) => {
  under_way ??= read().finally(() => (under_way = null));
  const [status, document] = await under_way.then(
    (document) => [200, document],
    (error) => [503, { error: String(error.message).trim() }],
  );
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(document));
});
server.listen(Number(process.env.PORT ?? 8100), process.env.HOST ?? "127.0.0.1", () => console.log("listening"));
