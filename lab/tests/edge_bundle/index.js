// A small Worker that uses everything an edge offers, for the tests of the edge itself.
import { greeting } from "./helper.js";

export class Controller {
  constructor(state) {
    this.sql = state.storage.sql;
    this.sql.exec("CREATE TABLE IF NOT EXISTS calls (n INTEGER)");
  }

  fetch() {
    this.sql.exec("INSERT INTO calls VALUES (1)");
    return new Response(String(this.sql.exec("SELECT count(*) AS n FROM calls").one().n));
  }
}

const handlers = {
  "/": () => new Response(greeting),
  "/var": (_, env, query) => new Response(env[query.get("name")]),
  "/redirect": () => new Response(null, { status: 302, headers: { location: "/" } }),
  "/object": (_, env) => env.CONTROLLER.get(env.CONTROLLER.idFromName("one")).fetch("http://object/"),
  "/request": (request) =>
    Response.json({
      url: request.url,
      hasCf: request.cf !== undefined,
      cf: request.cf ?? null,
      headers: Object.fromEntries(request.headers),
    }),
  "/kv": kv,
  "/fetch": subrequest,
};

async function kv(request, env, query) {
  const key = query.get("key");
  switch (request.method) {
    case "PUT":
      await env.KV.put(key, await request.text(), {
        metadata: { by: "worker" },
        expirationTtl: query.has("ttl_s") ? Number(query.get("ttl_s")) : undefined,
      });
      return new Response("put");
    case "DELETE":
      await env.KV.delete(key);
      return new Response("deleted");
    default:
      return Response.json(await env.KV.getWithMetadata(key));
  }
}

async function subrequest(request, _, query) {
  const signal = AbortSignal.timeout(Number(query.get("timeout_ms") ?? 10_000));
  try {
    const response = await fetch(query.get("url"), { method: request.method, body: request.body, signal });
    return new Response(response.body, response);
  } catch (error) {
    return new Response(`${error.name}: ${error.message}`, { status: 599 });
  }
}

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    try {
      return await handlers[url.pathname](request, env, url.searchParams);
    } catch (error) {
      console.log(`handler failed: ${error.message}`);
      return new Response(error.message, { status: 500 });
    }
  },

  async scheduled(event, env, context) {
    if ((await env.KV.get("cron-fails")) !== null) throw new Error("told to fail");
    const late = async () => {
      await scheduler.wait(50);
      await env.KV.put("last-run", String(event.scheduledTime));
    };
    context.waitUntil(late());
  },
};
