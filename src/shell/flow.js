// Carries the bytes of a body, and knows who is waited for: whoever sends them, or whoever takes them.

// The first piece is as large as most bodies that do not announce a length. A body that fills its pieces gets larger
// ones: what a piece costs does not depend on its size.
const PIECE_BYTES_MIN = 4_096;
const PIECE_BYTES_MAX = 65_536;

/** Who is waited for. */
export const WaitsFor = Object.freeze({ Source: 0, Sink: 1, Nobody: 2 });

/** A body on its way. */
export class Flow {
  #reader;
  #writer;
  #cut;
  /**
   * One of `WaitsFor`. If an end of the body has failed, the one that did.
   * @type {number}
   */
  waitsFor = WaitsFor.Source;
  /** Since when; a time. */
  since = Date.now();
  hasFailed = false;

  /**
   * Begins to carry. `done` resolves when the body is over, whole or not.
   * @param {ReadableStream<Uint8Array>} source a stream of the runtime
   * @param {WritableStream<Uint8Array>} sink
   * @param {(error: unknown) => void} [cut] ends what takes the bytes so that nobody takes them for the whole; without it
   *   the sink is aborted
   */
  constructor(source, sink, cut) {
    this.#reader = source.getReader({ mode: "byob" });
    const writer = sink.getWriter();
    this.#writer = writer;
    this.#cut = cut ?? ((error) => writer.abort(error).catch(() => {}));
    this.done = this.#carry();
  }

  async #carry() {
    const [reader, writer] = [this.#reader, this.#writer];
    let piece = new Uint8Array(PIECE_BYTES_MIN);
    try {
      for (;;) {
        this.#wait(WaitsFor.Source);
        const { done, value } = await reader.read(piece);
        this.#wait(WaitsFor.Sink);
        if (done) break;
        await writer.write(value);
        const size = value.buffer.byteLength;
        const isFilled = value.byteLength === size && size < PIECE_BYTES_MAX;
        piece = isFilled ? new Uint8Array(4 * size) : new Uint8Array(value.buffer);
      }
      await writer.close();
      this.#wait(WaitsFor.Nobody);
    } catch (error) {
      this.hasFailed = true;
      this.#drop(error);
    }
  }

  /** @param {number} whom one of `WaitsFor` */
  #wait(whom) {
    this.waitsFor = whom;
    this.since = Date.now();
  }

  /**
   * Ends it before it is whole, at both ends. Nobody takes the rest for the whole.
   * @param {string} reason
   */
  stop(reason) {
    if (this.waitsFor === WaitsFor.Nobody || this.hasFailed) return;
    this.hasFailed = true;
    this.#drop(new Error(reason));
  }

  /** @param {unknown} error */
  #drop(error) {
    this.#reader.cancel(error).catch(() => {});
    this.#cut(error);
  }
}

/**
 * A pipe for a body of the length that the headers announce.
 * @param {Headers} headers
 */
export function pipeFor(headers) {
  const length = Number(headers.get("content-length") ?? NaN);
  return Number.isSafeInteger(length) ? new FixedLengthStream(length) : new IdentityTransformStream();
}
