// Jurisdictions of Durable Objects, which workerd refuses to know: in each of them the same name is
// another object, and an object knows its own. Stands before the Worker's own entry.
import worker, { Controller as Own } from "./index.js";

const KNOWN = ["eu", "us", "fedramp", "fedramp-high"];
const NAME = "controller";

const nameIn = (jurisdiction, name) => `${jurisdiction}/${name}`;

/** The Worker's bindings, with a namespace that has jurisdictions. */
function around(env) {
  const jurisdiction = (word) => {
    if (!KNOWN.includes(word)) throw new TypeError(`there is no jurisdiction ${word}`);
    return { getByName: (name) => env.CONTROLLER.getByName(nameIn(word, name)) };
  };
  return { ...env, CONTROLLER: { getByName: (name) => env.CONTROLLER.getByName(name), jurisdiction } };
}

/** The object's handle to itself, with an id that tells the jurisdiction. */
function located(state, env) {
  const isIn = (word) => env.CONTROLLER.idFromName(nameIn(word, NAME)).equals(state.id);
  const id = { jurisdiction: KNOWN.find(isIn), toString: () => state.id.toString() };
  return new Proxy(state, {
    get(target, key) {
      if (key === "id") return id;
      const value = target[key];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

export class Controller extends Own {
  constructor(state, env) {
    super(located(state, env), env);
  }
}

export default {
  fetch: (request, env, context) => worker.fetch(request, around(env), context),
  scheduled: (event, env, context) => worker.scheduled(event, around(env), context),
};
