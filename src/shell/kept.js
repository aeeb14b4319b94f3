// Answers that are kept in the data center's cache, for times when no region can answer.

const KEPT_MAX = 1_000;
const KEEP_AGAIN_MS = 60_000;
const KEPT_URL_MAX = 2_048;

/** @type {Map<string, number>} URL -> when its answer was kept last */
const keptAt = new Map();

/** @param {Request} request */
const cacheKey = (request) => new Request(request.url);

/**
 * Keeps a copy of an answer behind the request, unless the answer is for this client only or was kept a moment ago.
 * @param {import("./facts.js").Journey} journey
 * @param {Response} response
 * @param {number} seconds
 */
export function keep({ request, context }, response, seconds) {
  const { headers } = response;
  const isPrivate = /private|no-store|no-cache/i.test(headers.get("cache-control") ?? "");
  const isPersonal = request.headers.has("authorization") || request.headers.has("range") || headers.has("set-cookie");
  const now = Date.now();
  if (isPrivate || isPersonal || headers.has("vary") || now - (keptAt.get(request.url) ?? 0) < KEEP_AGAIN_MS) return;
  if (request.url.length > KEPT_URL_MAX) return;
  if (keptAt.size >= KEPT_MAX) keptAt.clear();
  keptAt.set(request.url, now);
  const copy = new Response(response.clone().body, response);
  copy.headers.set("cache-control", `public, max-age=${seconds}`);
  context.waitUntil(caches.default.put(cacheKey(request), copy));
}

/**
 * The kept answer to a request, marked as stale.
 * @param {Request} request
 */
export async function keptAnswer(request) {
  const kept = await caches.default.match(cacheKey(request));
  if (kept === undefined) return null;
  const answer = new Response(kept.body, kept);
  answer.headers.set("x-pointsman", "kept answer; stale");
  answer.headers.set("cache-control", "no-store");
  return answer;
}
