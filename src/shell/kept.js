// Answers that are kept in the data center's cache, for times when no region can answer (RFC 9111).

const KEPT_MAX = 1_000;
const KEEP_AGAIN_MS = 60_000;
const KEPT_URL_MAX = 2_048;

/** The fields that say how an answer may be kept. The last two are for caches like ours (RFC 9213). */
const CONTROLS = ["cache-control", "cdn-cache-control", "cloudflare-cdn-cache-control"];
/** Directives of an answer that is not kept. Some allow it in part, which is not worth the care. */
const NEVER = ["no-store", "no-cache", "private"];
/** Directives of an answer that must not be given once it is stale (RFC 9111 section 4.2.4). */
const NEVER_STALE = ["must-revalidate", "proxy-revalidate", "s-maxage"];
/** What the copy must not have: what says how old it is, and what no proxy may keep (section 3.1). */
const NOT_IN_THE_COPY = [
  "age",
  "expires",
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "proxy-authenticate",
  "proxy-authentication-info",
];
/** When the origin made the answer, in seconds. */
const BORN = "x-pointsman-born";

/** @type {Map<string, number>} URL -> when its answer was kept last */
const keptAt = new Map();

/** @param {Request} request */
const cacheKey = (request) => new Request(request.url);

/**
 * Keeps a copy of an answer behind the request, unless the answer is for this client only or was kept a moment ago. A
 * write that succeeded, and an answer that may not be kept any more, end what was kept before.
 * @param {import("./facts.js").Journey} journey
 * @param {Response} response
 * @param {ArrayBuffer | null} bytes its body, if that was read
 * @param {number} seconds how long it may be kept; 0 for the answer to a write
 */
export function keep(journey, response, bytes, seconds) {
  const { request } = journey;
  const { status } = response;
  if (seconds === 0) {
    if (status >= 200 && status < 400) forget(journey);
    return;
  }
  if (status !== 200 || isPersonal(request) || request.url.length > KEPT_URL_MAX) return;
  const now = Date.now();
  const keptS = keptSeconds(response.headers, seconds, now);
  if (keptS < 1) {
    if (keptAt.has(request.url)) forget(journey);
    return;
  }
  if (now - (keptAt.get(request.url) ?? 0) < KEEP_AGAIN_MS) return;
  put(journey, response, bytes, keptS, now);
}

/**
 * @param {import("./facts.js").Journey} journey
 * @param {Response} response
 * @param {ArrayBuffer | null} bytes its body, if that was read
 * @param {number} seconds
 * @param {number} now
 */
function put({ request, context }, response, bytes, seconds, now) {
  const { url } = request;
  if (keptAt.size >= KEPT_MAX) keptAt.clear();
  keptAt.set(url, now);
  const copy = new Response(bytes ?? response.clone().body, response);
  for (const name of NOT_IN_THE_COPY) copy.headers.delete(name);
  copy.headers.set("cache-control", `public, max-age=${seconds}`);
  copy.headers.set(BORN, `${Math.floor(now / 1_000) - ageSeconds(response.headers, now)}`);
  // An answer that breaks off is not kept, and the next one is.
  context.waitUntil(caches.default.put(cacheKey(request), copy).catch(() => keptAt.delete(url)));
}

/**
 * Ends what was kept, in this data center.
 * @param {import("./facts.js").Journey} journey
 */
function forget({ request, context }) {
  keptAt.delete(request.url);
  context.waitUntil(caches.default.delete(cacheKey(request)).catch(() => false));
}

/**
 * Whether the answer to this request is for its client only, or must not be kept by its wish (section 5.2.1.5).
 * @param {Request} request
 */
const isPersonal = ({ headers }) =>
  headers.has("authorization") || headers.has("range") || directives(headers, ["cache-control"]).has("no-store");

/**
 * For how many seconds an answer may be kept, at most `seconds`; less than 1 if it may not. Serving it when it is stale
 * is what the operator has agreed to (section 4.2.4), unless the origin forbids it.
 * @param {Headers} headers
 * @param {number} seconds
 * @param {number} now
 */
export function keptSeconds(headers, seconds, now) {
  const said = directives(headers, CONTROLS);
  if (headers.has("set-cookie") || headers.has("vary") || NEVER.some((name) => said.has(name))) return 0;
  if (!NEVER_STALE.some((name) => said.has(name))) return seconds;
  return Math.min(seconds, freshSeconds(headers, said, now) - ageSeconds(headers, now));
}

/**
 * How long a shared cache may call the answer fresh, from when it was made (section 4.2.1). Nothing is guessed.
 * @param {Headers} headers
 * @param {Map<string, string[]>} said
 * @param {number} now
 */
function freshSeconds(headers, said, now) {
  for (const name of ["s-maxage", "max-age"]) {
    const values = said.get(name);
    // The strictest of several values; one that is no number is stale at once.
    if (values !== undefined) return Math.min(...values.map(wholeSeconds));
  }
  const date = Date.parse(headers.get("date") ?? "");
  const made = Number.isFinite(date) ? date : now;
  const until = Date.parse(headers.get("expires") ?? "");
  return Number.isFinite(until) ? Math.floor((until - made) / 1_000) : 0;
}

/**
 * How old an answer is (section 4.2.3).
 * @param {Headers} headers
 * @param {number} now
 */
function ageSeconds(headers, now) {
  const date = Date.parse(headers.get("date") ?? "");
  const apparent = Number.isFinite(date) ? Math.floor((now - date) / 1_000) : 0;
  return Math.max(0, apparent, wholeSeconds(headers.get("age") ?? ""));
}

/** @param {string} text */
const wholeSeconds = (text) => (/^\d{1,10}$/.test(text) ? Number(text) : 0);

/**
 * The directives of some fields, each with its values. A value may be quoted.
 * @param {Headers} headers
 * @param {string[]} fields
 */
function directives(headers, fields) {
  /** @type {Map<string, string[]>} */
  const found = new Map();
  for (const field of fields) {
    for (const [, name, quoted, bare] of (headers.get(field) ?? "").matchAll(DIRECTIVE)) {
      const key = name.toLowerCase();
      found.set(key, [...(found.get(key) ?? []), quoted ?? bare ?? ""]);
    }
  }
  return found;
}

const DIRECTIVE = /([^\s,=;"]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;]*)))?/g;

/**
 * The kept answer to a request, marked as stale.
 * @param {Request} request
 */
export async function keptAnswer(request) {
  const kept = await caches.default.match(cacheKey(request));
  if (kept === undefined) return null;
  const isHead = request.method === "HEAD";
  if (isHead) await kept.body?.cancel();
  const answer = new Response(isHead ? null : kept.body, kept);
  const { headers } = answer;
  const born = Number(headers.get(BORN) ?? NaN);
  headers.delete(BORN);
  if (Number.isFinite(born)) headers.set("age", `${Math.max(0, Math.floor(Date.now() / 1_000) - born)}`);
  headers.set("x-pointsman", "kept answer; stale");
  headers.set("cache-control", "no-store");
  return answer;
}
