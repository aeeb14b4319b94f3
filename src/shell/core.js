// The wasm instance that answers now. After a panic there is a new one, and requests that are under way go on with it.
import { drop, factsOf, filled, forget, found, isEmpty, keepFor } from "./recall.js";
import { questionText, readInstruction, reportBody, reportTrial, reportTry } from "./wire.js";

/**
 * The functions of the wasm that a request calls: `proxy.rs`, `routes.rs`, `from_config.rs` and `surface.rs` have them.
 * @typedef {object} Functions
 * @property {(question: string, now: number, pin: string | undefined) => string} instruct
 * @property {(number: number, url: string, now: number) => boolean} recalled
 * @property {Parameters<typeof reportTry>[0]} tryEnded
 * @property {Parameters<typeof reportTrial>[0]} trialEnded
 * @property {Parameters<typeof reportBody>[0]} bodyLost
 * @property {(asked: string, sent: string, name: string, value: string) => string | undefined} renamed
 * @property {() => string} tableKey of the routing table in KV
 * @property {() => string} [configKey] of the config in KV; absent in a Worker that reads none
 * @property {() => number} pinUnitsMax the most UTF-16 units that a pin may have
 * @property {() => number} newsTimeoutMs
 * @property {() => boolean} isTableDue whether the table is to be loaded before anything is said by it
 * @property {(env: Env, table: string | null | undefined) => boolean} takeTable returns whether there is a table
 * @property {(config: string) => boolean} [takeConfig] returns whether there is a table
 * @property {(env: Env) => string | undefined} newsQuestion what to ask the Controller
 * @property {(env: Env, answer: string | undefined) => void} takeNews
 * @property {(env: Env, request: string, body: ReadBody) => Promise<string> | string} surface
 */

/**
 * Reads a body as text; `undefined` if it is longer than this many bytes, `null` if it did not come to its end in time, or
 * is no text.
 * @typedef {(bytesMax: number, msMax: number) => Promise<string | null | undefined>} ReadBody
 */

/** @type {Functions} */
let functions;
/** @type {{ criticalError: boolean }} */
let state;

/** The headers that the table looks at. */
export let wanted = lookAtNone();

function lookAtNone() {
  return { version: 0, names: /** @type {string[]} */ ([]) };
}

/**
 * Takes the functions of a new instance, and the shim's note of whether it has panicked.
 * @param {Functions} given
 * @param {{ criticalError: boolean }} noted
 */
export function handOver(given, noted) {
  functions = given;
  wanted = lookAtNone();
  forget();
  state = noted;
}

/**
 * Takes the headers that the table of this version looks at.
 * @param {number} version
 * @param {string[]} names
 */
export function lookAt(version, names) {
  wanted = { version, names };
}

/**
 * Asks what to do about a request. `null` if the core has failed.
 * @param {import("./wire.js").Question} question
 * @param {number} now
 * @param {string | null | undefined} pin KV's value for the tenant
 */
export function instruct(question, now, pin) {
  // Only what the wasm throws is a panic.
  const facts = isEmpty() ? null : factsOf(question);
  const known = found(facts);
  let text;
  try {
    if (known !== undefined && functions.recalled(known.number, question.url, now)) return filled(known, question);
    text = functions.instruct(questionText(question), now, pin ?? undefined);
  } catch (error) {
    panicked(error);
    return null;
  }
  try {
    const instruction = readInstruction(text);
    if (known !== undefined) drop(/** @type {string} */ (facts));
    keepFor(facts, question, instruction);
    return instruction;
  } catch (error) {
    console.error("the core's instruction does not read", error);
    return null;
  }
}

/**
 * Reports how a try ended. Returns the reason to ask again, or `null`.
 * @param {import("./wire.js").TryReport} report
 */
export function tryEnded(report) {
  try {
    return reportTry(functions.tryEnded, report);
  } catch (error) {
    panicked(error);
    return report.none;
  }
}

/**
 * Reports how a trial of a region ended.
 * @param {import("./wire.js").TrialReport} report
 */
export const trialEnded = (report) => tell((core) => reportTrial(core.trialEnded, report));

/**
 * Reports that the body of an answer is not whole.
 * @param {import("./wire.js").BodyReport} report
 */
export const bodyLost = (report) => tell((core) => reportBody(core.bodyLost, report));

/**
 * The value of an answer's header with the client's host in place of an origin's; `undefined` if it stays as it is.
 * @param {string} asked the URL that the client asked for
 * @param {string} sent the URL that the origin was asked for
 * @param {string} name
 * @param {string} value
 */
export const renamed = (asked, sent, name, value) => tell((core) => core.renamed(asked, sent, name, value));

/**
 * Calls functions of the core that are not called for each request. `undefined` if it has failed.
 * @template T
 * @param {(core: Functions) => T} call
 */
export function tell(call) {
  try {
    return call(functions);
  } catch (error) {
    panicked(error);
    return undefined;
  }
}

/**
 * Notes that the wasm has panicked. The next request starts a new instance.
 * @param {unknown} error
 */
function panicked(error) {
  console.error("the core has failed", error);
  state.criticalError = true;
}
