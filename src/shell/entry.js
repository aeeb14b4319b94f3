// What the runtime calls. Everything but requests of clients goes through the shim that `worker-build` writes.
import Shim, { Controller, Vantage } from "pointsman-shim";
import { serve } from "./serve.js";

export { Controller, Vantage };

/** @satisfies {ExportedHandler<Env>} */
export default {
  fetch: serve,

  scheduled(controller, env, context) {
    return new Shim(context, env).scheduled(controller);
  },
};
