// What stands behind the Cache API: workerd asks for a kept answer by GET and hands one over by PUT, with the whole answer
// as HTTP text in the body. Kept in memory, and for as long as `max-age` says.

/** @type {Map<string, { status: number, headers: Headers, body: Blob | Uint8Array, until: number }>} by URL */
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
  return new Response(answer.body, { status: answer.status, headers });
}

/**
 * @param {string} url
 * @param {Uint8Array} bytes
 */
function keep(url, bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  const [first, ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
  const named = new Headers(headers);
  const seconds = Number(/max-age=(\d+)/.exec(named.get("cache-control") ?? "")?.[1] ?? 0);
  const isChunked = /chunked/i.test(named.get("transfer-encoding") ?? "");
  const body = bytes.slice(end + 4);
  named.delete("transfer-encoding");
  kept.set(url, {
    status: Number(first.split(" ")[1]),
    headers: named,
    body: isChunked ? unchunked(body) : body,
    until: Date.now() + seconds * 1_000,
  });
  return new Response(null, { status: 204 });
}

/** @param {Uint8Array} bytes */
function unchunked(bytes) {
  const text = new TextDecoder("latin1").decode(bytes);
  const parts = [];
  for (let at = 0; ;) {
    const end = text.indexOf("\r\n", at);
    const length = parseInt(text.slice(at, end), 16);
    if (!(length > 0)) return new Blob(parts);
    parts.push(bytes.slice(end + 2, end + 2 + length));
    at = end + 4 + length;
  }
}
