// What the client gets.
import { keptAnswer } from "./kept.js";
import { loadBehind } from "./loading.js";
import { renamedHeaders } from "./rename.js";
import { watched } from "./watched.js";

/** @type {import("./rename.js").Renamed} */
const AS_IT_IS = Object.freeze({ headers: null, cookies: null });

/**
 * An origin's response with the headers that we add. A copy costs, so the response is handed on as it is if there is
 * nothing to add.
 * @param {import("./facts.js").Journey} journey
 * @param {Pick<import("./try.js").TryResult, "sent" | "tookMs" | "bytes"> & { response: Response }} result
 */
export function relayed({ request }, { sent, response, bytes, tookMs }) {
  const { url, timing, answerHeaders, rename } = sent;
  const told = rename ? renamedHeaders(request.url, url, response.headers) : AS_IT_IS;
  const body = bytes ?? watched(response, sent);
  const isAsItIs = timing === null && answerHeaders.length === 0 && told.headers === null && told.cookies === null;
  if (isAsItIs && body === response.body) return response;
  const answer = new Response(body, response);
  const { headers } = answer;
  if (told.headers !== null) setAll(headers, told.headers);
  if (told.cookies !== null) {
    headers.delete("set-cookie");
    for (const cookie of told.cookies) headers.append("set-cookie", cookie);
  }
  if (timing !== null) headers.append("server-timing", `${timing};dur=${tookMs}`);
  setAll(headers, answerHeaders);
  return answer;
}

/**
 * Sets headers; a cookie is added to those that are there.
 * @param {Headers} headers
 * @param {string[]} namesAndValues in turn
 */
function setAll(headers, namesAndValues) {
  for (let at = 0; at < namesAndValues.length; at += 2) {
    if (namesAndValues[at] === "set-cookie") headers.append(namesAndValues[at], namesAndValues[at + 1]);
    else headers.set(namesAndValues[at], namesAndValues[at + 1]);
  }
}

/**
 * An answer of our own, or a kept one of an origin.
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Respond} respond
 */
export async function responded(journey, { orStale, refresh, status, headers, body }) {
  if (refresh) loadBehind(journey);
  const kept = orStale ? await keptAnswer(journey.request) : null;
  if (kept !== null) return kept;
  const all = new Headers();
  for (let at = 0; at < headers.length; at += 2) all.append(headers[at], headers[at + 1]);
  return new Response(body, { status, headers: all });
}
