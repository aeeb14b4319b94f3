// Carries requests: brings their facts to the core as one text, does what it says, and asks again when a try has ended.
// What is decided, and by what, is in src/proxy; the texts are those of `Asked` and `Step` there.

let core;
let state;
let wanted = { version: 0, names: [] };

const ABSENT = "\0";
const [FIRST, UNREACHABLE, TIMED_OUT, LATE, INVALID] = [0, 1, 2, 5, 6];
const [NOTHING, TABLE, PIN, NO_PIN] = [0, 1, 2, 3];
const HEADERS_AT = 12;
const TRIAL_MS = 5_000;
const HANG_UP_MS = 20;
const KEPT_MAX = 1_000;
const KEEP_AGAIN_MS = 60_000;
const KEPT_URL_MAX = 2_048;

// An odd value is no value.
const told = (value) => (typeof value === "string" && !value.includes("\n") ? value : "");

// The question about a request: why it is asked, what was tried, and the facts.
function question({ request, id, arrived, trail }, now, why, brought) {
  const { headers } = request;
  const cf = request.cf ?? {};
  const body = bodyOf(request) === null ? "" : (headers.get("content-length") ?? "?");
  let text = `${wanted.version}\n${why}\n${brought}\n${now - arrived}\n${trail}`;
  text += `\n${request.method}\n${request.url}\n${body}\n${id}`;
  text += `\n${told(cf.country)}\n${told(cf.colo)}\n${told(cf.latitude)}\n${told(cf.longitude)}`;
  text += `\n${headers.get("cf-connecting-ip") ?? ""}\n${headers.get("accept") ?? ""}`;
  text += `\n${headers.get("x-pointsman-hops") ?? ""}`;
  for (const name of wanted.names) text += `\n${headers.get(name) ?? ABSENT}`;
  return text;
}

// The runtime has a body for a request that announces none.
const bodyOf = ({ body, headers }) => (body === null || headers.get("content-length") === "0" ? null : body);

function ask(journey, why, brought, pin) {
  const now = Date.now();
  try {
    return core.decide(question(journey, now, why, brought), now, pin ?? undefined).split("\n");
  } catch (error) {
    // This request must not go anywhere undecided.
    panicked(error);
    return ["refuse", "", "", "500", "2", "cache-control", "no-store", "x-request-id", journey.id, ""];
  }
}

// The wasm has panicked. The next request starts it anew.
function panicked(error) {
  console.error("the core has failed", error);
  state.criticalError = true;
}

// Takes the functions of a wasm instance. After a panic there is another one; requests that are under way go on with it.
export function handOver([decide, ended, tried, load, pin, surface], noted) {
  core = { decide, ended, tried, load, pin, surface };
  wanted = { version: 0, names: [] };
  state = noted;
}

// Most requests are one question and one try, with no more promises than that takes.
export function carry(request, env, context) {
  const journey = { request, env, context, id: crypto.randomUUID(), arrived: Date.now(), trail: "" };
  const step = ask(journey, FIRST, NOTHING);
  if (step[0] !== "try") return goOn(journey, step);
  return sent(journey, step).then((ended) => (ended.why === 0 ? dressed(ended) : goAgain(journey, ended)));
}

const goAgain = (journey, ended) => goOn(journey, ask(journey, ended.why, NOTHING), ended);

async function goOn(journey, first, tried) {
  let step = first;
  let last = tried;
  for (;;) {
    const why = last?.why ?? FIRST;
    switch (step[0]) {
      case "try":
        letGo(last?.response);
        last = await sent(journey, step);
        if (last.why === 0) return dressed(last);
        step = ask(journey, last.why, NOTHING);
        break;
      case "answer":
        return dressed(last);
      case "facts":
        wanted = { version: step[1], names: step.slice(2) };
        step = ask(journey, why, NOTHING);
        break;
      case "table":
        await core.load(journey.env);
        step = ask(journey, why, TABLE);
        break;
      case "pin":
        step = await pinned(journey, step[1], why);
        break;
      case "surface":
        return refused(journey, await onSurface(journey));
      default:
        return refused(journey, step);
    }
  }
}

async function pinned(journey, key, why) {
  const pin = await core.pin(journey.env, key);
  return ask(journey, why, pin === undefined ? NO_PIN : PIN, pin);
}

// Sends a request, and where it is late another one beside it. The first answer that will do counts.
function sent(journey, step) {
  const first = attempt(journey, step);
  return step[5] === "" ? first : hedged(journey, first, Number(step[5]));
}

async function hedged(journey, first, lateMs) {
  if ((await Promise.race([first, scheduler.wait(lateMs)])) !== undefined) return first;
  const step = ask(journey, LATE, NOTHING);
  return step[0] === "try" ? better(first, attempt(journey, step)) : first;
}

async function better(...tries) {
  const good = tries.map(async (going) => {
    const ended = await going;
    if (ended.why !== 0) throw ended;
    return ended;
  });
  const won = await Promise.any(good).catch(({ errors }) => errors.findLast((lost) => lost.response) ?? errors[0]);
  for (const going of tries) going.then((ended) => ended !== won && letGo(ended.response));
  return won;
}

