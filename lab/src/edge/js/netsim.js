// The simulated internet: everything that the Worker fetches comes here. A host name leads to a port of loopback, after
// a delay, unless a fault is set; a host that nobody announced does not exist.
import { WorkerEntrypoint } from "cloudflare:workers";

const HOUR_MS = 3_600_000;

/**
 * Where a host name leads to; `port` is one of loopback.
 * @typedef {{ port: number, delay_ms: number, fault: string | null }} Route
 */

/** @type {Map<string, Route>} by host name */
const routes = new Map();
/** @type {Map<string, string>} the fault of a way, by area and host name: `sam eu1.origin.example.com` */
const faults = new Map();

/** Data centers of the areas, as Cloudflare's own trace tells them. */
const COLOS = {
  wnam: "SJC",
  enam: "IAD",
  sam: "GRU",
  weur: "FRA",
  eeur: "WAW",
  apac: "SIN",
  oc: "SYD",
  afr: "JNB",
  me: "DXB",
};

/** The zone of the Worker. */
let zone = "example.com";

/**
 * How many probes of one place are under way: waiting for the head of their answers.
 * @typedef {{ requests: number, open: number, peak: number, peak_of_one: number, waited: number }} Connections
 */

/** Connections of one invocation. A seventh request waits until one of these is free. */
const CONNECTIONS_MAX = 6;
/** How often one that waits looks again. */
const LOOK_AGAIN_MS = 5;

/** @type {Map<string, Connections>} by area; `run` for those of runs that probe by themselves */
const places = new Map();
/** @type {Map<string, number>} how many are under way of an invocation, by its id */
const invocations = new Map();
/** @type {Map<string, string>} the invocation that makes a probe, by area and URL */
const makers = new Map();

/** @satisfies {ExportedHandler} */
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const host = connectsTo(url.hostname, request.cf?.resolveOverride);
    const area = areaOf(request);
    if (host === TRACE_HOST && url.pathname === TRACE_PATH) return trace(area);
    const route = routes.get(host);
    if (!route) throw new Error(`no such host: ${host}`);
    const leave = await enter(request, area);
    try {
      if (route.delay_ms > 0) await scheduler.wait(route.delay_ms);
      const fault = faults.get(`${area} ${host}`) ?? route.fault;
      if (fault !== null) return await fail(fault);
      const headers = new Headers(request.headers);
      headers.set("x-lab-host", url.host);
      headers.set("x-lab-scheme", url.protocol.slice(0, -1));
      const target = `http://127.0.0.1:${route.port}${url.pathname}${url.search}`;
      return await fetch(target, new Request(request, { headers }));
    } finally {
      leave();
    }
  },
};

/**
 * Waits until the invocation that makes a probe has a connection for it. Returns what gives that back.
 * @param {Request} request
 * @param {string | undefined} area
 */
async function enter(request, area) {
  const place = area ?? "run";
  const isProbe = request.headers.get("user-agent")?.startsWith("pointsman/") ?? false;
  if (!isProbe) return () => {};
  // Runs that probe by themselves do so one at a time.
  const id = area === undefined ? place : makers.get(`${area} ${request.url}`);
  const counts = places.get(place) ?? { requests: 0, open: 0, peak: 0, peak_of_one: 0, waited: 0 };
  places.set(place, counts);
  counts.requests += 1;
  const ofOne = () => (id === undefined ? 0 : (invocations.get(id) ?? 0));
  if (ofOne() >= CONNECTIONS_MAX) counts.waited += 1;
  while (ofOne() >= CONNECTIONS_MAX) await scheduler.wait(LOOK_AGAIN_MS);
  counts.open += 1;
  counts.peak = Math.max(counts.peak, counts.open);
  if (id !== undefined) invocations.set(id, ofOne() + 1);
  counts.peak_of_one = Math.max(counts.peak_of_one, ofOne());
  let isOpen = true;
  const leave = () => {
    if (!isOpen) return;
    isOpen = false;
    counts.open -= 1;
    if (id !== undefined && invocations.has(id)) invocations.set(id, ofOne() - 1);
  };
  // Whoever gives a request up ends this handler, wherever it is.
  request.signal.addEventListener("abort", leave);
  return leave;
}

/** Where Cloudflare says in which data center a request came in. */
const TRACE_HOST = "www.cloudflare.com";
const TRACE_PATH = "/cdn-cgi/trace";

/**
 * The area that a request of the Worker comes from, as its probes say: `pointsman/1.0.0 (sam)`.
 * @param {Request} request
 */
function areaOf(request) {
  return /\((\w+)\)$/.exec(request.headers.get("user-agent") ?? "")?.[1];
}

/** @param {string | undefined} area */
function trace(area) {
  const colo = COLOS[/** @type {keyof typeof COLOS} */ (area)] ?? "LAB";
  return new Response(`fl=1f1\nh=${TRACE_HOST}\ncolo=${colo}\nhttp=http/1.1\n`);
}

/**
 * The host that a request connects to. As Cloudflare documents `resolveOverride`: it counts only if both hosts are in the
 * zone of the Worker, and is ignored without a word otherwise.
 * @param {string} host of the URL
 * @param {unknown} override
 */
function connectsTo(host, override) {
  const isInZone = (/** @type {string} */ name) => name === zone || name.endsWith(`.${zone}`);
  return typeof override === "string" && isInZone(host) && isInZone(override) ? override : host;
}

/** @param {string} fault */
async function fail(fault) {
  switch (fault) {
    case "refuse":
      throw new Error("Network connection lost.");
    case "hang":
      // A promise that can never resolve would be recognised as hung and ended at once.
      await scheduler.wait(HOUR_MS);
      throw new Error("Network connection lost.");
    case "unreachable":
      return new Response("error code: 523", { status: 523, headers: { "cf-ray": "lab", server: "cloudflare" } });
    case "tls_status":
      return new Response("error code: 526", { status: 526, headers: { "cf-ray": "lab", server: "cloudflare" } });
    case "tls_error":
      throw new Error("internal error; reference = 0123456789abcdefghijklmn");
    default:
      throw new Error(`unknown fault: ${fault}`);
  }
}

export class Control extends WorkerEntrypoint {
  /**
   * @param {string} host
   * @param {Route} route
   */
  route(host, route) {
    routes.set(host, route);
  }

  /**
   * @param {string} area
   * @param {string} host
   * @param {string | null} fault
   */
  fault(area, host, fault) {
    if (fault === null) faults.delete(`${area} ${host}`);
    else faults.set(`${area} ${host}`, fault);
  }

  /** @param {string} name */
  zone(name) {
    zone = name;
  }

  /**
   * An invocation begins, which makes these probes.
   * @param {string} id
   * @param {string[]} ways by area and URL
   */
  began(id, ways) {
    invocations.set(id, 0);
    for (const way of ways) makers.set(way, id);
  }

  /** @param {string} id */
  ended(id) {
    invocations.delete(id);
    for (const [way, maker] of makers) if (maker === id) makers.delete(way);
  }

  /** What was counted since the last time; what is under way stays counted. */
  connections() {
    const told = Object.fromEntries([...places].map(([place, counts]) => [place, { ...counts }]));
    for (const counts of places.values()) {
      Object.assign(counts, { requests: 0, peak: counts.open, peak_of_one: 0, waited: 0 });
    }
    return told;
  }
}
