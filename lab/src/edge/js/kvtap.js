// Stands between KV bindings and the KV service and speaks its HTTP protocol on both sides. The default entrypoint is
// for the Worker: counted, and failing or stale on demand. `Operator` is for the tests: neither counted nor failing, but
// what it writes reaches the Worker with the same delay as any other write.
import { WorkerEntrypoint } from "cloudflare:workers";

/** @typedef {{ UPSTREAM: Fetcher }} Bindings */

/** @type {() => { reads: number, writes: number, deletes: number, lists: number, writes_by_key: Record<string, number> }} */
const noCounts = () => ({ reads: 0, writes: 0, deletes: 0, lists: 0, writes_by_key: {} });
const noFaults = { fail_reads: false, fail_writes: false, propagation_ms: 0 };

let counts = noCounts();
let faults = noFaults;
let clockSkewMs = 0;

/**
 * What a change has overwritten, and when.
 * @typedef {{ at: number, before: { status: number, body: ArrayBuffer, metadata: string | null } }} Overwritten
 */

/** @type {Map<string, Overwritten[]>} by key, oldest first */
const overwritten = new Map();

/** @satisfies {ExportedHandler<Bindings>} */
export default {
  async fetch(request, env) {
    const operation = await parse(request);
    count(operation);
    const fails = operation.isChange ? faults.fail_writes : faults.fail_reads;
    if (fails) return new Response(null, { status: 503, statusText: "KV is set to fail" });
    if (operation.isChange) await remember(operation.key, env);
    return (operation.name === "get" && stale(operation.key)) || env.UPSTREAM.fetch(request);
  },
};

/** @extends {WorkerEntrypoint<Bindings>} */
export class Operator extends WorkerEntrypoint {
  /** @param {Request} request */
  async fetch(request) {
    const operation = await parse(request);
    if (operation.isChange) await remember(operation.key, this.env);
    return this.env.UPSTREAM.fetch(request);
  }
}

/** @extends {WorkerEntrypoint<Bindings>} */
export class Control extends WorkerEntrypoint {
  counts() {
    return counts;
  }

  resetCounts() {
    counts = noCounts();
  }

  /** @param {Partial<typeof noFaults>} next */
  setFaults(next) {
    faults = { ...noFaults, ...next };
    if (faults.propagation_ms === 0) overwritten.clear();
  }

  /** @param {number} ms */
  async advanceClock(ms) {
    clockSkewMs += ms;
    const response = await this.env.UPSTREAM.fetch(`http://kv/clock?advance=${ms}`, { method: "POST" });
    if (!response.ok) throw new Error(`KV's clock did not move: ${response.status} ${response.statusText}`);
  }
}

/**
 * An operation on KV; `keys` is how many it reads, if several.
 * @typedef {{ name: "put" | "delete" | "get" | "getBulk" | "list", key: string, keys?: number, isChange: boolean }} Operation
 */

/**
 * @param {Request} request
 * @returns {Promise<Operation>}
 */
async function parse(request) {
  const key = decodeURIComponent(new URL(request.url).pathname.slice(1));
  switch (request.method) {
    case "PUT":
      return { name: "put", key, isChange: true };
    case "DELETE":
      return { name: "delete", key, isChange: true };
    case "POST":
      return { name: "getBulk", key, keys: await countKeys(request), isChange: false };
    default:
      return { name: key === "" ? "list" : "get", key, isChange: false };
  }
}

/** @param {Request} request */
async function countKeys(request) {
  const { keys } = /** @type {{ keys: string[] }} */ (await request.clone().json());
  return keys.length;
}

/** @param {Operation} operation */
function count({ name, key, keys }) {
  switch (name) {
    case "put":
      counts.writes += 1;
      counts.writes_by_key[key] = (counts.writes_by_key[key] ?? 0) + 1;
      break;
    case "delete":
      counts.deletes += 1;
      break;
    case "list":
      counts.lists += 1;
      break;
    default:
      counts.reads += keys ?? 1;
  }
}

const now = () => Date.now() + clockSkewMs;
/** @param {Overwritten} overwritten */
const isUnseen = ({ at }) => now() - at < faults.propagation_ms;

/**
 * Keeps what a change is about to overwrite, for those who cannot see the change yet.
 * @param {string} key
 * @param {Bindings} env
 */
async function remember(key, env) {
  if (faults.propagation_ms === 0) return;
  const response = await env.UPSTREAM.fetch(`http://kv/${encodeURIComponent(key)}`);
  const metadata = response.headers.get("CF-KV-Metadata");
  const before = { status: response.status, body: await response.arrayBuffer(), metadata };
  const unseen = (overwritten.get(key) ?? []).filter(isUnseen);
  overwritten.set(key, [...unseen, { at: now(), before }]);
}

/**
 * What the Worker still sees: the value before the oldest change that has not spread yet.
 * @param {string} key
 */
function stale(key) {
  const before = overwritten.get(key)?.find(isUnseen)?.before;
  if (before === undefined) return null;
  const { status, body, metadata } = before;
  const headers = new Headers(metadata === null ? [] : [["CF-KV-Metadata", metadata]]);
  return new Response(status === 200 ? body : null, { status, headers });
}
