// What every hook of this folder shares: the signature, the epoch, the answers, the heartbeat.
//
// A system is an object with these parts:
//   name      what the health document calls it
//   sample()  resolves to { role, position, beat: { n, at_ms } | null, ... } of the local server
//   beat()    writes the next heartbeat; called on a primary alone
//   promote() makes the local server the primary; may be called again after a crash in the middle
//   check()   rejects if promote() could not work now; changes nothing
//   reset()   drops connections that no longer answer
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { dirname } from "node:path";

/** Greatest age of a signed timestamp, both ways, as Standard Webhooks has it. */
const TOLERANCE_S = 300;
/** Largest body of a call. */
const BODY_BYTES_MAX = 64 * 1024;
/** A step that takes longer is answered with 202; the caller asks again. */
const PATIENCE_MS = 5_000;
/** Longest run of the program that fences. */
const FENCE_MS_MAX = 30_000;
/** How long a fenced server may take to refuse a connection. */
const CONNECT_MS_MAX = 2_000;
/** Time between two samples of the local server, and between two heartbeats. */
const SAMPLE_EVERY_MS = 1_000;
/** A sample that takes longer has failed. */
const SAMPLE_MS_MAX = 2_000;
/** An older sample tells nothing. */
const SAMPLE_AGE_MS_MAX = 4_000;

/** A step that can never be done: the plan stops. Any other error is tried again. */
export class Never extends Error {}

/** Rejects after `ms`; the work itself goes on. */
export function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer in ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Why a call is not to be believed, or null. `secrets` are `whsec_` and padded base64. */
export function distrust(headers, body, secrets, now_s) {
  const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) => headers[`webhook-${name}`]);
  if (!id || !timestamp || !signatures) return "a header of the signature is missing";
  if (!/^\d{1,12}$/.test(timestamp)) return "the timestamp is not in whole seconds";
  if (Math.abs(now_s - Number(timestamp)) > TOLERANCE_S) return "the timestamp is too old or too new";
  const given = signatures.split(" ").flatMap((one) => (one.startsWith("v1,") ? [Buffer.from(one.slice(3))] : []));
  const is_good = secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
    const right = Buffer.from(createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64"));
    return given.some((one) => one.length === right.length && timingSafeEqual(one, right));
  });
  return is_good ? null : "the signature does not match";
}

/** The highest epoch of each service, and its steps, in a file that survives a crash. */
export class Epochs {
  #file;
  #services;

