// What the core is told about a request.
import { hasRoomFor } from "./kept_bytes.js";

/** The largest body that is kept, so that its request can be repeated. */
const KEPT_BODY_BYTES_MAX = 65_536;

/**
 * A request of a client on its way.
 * @typedef {object} Journey
 * @property {Request} request
 * @property {Env} env
 * @property {ExecutionContext} context
 * @property {ReadableStream<Uint8Array> | null} body what its client sends ({@link bodyOf})
 * @property {string} id a random UUID
 * @property {number} arrived when, not counting the time that it took the client to send a body that is kept
 * @property {number} asked when the core was last asked about it
 * @property {string} trail the origins that were tried
 * @property {Uint8Array | null} kept its body, if that is kept
 * @property {() => void} giveBack to be called when it is answered
 */

/**
 * The question about a request: why it is asked, what was tried, and the facts.
 * @param {Journey} journey
 * @param {{ version: number, names: string[] }} wanted the headers that the table looks at
 * @param {number} reason
 * @param {number} fetched
 * @param {number} now
 * @returns {import("./wire.js").Question}
 */
export function questionAbout(journey, wanted, reason, fetched, now) {
  const { request, id, arrived, trail } = journey;
  const { method, url, headers } = request;
  const cf = cfOf(request);
  return {
    version: wanted.version,
    reason,
    fetched,
    elapsedMs: now - arrived,
    trail,
    method,
    url,
    body: bodyText(journey),
    id,
    country: textOf(cf, "country"),
    colo: textOf(cf, "colo"),
    latitude: textOf(cf, "latitude"),
    longitude: textOf(cf, "longitude"),
    client: headers.get("cf-connecting-ip") ?? "",
    accept: headers.get("accept") ?? "",
    hops: headers.get("x-pointsman-hops") ?? "",
    subdivision: textOf(cf, "regionCode"),
    headers: wanted.names.map((name) => headers.get(name)),
  };
}

/**
 * What the runtime says of the client. It throws where that is not JSON; then nothing is known.
 * @param {Request} request
 */
function cfOf(request) {
  try {
    return request.cf;
  } catch {
    return undefined;
  }
}

/**
 * A value of `cf`. An odd one, and one that cannot be read, counts as none.
 * @param {Record<string, unknown> | null | undefined} cf
 * @param {string} key
 */
function textOf(cf, key) {
  try {
    const value = cf?.[key];
    return typeof value === "string" && !value.includes("\n") ? value : "";
  } catch {
    return "";
  }
}

/**
 * The body of a request. The runtime has one even for a request that announces none. To ask costs a call into the runtime.
 * @param {Request} request
 */
export const bodyOf = ({ body, headers }) => (headers.get("content-length") === "0" ? null : body);

/**
 * Whether the runtime lets a body through only as part of the request that it came with.
 * @param {Request} request
 */
export const isBound = ({ method }) => method === "GET" || method === "HEAD";

/**
 * What the core is told about a body. Before the first try it says " kept" if the body may be kept, and later if it was.
 * @param {Journey} journey
 */
function bodyText({ request, body, trail, kept }) {
  if (body === null) return "";
  const length = request.headers.get("content-length");
  if (length === null) return "?";
  const mayBeKept = Number(length) <= KEPT_BODY_BYTES_MAX && !isBound(request) && hasRoomFor(Number(length));
  return kept !== null || (trail === "" && mayBeKept) ? `${length} kept` : length;
}
