// One try: sends a request to an origin and reports how that ended.
import { tryEnded } from "./core.js";
import { discard } from "./discard.js";
import { isBound } from "./facts.js";
import { keep } from "./kept.js";
import { loadBehind } from "./loading.js";
import { tryOut } from "./trial.js";
import { uploadOf } from "./upload.js";
import { WHOLE_ANSWER_MS_MIN, lengthToRead, readWhole } from "./watched.js";
import { Reason } from "./wire.js";

/**
 * Reasons to ask again although there is a response that the client can get.
 * @type {Set<number>}
 */
const HAS_RESPONSE = new Set([Reason.Failed, Reason.PushedBack, Reason.Misdirected]);
const NO_UPLOAD = { body: null, signal: null };

/**
 * How a try ended. `again` is the reason to ask again, or `null` if the response is one to relay. `bytes` is the body of
 * the response, if it was read.
 * @typedef {{ sent: import("./wire.js").Send, tookMs: number, bytes: ArrayBuffer | null }
 *   & ({ again: null, response: Response } | { again: number, response: Response | null })} TryResult
 *
 * @typedef {import("./upload.js").Upload} Upload
 */

/**
 * Sends a request. Never rejects.
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Send} sent
 * @returns {Promise<TryResult>}
 */
export function startTry(journey, sent) {
  const { request, context } = journey;
  journey.trail = sent.trail;
  if (sent.refresh) loadBehind(journey);
  if (sent.trial !== null) context.waitUntil(tryOut(sent.trial));
  // The core counts the try as under way until then.
  const due = journey.asked + sent.waitMs;
  if (journey.body === null || isBound(request)) return carryOut(journey, sent, due, null);
  return uploadOf(journey, sent).then(
    (upload) => carryOut(journey, sent, due, upload),
    () => ended(journey, sent, { began: Date.now(), due }, { none: Reason.ClientSilent }),
  );
}

/**
 * What a try has come to: a response, with its body if that was read, or the reason why there is none.
 * @typedef {{ none: number } | { none?: undefined, response: Response, headAt: number, bytes: ArrayBuffer | null }} Outcome
 */

/**
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Send} sent
 * @param {number} due when it must be over, as the core counts
 * @param {Upload | null} upload
 * @returns {Promise<TryResult>}
 */
function carryOut(journey, sent, due, upload) {
  const { request } = journey;
  const { waitMs, bodyIdleMs } = sent;
  const began = Date.now();
  return new Promise((resolve) => {
    let isOver = false;
    /** When the head of a response arrived whose body is being read. */
    let headAt = 0;
    // However it ends, it is reported once. The timer ends with the request's context, which costs less than clearing it.
    /** @param {Outcome} outcome */
    const end = (outcome) => {
      if (isOver) return outcome.none === undefined && discard(outcome.response);
      isOver = true;
      if (outcome.none !== undefined) upload?.stop();
      resolve(ended(journey, sent, { began, due }, outcome));
    };
    const look = () => {
      if (isOver) return;
      const now = Date.now();
      const isSilent = headAt === 0 && (upload?.isClientSilent() ?? false);
      const leftMs = headAt > 0 ? headAt + WHOLE_ANSWER_MS_MIN - now : (upload?.lateInMs(now, waitMs) ?? 0);
      if (isSilent || leftMs <= 0) end({ none: isSilent ? Reason.ClientSilent : Reason.TimedOut });
      else setTimeout(look, leftMs);
    };
    setTimeout(look, waitMs);
    /** @param {unknown} error */
    const isLost = (error) => {
      // The client has reset its connection, which takes the connection to the region with it.
      if (request.signal.aborted) return end({ none: Reason.Invalid });
      if (upload?.isClientSilent()) return end({ none: Reason.ClientSilent });
      // The runtime refuses to send such a request. That is the request's fault, unless the region's address is none.
      if (error instanceof TypeError)
        return end({ none: URL.canParse(sent.url) ? Reason.Invalid : Reason.Unreachable });
      end({ none: upload?.mayBeWhole() === false ? Reason.Unsent : Reason.Unreachable });
    };
    /** @param {Response} response */
    const isAnswered = (response) => {
      const length = isOver ? null : lengthToRead(response, request.method, bodyIdleMs);
      const now = Date.now();
      if (length === null) return end({ response, headAt: now, bytes: null });
      headAt = now;
      readWhole(response, length, (bytes) =>
        end(bytes === null ? { none: Reason.Unreachable } : { response, headAt: now, bytes }),
      );
    };
    try {
      forward(journey, sent, upload).then(isAnswered, isLost);
    } catch (error) {
      isLost(error);
    }
  });
}

