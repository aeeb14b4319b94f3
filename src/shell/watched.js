// The body of an answer. A region can send a head and then nothing, for ever, and the runtime has no limit for that.
import { bodyLost } from "./core.js";
import { Flow, WaitsFor, pipeFor } from "./flow.js";
import { hasRoomFor, take } from "./kept_bytes.js";

/**
 * Answers that announce no more than this are read whole before they are handed on: that costs less than to watch, by a
 * third of all processor time of a request at 64 KiB.
 */
const WHOLE_ANSWER_BYTES_MAX = 65_536;
/** Such an answer belongs to its try, and has that one's time. If its head came late, the rest has at least so long. */
export const WHOLE_ANSWER_MS_MIN = 1_000;

/** Answers with these statuses have no body, whatever length they announce (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5). */
const WITHOUT_BODY = [204, 205, 304];

/**
 * The length of an answer that is to be read whole. `null` if it is not: it has no body, it is large or has no length, it is
 * an error, which is seldom relayed, or bodies may rest. Whether there is a body is told by method and status, because to
 * ask the answer for it makes a stream that somebody has to collect: 3 % of all processor time of a request.
 * @param {Response} response
 * @param {string} method of the request
 * @param {number | null} idleMs
 */
export function lengthToRead({ status, headers }, method, idleMs) {
  if (idleMs === null || status >= 429 || method === "HEAD" || WITHOUT_BODY.includes(status)) return null;
  const length = Number(headers.get("content-length") ?? Infinity);
  return length <= WHOLE_ANSWER_BYTES_MAX && hasRoomFor(length) ? length : null;
}

/**
 * Reads an answer whole, or finds that it breaks off.
 * @param {Response} response
 * @param {number} length
 * @param {(bytes: ArrayBuffer | null) => void} then
 */
export function readWhole(response, length, then) {
  const giveBack = take(length);
  /** @param {ArrayBuffer | null} bytes */
  const end = (bytes) => {
    giveBack();
    then(bytes);
  };
  response.arrayBuffer().then(end, () => end(null));
}

/**
 * The body of an answer as the client gets it. If the region falls silent in it, or breaks it off, the client's stream is
 * cut, and the core hears of it. Event streams may be silent for as long as they like.
 * @param {Response} response
 * @param {import("./wire.js").Send} sent
 */
export function watched({ body, headers }, { token, bodyIdleMs }) {
  if (body === null || bodyIdleMs === null || isEventStream(headers)) return body;
  const { readable, writable } = pipeFor(headers);
  const flow = new Flow(body, writable);
  let isStopped = false;
  const look = () => {
    if (flow.hasFailed || flow.waitsFor === WaitsFor.Nobody) return;
    const now = Date.now();
    const leftMs = flow.waitsFor === WaitsFor.Source ? flow.since + bodyIdleMs - now : bodyIdleMs;
    if (leftMs > 0) return setTimeout(look, leftMs);
    isStopped = true;
    flow.stop("the region sent nothing more");
    bodyLost({ token, silentMs: now - flow.since, now });
  };
  setTimeout(look, bodyIdleMs);
  flow.done.then(() => {
    const isBrokenOff = flow.hasFailed && !isStopped && flow.waitsFor === WaitsFor.Source;
    if (isBrokenOff) bodyLost({ token, silentMs: null, now: Date.now() });
  });
  return readable;
}

/** @param {Headers} headers */
const isEventStream = (headers) => headers.get("content-type")?.startsWith("text/event-stream") ?? false;
