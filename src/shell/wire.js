// What crosses between JavaScript and wasm, line by line and number by number.
//
// Only the order says which line is which, because a value that crosses alone costs more than all lines of a text
// (ADR-0010). This file is the only one in JavaScript that knows the order, and `src/proxy/wire.rs` the only one in Rust.
// `tests/wire/golden.json` holds an example of everything that crosses; the tests of both files are held against it.

/** Why the core is asked: the numbers of `AskReason`. */
export const Reason = Object.freeze({
  First: 0,
  Unreachable: 1,
  TimedOut: 2,
  Failed: 3,
  PushedBack: 4,
  Late: 5,
  Invalid: 6,
});

/** What was fetched because the core told us to: the numbers of `Fetched`. */
export const Fetched = Object.freeze({ Nothing: 0, Table: 1, Pin: 2, PinUnavailable: 3 });

/** Stands for a header that the request does not have. */
const ABSENT = "\0";

/**
 * A question about a request. No text in it may contain a line break.
 * @typedef {object} Question
 * @property {number} version of the table that looks at `headers`
 * @property {number} reason one of `Reason`
 * @property {number} fetched one of `Fetched`
 * @property {number} elapsedMs since the request arrived
 * @property {string} trail the origins that were tried, as the last instruction had it
 * @property {string} method
 * @property {string} url
 * @property {string} body its length; "?" if it is unknown, "" if there is no body
 * @property {string} id
 * @property {string} country
 * @property {string} colo
 * @property {string} latitude
 * @property {string} longitude
 * @property {string} client its address
 * @property {string} accept
 * @property {string} hops
 * @property {(string | null)[]} headers the values of those that the table looks at
 */

/**
 * The text of a question.
 * @param {Question} question
 */
export function questionText(question) {
  const { version, reason, fetched, elapsedMs, trail, method, url, body, id } = question;
  const { country, colo, latitude, longitude, client, accept, hops, headers } = question;
  let text = `${version}\n${reason}\n${fetched}\n${elapsedMs}\n${trail}\n${method}\n${url}\n${body}\n${id}`;
  text += `\n${country}\n${colo}\n${latitude}\n${longitude}\n${client}\n${accept}\n${hops}`;
  for (const value of headers) text += `\n${value ?? ABSENT}`;
  return text;
}

/**
 * @typedef {[name: string, value: string]} Header
 *
 * Send the request to an origin.
 * @typedef {object} Send
 * @property {"send"} verb
 * @property {number} token stands for the origin, in a report
 * @property {string} url
 * @property {number} waitMs longest wait for the head of the response
 * @property {string} trail the origins that were tried, this one included
 * @property {number | null} lateMs when it counts as late
 * @property {boolean} refresh whether the table is to be loaded behind the request
 * @property {{ token: number, url: string } | null} trial a region to try out behind the request
 * @property {number | null} keepS for how many seconds the answer may be kept
 * @property {string | null} timing what `server-timing` says, without the duration
 * @property {Header[]} requestHeaders to set; an empty value removes the header
 * @property {Header[]} answerHeaders to set
 *
 * Give the client an answer of our own.
 * @typedef {object} Respond
 * @property {"respond"} verb
 * @property {boolean} orStale whether a kept answer, if there is one, is better
 * @property {boolean} refresh whether the table is to be loaded behind the request
 * @property {number} status
 * @property {Header[]} headers
 * @property {string} body
 *
 * What to do next. `headers`, `load_table` and `read_pin` end with asking again.
 * @typedef {Send
 *   | Respond
 *   | { verb: "headers", version: number, names: string[] }
 *   | { verb: "load_table" }
 *   | { verb: "read_pin", key: string }
 *   | { verb: "surface" }
 *   | { verb: "relay" }
 *   | { verb: "wait" }} Instruction
 */

/**
 * Reads the text of an instruction. The fields are read in the order in which they are written here. Throws if there is
 * no such instruction.
 * @param {string} text
 * @returns {Instruction}
 */
export function readInstruction(text) {
  const lines = new Lines(text);
  const verb = lines.text();
  switch (verb) {
    case "send":
      return readSend(lines);
    case "respond":
      return {
        verb,
        orStale: lines.flag(),
        refresh: lines.flag(),
        status: lines.number(),
        headers: lines.headers(),
        body: lines.rest().join("\n"),
      };
    case "headers":
      return { verb, version: lines.number(), names: lines.rest() };
    case "read_pin":
      return { verb, key: lines.text() };
    case "load_table":
    case "surface":
    case "relay":
    case "wait":
      return { verb };
    default:
      throw new RangeError(`no such instruction: ${verb}`);
  }
}

/**
 * @param {Lines} lines
 * @returns {Send}
 */
function readSend(lines) {
  return {
    verb: "send",
    token: lines.number(),
    url: lines.text(),
    waitMs: lines.number(),
    trail: lines.text(),
    lateMs: lines.maybeNumber(),
    refresh: lines.flag(),
    trial: readTrial(lines.maybeNumber(), lines.text()),
    keepS: lines.maybeNumber(),
    timing: lines.text() || null,
    requestHeaders: lines.headers(),
    answerHeaders: lines.headers(),
  };
}

/**
 * @param {number | null} token
 * @param {string} url
 */
const readTrial = (token, url) => (token === null ? null : { token, url });

/** A text that is read line by line. */
class Lines {
  #lines;
  #next = 0;

  /** @param {string} text */
  constructor(text) {
    this.#lines = text.split("\n");
  }

  text() {
    const line = this.#lines[this.#next];
    if (line === undefined) throw new RangeError(`an instruction ends after ${this.#next} lines`);
    this.#next += 1;
    return line;
  }

  flag() {
    return this.text() === "1";
  }

  number() {
    return Number(this.text());
  }

  maybeNumber() {
    const line = this.text();
    return line === "" ? null : Number(line);
  }

  /** How many there are, then a line for each name and each value. */
  headers() {
    /** @type {Header[]} */
    const headers = [];
    for (let left = this.number(); left > 0; left -= 1) headers.push([this.text(), this.text()]);
    return headers;
  }

  rest() {
    return this.#lines.slice(this.#next);
  }
}

/**
 * How a try ended.
 * @typedef {object} TryReport
 * @property {number} token of its instruction
 * @property {number | null} none one of `Reason`, if there is no response
 * @property {number | null} status of the response, if there is one
 * @property {number | null} retryAfterS for how many seconds the response asks to be left alone
 * @property {number} tookMs from sending it to the head of the response
 * @property {number} now
 */

/**
 * The numbers of a report.
 * @param {TryReport} report
 * @returns {[number, number, number, number, number, number]}
 */
export const tryNumbers = ({ token, none, status, retryAfterS, tookMs, now }) => [
  token,
  none ?? 0,
  status ?? 0,
  retryAfterS ?? -1,
  tookMs,
  now,
];

/**
 * The reason that the number of a report's result stands for.
 * @param {number} number
 */
export const readReason = (number) => (number === 0 ? null : number);

/**
 * How a trial of a region ended.
 * @typedef {object} TrialReport
 * @property {number} token of its instruction
 * @property {boolean} hasPassed
 * @property {number} tookMs from sending it to its end
 * @property {number} now
 */

/**
 * The numbers of a report.
 * @param {TrialReport} report
 * @returns {[number, number, number, number]}
 */
export const trialNumbers = ({ token, hasPassed, tookMs, now }) => [token, hasPassed ? 1 : 0, tookMs, now];
