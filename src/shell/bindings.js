// What the shell asks of the bindings of the deployment: KV, the Controller, the vantage points. Each in one promise that
// ends in time. Nothing is decided here. Whatever Rust file uses one of these functions declares it.

/** @typedef {import("./runtime.js").Hands} Hands */

/** Timeout of one operation on KV. */
const KV_TIMEOUT_MS = 5_000;

/**
 * The value of a key in KV; `null` if there is none, `undefined` if KV did not answer.
 * @param {Env} env
 * @param {string} key
 * @param {number} [cacheTtl] in seconds
 * @returns {Promise<string | null | undefined>}
 */
export function read(env, key, cacheTtl) {
  return inTime(KV_TIMEOUT_MS, async () => env.KV.get(key, { cacheTtl })).catch((error) => {
    console.error(`KV get \`${shown(key)}\`: ${error}`);
    return undefined;
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
 */
export function write(hands, env, key, value, metadata) {
  const put = async () => env.KV.put(key, value, { metadata: JSON.parse(metadata) });
  return hands
    .take(() => inTime(KV_TIMEOUT_MS, put))
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
 * Asks a vantage point of an area, which Cloudflare makes near there when it is first asked, and returns its answer. Each
 * share has one of its own, so that it has connections of its own, whatever they are counted by.
 * @param {Env} env
 * @param {string} area a location hint
 * @param {number} nth which share of the area it is
 * @param {string} body
 * @param {number} timeoutMs
 */
export function askArea(env, area, nth, body, timeoutMs) {
  return inTime(timeoutMs, async () => {
    const locationHint = /** @type {DurableObjectLocationHint} */ (area);
    const name = nth === 0 ? area : `${area} ${nth}`;
    const stub = env.VANTAGE.get(env.VANTAGE.idFromName(name), { locationHint });
    return answered(await stub.fetch("https://vantage/", { method: "POST", body }));
  });
}

/**
 * Has a vantage point make a run that stands in for cron. Its answer comes when the run is over.
 * @param {Env} env
 * @param {string} run
 * @param {number} timeoutMs
 */
export function standIn(env, run, timeoutMs) {
  return inTime(timeoutMs, async () => {
    const stub = env.VANTAGE.getByName("stand-in");
    return answered(await stub.fetch("https://vantage/run", { method: "POST", body: run }));
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
