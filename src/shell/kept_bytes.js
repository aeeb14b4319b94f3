// How many bytes of bodies this isolate keeps in memory.
//
// A plain counter would stay too high for ever after the first client that resets its connection: the runtime then ends
// everything of the request, and nothing gives back. So bytes are counted by when they were taken, and what was taken
// long ago is forgotten.

/** Most bytes that an isolate keeps; a Worker has 128 MB. */
const KEPT_BYTES_MAX = 16 * 1_024 * 1_024;
const SPAN_MS = 60_000;
/** What is not given back counts for at least five minutes, the longest `timeout_ms` of a service. */
const SPANS = 6;

/** @type {{ number: number, bytes: number }[]} */
const spans = Array.from({ length: SPANS }, () => ({ number: 0, bytes: 0 }));

/** @param {number} bytes */
export function hasRoomFor(bytes) {
  const newest = Math.floor(Date.now() / SPAN_MS);
  let sum = bytes;
  for (const { number, bytes } of spans) if (newest - number < SPANS) sum += bytes;
  return sum <= KEPT_BYTES_MAX;
}

/**
 * Counts bytes as kept. Returns what gives them back.
 * @param {number} bytes
 */
export function take(bytes) {
  const number = Math.floor(Date.now() / SPAN_MS);
  const span = spans[number % SPANS];
  if (span.number !== number) {
    span.number = number;
    span.bytes = 0;
  }
  span.bytes += bytes;
  return () => {
    if (span.number === number) span.bytes = Math.max(0, span.bytes - bytes);
  };
}
