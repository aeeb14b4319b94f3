// The body of a request for one of our own pages.

/**
 * Reads a body as text; `undefined` if it is longer than `bytesMax`, `null` if it did not come to its end within `msMax`,
 * or is no UTF-8.
 * @param {Request} request
 * @param {number} bytesMax
 * @param {number} msMax
 */
export async function wholeText({ body, headers }, bytesMax, msMax) {
  if (Number(headers.get("content-length")) > bytesMax) return undefined;
  if (body === null) return "";
  const reader = body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    // The reader then says that the body has ended.
    isLate = true;
    giveUp(reader);
  }, msMax);
  try {
    const text = await allOf(reader, bytesMax);
    return isLate ? null : text;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    giveUp(reader);
  }
}

/** @param {ReadableStreamDefaultReader<Uint8Array>} reader */
const giveUp = (reader) => void reader.cancel("not needed any more").catch(() => {});

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {number} bytesMax
 */
async function allOf(reader, bytesMax) {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  for (let left = bytesMax; ;) {
    const { value, done } = await reader.read();
    if (done) return text + decoder.decode();
    left -= value.length;
    if (left < 0) return undefined;
    text += decoder.decode(value, { stream: true });
  }
}
