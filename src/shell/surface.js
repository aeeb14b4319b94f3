// Requests for our own pages, `/.pointsman/…`.
import { tell } from "./core.js";
import { loadTable } from "./loading.js";
import { wholeText } from "./whole_text.js";
import { readInstruction } from "./wire.js";

/**
 * The answer to a request for one of our own pages. If the core fails, there is none.
 * @param {import("./facts.js").Journey} journey
 */
export async function surface({ request, env, id }) {
  const { method, url, headers } = request;
  // `SurfaceRequest` reads it.
  const asked = JSON.stringify({
    method,
    url,
    id,
    authorization: headers.get("authorization"),
    content_type: headers.get("content-type"),
    idempotency_key: headers.get("idempotency-key"),
    assertion: headers.get("cf-access-jwt-assertion"),
    cookie: headers.get("cookie"),
    origin: headers.get("origin"),
    fetch_site: headers.get("sec-fetch-site"),
  });
  // The table says who may see a page.
  if (tell((core) => core.isTableDue())) await loadTable(env);
  /** @type {import("./core.js").ReadBody} */
  const body = (bytesMax, msMax) => wholeText(request, bytesMax, msMax);
  const answer = await tell((core) => core.surface(env, asked, body));
  if (answer === undefined) throw new Error("the core has no answer");
  return readInstruction(answer);
}
