// What the JavaScript of the shell finds around it.

/** The bindings of `wrangler.toml`. */
interface Env {
  KV: KVNamespace;
  CONTROLLER: DurableObjectNamespace;
  VANTAGE: DurableObjectNamespace;
  /** Absent unless the operator wants data points. */
  ANALYTICS?: AnalyticsEngineDataset;
}

/** The shim's note of which wasm instance runs, counted from the first, and whether it has panicked. */
declare var __worker_init_state: { criticalError: boolean; instanceId: number };

/** What `worker-build` writes; the build puts it in the place of this name. */
declare module "pointsman-shim" {
  export class Controller {}
  export class Vantage {}

  export default class Shim {
    constructor(context: ExecutionContext, env: Env);
    fetch(): import("./core.js").Functions;
    scheduled(controller: ScheduledController): Promise<void>;
  }
}