  constructor(file) {
    this.#file = file;
    this.#services = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  }

  of(service) {
    return this.#services[service] ?? { epoch: -1, from: null, to: null, steps: {} };
  }

  /** Remembers that a step has begun, or is done. When this returns, it is on the disk. */
  note({ service, epoch, from, to }, step, state) {
    const known = this.of(service);
    const steps = { ...(known.epoch === epoch ? known.steps : {}), [step]: state };
    this.#services = { ...this.#services, [service]: { epoch, from, to, steps } };
    const file = openSync(`${this.#file}.new`, "w", 0o600);
    writeSync(file, JSON.stringify(this.#services));
    fsyncSync(file);
    closeSync(file);
    renameSync(`${this.#file}.new`, this.#file);
    const folder = openSync(dirname(this.#file), "r");
    fsyncSync(folder);
    closeSync(folder);
  }
}

/** Fields of a call, or why it is none. */
function read(body) {
  let call;
  try {
    call = JSON.parse(body);
  } catch {
    return "the body is not JSON";
  }
  const is_name = (value) => value === null || (typeof value === "string" && value !== "");
  if (typeof call?.service !== "string" || typeof call.step !== "string") return "no service, or no step";
  if (!Number.isSafeInteger(call.epoch) || call.epoch < 0) return "the epoch is no whole number";
  if (!is_name(call.from ?? null) || !is_name(call.to ?? null)) return "from and to are regions, or null";
  return { ...call, from: call.from ?? null, to: call.to ?? null };
}

/** Decides about calls. `steps` has a `run` and a `check` by the name of each step. */
export class Hook {
  #epochs;
  #steps;
  #running = new Map();

  constructor(epochs, steps) {
    this.#epochs = epochs;
    this.#steps = steps;
  }

  /** Status and words for a call whose signature is good. */
  async answer(call) {
    const step = this.#steps[call.step];
    if (!step) return [409, `there is no step ${call.step} here`];
    const known = this.#epochs.of(call.service);
    if (call.epoch < known.epoch) return [409, `epoch ${known.epoch} rules here`];
    if (call.epoch === known.epoch && (call.from !== known.from || call.to !== known.to))
      return [409, `epoch ${call.epoch} goes from ${known.from} to ${known.to}`];
    const is_known = call.epoch === known.epoch;
    if (is_known && known.steps[call.step] === "done") return [200, "already done by this epoch"];
    const told = { ...call, steps: is_known ? known.steps : {} };
    if (call.is_dry === true) return settled(step.check(told), "would work");
    const busy = this.#running.get(call.service);
    if (busy && (busy.epoch !== call.epoch || busy.step !== call.step))
      return [202, `${busy.step} of epoch ${busy.epoch} is still under way`];
    const { outcome } = busy ?? this.#start(step, told);
    let timer;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS, [202, "begun"])));
    return Promise.race([outcome, patience]).finally(() => clearTimeout(timer));
  }

  #start(step, call) {
    const { service, epoch } = call;
    this.#epochs.note(call, call.step, "begun");
    const run = async () => {
      const words = await step.run(call);
      this.#epochs.note(call, call.step, "done");
      return words;
    };
    const outcome = settled(run(), "done").finally(() => this.#running.delete(service));
    const started = { epoch, step: call.step, outcome };
    this.#running.set(service, started);
    return started;
  }
}

async function settled(promise, fallback) {
  try {
    return [200, (await promise) ?? fallback];
  } catch (error) {
    return [error instanceof Never ? 409 : 500, error.message];
  }
}

/** The health of the local server, from samples that are taken whether anybody asks or not. */
export class Health {
  #system;
  #sample = null;
  #taken = -Infinity;
  #beat = { n: null, seen: null };
  #why = "not sampled yet";
  #is_stopped = false;

  constructor(system) {
    this.#system = system;
  }

  /** Samples until it is told to stop. */
  async run() {
    while (!this.#is_stopped) {
      const began = performance.now();
      await this.once().catch((error) => {
        this.#why = error.message;
        this.#system.reset();
      });
      const rest = SAMPLE_EVERY_MS - (performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, Math.max(rest, 0)));
    }
  }

  stop() {
    this.#is_stopped = true;
  }

  async once() {
    const asked = performance.now();
    const sample = await within(SAMPLE_MS_MAX, this.#system.sample(), "the server");
    // What is there now may have come right after the last look, and only that much is sure.
    if (sample.beat && sample.beat.n !== this.#beat.n) {
      this.#beat = { n: sample.beat.n, seen: this.#beat.n === null ? null : this.#taken };
    }
    this.#sample = sample;
    this.#taken = asked;
    if (sample.role === "primary") await within(SAMPLE_MS_MAX, this.#system.beat(), "the heartbeat");
  }

  /** Status and document. What is not known is null. */
  document() {
    const now = performance.now();
    const unknown = { role: null, lag_s: null, contact_age_s: null, position: null, system: this.#system.name };
    if (now - this.#taken > SAMPLE_AGE_MS_MAX) return [503, { ...unknown, error: this.#why }];
    const { role, position, beat, ...more } = this.#sample;
    const checked_age_s = round((now - this.#taken) / 1_000);
    const rest = { position, system: this.#system.name, checked_age_s, ...more };
    if (role === "primary") return [200, { role, lag_s: 0, contact_age_s: 0, ...rest }];
    // The clocks of two machines: below 0, one of them is wrong and nothing is known.
    const lag_s = beat ? round((Date.now() - beat.at_ms) / 1_000) : null;
    const contact_age_s = this.#beat.seen === null ? null : round((now - this.#beat.seen) / 1_000);
    return [200, { role, lag_s: lag_s !== null && lag_s >= 0 ? lag_s : null, contact_age_s, ...rest }];
  }
}

const round = (seconds) => Math.round(seconds * 1_000) / 1_000;

/** Runs the program that fences a region. It may end with 0 only when that region cannot write. */
function run_fence(program, region, call) {
  return new Promise((resolve, reject) => {
    const [file, ...words] = program.split(" ");
    const env = { ...process.env, SERVICE: call.service, EPOCH: String(call.epoch), IS_DRY: call.is_dry ? "1" : "0" };
    const child = spawn(file, [...words, region], { env, stdio: ["ignore", "pipe", "pipe"], timeout: FENCE_MS_MAX });
    let said = "";
    for (const output of [child.stdout, child.stderr]) output.on("data", (data) => (said = (said + data).slice(-300)));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(said) : reject(new Error(`the fence ended with ${code}: ${said}`)),
    );
  });
}

/** Rejects if something still takes connections there: then the fence did not hold. */
function assert_refused(address) {
  const [host, port] = [address.slice(0, address.lastIndexOf(":")), address.slice(address.lastIndexOf(":") + 1)];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host);
    const end = (outcome) => {
      socket.destroy();
      outcome();
    };
    socket.on("connect", () => end(() => reject(new Error(`${address} still takes connections`))));
    socket.on("error", () => end(resolve));
    socket.setTimeout(CONNECT_MS_MAX, () => end(resolve));
  });
}

/** The two steps of a system, as `settings` has them. */
export function steps(system, settings) {
  const { region, fence, peers, needs_fence, manager } = settings;
  const fenced = async (call) => {
    if (!fence) throw new Never("no program is set that fences");
    if (call.from === null) throw new Never("the call names no region to fence");
    if (call.from === region) throw new Never(`this hook stands in ${region}, which is to be fenced`);
    const said = await run_fence(fence, call.from, call);
    if (!call.is_dry && peers[call.from]) await assert_refused(peers[call.from]);
    return said.trim() || undefined;
  };
  const may_promote = async (call) => {
    if (manager) throw new Never(`${manager} promotes here`);
    if (call.to !== region) throw new Never(`this hook promotes ${region} alone`);
    if (!call.is_dry && needs_fence && call.steps.fence !== "done") throw new Never("this epoch has fenced nobody");
    await system.check({ ...call, is_begun: call.steps.promote === "begun" });
  };
  const promote = async (call) => {
    await may_promote(call);
    return system.promote(call);
  };
  return { fence: { run: fenced, check: fenced }, promote: { run: promote, check: may_promote } };
}

/** The settings of a hook, from the environment. */
export function settings(env = process.env) {
  const needed = (name) => {
    if (!env[name]) throw new Error(`${name} is not set`);
    return env[name];
  };
  const pairs = (env.PEERS ?? "").split(" ").filter(Boolean);
  return {
    port: Number(needed("PORT")),
    host: env.HOST ?? "127.0.0.1",
    region: needed("REGION"),
    secrets: needed("HOOK_SECRET").split(" "),
    state: needed("STATE"),
    fence: env.FENCE,
    peers: Object.fromEntries(pairs.map((pair) => pair.split("="))),
    needs_fence: env.NEEDS_FENCE !== "no",
    manager: env.MANAGER,
  };
}

async function body_of(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Serves `POST /` (or any path) for calls and `GET /health`. Resolves once it listens. */
export function serve(system, set = settings()) {
  const hook = new Hook(new Epochs(set.state), steps(system, set));
  const health = new Health(system);
  const reply = (response, status, document) => {
    const headers = { "content-type": "application/json", "cache-control": "no-store" };
    if (status === 202) headers["retry-after"] = "1";
    response.writeHead(status, headers).end(JSON.stringify(document) + "\n");
  };
  const server = createServer(async (request, response) => {
    if (request.method === "GET" && request.url === "/health") return reply(response, ...health.document());
    if (request.method !== "POST") return reply(response, 404, { said: "POST a call, or GET /health" });
    const body = await body_of(request);
    if (body === null) return reply(response, 413, { said: "the body is too large" });
    const why = distrust(request.headers, body, set.secrets, Math.floor(Date.now() / 1_000));
    if (why) return reply(response, 401, { said: why });
    const call = read(body);
    if (typeof call === "string") return reply(response, 400, { said: call });
    const asked_ms = Date.now();
    const [status, said] = await hook.answer(call);
    console.log(JSON.stringify({ ...call, asked_ms, answered_ms: Date.now(), status, said }));
    reply(response, status, { said });
  });
  void health.run();
  server.on("close", () => health.stop());
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(set.port, set.host, () => resolve(server));
  });
}
