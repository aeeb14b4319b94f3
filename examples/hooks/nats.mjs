// NATS JetStream, a mirror in another domain: health, fence, promotion. See README.md.
//
//   PORT=8600 REGION=us-east HOOK_SECRET=whsec_… STATE=/var/lib/hook/epochs.json NATS=127.0.0.1:4222 \
//   STREAM=ORDERS MIRROR=ORDERS_MIRROR SUBJECTS='orders.>' HEARTBEAT=orders.heartbeat \
//   FENCE='/usr/local/sbin/power-off' PEERS='eu-west=10.0.1.5:4222' node nats.mjs
import { connect } from "node:net";
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { Never, serve } from "./hook.mjs";

/** Longest wait for an answer of the server. */
const REQUEST_MS_MAX = 2_000;
/** What arrived is taken over once the mirror stands still for so long. */
const STILL_MS = 1_000;
/** Longest wait until the new stream has all that the mirror has. */
const DRAIN_MS_MAX = 30_000;

/** One connection that asks and hears. Once it is lost, every request is rejected. */
export class Nats {
  #socket;
  #inbox = `_INBOX.${randomUUID()}`;
  #waiting = new Map();
  #read = Buffer.alloc(0);
  #next = 0;
  is_lost = false;

  constructor(address) {
    const [host, port] = address.split(":");
    this.#socket = connect(Number(port), host);
    this.#socket.write('CONNECT {"verbose":false,"headers":true,"no_responders":true,"lang":"node","version":"1"}\r\n');
    this.#socket.write(`SUB ${this.#inbox}.* 1\r\n`);
    this.#socket.on("data", (data) => this.#take(data));
    this.#socket.on("error", () => {});
    this.#socket.on("close", () => this.close());
  }

  /** The answer as text; waits for ever if `ms` is 0. */
  request(subject, payload = "", ms = REQUEST_MS_MAX) {
    if (this.is_lost) return Promise.reject(new Error("the connection is lost"));
    const id = String((this.#next += 1));
    return new Promise((resolve, reject) => {
      const late = () => this.#waiting.delete(id) && reject(new Error(`${subject}: no answer in ${ms} ms`));
      const timer = ms > 0 ? setTimeout(late, ms) : undefined;
      this.#waiting.set(id, { resolve, reject, timer });
      this.#socket.write(`PUB ${subject} ${this.#inbox}.${id} ${Buffer.byteLength(payload)}\r\n${payload}\r\n`);
    });
  }

  /** A request of JetStream's API. Resolves to null if there is no such thing. */
  async api(subject, payload) {
    const answer = JSON.parse(await this.request(`$JS.API.${subject}`, payload ? JSON.stringify(payload) : ""));
    if (answer.error?.code === 404) return null;
    if (answer.error) throw new Error(answer.error.description);
    return answer;
  }

  close() {
    this.is_lost = true;
    this.#socket.destroy();
    for (const id of [...this.#waiting.keys()]) this.#end(id, "reject", new Error("the connection is lost"));
  }

  #end(id, how, value) {
    const it = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(it?.timer);
    it?.[how](value);
  }

  #take(data) {
    this.#read = Buffer.concat([this.#read, data]);
    for (;;) {
      const line_end = this.#read.indexOf("\r\n");
      if (line_end < 0) return;
      const words = this.#read.toString("utf8", 0, line_end).split(" ");
      let end = line_end + 2;
      if (words[0] === "PING") this.#socket.write("PONG\r\n");
      if (words[0] === "MSG" || words[0] === "HMSG") {
        const bytes = Number(words.at(-1));
        if (this.#read.length < end + bytes + 2) return;
        const head = words[0] === "HMSG" ? Number(words.at(-2)) : 0;
        const status = this.#read.toString("utf8", end, end + head);
        const body = this.#read.toString("utf8", end + head, end + bytes);
        end += bytes + 2;
        const id = words[1].slice(words[1].lastIndexOf(".") + 1);
        if (status.startsWith("NATS/1.0 503")) this.#end(id, "reject", new Error("nobody answers on this subject"));
        else this.#end(id, "resolve", body);
      }
      this.#read = this.#read.subarray(end);
    }
  }
}

/** `names` has the stream, its mirror, its subjects and the subject of heartbeats. */
export function nats(address, names) {
  let link = null;
  const get = () => {
    if (link === null || link.is_lost) link = new Nats(address);
    return link;
  };
  const stream = (name) => get().api(`STREAM.INFO.${name}`);
  const is_own = (info) => info !== null && !info.config.sources?.length;
  async function drained() {
    const end = Date.now() + DRAIN_MS_MAX;
    let [last, since] = [-1, Date.now()];
    for (;;) {
      const [mirror, own] = [await stream(names.mirror), await stream(names.stream)];
      if (mirror.state.last_seq !== last) [last, since] = [mirror.state.last_seq, Date.now()];
      if (Date.now() - since >= STILL_MS && own.state.messages >= mirror.state.messages) return;
      if (Date.now() > end) throw new Error("the new stream has not all of the mirror yet");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return {
    name: "nats",
    async sample() {
      const [own, mirror] = [await stream(names.stream), await stream(names.mirror)];
      // While it still sources the mirror, a promotion is under way.
      const is_primary = is_own(own);
      const here = is_primary ? own : mirror;
      if (here === null) throw new Error(`neither ${names.stream} nor ${names.mirror} is here`);
      const request = { last_by_subj: names.heartbeat };
      const got = await get().api(`STREAM.MSG.GET.${here.config.name}`, request);
      const beat = got ? JSON.parse(Buffer.from(got.message.data, "base64").toString()) : null;
      const active = here.mirror?.active ?? -1;
      return {
        role: is_primary ? "primary" : "standby",
        position: here.state.last_seq,
        beat,
        // The server's own word, which is honest; -1 and absent are unknown. Its `lag` is not: 0 while messages miss.
        active_s: active >= 0 ? active / 1e9 : null,
      };
    },
    async beat() {
      const at_ms = Date.now();
      await get().request(names.heartbeat, JSON.stringify({ n: at_ms, at_ms }));
    },
    async check(call) {
      const own = await stream(names.stream);
      if (is_own(own) && !call.is_begun) throw new Never(`${names.stream} is here already, and not by this epoch`);
      if (!is_own(own) && !(await stream(names.mirror))) throw new Never(`there is no ${names.mirror} here`);
    },
    async promote() {
      // A mirror cannot be written to. A stream that sources it can; without its source nothing late comes in.
      const config = { name: names.stream, subjects: names.subjects.split(" "), storage: "file", retention: "limits" };
      const own = await stream(names.stream);
      if (!is_own(own)) {
        const sourcing = { ...config, sources: [{ name: names.mirror }] };
        if (own === null) await get().api(`STREAM.CREATE.${names.stream}`, sourcing);
        await drained();
        await get().api(`STREAM.UPDATE.${names.stream}`, config);
      }
      return `${names.stream} has ${(await stream(names.stream)).state.messages} messages`;
    },
    reset() {
      link?.close();
      link = null;
    },
  };
}

/** The names of the stream, from the environment. */
export function names(env = process.env) {
  const stream = env.STREAM ?? "ORDERS";
  const [mirror, subjects] = [env.MIRROR ?? `${stream}_MIRROR`, env.SUBJECTS ?? `${stream.toLowerCase()}.>`];
  return { stream, mirror, subjects, heartbeat: env.HEARTBEAT ?? `${stream.toLowerCase()}.heartbeat` };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  await serve(nats(process.env.NATS ?? "127.0.0.1:4222", names()));
