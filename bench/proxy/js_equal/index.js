// The work of the Worker, written in JavaScript as well as we can: a region is chosen by country and latency, a try
// has a deadline, the origin and the client get the same headers. What is measured against it is what Rust costs, and
// what the rest of the Worker costs that is not here: rules beside the country, health, retries, the breaker.

const SERVICE = "shop.example";
const TRY_TIMEOUT_MS = 2000;
const EPOCH = "1";
const HOP = "x-pointsman-hop";

const EEA = ["dublin", "frankfurt"];
const PERMITTED = new Map([["BR", ["sao-paulo"]]]);
for (const code of "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split(" "))
  PERMITTED.set(code, EEA);
const EVERYWHERE = ["frankfurt", "dublin", "ashburn", "sao-paulo"];
const LATENCY_MS = new Map([["frankfurt", 8], ["dublin", 33], ["ashburn", 93], ["sao-paulo", 153]]);

function nearest(regions) {
  let best = regions[0];
  for (const region of regions) if (LATENCY_MS.get(region) < LATENCY_MS.get(best)) best = region;
  return best;
}

const refusal = (status) => new Response(null, { status });

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.hostname !== SERVICE) return refusal(404);
    if (request.headers.has(HOP)) return refusal(508);
    const region = nearest(PERMITTED.get(request.cf?.country) ?? EVERYWHERE);

    const onward = new Request(env.ORIGIN + url.pathname + url.search, request);
    const { headers } = onward;
    const client = headers.get("cf-connecting-ip");
    const scheme = url.protocol.slice(0, -1);
    headers.set("x-forwarded-for", client);
    headers.set("x-forwarded-host", url.host);
    headers.set("x-forwarded-proto", scheme);
    headers.set("forwarded", `for=${client};host=${url.host};proto=${scheme}`);
    headers.set("x-request-id", crypto.randomUUID());
    headers.set("x-failover-epoch", EPOCH);
    headers.set(HOP, "1");

    const began = Date.now();
    const answer = await withDeadline(onward);
    if (answer === undefined) return refusal(504);
    const response = new Response(answer.body, answer);
    response.headers.set("x-pointsman", `region=${region}`);
    response.headers.append("server-timing", `origin;dur=${Date.now() - began}`);
    return response;
  },
};

// A timer that is cleared, and a race: VARIANT
async function withDeadline(request) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TRY_TIMEOUT_MS);
  try {
    return await fetch(request, { signal: abort.signal });
  } catch (error) {
    if (abort.signal.aborted) return undefined;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
