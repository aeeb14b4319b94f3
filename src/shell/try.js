// One try: sends a request to an origin and reports how that ended.
import { loadTable, tryEnded } from "./core.js";
import { discard } from "./discard.js";
import { bodyOf } from "./facts.js";
import { keep } from "./kept.js";
import { tryOut } from "./trial.js";
import { Reason } from "./wire.js";

const HANG_UP_MS = 20;

/**
 * How a try ended. `again` is the reason to ask again, or `null` if the response is one to relay.
 * @typedef {{ sent: import("./wire.js").Send, tookMs: number }
 *   & ({ again: null, response: Response } | { again: number, response: Response | null })} TryResult
 */

/**
 * Sends a request. Never rejects.
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Send} sent
 * @returns {Promise<TryResult>}
 */
export function startTry(journey, sent) {
  const { request, env, context } = journey;
  journey.trail = sent.trail;
  if (sent.refresh) context.waitUntil(loadTable(env));
  if (sent.trial !== null) context.waitUntil(tryOut(sent.trial));
  // The core counts the try as under way until then.
  const due = journey.asked + sent.waitMs;
  const began = Date.now();
  return new Promise((resolve) => {
    let isOver = false;
    // However it ends, it is reported once. The timer ends with the request's context, which costs less than clearing it.
    /** @type {(none: number | null, response: Response | null) => void} */
    const end = (none, response) => {
      if (isOver) return discard(response);
      isOver = true;
      resolve(ended(journey, sent, { began, due }, none, response));
    };
    setTimeout(() => end(Reason.TimedOut, null), sent.waitMs);
    /** @param {unknown} error */
    const isLost = async (error) => {
      // The runtime refuses to send such a request, or its client has reset the connection, which takes the connection to
      // the region with it. Neither says anything of the region, unless its address is none.
      if (error instanceof TypeError && !URL.canParse(sent.url)) return end(Reason.Unreachable, null);
      if (error instanceof TypeError || request.signal.aborted) return end(Reason.Invalid, null);
      // A client that hangs up during an upload takes the connection to the region with it. A moment later the runtime
      // ends everything here, so that only failures of the region are reported.
      if (bodyOf(request) !== null) await scheduler.wait(HANG_UP_MS);
      end(Reason.Unreachable, null);
    };
    try {
      forward(request, sent).then((response) => end(null, response), isLost);
    } catch (error) {
      isLost(error);
    }
  });
}

/**
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Send} sent
 * @param {{ began: number, due: number }} times when it was sent, and when it had to be over
 * @param {number | null} none
 * @param {Response | null} response
 * @returns {TryResult}
 */
function ended(journey, sent, { began, due }, none, response) {
  const now = Date.now();
  const tookMs = now - began;
  const { token, keepS } = sent;
  const status = response?.status ?? null;
  const again = tryEnded({ token, none, status, retryAfterS: retryAfter(response), tookMs, now, due });
  if (keepS !== null && response !== null) keep(journey, response, keepS);
  if (again === null && response !== null) return { sent, tookMs, again, response };
  if (again === Reason.Failed || again === Reason.PushedBack) return { sent, tookMs, again, response };
  // What the edge says of an origin that gave no answer is nobody's answer.
  discard(response);
  return { sent, tookMs, again: again ?? Reason.Unreachable, response: null };
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
 * The same request to another host, with its body as the stream that it is. No redirect is followed: it could lead to a
 * host that no rule has looked at. Headers that belong to no request yet are a fifth cheaper to change.
 * @param {Request} request
 * @param {import("./wire.js").Send} sent
 */
function forward(request, { url, requestHeaders }) {
  const { method } = request;
  const headers = new Headers(request.headers);
  removeConnectionHeaders(headers);
  for (let at = 0; at < requestHeaders.length; at += 2) {
    if (requestHeaders[at + 1] === "") headers.delete(requestHeaders[at]);
    else headers.set(requestHeaders[at], requestHeaders[at + 1]);
  }
  const body = bodyOf(request);
  if (body !== null && (method === "GET" || method === "HEAD")) {
    // The runtime makes no such request with a body, but it forwards one that came with a body.
    return fetch(new Request(new Request(url, request), { headers, redirect: "manual" }));
  }
  return fetch(url, { method, headers, body, redirect: "manual" });
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
