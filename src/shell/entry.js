// What the runtime calls. Requests of clients go straight to `carry.js` (ADR-0010); everything else goes through the shim
// that `worker-build` made, which starts the wasm, and starts it anew after a panic.
import Shim, { Controller } from "pointsman-shim";
import { carry, handOver } from "./carry.js";

// The shim's own note that the wasm has panicked.
const state = globalThis.__worker_init_state;
let known = false;

export { Controller };

export default {
  fetch(request, env, context) {
    if (!known || state.criticalError) {
      // The export of this name hands over the functions of the wasm instance.
      handOver(new Shim(context, env).fetch(), state);
      known = true;
    }
    return carry(request, env, context);
  },

  scheduled(controller, env, context) {
    return new Shim(context, env).scheduled(controller);
  },
};
