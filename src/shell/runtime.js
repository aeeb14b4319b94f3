// What the shell asks of the runtime, each in one promise. Waiting for several promises in a row, or for the first of two,
// costs several times as much in Rust, where each wait is a state machine of its own. Nothing is decided here.
// `hands.rs`, `objects.rs` and `log.rs` declare these functions to Rust.
import { connect } from "cloudflare:sockets";

/** Limits how much is done at once: as many pieces of work as there are hands. */
export class Hands {
  #free;
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {number} count */
  constructor(count) {
    this.#free = count;
  }

  /**
   * Does `work` as soon as a hand is free.
   * @template T
   * @param {() => Promise<T>} work
   */
  async take(work) {
    if (this.#free > 0) this.#free -= 1;
    else await /** @type {Promise<void>} */ (new Promise((go) => this.#waiting.push(go)));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

/**
 * How an exchange ended. The status is 0 if there is no response. `isBroken` says that the body was lost after its head
 * had come, `isLate` that the time was over, `isCut` that the body goes on, and `isUnread` that it has an encoding or a
 * charset that is not read.
 * @typedef {{ text: string, isBroken: boolean, isLate: boolean, isCut?: boolean, isUnread?: boolean }} Read
 * @typedef {Read & { status: number, isOpen?: boolean, turnedAway?: number, latencyMs?: number, lostAddress?: number,
 *   header?: (name: string) => string | undefined }} Met
 */

/**
 * Makes one request of our own. The timeout covers head and body and closes the connection. No redirect is followed.
 * Never rejects.
 * @param {Hands} hands
 * @param {string} method
 * @param {string} url
 * @param {Map<string, string>} headers
 * @param {string | undefined} body
 * @param {number} timeoutMs
 * @param {number} bodyBytesMax
 * @param {string | undefined} resolve the host to connect to, if it is not the URL's
 */
export function exchange(hands, method, url, headers, body, timeoutMs, bodyBytesMax, resolve) {
  return hands.take(async () => {
    const beganAt = Date.now();
    const init = { method, headers: [...headers], body, ...own(AbortSignal.timeout(timeoutMs), resolve) };
    const met = await meet(url, init, 0, bodyBytesMax, undefined);
    return { ...met, beganAt, endedAt: Date.now() };
  });
}

/**
 * What all requests of our own have in common.
 * @param {AbortSignal} signal
 * @param {string | undefined} resolve
 * @returns {RequestInit}
 */
function own(signal, resolve) {
  const cf = resolve === undefined ? {} : { cf: { resolveOverride: resolve } };
  return { signal, redirect: "manual", cache: "no-store", ...cf };
}

/**
 * What is asked of an origin: `tick::Probe`, as far as it counts here.
 * @typedef {{ url: string, timeout_ms: number, resolve?: string, addresses: string[],
 *   request: { method: string, redirects: number, retries: number } }} Probe
 */

/**
 * Makes a probe, and repeats one that failed. All of it takes one hand and one timeout. One that got no answer in time is
 * not repeated, because the server may still be at it, and none that is told to come less often. Never rejects.
 * @param {Hands} hands
 * @param {string} text a {@link Probe} as JSON
 * @param {Map<string, string>} headers
 * @param {number} bodyBytesMax
 * @param {string | undefined} wanted text in lower case after which nothing more is read of a body without a length
 * @param {((met: Met) => boolean) | undefined} judge whether it passes; needed for repeats and addresses
 */
export function probe(hands, text, headers, bodyBytesMax, wanted, judge) {
  /** @type {Probe} */
  const { url, timeout_ms: timeoutMs, resolve, addresses, request } = JSON.parse(text);
  return hands.take(async () => {
    const beganAt = Date.now();
    const signal = AbortSignal.timeout(timeoutMs);
    const init = { method: request.method, headers: [...headers], ...own(signal, resolve) };
    const once = () =>
      url.startsWith(TCP)
        ? opened(url.slice(TCP.length), signal)
        : meet(url, init, request.redirects, bodyBytesMax, wanted);
    for (let left = request.retries; ; left -= 1) {
      const met = await once();
      const hasPassed = judge?.(met) ?? true;
      const lostAddress = hasPassed ? await firstLost(addresses, signal) : 0;
      const isOver = (hasPassed && lostAddress === 0) || met.isLate || met.status === TOO_MANY_REQUESTS;
      if (isOver || left === 0 || signal.aborted) return { ...met, lostAddress, beganAt, endedAt: Date.now() };
    }
  });
}

const TCP = "tcp://";
const TOO_MANY_REQUESTS = 429;
const REDIRECTS = [301, 302, 303, 307, 308];
/** Why a redirect was not followed. `runtime.rs` knows these numbers. */
const ELSEWHERE = 1;
const TOO_OFTEN = 2;

/**
 * Fetches a URL, and follows so many redirects within its host. Never rejects.
 * @param {string} url
 * @param {RequestInit} init
 * @param {number} redirects
 * @param {number} bodyBytesMax
 * @param {string | undefined} wanted
 * @returns {Promise<Met>}
 */
async function meet(url, init, redirects, bodyBytesMax, wanted) {
  const beganAt = Date.now();
  try {
    let [response, turnedAway] = [await fetch(url, init), 0];
    for (let [at, left] = [url, redirects]; redirects > 0; left -= 1) {
      const next = target(response, at);
      if (next === undefined) break;
      turnedAway = next === "" ? ELSEWHERE : left === 0 ? TOO_OFTEN : 0;
      if (turnedAway > 0) break;
      await response.body?.cancel().catch(() => {});
      const method = response.status === 303 && init.method !== "HEAD" ? "GET" : init.method;
      [at, response] = [next, await fetch(next, { ...init, method })];
    }
    const latencyMs = Math.max(0, Date.now() - beganAt);
    const read = await beginning(response, bodyBytesMax, wanted).catch(failed);
    /** @param {string} name */
    const header = (name) => response.headers.get(name) ?? undefined;
    return { status: response.status, turnedAway, ...read, latencyMs, header };
  } catch (error) {
    return { status: 0, ...failed(error) };
  }
}

/**
 * Where a redirect leads: `undefined` if it is none, or says nothing that can be read; empty if to another host, or from
 * TLS to plain text. There it would be another server that answers, and it would learn the headers.
 * @param {Response} response
 * @param {string} at
 */
function target(response, at) {
  const location = response.headers.get("location");
  if (!REDIRECTS.includes(response.status) || location === null || !URL.canParse(location, at)) return undefined;
  const [next, before] = [new URL(location, at), new URL(at)];
  const isAsSafe = next.protocol === "https:" || (next.protocol === "http:" && before.protocol === "http:");
  return isAsSafe && next.hostname === before.hostname && next.username === "" ? next.href : "";
}

/**
 * Opens a connection and closes it. Never rejects.
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<Met>}
 */
async function opened(address, signal) {
  const beganAt = Date.now();
  try {
    const socket = connect(address);
    // Both are awaited by nobody: a socket that never opens may not close for two minutes either.
    socket.closed.catch(() => {});
    try {
      await Promise.race([socket.opened, aborted(signal)]);
    } finally {
      socket.close().catch(() => {});
    }
    return { status: 0, isOpen: true, ...readWell(""), latencyMs: Math.max(0, Date.now() - beganAt) };
  } catch (error) {
    return { status: 0, ...failed(error) };
  }
}

/**
 * Rejects when the signal is aborted.
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
function aborted(signal) {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/**
 * Which address takes no connection, from 1; 0 if all do.
 * @param {string[]} addresses
 * @param {AbortSignal} signal
 */
async function firstLost(addresses, signal) {
  for (const [index, address] of addresses.entries()) {
    if (!(await opened(address, signal)).isOpen) return index + 1;
  }
  return 0;
}

/**
 * @param {string} text
 * @returns {Read}
 */
const readWell = (text, isCut = false) => ({ text, isBroken: false, isLate: false, isCut });

/**
 * @param {unknown} error
 * @returns {Read}
 */
function failed(error) {
  const { name, message } = /** @type {Partial<Error>} */ (error ?? {});
  const text = typeof message === "string" ? message : "";
  return { text, isBroken: true, isLate: name === "TimeoutError" };
}

/** What the runtime has decoded already. It knows these words in lower case only. */
const DECODED = ["", "identity", "gzip", "br"];
/**
 * What we decode, by its name in lower case.
 * @type {Map<string, "gzip" | "deflate">}
 */
const FORMATS = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
]);

/**
 * Reads at most `bytesMax` bytes of a body as text and drops the rest.
 * @param {Response} response
 * @param {number} bytesMax
 * @param {string | undefined} wanted
 * @returns {Promise<Read>}
 */
async function beginning({ body, headers }, bytesMax, wanted) {
  if (!body) return readWell("");
  const encoding = headers.get("content-encoding")?.trim() ?? "";
  const format = FORMATS.get(encoding.toLowerCase());
  const charset = /charset\s*=\s*"?([^\s;"]+)/i.exec(headers.get("content-type") ?? "")?.[1];
  const isDecoded = DECODED.includes(encoding);
  const isRead = (isDecoded || format !== undefined) && isKnown(charset);
  if (bytesMax === 0 || !isRead) {
    await letGo(body);
    return { ...readWell(""), isUnread: bytesMax > 0 };
  }
  // What has a length can be cut, and is read to its end.
  const mayEnd = headers.has("content-length") ? undefined : wanted;
  if (isDecoded) return textOf(body, bytesMax, charset, mayEnd);
  const packed = await bytesOf(body, bytesMax);
  if (packed === undefined) return readWell("", true);
  const stream = new Response(packed).body?.pipeThrough(new DecompressionStream(formatOf(packed, format)));
  return stream ? textOf(stream, bytesMax, charset, undefined) : readWell("");
}

/**
 * What `deflate` is by RFC 9110, with a head of two bytes, and what some servers send: without it.
 * @param {Uint8Array} packed
 * @param {"gzip" | "deflate" | undefined} format
 */
function formatOf(packed, format) {
  const [first = 0, second = 0] = packed;
  const hasHead = (first & 15) === 8 && ((first << 8) | second) % 31 === 0;
  if (format === "gzip") return format;
  return hasHead ? "deflate" : "deflate-raw";
}

/** @param {string | undefined} charset */
function isKnown(charset) {
  try {
    return new TextDecoder(charset) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The charset that the first bytes of a text say, where nobody else does.
 * @param {Uint8Array} bytes
 */
function charsetOf([first, second]) {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}

/**
 * The beginning of a stream of text. Nothing is read after `wanted`, which a stream without end may have.
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} bytesMax
 * @param {string | undefined} charset
 * @param {string | undefined} wanted
 */
async function textOf(stream, bytesMax, charset, wanted) {
  const reader = stream.getReader();
  /** @type {TextDecoder | undefined} */
  let decoder;
  let [text, isCut] = ["", false];
  for (let left = bytesMax; ;) {
    const { value } = await reader.read();
    if (!value) break;
    decoder ??= new TextDecoder(charset ?? charsetOf(value));
    const before = text.length - (wanted?.length ?? 0);
    text += decoder.decode(value.subarray(0, left), { stream: true });
    isCut = value.length > left;
    left -= value.length;
    if (isCut || (wanted !== undefined && lowered(text.slice(Math.max(0, before))).includes(wanted))) break;
  }
  text += decoder?.decode() ?? "";
  reader.releaseLock();
  await letGo(stream);
  return readWell(text, isCut);
}

/**
 * The bytes of a stream; `undefined` if there are more.
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} bytesMax
 */
async function bytesOf(stream, bytesMax) {
  const bytes = new Uint8Array(bytesMax);
  const reader = stream.getReader();
  for (let length = 0; ;) {
    const { value } = await reader.read();
    if (!value) return bytes.subarray(0, length);
    if (value.length > bytesMax - length) {
      reader.releaseLock();
      await letGo(stream);
      return undefined;
    }
    bytes.set(value, length);
    length += value.length;
  }
}

/** @param {string} text */
const lowered = (text) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());

/**
 * Without this the connection would stay open until the end of the run. A stream that is over already is no failure.
 * @param {ReadableStream} stream
 */
const letGo = (stream) => stream.cancel().catch(() => {});

/** @param {number} ms */
export function wait(ms) {
  return new Promise((over) => setTimeout(over, ms));
}

/**
 * The jurisdiction of the object, as the runtime says; `undefined` where it has none.
 * @param {DurableObjectState} state
 */
export function jurisdictionOf(state) {
  return state.id.jurisdiction;
}

/**
 * Logs an error.
 * @param {string} what
 * @param {unknown} error
 */
export function complain(what, error) {
  console.error(`${what}: ${error}`);
}
