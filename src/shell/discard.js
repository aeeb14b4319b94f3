/**
 * Drops a response that nobody will read, so that its connection is free.
 * @param {Response | null | undefined} response
 */
export function discard(response) {
  response?.body?.cancel().catch(() => {});
}