// One try, as a promise of how it ended: with `why` 0 the answer is one to hand on.
function attempt(journey, step) {
  const [, , url, wait, trail, , refresh, trialToken, trialUrl] = step;
  journey.trail = trail;
  if (refresh !== "") journey.context.waitUntil(core.load(journey.env));
  if (trialUrl !== "") journey.context.waitUntil(trial(Number(trialToken), trialUrl));
  const began = Date.now();
  return new Promise((resolve) => {
    let isOver = false;
    // However it ends, it is told once. The timer ends with the request's context, which costs less than to clear it.
    const end = (none, response) => {
      if (isOver) return letGo(response);
      isOver = true;
      resolve(ended(journey, step, began, none, response));
    };
    setTimeout(() => end(TIMED_OUT, null), Number(wait));
    const isLost = async (error) => {
      // The runtime does not take such a request: its fault, and not the region's.
      if (error instanceof TypeError) return end(INVALID, null);
      // A client that hangs up in an upload takes the connection to the region with it. In a moment it is gone, and with
      // it everything here; only what was not its fault is told.
      if (bodyOf(journey.request) !== null) await scheduler.wait(HANG_UP_MS);
      end(UNREACHABLE, null);
    };
    try {
      onward(journey.request, url, step).then((response) => end(0, response), isLost);
    } catch (error) {
      isLost(error);
    }
  });
}

// Nobody will read this answer.
function letGo(response) {
  response?.body?.cancel().catch(() => {});
}

function ended(journey, step, began, none, response) {
  const now = Date.now();
  const status = response === null ? 0 : response.status;
  let why = response === null ? none : 0;
  try {
    why = core.ended(Number(step[1]), none, status, retryAfter(response, status), now - began, now);
  } catch (error) {
    panicked(error);
  }
  if (step[9] !== "" && status === 200) keepCopy(journey, response, Number(step[9]));
  return { why, response, step, took: now - began };
}

// The same request to another host; the body is handed on as the stream that it is. No redirect is followed: it would
// lead to a host that no rule has looked at. Headers that belong to no request yet are a fifth cheaper to change.
function onward(request, url, step) {
  const { method, headers: sent } = request;
  const headers = new Headers(sent);
  endConnection(headers);
  const end = HEADERS_AT + 2 * Number(step[11]);
  for (let at = HEADERS_AT; at < end; at += 2) {
    if (step[at + 1] === "") headers.delete(step[at]);
    else headers.set(step[at], step[at + 1]);
  }
  const body = bodyOf(request);
  if (body !== null && (method === "GET" || method === "HEAD")) {
    // The runtime makes no such request with a body, but hands one on that came so.
    return fetch(new Request(new Request(url, request), { headers, redirect: "manual" }));
  }
  return fetch(url, { method, headers, body, redirect: "manual" });
}

// Headers that are about the client's connection to us go no further (RFC 9110 section 7.6.1). Those that HTTP itself
// names, such as `keep-alive` and `te`, the runtime takes off; an upgrade to anything but a WebSocket as well.
const OF_THE_CONNECTION = ["http2-settings", "proxy-authenticate", "proxy-authorization", "proxy-connection"];
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;

function endConnection(headers) {
  for (const name of OF_THE_CONNECTION) headers.delete(name);
  const named = headers.get("connection");
  if (named === null) return;
  for (const name of named.split(",").map((name) => name.trim())) {
    if (NAME.test(name) && name.toLowerCase() !== "upgrade") headers.delete(name);
  }
}

function retryAfter(response, status) {
  if (status !== 429) return -1;
  const text = response.headers.get("retry-after") ?? "";
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000;
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : -1;
}

// The answer with what we add. It is touched only where there is something.
function dressed({ response, step, took }) {
  const timing = step[10];
  const first = HEADERS_AT + 2 * Number(step[11]);
  if (timing === "" && first === step.length) return response;
  const dressed = new Response(response.body, response);
  const { headers } = dressed;
  if (timing !== "") headers.append("server-timing", `${timing};dur=${took}`);
  for (let at = first; at < step.length; at += 2) {
    if (step[at] === "set-cookie") headers.append(step[at], step[at + 1]);
    else headers.set(step[at], step[at + 1]);
  }
  return dressed;
}

async function onSurface({ request, env }) {
  const text = await core.surface(env, request.method, request.url, request.headers.get("authorization") ?? undefined);
  return text.split("\n");
}

async function refused(journey, [, orStale, refresh, status, count, ...rest]) {
  if (refresh !== "") journey.context.waitUntil(core.load(journey.env));
  const kept = orStale === "" ? undefined : await caches.default.match(cacheKey(journey.request));
  if (kept !== undefined) {
    const answer = new Response(kept.body, kept);
    answer.headers.set("x-pointsman", "kept answer; stale");
    answer.headers.set("cache-control", "no-store");
    return answer;
  }
  const pairs = [];
  const end = 2 * Number(count);
  for (let at = 0; at < end; at += 2) pairs.push([rest[at], rest[at + 1]]);
  return new Response(rest.slice(end).join("\n"), { status: Number(status), headers: pairs });
}

// Asks a region for its health page, to see whether it answers again.
async function trial(token, url) {
  const began = Date.now();
  const asked = fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TRIAL_MS) });
  const response = await asked.catch(() => null);
  letGo(response);
  const status = response?.status ?? 0;
  const now = Date.now();
  core.tried(token, status > 0 && status < 500 && status !== 429, now - began, now);
}

const cacheKey = (request) => new Request(request.url);
const kept = new Map(); // url -> when it was kept last

function keepCopy({ request, context }, response, seconds) {
  const { headers } = response;
  const isPrivate = /private|no-store|no-cache/i.test(headers.get("cache-control") ?? "");
  const isOnesOwn = request.headers.has("authorization") || request.headers.has("range") || headers.has("set-cookie");
  const now = Date.now();
  if (isPrivate || isOnesOwn || headers.has("vary") || now - (kept.get(request.url) ?? 0) < KEEP_AGAIN_MS) return;
  if (request.url.length > KEPT_URL_MAX) return;
  if (kept.size >= KEPT_MAX) kept.clear();
  kept.set(request.url, now);
  const copy = new Response(response.clone().body, response);
  copy.headers.set("cache-control", `public, max-age=${seconds}`);
  context.waitUntil(caches.default.put(cacheKey(request), copy));
}
