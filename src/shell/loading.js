// What a request may have to wait for: the routing table, news of it, the pin of a tenant. The core says what is asked
// and what the answer means (`src/shell/routes.rs`). The waiting is done here, because in Rust each wait is a state machine
// of its own, which the Worker would be larger by.
import { call as callController, read } from "./bindings.js";
import { tell } from "./core.js";
import { readNewsQuestion } from "./wire.js";

/** How long KV's cache may hold the routing table, or the config, in seconds; KV takes no shorter time. */
const TABLE_CACHE_TTL_S = 30;
/** How long KV's cache may hold a tenant's pin, in seconds. */
const PIN_CACHE_TTL_S = 60;

/**
 * Loads the routing table. If that fails, the last one stays. If there is none, it is made of the config, and if there is
 * no config, or none that the Worker can read, the Controller may know better.
 * @param {Env} env
 */
export async function loadTable(env) {
  const tableKey = tell((core) => core.tableKey());
  if (tableKey === undefined) return;
  const table = await read(env, tableKey, TABLE_CACHE_TTL_S);
  if (tell((core) => core.takeTable(env, table))) return;
  const configKey = tell((core) => core.configKey?.());
  if (configKey !== undefined && table !== undefined) {
    const config = await read(env, configKey, TABLE_CACHE_TTL_S);
    if (typeof config === "string" && tell((core) => core.takeConfig?.(config))) return;
  }
  await askForNews(env);
}

/**
 * Asks the Controller for a later table than the one in use, unless it was asked a moment ago.
 * @param {Env} env
 */
async function askForNews(env) {
  const asked = tell((core) => ({ text: core.newsQuestion(env), timeoutMs: core.newsTimeoutMs() }));
  if (asked?.text === undefined) return;
  const { jurisdiction, command } = readNewsQuestion(asked.text);
  const answer = await callController(env, jurisdiction, command, asked.timeoutMs).catch(() => undefined);
  tell((core) => core.takeNews(env, answer));
}

/**
 * Loads the routing table behind a request, from KV and from the Controller. Nobody waits for either.
 * @param {import("./facts.js").Journey} journey
 */
export function loadBehind({ env, context }) {
  context.waitUntil(loadTable(env));
  context.waitUntil(askForNews(env));
}

/**
 * A tenant's pin in KV; `null` if there is none, `undefined` if KV did not answer. Of one that is too long there is just so
 * much that the core sees it.
 * @param {Env} env
 * @param {string} key
 */
export async function readPin(env, key) {
  const pin = await read(env, key, PIN_CACHE_TTL_S);
  const unitsMax = tell((core) => core.pinUnitsMax()) ?? 0;
  return pin?.slice(0, unitsMax + 1) ?? pin;
}
