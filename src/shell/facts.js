// What the core is told about a request.

/**
 * A request of a client on its way.
 * @typedef {object} Journey
 * @property {Request} request
 * @property {Env} env
 * @property {ExecutionContext} context
 * @property {string} id a random UUID
 * @property {number} arrived when
 * @property {number} asked when the core was last asked about it
 * @property {string} trail the origins that were tried
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
export function questionAbout({ request, id, arrived, trail }, wanted, reason, fetched, now) {
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
    body: bodyOf(request) === null ? "" : (headers.get("content-length") ?? "?"),
    id,
    country: textOf(cf, "country"),
    colo: textOf(cf, "colo"),
    latitude: textOf(cf, "latitude"),
    longitude: textOf(cf, "longitude"),
    client: headers.get("cf-connecting-ip") ?? "",
    accept: headers.get("accept") ?? "",
    hops: headers.get("x-pointsman-hops") ?? "",
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
 * The body of a request. The runtime has one even for a request that announces none.
 * @param {Request} request
 */
export const bodyOf = ({ body, headers }) => (headers.get("content-length") === "0" ? null : body);
