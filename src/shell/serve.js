// Requests of clients. They go straight to `carry.js`; the shim that `worker-build` writes only starts the wasm, and starts
// it anew after a panic (ADR-0010).
import Shim from "pointsman-shim";
import { carry } from "./carry.js";
import { handOver } from "./core.js";

// The shim's own note of which wasm instance there is, and whether it has panicked.
const state = globalThis.__worker_init_state;
/**
 * The instance whose functions `core.js` has. A cron run or the Controller may have started another one since.
 * @type {number | undefined}
 */
let instance;

/**
 * @param {Request} request
 * @param {Env} env
 * @param {ExecutionContext} context
 */
export function serve(request, env, context) {
  if (instance !== state.instanceId || state.criticalError) {
    // To make one starts another instance, if the last one has panicked. All have the same functions.
    new Shim(context, env);
    handOver(Shim.prototype, state);
    instance = state.instanceId;
  }
  return carry(request, env, context);
}
