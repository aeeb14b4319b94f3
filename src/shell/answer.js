// What the client gets.
import { loadTable } from "./core.js";
import { keptAnswer } from "./kept.js";
import { watched } from "./watched.js";

/**
 * An origin's response with the headers that we add. A copy costs, so the response is handed on as it is if there is
 * nothing to add.
 * @param {Pick<import("./try.js").TryResult, "sent" | "tookMs" | "bytes"> & { response: Response }} result
 */
export function relayed({ sent, response, bytes, tookMs }) {
  const { timing, answerHeaders } = sent;
  const body = bytes ?? watched(response, sent);
  if (timing === null && answerHeaders.length === 0 && body === response.body) return response;
  const answer = new Response(body, response);
  const { headers } = answer;
  if (timing !== null) headers.append("server-timing", `${timing};dur=${tookMs}`);
  for (let at = 0; at < answerHeaders.length; at += 2) {
    if (answerHeaders[at] === "set-cookie") headers.append(answerHeaders[at], answerHeaders[at + 1]);
    else headers.set(answerHeaders[at], answerHeaders[at + 1]);
  }
  return answer;
}

/**
 * An answer of our own, or a kept one of an origin.
 * @param {import("./facts.js").Journey} journey
 * @param {import("./wire.js").Respond} respond
 */
export async function responded({ request, env, context }, { orStale, refresh, status, headers, body }) {
  if (refresh) context.waitUntil(loadTable(env));
  const kept = orStale ? await keptAnswer(request) : null;
  if (kept !== null) return kept;
  const all = new Headers();
  for (let at = 0; at < headers.length; at += 2) all.append(headers[at], headers[at + 1]);
  return new Response(body, { status, headers: all });
}
