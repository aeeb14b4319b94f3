// Tells the simulated internet which probes belong together: those of one invocation, which in production share six
// connections. Stands before the Worker's own entry. A share of an area is one invocation; which share a probe is of
// cannot be seen from outside, so this reads each share on its way.
// @ts-expect-error The Worker's own entry, which stands beside this file only when the lab runs it.
import worker, { Controller, Vantage as Own } from "./index.js";

/** @typedef {{ LAB_NET: import("./netsim.js").Control }} Bindings */

/** Where a whole run is asked for. It has no share. */
const RUN_PATH = "/run";

export class Vantage {
  /**
   * @param {DurableObjectState} state
   * @param {Bindings} env
   */
  constructor(state, env) {
    this.own = new Own(state, env);
    this.net = env.LAB_NET;
  }

  /** @param {Request} request */
  async fetch(request) {
    if (request.url.endsWith(RUN_PATH)) return this.own.fetch(request);
    const body = await request.text();
    /** @type {{ probes: { url: string, areas: string[] }[] }} */
    const { probes } = JSON.parse(body);
    const id = crypto.randomUUID();
    await this.net.began(
      id,
      probes.map(({ url, areas }) => `${areas[0]} ${url}`),
    );
    try {
      return await this.own.fetch(new Request(request.url, { method: request.method, body }));
    } finally {
      await this.net.ended(id);
    }
  }
}

export { Controller };
export default worker;
