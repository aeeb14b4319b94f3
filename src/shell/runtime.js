// What the shell asks of the runtime, each in one promise. Waiting for several promises in a row, or for the first of two,
// costs several times as much in Rust, where each wait is a state machine of its own. Nothing is decided here.
// `runtime.rs` declares these functions to Rust.

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
 * Makes one request of our own. The timeout covers head and body and closes the connection. No redirect is followed.
 * Never rejects: the status is 0 if there is no response. `isBroken` says that the body was lost after its head had
 * come, and `isLate` that the time was over.
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
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      /** @type {RequestInit} */
      const init = { method, headers: [...headers], body, signal, redirect: "manual", cache: "no-store" };
      if (resolve !== undefined) init.cf = { resolveOverride: resolve };
      const response = await fetch(url, init);
      const latencyMs = Math.max(0, Date.now() - beganAt);
      const read = await beginning(response.body, bodyBytesMax).then(readWell, failed);
      return {
        status: response.status,
        ...read,
        latencyMs,
        beganAt,
        endedAt: Date.now(),
        /** @param {string} name */
        header: (name) => response.headers.get(name) ?? undefined,
      };
    } catch (error) {
      return { status: 0, ...failed(error), beganAt, endedAt: Date.now() };
    }
  });
}

/** @param {string} text */
const readWell = (text) => ({ text, isBroken: false, isLate: false });

/** @param {unknown} error */
function failed(error) {
  const { name, message } = /** @type {Partial<Error>} */ (error ?? {});
  const text = typeof message === "string" ? message : "";
  return { text, isBroken: true, isLate: name === "TimeoutError" };
}

/**
 * Reads at most `bytesMax` bytes as text and drops the rest.
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} bytesMax
 */
async function beginning(stream, bytesMax) {
  if (!stream) return "";
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let text = "";
  if (bytesMax > 0) {
    const reader = stream.getReader();
    for (let left = bytesMax; left > 0;) {
      const { value } = await reader.read();
      if (!value) break;
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.length;
    }
    text += decoder.decode();
    reader.releaseLock();
  }
  // Without this the connection would stay open until the end of the run. A stream that is over already is no failure.
  await stream.cancel().catch(() => {});
  return text;
}

/**
 * The value of a key in KV; `null` if there is none, `undefined` if KV did not answer.
 * @param {Env} env
 * @param {string} key
 * @param {number | undefined} cacheTtl in seconds
 * @param {number} timeoutMs
 */
export function read(env, key, cacheTtl, timeoutMs) {
  return inTime(timeoutMs, async () => env.KV.get(key, { cacheTtl })).catch((error) => {
    console.error(`KV get \`${shown(key)}\`: ${error}`);
  });
}

/**
 * A key for the log. The id of a tenant may be personal data.
 * @param {string} key
 */
const shown = (key) => (key.startsWith("tenant:") ? "tenant:…" : key);

/**
 * Writes a value with its metadata, a JSON text. Returns whether it arrived.
 * @param {Hands} hands
 * @param {Env} env
 * @param {string} key
 * @param {string} value
 * @param {string} metadata
 * @param {number} timeoutMs
 */
export function write(hands, env, key, value, metadata, timeoutMs) {
  const put = async () => env.KV.put(key, value, { metadata: JSON.parse(metadata) });
  return hands
    .take(() => inTime(timeoutMs, put))
    .then(
      () => true,
      (error) => {
        console.error(`KV put \`${key}\`: ${error}`);
        return false;
      },
    );
}

/**
 * Sends a command to the Controller and returns its answer, both as text. In another jurisdiction the
 * same name is another object. Throws where the runtime knows no jurisdictions, as on a developer's
 * machine.
 * @param {Env} env
 * @param {DurableObjectJurisdiction | undefined} jurisdiction
 * @param {string} body
 * @param {number} timeoutMs
 */
export function call(env, jurisdiction, body, timeoutMs) {
  return inTime(timeoutMs, async () => {
    const objects = jurisdiction ? env.CONTROLLER.jurisdiction(jurisdiction) : env.CONTROLLER;
    const stub = objects.getByName("controller");
    return answered(await stub.fetch("https://controller/", { method: "POST", body }));
  });
}

/**
 * Asks the vantage point of an area, which Cloudflare makes near there when it is first asked, and returns its answer.
 * @param {Env} env
 * @param {string} area a location hint
 * @param {string} body
 * @param {number} timeoutMs
 */
export function askArea(env, area, body, timeoutMs) {
  return inTime(timeoutMs, async () => {
    const locationHint = /** @type {DurableObjectLocationHint} */ (area);
    const stub = env.VANTAGE.get(env.VANTAGE.idFromName(area), { locationHint });
    return answered(await stub.fetch("https://vantage/", { method: "POST", body }));
  });
}

/** @param {Response} response */
async function answered(response) {
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
  return text;
}

/**
 * The result of `work`. Rejects after `ms`; the work itself goes on then, and its result is lost.
 * @template T
 * @param {number} ms
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function inTime(ms, work) {
  let timer = 0;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no reply in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

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
