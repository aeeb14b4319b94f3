// What the shell asks of the runtime, each in one promise: waiting for several in a row, or for the
// first of two, costs several times as much in Rust, where each wait is a state machine of its own.
// Nothing is decided here. `outside.rs` declares it to Rust.

/** Hands that work is given to: as many things are done at once as there are hands. */
export class Hands {
  #free;
  #waiting = [];

  constructor(count) {
    this.#free = count;
  }

  /** Does `work` as soon as a hand is free. */
  async take(work) {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise((go) => this.#waiting.push(go));
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
 * Makes one request of our own. The deadline covers head and body and closes the connection when it
 * passes, and no redirect is followed. Never rejects: what came back has the status 0 where nothing
 * did.
 */
export function exchange(hands, method, url, headers, body, timeoutMs, bodyBytesMax) {
  return hands.take(async () => {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const init = { method, headers: [...headers], body, signal, redirect: "manual", cache: "no-store" };
      const askedAt = Date.now();
      const response = await fetch(url, init);
      const latencyMs = Math.max(0, Date.now() - askedAt);
      const text = await beginning(response.body, bodyBytesMax);
      return {
        status: response.status,
        text,
        latencyMs,
        endedAt: Date.now(),
        header: (name) => response.headers.get(name) ?? undefined,
      };
    } catch (error) {
      const text = typeof error?.message === "string" ? error.message : "";
      return { status: 0, isLate: error?.name === "TimeoutError", text, endedAt: Date.now() };
    }
  });
}

/** Reads at most `bytesMax` bytes as text and lets go of the rest. */
async function beginning(stream, bytesMax) {
  if (!stream) return "";
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  if (bytesMax > 0) {
    const reader = stream.getReader();
    for (let left = bytesMax; left > 0; ) {
      const { value } = await reader.read();
      if (!value) break;
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.length;
    }
    text += decoder.decode();
    reader.releaseLock();
  }
  // Without this the connection would stay open until the end of the run. That it is already over
  // is no failure.
  await stream.cancel().catch(() => {});
  return text;
}

/** The value of a key in KV, `null` where there is none, `undefined` where KV could not be asked. */
export function read(env, key, cacheTtl, timeoutMs) {
  return inTime(timeoutMs, async () => env.KV.get(key, { cacheTtl })).catch((error) => {
    console.error(`KV get \`${key}\`: ${error}`);
  });
}

/** Writes a value with its metadata, a JSON text. Says whether it arrived. */
export function write(hands, env, key, value, metadata, timeoutMs) {
  const put = async () => env.KV.put(key, value, { metadata: JSON.parse(metadata) });
  return hands.take(() => inTime(timeoutMs, put)).then(
    () => true,
    (error) => {
      console.error(`KV put \`${key}\`: ${error}`);
      return false;
    },
  );
}

/**
 * Calls the Controller and returns what it says, as text. In another jurisdiction the same name is
 * another object. Where the runtime knows no jurisdictions, as on a developer's machine, it throws.
 */
export function call(env, jurisdiction, path, body, timeoutMs) {
  return inTime(timeoutMs, async () => {
    const init = body === undefined ? {} : { method: "POST", body };
    const objects = jurisdiction ? env.CONTROLLER.jurisdiction(jurisdiction) : env.CONTROLLER;
    const stub = objects.getByName("controller");
    const response = await stub.fetch(`https://controller${path}`, init);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
    return text;
  });
}

/** The result of `work`, unless it takes longer. It goes on then, and nobody hears of it. */
async function inTime(ms, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no reply in ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

export function wait(ms) {
  return new Promise((over) => setTimeout(over, ms));
}

/** The jurisdiction of the object, as the runtime says; `undefined` where it has none. */
export function jurisdictionOf(state) {
  return state.id.jurisdiction;
}

/** Remembers a text under a key of the object's own storage. */
export async function keep(state, key, text) {
  await state.storage.put(key, text);
}

/** The text under a key of the object's own storage. */
export async function load(state, key) {
  return await state.storage.get(key);
}

/** Asks for the object's alarm. */
export async function wakeIn(state, ms) {
  await state.storage.setAlarm(Date.now() + ms);
}

export function complain(what, error) {
  console.error(`${what}: ${error}`);
}
