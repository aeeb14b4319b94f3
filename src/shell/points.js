// Data points for Workers Analytics Engine. What they say is decided in `crate::analytics`.

/**
 * Whether a dataset is bound; `undefined` if nothing is, `false` if something else is.
 * @param {Env} env
 */
export function hasDataset({ ANALYTICS }) {
  if (ANALYTICS === undefined || ANALYTICS === null) return undefined;
  return typeof ANALYTICS.writeDataPoint === "function";
}

/**
 * Writes data points, up to the first that is refused. Returns how many were taken. Never throws.
 * @param {Env} env
 * @param {string} text a list of points, each a list of the index, the texts and the numbers
 */
export function writePoints({ ANALYTICS }, text) {
  /** @type {[string, string[], number[]][]} */
  const points = JSON.parse(text);
  let taken = 0;
  try {
    for (const [index, blobs, doubles] of points) {
      /** @type {AnalyticsEngineDataset} */ (ANALYTICS).writeDataPoint({ indexes: [index], blobs, doubles });
      taken += 1;
    }
  } catch (error) {
    console.error(`ANALYTICS: ${taken} of ${points.length} data points were taken: ${error}`);
  }
  return taken;
}
