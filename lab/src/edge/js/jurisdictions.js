// Jurisdictions of Durable Objects, which workerd refuses to know: in each of them the same name is
// another object, and an object knows its own. Stands before the Worker's own entry.
// @ts-expect-error The Worker's own entry, which stands beside this file only when the lab runs it.
import worker, { Controller as Own } from "./index.js";

const KNOWN = ["eu", "us", "fedramp", "fedramp-high"];
const NAME = "controller";

/** @typedef {{ CONTROLLER: DurableObjectNamespace }} Bindings */

/**
 * @param {string} jurisdiction
 * @param {string} name
 */
const nameIn = (jurisdiction, name) => `${jurisdiction}/${name}`;

/**
 * The Worker's bindings, with a namespace that has jurisdictions.
 * @param {Bindings} env
 */
function around(env) {
  const getByName = (/** @type {string} */ name) => env.CONTROLLER.getByName(name);
  const jurisdiction = (/** @type {string} */ word) => {
    if (!KNOWN.includes(word)) throw new TypeError(`there is no jurisdiction ${word}`);
    return { getByName: (/** @type {string} */ name) => getByName(nameIn(word, name)) };
  };
  return { ...env, CONTROLLER: { getByName, jurisdiction } };
}

/**
 * The object's handle to itself, with an id that tells the jurisdiction.
 * @param {DurableObjectState} state
 * @param {Bindings} env
 */
function located(state, env) {
  const isIn = (/** @type {string} */ word) => env.CONTROLLER.idFromName(nameIn(word, NAME)).equals(state.id);
  const id = { jurisdiction: KNOWN.find(isIn), toString: () => state.id.toString() };
  return new Proxy(state, {
    get(target, key) {
      if (key === "id") return id;
      const value = Reflect.get(target, key);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

export class Controller extends Own {
  /**
   * @param {DurableObjectState} state
   * @param {Bindings} env
   */
  constructor(state, env) {
    super(located(state, env), env);
  }
}

/** @satisfies {ExportedHandler<Bindings>} */
export default {
  fetch: (request, env, context) => worker.fetch(request, around(env), context),
  scheduled: (event, env, context) => worker.scheduled(event, around(env), context),
};
