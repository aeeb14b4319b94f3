// The controls of the lab: one POST of { command, ... } is one call, answered with { result }.

/**
 * @typedef {object} Bindings
 * @property {{ scheduled(event: { cron: string, scheduledTime: Date }): Promise<unknown> }} MAIN
 * @property {KVNamespace} KV
 * @property {import("./kvtap.js").Control} TAP
 * @property {import("./netsim.js").Control} NET
 * @property {import("./analytics.js").Control} ANALYTICS
 */

/**
 * What each command does with its arguments, which `lab/src/edge/control.rs` writes.
 * @type {Record<string, (args: any, env: Bindings) => unknown>}
 */
const commands = {
  cron: ({ scheduled_ms }, env) => env.MAIN.scheduled({ cron: "* * * * *", scheduledTime: new Date(scheduled_ms) }),
  kv_get: ({ key }, env) => env.KV.get(key),
  kv_put: ({ key, value }, env) => env.KV.put(key, value),
  kv_delete: ({ key }, env) => env.KV.delete(key),
  kv_list: ({ prefix }, env) => list(env.KV, prefix),
  kv_counts: (_, env) => env.TAP.counts(),
  kv_reset_counts: (_, env) => env.TAP.resetCounts(),
  kv_faults: ({ faults }, env) => env.TAP.setFaults(faults),
  kv_advance_clock: ({ ms }, env) => env.TAP.advanceClock(ms),
  route: ({ host, route }, env) => env.NET.route(host, route),
  fault: ({ area, host, fault }, env) => env.NET.fault(area, host, fault),
  connections: (_, env) => env.NET.connections(),
  zone: ({ name }, env) => env.NET.zone(name),
  data_points: (_, env) => env.ANALYTICS.points(),
};

const PAGE = 100;

/**
 * @param {KVNamespace} kv
 * @param {string} prefix
 */
async function list(kv, prefix) {
  const keys = [];
  /** @type {string | undefined} */
  let cursor;
  for (;;) {
    /** @type {KVNamespaceListResult<unknown>} */
    const page = await kv.list({ prefix, cursor, limit: PAGE });
    keys.push(...page.keys);
    if (page.list_complete) return keys;
    cursor = page.cursor;
  }
}

/** @satisfies {ExportedHandler<Bindings>} */
export default {
  async fetch(request, env) {
    const { command, ...args } = await request.json();
    try {
      const result = await commands[command](args, env);
      return Response.json({ result: result ?? null });
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      return new Response(`${command}: ${message}`, { status: 500 });
    }
  },
};
