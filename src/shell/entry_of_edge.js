// What the runtime calls of the Worker for requests alone (ADR-0040).
import { serve } from "./serve.js";

/** @satisfies {ExportedHandler<Env>} */
export default { fetch: serve };
