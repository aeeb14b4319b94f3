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

  const Shim: {
    new (context: ExecutionContext, env: Env): { scheduled(controller: ScheduledController): Promise<void> };
    /** Every function that the wasm exports. */
    prototype: import("./core.js").Functions;
  };
  export default Shim;
}
