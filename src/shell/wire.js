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
  BadStatus: 7,
  Unsent: 8,
  ClientSilent: 9,
  Misdirected: 10,
});

/** How the body of a try is sent: the numbers of `Sending`. */
export const Sending = Object.freeze({ Once: 0, Kept: 1, KeptInPieces: 2 });

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
 * @property {string} body its length, with " kept" behind it if it can be sent once more; "?" if it is unknown, "" if there
 *   is no body
 * @property {string} id
 * @property {string} country
 * @property {string} colo
 * @property {string} latitude
 * @property {string} longitude
 * @property {string} client its address
 * @property {string} accept
 * @property {string} hops
 * @property {string} subdivision the code of its state or province
 * @property {(string | null)[]} headers the values of those that the table looks at
 */

/**
 * The text of a question.
 * @param {Question} question
 */
export function questionText(question) {
  const { version, reason, fetched, elapsedMs, trail, method, url, body, id } = question;
  const { country, colo, latitude, longitude, client, accept, hops, subdivision, headers } = question;
  let text = `${version}\n${reason}\n${fetched}\n${elapsedMs}\n${trail}\n${method}\n${url}\n${body}\n${id}`;
  text += `\n${country}\n${colo}\n${latitude}\n${longitude}\n${client}\n${accept}\n${hops}\n${subdivision}`;
  for (const value of headers) text += `\n${value ?? ABSENT}`;
  return text;
}

/**
 * A region to try out.
 * @typedef {object} Trial
 * @property {number} token stands for the origin, in a report
 * @property {string} url
 * @property {string | null} resolve the host to connect to, if it is not the URL's
 *
 * Headers: names and values in turn.
 * @typedef {string[]} NamesAndValues
 *
 * Send the request to an origin.
 * @typedef {object} Send
 * @property {"send"} verb
 * @property {number} token stands for the origin, in a report
 * @property {string} url
 * @property {number} waitMs longest wait for the head of the response, from the end of the request's body
 * @property {string} trail the origins that were tried, this one included
 * @property {number | null} lateMs when it counts as late
 * @property {boolean} refresh whether the table is to be loaded behind the request
 * @property {Trial | null} trial a region to try out behind the request
 * @property {number | null} keepS for how many seconds the answer may be kept
 * @property {string | null} timing what `server-timing` says, without the duration
 * @property {NamesAndValues} requestHeaders to set; an empty value removes the header
 * @property {NamesAndValues} answerHeaders to set
 * @property {number} sending one of `Sending`
 * @property {number | null} bodyIdleMs longest time in which no byte of a body arrives
 * @property {boolean} rename whether the client's host replaces an origin's in the answer's headers
 * @property {string | null} resolve the host to connect to, if it is not the URL's
 * @property {number | null} recall the number under which the core remembers it, if it may serve for other requests too
 *
 * Give the client an answer of our own.
 * @typedef {object} Respond
 * @property {"respond"} verb
 * @property {boolean} orStale whether a kept answer, if there is one, is better
 * @property {boolean} refresh whether the table is to be loaded behind the request
 * @property {number} status
 * @property {NamesAndValues} headers
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
 * Reads the text of an instruction. Throws if it has another number of lines than it says, or an unknown verb.
 *
 * Each request is read here, often before the engine has compiled this. So it makes no call that it can do without: a
 * reader that is called for each line costs 10 µs more at first.
 * @param {string} text
 * @returns {Instruction}
 */
export function readInstruction(text) {
  const lines = text.split("\n");
  const verb = lines[0];
  switch (verb) {
    case "send":
      return readSend(lines);
    case "respond":
      return readRespond(lines);
    case "headers":
      if (lines.length < 2) throw notThat(lines);
      return { verb, version: Number(lines[1]), names: lines.slice(2) };
    case "read_pin":
      if (lines.length !== 2) throw notThat(lines);
      return { verb, key: lines[1] };
    case "load_table":
    case "surface":
    case "relay":
    case "wait":
      return { verb };
    default:
      throw notThat(lines);
  }
}

/**
 * @param {string[]} lines
 * @returns {Send}
 */
