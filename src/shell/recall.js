// Instructions that may serve for more than one request. The core says of which that is so, and whether one still stands
// (`src/proxy/recall.rs`). Here they lie, each under all facts of its question but the path and the id.
import { Fetched, Reason } from "./wire.js";

/** As many as the core remembers (`RECALLED_MAX`). */
const KEPT_MAX = 256;

/**
 * @typedef {import("./wire.js").Question} Question
 * @typedef {import("./wire.js").Send} Send
 *
 * An instruction without what is each request's own.
 * @typedef {object} Kept
 * @property {number} number by which the core knows it
 * @property {Send} send
 * @property {string} origin the URL up to the path
 * @property {number} idAt where in `requestHeaders` the request's id is
 */

/** @type {Map<string, Kept>} */
const kept = new Map();

/** Forgets all: there is another core. */
export const forget = () => kept.clear();

/** Whether nothing is kept, so that no facts have to be put together to look for it. */
export const isEmpty = () => kept.size === 0;

/**
 * The facts by which an instruction is found; `null` if none is remembered for such a question.
 * @param {Question} question
 */
export function factsOf(question) {
  const { version, reason, fetched, elapsedMs, method, url, body, headers } = question;
  if (reason !== Reason.First || fetched !== Fetched.Nothing || body !== "" || elapsedMs !== 0) return null;
  const { country, colo, latitude, longitude, client, hops, subdivision } = question;
  let text = `${version}\n${method}\n${url.slice(0, pathAt(url))}\n${country}\n${colo}\n${latitude}\n${longitude}`;
  text += `\n${client}\n${hops}\n${subdivision}`;
  for (const value of headers) text += value === null ? "\n\0" : `\n${value}`;
  return text;
}

/** @param {string} url */
const pathAt = (url) => url.indexOf("/", url.indexOf("://") + 3);

/**
 * What is remembered under these facts.
 * @param {string | null} facts
 */
export const found = (facts) => (facts === null ? undefined : kept.get(facts));

/** @param {string} facts */
export const drop = (facts) => kept.delete(facts);

/**
 * Keeps an instruction, if the core says that it may serve again.
 * @param {string | null} facts `null` if they have not been put together
 * @param {Question} question
 * @param {import("./wire.js").Instruction} instruction
 */
export function keepFor(facts, question, instruction) {
  if (instruction.verb !== "send" || instruction.recall === null) return;
  const under = facts ?? factsOf(question);
  if (under === null) return;
  const { id, url } = question;
  const path = url.slice(pathAt(url));
  const idAt = instruction.requestHeaders.indexOf(id);
  if (idAt < 0 || !instruction.url.endsWith(path)) return;
  if (kept.size >= KEPT_MAX) kept.clear();
  const origin = instruction.url.slice(0, instruction.url.length - path.length);
  kept.set(under, { number: instruction.recall, send: instruction, origin, idAt });
}

/**
 * The instruction for another request with the same facts.
 * @param {Kept} it
 * @param {Question} question
 * @returns {Send}
 */
export function filled({ send, origin, idAt }, { id, url }) {
  const requestHeaders = send.requestHeaders.slice();
  requestHeaders[idAt] = id;
  return { ...send, url: origin + url.slice(pathAt(url)), requestHeaders };
}
