// A trial: asks a region that failed for its health page, to see whether it answers again.
import { trialEnded } from "./core.js";
import { discard } from "./discard.js";

const TRIAL_MS = 5_000;

// As if it had come through more proxies than any request may. If Cloudflare ignores the override, the trial may come to
// this Worker itself, which refuses it then: no other region answers for this one.
const NO_FURTHER = { "x-pointsman-hops": "99" };

/** @param {import("./wire.js").Trial} trial */
export async function tryOut({ token, url, resolve }) {
  const began = Date.now();
  const told = resolve === null ? {} : { headers: NO_FURTHER, cf: { resolveOverride: resolve } };
  const asked = fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TRIAL_MS), ...told });
  const response = await asked.catch(() => null);
  discard(response);
  const status = response?.status ?? 0;
  const now = Date.now();
  trialEnded({ token, hasPassed: status > 0 && status < 500 && status !== 429, tookMs: now - began, now });
}
