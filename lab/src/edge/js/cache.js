// What stands behind the Cache API: workerd asks for a kept answer by GET and hands one over by PUT, with the whole answer
// as HTTP text in the body. The head may say that the body is chunked; the body is whole all the same, and encoded as its
// `content-encoding` says. Kept in memory, and for as long as `max-age` says.

/** @type {Map<string, { status: number, headers: Headers, body: Uint8Array, until: number }>} by URL */
const kept = new Map();

/** @satisfies {ExportedHandler} */
export default {
  async fetch(request) {
    switch (request.method) {
      case "GET":
        return found(request.url);
      case "PUT":
        return keep(request.url, new Uint8Array(await request.arrayBuffer()));
      default:
        return new Response(null, { status: kept.delete(request.url) ? 200 : 404 });
    }
  },
};

/** @param {string} url */
function found(url) {
  const answer = kept.get(url);
  if (answer === undefined || answer.until <= Date.now()) {
    return new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });
  }
  const headers = new Headers(answer.headers);
  headers.set("cf-cache-status", "HIT");
  // The bytes are encoded already.
  return new Response(answer.body, { status: answer.status, headers, encodeBody: "manual" });
}

/**
 * @param {string} url
 * @param {Uint8Array} bytes
 */
function keep(url, bytes) {
  const { head, body } = divided(bytes);
  const [first, ...lines] = head.split("\r\n");
  const named = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    named.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  // Not those of a message of its own.
  named.delete("transfer-encoding");
  named.delete("content-length");
  const seconds = Number(/max-age=(\d+)/.exec(named.get("cache-control") ?? "")?.[1] ?? 0);
  kept.set(url, { status: Number(first.split(" ")[1]), headers: named, body, until: Date.now() + seconds * 1_000 });
  return new Response(null, { status: 204 });
}

/**
 * The head as text, and the body as it is. The runtime writes headers as UTF-8, so other bytes cannot be given back.
 * @param {Uint8Array} bytes
 */
function divided(bytes) {
  const isEnd = (/** @type {number} */ at) => [13, 10, 13, 10].every((byte, offset) => bytes[at + offset] === byte);
  let end = 0;
  while (end < bytes.length && !isEnd(end)) end += 1;
  return { head: new TextDecoder().decode(bytes.subarray(0, end)), body: bytes.slice(end + 4) };
}
