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

/** @satisfies {ExportedHandler} */
export default {
  async fetch(request) {
    const url = new URL(request.url);
    const host = connectsTo(url.hostname, request.cf?.resolveOverride);
    const area = areaOf(request);
    if (host === TRACE_HOST && url.pathname === TRACE_PATH) return trace(area);
    const route = routes.get(host);
    if (!route) throw new Error(`no such host: ${host}`);
    if (route.delay_ms > 0) await scheduler.wait(route.delay_ms);
    const fault = faults.get(`${area} ${host}`) ?? route.fault;
    if (fault !== null) return fail(fault);
    const headers = new Headers(request.headers);
    headers.set("x-lab-host", url.host);
    headers.set("x-lab-scheme", url.protocol.slice(0, -1));
    const target = `http://127.0.0.1:${route.port}${url.pathname}${url.search}`;
    return fetch(target, new Request(request, { headers }));
  },
};

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
}
