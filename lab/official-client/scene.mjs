// The world that `lab/tests/official_client.rs` has furnished, and a client for it.
import Cloudflare from "cloudflare";

/** Ids by what they are: account, zone, monitor, eu, us, balancer, www. */
export const scene = JSON.parse(process.env.LAB_SCENE);

/** An id that nothing has. */
export const GHOST = "0123456789abcdef0123456789abcdef";

/** Cloudflare's client; everything that it would take from the environment is set here. */
export function client(options = {}) {
  return new Cloudflare({
    baseURL: process.env.LAB_BASE_URL,
    apiToken: process.env.LAB_TOKEN,
    apiKey: null,
    apiEmail: null,
    userServiceKey: null,
    ...options,
  });
}

/** All items of all pages. */
export async function all(list) {
  const items = [];
  for await (const item of list) items.push(item);
  return items;
}

/** Checks that an object holds these fields with these values, and maybe others. */
export function holds(assert, actual, expected) {
  const picked = Object.fromEntries(Object.keys(expected).map((name) => [name, actual[name]]));
  assert.deepEqual(picked, expected);
}
