// The dataset of Analytics Engine. workerd sends each data point here as a request of its own, whose body has the columns
// by their names; texts are lists of bytes. Kept in memory.
import { WorkerEntrypoint } from "cloudflare:workers";

const BLOBS_MAX = 20;
const DOUBLES_MAX = 20;

/** @type {{ index: string, blobs: string[], doubles: number[] }[]} */
let points = [];

/**
 * A column that nothing was written to is absent.
 * @param {number[] | undefined} bytes
 */
const text = (bytes) => new TextDecoder().decode(new Uint8Array(bytes ?? []));

/** @satisfies {ExportedHandler} */
export default {
  async fetch(request) {
    const event = /** @type {Record<string, any>} */ (await request.json());
    const places = (/** @type {number} */ most) => Array.from({ length: most }, (_, place) => place + 1);
    points.push({
      index: text(event.index1),
      blobs: places(BLOBS_MAX).map((place) => text(event[`blob${place}`])),
      doubles: places(DOUBLES_MAX).map((place) => event[`double${place}`] ?? 0),
    });
    return new Response(null, { status: 204 });
  },
};

export class Control extends WorkerEntrypoint {
  points() {
    return points;
  }
}