function readSend(lines) {
  const answerHeadersAt = 13 + 2 * Number(lines[11]);
  const end = answerHeadersAt + 2 * Number(lines[answerHeadersAt - 1]);
  if (lines.length !== end + 6) throw notThat(lines);
  return {
    verb: "send",
    token: Number(lines[1]),
    url: lines[2],
    waitMs: Number(lines[3]),
    trail: lines[4],
    lateMs: lines[5] === "" ? null : Number(lines[5]),
    refresh: lines[6] === "1",
    trial: lines[7] === "" ? null : { token: Number(lines[7]), url: lines[8], resolve: lines[end + 4] || null },
    keepS: lines[9] === "" ? null : Number(lines[9]),
    timing: lines[10] === "" ? null : lines[10],
    requestHeaders: lines.slice(12, answerHeadersAt - 1),
    answerHeaders: lines.slice(answerHeadersAt, end),
    sending: Number(lines[end]),
    bodyIdleMs: lines[end + 1] === "" ? null : Number(lines[end + 1]),
    rename: lines[end + 2] === "1",
    resolve: lines[end + 3] === "" ? null : lines[end + 3],
    recall: lines[end + 5] === "" ? null : Number(lines[end + 5]),
  };
}

/**
 * @param {string[]} lines
 * @returns {Respond}
 */
function readRespond(lines) {
  const bodyAt = 5 + 2 * Number(lines[4]);
  if (!(lines.length > bodyAt)) throw notThat(lines);
  return {
    verb: "respond",
    orStale: lines[1] === "1",
    refresh: lines[2] === "1",
    status: Number(lines[3]),
    headers: lines.slice(5, bodyAt),
    body: lines.slice(bodyAt).join("\n"),
  };
}

/**
 * Reads what to ask the Controller for a later table.
 * @param {string} text
 */
export function readNewsQuestion(text) {
  const at = text.indexOf("\n");
  const jurisdiction = /** @type {DurableObjectJurisdiction | ""} */ (text.slice(0, at));
  return { jurisdiction: jurisdiction || undefined, command: text.slice(at + 1) };
}

/** @param {string[]} lines */
const notThat = (lines) => new RangeError(`no such instruction: \`${lines[0]}\` with ${lines.length} lines`);

/**
 * How a try ended.
 * @typedef {object} TryReport
 * @property {number} token of its instruction
 * @property {number | null} none one of `Reason`, if there is no response
 * @property {number | null} status of the response, if there is one
 * @property {number | null} retryAfterS for how many seconds the response asks to be left alone
 * @property {number} tookMs from sending it to the head of the response
 * @property {number} now
 * @property {number} due when it had to be over
 */

/**
 * Reports how a try ended. Returns the reason to ask again, or `null`.
 * @param {(...numbers: [number, number, number, number, number, number, number]) => number} tryEnded
 * @param {TryReport} report
 */
export function reportTry(tryEnded, { token, none, status, retryAfterS, tookMs, now, due }) {
  return tryEnded(token, none ?? 0, status ?? 0, retryAfterS ?? -1, tookMs, now, due) || null;
}

/**
 * How a trial of a region ended.
 * @typedef {object} TrialReport
 * @property {number} token of its instruction
 * @property {boolean} hasPassed
 * @property {number} tookMs from sending it to its end
 * @property {number} now
 */

/**
 * Reports how a trial of a region ended.
 * @param {(...numbers: [number, number, number, number]) => void} trialEnded
 * @param {TrialReport} report
 */
export function reportTrial(trialEnded, { token, hasPassed, tookMs, now }) {
  trialEnded(token, hasPassed ? 1 : 0, tookMs, now);
}

/**
 * How the body of an answer broke off.
 * @typedef {object} BodyReport
 * @property {number} token of the instruction that the answer is to
 * @property {number | null} silentMs for how long the region sent nothing; `null` if it ended the connection
 * @property {number} now
 */

/**
 * Reports that the body of an answer is not whole.
 * @param {(...numbers: [number, number, number]) => void} bodyLost
 * @param {BodyReport} report
 */
export function reportBody(bodyLost, { token, silentMs, now }) {
  bodyLost(token, silentMs ?? -1, now);
}
