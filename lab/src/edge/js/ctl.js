// The controls of the lab: one POST of { command, ... } is one call, answered with { result }.
const commands = {
  cron: ({ scheduled_ms }, env) =>
    env.MAIN.scheduled({ cron: "* * * * *", scheduledTime: new Date(scheduled_ms) }),
  kv_get: ({ key }, env) => env.KV.get(key),
  kv_put: ({ key, value }, env) => env.KV.put(key, value),
  kv_delete: ({ key }, env) => env.KV.delete(key),
  kv_list: ({ prefix }, env) => list(env.KV, prefix),
  kv_counts: (_, env) => env.TAP.counts(),
  kv_reset_counts: (_, env) => env.TAP.resetCounts(),
  kv_faults: ({ faults }, env) => env.TAP.setFaults(faults),
  kv_advance_clock: ({ ms }, env) => env.TAP.advanceClock(ms),
  route: ({ host, route }, env) => env.NET.route(host, route),
};

const PAGE = 100;

async function list(kv, prefix) {
  const keys = [];
  let page = { list_complete: false };
  while (!page.list_complete) {
    page = await kv.list({ prefix, cursor: page.cursor, limit: PAGE });
    keys.push(...page.keys);
  }
  return keys;
}

export default {
  async fetch(request, env) {
    const { command, ...args } = await request.json();
    try {
      const result = await commands[command](args, env);
      return Response.json({ result: result ?? null });
    } catch (error) {
      return new Response(`${command}: ${error.message}`, { status: 500 });
    }
  },
};