/**
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Send} sent
 * @param {{ began: number, due: number }} times when it was sent, and when it had to be over
 * @param {Outcome} outcome
 * @returns {TryResult}
 */
function ended(journey, sent, { began, due }, outcome) {
  const now = Date.now();
  const none = outcome.none ?? null;
  const { response, bytes, headAt } =
    outcome.none === undefined ? outcome : { response: null, bytes: null, headAt: now };
  const tookMs = headAt - began;
  const { token, keepS } = sent;
  const status = response?.status ?? null;
  const again = tryEnded({ token, none, status, retryAfterS: retryAfter(response), tookMs, now, due });
  if (keepS !== null && response !== null) keep(journey, response, bytes, keepS);
  if (again === null && response !== null) return { sent, tookMs, again, response, bytes };
  if (again !== null && HAS_RESPONSE.has(again)) return { sent, tookMs, again, response, bytes };
  // What the edge says of an origin that gave no answer is nobody's answer.
  discard(response);
  return { sent, tookMs, again: again ?? Reason.Unreachable, response: null, bytes: null };
}

/**
 * For how many seconds a 429 asks to be left alone.
 * @param {Response | null} response
 */
function retryAfter(response) {
  if (response?.status !== 429) return null;
  const text = response.headers.get("retry-after") ?? "";
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : null;
}

/**
 * The same request to another host. No redirect is followed: it could lead to a
 * host that no rule has looked at. Headers that belong to no request yet are a fifth cheaper to change.
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Send} sent
 * @param {Upload | null} upload
 */
function forward({ request, body: given }, { url, requestHeaders, resolve }, upload) {
  const { method } = request;
  const headers = new Headers(request.headers);
  removeConnectionHeaders(headers);
  for (let at = 0; at < requestHeaders.length; at += 2) {
    if (requestHeaders[at + 1] === "") headers.delete(requestHeaders[at]);
    else headers.set(requestHeaders[at], requestHeaders[at + 1]);
  }
  const cf = resolve === null ? undefined : { resolveOverride: resolve };
  if (given !== null && isBound(request)) {
    // The runtime makes no such request with a body, but it forwards one that came with a body.
    const init = /** @type {const} */ ({ headers, redirect: "manual", encodeResponseBody: "manual", cf });
    return fetch(new Request(new Request(url, request), init));
  }
  // Bytes of answers pass as they are, compressed or not, also where they are read on the way.
  const { body, signal } = upload ?? NO_UPLOAD;
  return fetch(url, { method, headers, body, signal, redirect: "manual", encodeResponseBody: "manual", cf });
}

// Headers about the client's connection to us are not forwarded (RFC 9110 section 7.6.1). The runtime removes those that
// HTTP itself names, such as `keep-alive` and `te`, and an upgrade to anything but a WebSocket.
const CONNECTION_HEADERS = ["http2-settings", "proxy-authenticate", "proxy-authorization", "proxy-connection"];
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

/** @param {Headers} headers */
function removeConnectionHeaders(headers) {
  for (const name of CONNECTION_HEADERS) headers.delete(name);
  const named = headers.get("connection");
  if (named === null) return;
  for (const name of named.split(",").map((name) => name.trim())) {
    if (HEADER_NAME.test(name) && name.toLowerCase() !== "upgrade") headers.delete(name);
  }
}
