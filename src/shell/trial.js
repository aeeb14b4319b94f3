// A trial: asks a region that failed for its health page, to see whether it answers again.
import { trialEnded } from "./core.js";
import { discard } from "./discard.js";

const TRIAL_MS = 5_000;

/** @param {{ token: number, url: string }} trial */
export async function tryOut({ token, url }) {
  const began = Date.now();
  const asked = fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TRIAL_MS) });
  const response = await asked.catch(() => null);
  discard(response);
  const status = response?.status ?? 0;
  const now = Date.now();
  trialEnded({ token, hasPassed: status > 0 && status < 500 && status !== 429, tookMs: now - began, now });
}
