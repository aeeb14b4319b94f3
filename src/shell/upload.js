// The body of a request on its way to an origin. A small one is kept, so that the request can be repeated where that is
// safe. A larger one passes through. Both are watched: the client's own slowness is no fault of the region.
import { Flow, WaitsFor, pipeFor } from "./flow.js";
import { take } from "./kept_bytes.js";
import { Sending } from "./wire.js";

// Before it has a connection, the runtime takes a few pieces of a body: two that are read and one to be read (measured,
// workerd 2026-11-17). The last piece is behind them. While that one is here, no origin has the whole request.
const PIECES_BEFORE_LAST = 3;

/** The client did not send its whole body. */
export class ClientSilent extends Error {}

/**
 * The body of one try.
 * @typedef {object} Upload
 * @property {ReadableStream | Uint8Array} body
 * @property {AbortSignal} [signal] ends the request
 * @property {(now: number, waitMs: number) => number} lateInMs in how many milliseconds the origin will be late if
 *   nothing moves; 0 or less if it is late
 * @property {() => boolean} isClientSilent whether the client sent nothing of its body for too long, or broke it off
 * @property {() => boolean} mayBeWhole whether an origin may have the whole of it
 * @property {() => void} stop
 */

/**
 * Makes a request's body ready for a try. Rejects with `ClientSilent`.
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Send} sent
 * @returns {Promise<Upload>}
 */
export async function uploadOf(journey, { sending, bodyIdleMs }) {
  const body = /** @type {ReadableStream<Uint8Array>} */ (journey.body);
  if (journey.kept === null && sending === Sending.Once) return passing(journey, body, bodyIdleMs);
  const bytes = (journey.kept ??= await keep(journey, body, bodyIdleMs));
  return sending === Sending.KeptInPieces ? inPieces(bytes) : whole(bytes);
}

/**
 * Reads a whole body. What that takes is the client's time, not the region's.
 * @param {import("./facts.js").Journey} journey
 * @param {ReadableStream<Uint8Array>} body
 * @param {number | null} idleMs
 */
async function keep(journey, body, idleMs) {
  const length = Number(journey.request.headers.get("content-length"));
  const reader = body.getReader({ mode: "byob" });
  journey.giveBack = take(length);
  const began = Date.now();
  let bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = reader.read(bytes.subarray(at));
    const { done, value } = await within(idleMs, read);
    if (done) throw new ClientSilent();
    at += value.byteLength;
    bytes = new Uint8Array(value.buffer);
  }
  journey.arrived += Date.now() - began;
  return bytes;
}

/**
 * @template T
 * @param {number | null} idleMs
 * @param {Promise<T>} moving
 * @returns {Promise<T>}
 */
async function within(idleMs, moving) {
  const broken = moving.catch(() => null);
  const read = await (idleMs === null ? broken : Promise.race([broken, scheduler.wait(idleMs)]));
  if (!read) throw new ClientSilent();
  return read;
}

/**
 * @param {Uint8Array} body
 * @returns {Upload}
 */
function whole(body) {
  const sentAt = Date.now();
  return {
    body,
    lateInMs: (now, waitMs) => sentAt + waitMs - now,
    isClientSilent: () => false,
    mayBeWhole: () => true,
    stop() {},
  };
}

/**
 * @param {Uint8Array} bytes
 * @returns {Upload}
 */
function inPieces(bytes) {
  if (bytes.byteLength <= PIECES_BEFORE_LAST) return whole(bytes);
  const { readable, writable } = new FixedLengthStream(bytes.byteLength);
  const writer = writable.getWriter();
  let mayBeWhole = false;
  const ignore = () => {};
  for (let at = 0; at < PIECES_BEFORE_LAST; at += 1) writer.write(bytes.subarray(at, at + 1)).catch(ignore);
  writer.write(bytes.subarray(PIECES_BEFORE_LAST)).then(() => (mayBeWhole = true), ignore);
  writer.close().catch(ignore);
  return {
    ...whole(bytes),
    body: readable,
    mayBeWhole: () => mayBeWhole,
    stop: () => writer.abort(new Error("the try is over")).catch(ignore),
  };
}

/**
 * @param {import("./facts.js").Journey} journey
 * @param {ReadableStream<Uint8Array>} body
 * @param {number | null} idleMs
 * @returns {Upload}
 */
function passing({ request, context }, body, idleMs) {
  const { readable, writable } = pipeFor(request.headers);
  // An upload without a length whose stream is aborted reaches the origin as one that is whole (measured, workerd
  // 2026-11-17). Only a request that is aborted ends without its last chunk.
  const sending = new AbortController();
  const flow = new Flow(body, writable, (error) => sending.abort(error));
  // An answer may come before the whole body has been sent, and must not end it.
  context.waitUntil(flow.done);
  const isWithClient = () => flow.waitsFor === WaitsFor.Source;
  return {
    body: readable,
    signal: sending.signal,
    lateInMs: (now, waitMs) => (isWithClient() ? waitMs : flow.since + waitMs - now),
    isClientSilent: () => isWithClient() && (flow.hasFailed || (idleMs !== null && Date.now() - flow.since >= idleMs)),
    mayBeWhole: () => true,
    stop: () => flow.stop("the try is over"),
  };
}
