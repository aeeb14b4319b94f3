// Redis with one replica: health, fence, promotion. See README.md.
//
//   PORT=8600 REGION=us-east HOOK_SECRET=whsec_… STATE=/var/lib/hook/epochs.json REDIS=127.0.0.1:6379 \
//   FENCE='/usr/local/sbin/power-off' PEERS='eu-west=10.0.1.5:6379' node redis.mjs
import { connect } from "node:net";
import { pathToFileURL } from "node:url";
import { Never, serve } from "./hook.mjs";

/** The key that the primary writes each second. */
const HEARTBEAT_KEY = "pointsman:heartbeat";

/** One connection. Commands are answered in their order; once it is lost, every call is rejected. */
export class Redis {
  #socket;
  #waiting = [];
  #read = Buffer.alloc(0);
  is_lost = false;

  constructor(address) {
    const [host, port] = address.split(":");
    this.#socket = connect(Number(port), host);
    this.#socket.on("data", (data) => this.#take(data));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.close());
  }

  call(...words) {
    if (this.is_lost) return Promise.reject(new Error("the connection is lost"));
    const parts = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(`*${words.length}\r\n${parts.join("")}`);
    });
  }

  close() {
    this.is_lost = true;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error("the connection is lost"));
  }

  #take(data) {
    this.#read = Buffer.concat([this.#read, data]);
    for (let value = parse(this.#read, 0); value; value = parse(this.#read, 0)) {
      this.#read = this.#read.subarray(value.end);
      const { resolve, reject } = this.#waiting.shift();
      if (value.error) reject(new Error(value.error));
      else resolve(value.it);
    }
  }
}

/** The value that begins at `at`, and where it ends; null if the rest has not arrived. */
function parse(read, at) {
  const line_end = read.indexOf("\r\n", at);
  if (line_end < 0) return null;
  const [kind, line] = [String.fromCharCode(read[at]), read.toString("utf8", at + 1, line_end)];
  let end = line_end + 2;
  if (kind === "+") return { it: line, end };
  if (kind === "-") return { error: line, end };
  if (kind === ":") return { it: Number(line), end };
  const length = Number(line);
  if (length < 0) return { it: null, end };
  if (kind === "$") {
    if (read.length < end + length + 2) return null;
    return { it: read.toString("utf8", end, end + length), end: end + length + 2 };
  }
  const list = [];
  for (let index = 0; index < length; index += 1) {
    const value = parse(read, end);
    if (!value) return null;
    list.push(value.it);
    end = value.end;
  }
  return { it: list, end };
}

export function redis(address) {
  let link = null;
  const call = (...words) => {
    if (link === null || link.is_lost) link = new Redis(address);
    return link.call(...words);
  };
  const info = async () => {
    const lines = (await call("INFO", "replication")).split("\r\n");
    return Object.fromEntries(lines.filter((line) => line.includes(":")).map((line) => line.split(":")));
  };
  return {
    name: "redis",
    async sample() {
      const told = await info();
      const is_primary = told.role === "master";
      const beat = await call("GET", HEARTBEAT_KEY);
      // What was read counts, not yet what was applied: a promotion applies it.
      const position = is_primary ? told.master_repl_offset : (told.slave_read_repl_offset ?? told.slave_repl_offset);
      return {
        role: is_primary ? "primary" : "standby",
        position: Number(position),
        beat: beat === null ? null : { n: Number(beat), at_ms: Number(beat) },
        // Stays up for a minute after the primary froze.
        link: told.master_link_status ?? null,
        is_syncing: told.master_sync_in_progress === "1",
      };
    },
    beat: () => call("SET", HEARTBEAT_KEY, Date.now()),
    async check(call_) {
      const { role, master_sync_in_progress } = await info();
      if (role === "master" && !call_.is_begun) throw new Never("this server is a primary, and not by this epoch");
      if (master_sync_in_progress === "1") throw new Error("a full copy is under way; the data here are older");
    },
    async promote() {
      await call("REPLICAOF", "NO", "ONE");
      // Else a restart makes it a replica of the old primary again.
      await call("CONFIG", "REWRITE");
      return `primary at ${(await info()).master_repl_offset}`;
    },
    reset() {
      link?.close();
      link = null;
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await serve(redis(process.env.REDIS ?? "127.0.0.1:6379"));
