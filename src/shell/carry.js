// The conversation about a request: asks the core what to do, does it, and asks again if a try has ended without a
// response to relay. The core decides (`src/proxy`), nothing here does.
import { relayed, responded } from "./answer.js";
import { instruct, lookAt, wanted } from "./core.js";
import { discard } from "./discard.js";
import { bodyOf, questionAbout } from "./facts.js";
import { loadTable, readPin } from "./loading.js";
import { surface } from "./surface.js";
import { startTry } from "./try.js";
import { Fetched, Reason } from "./wire.js";

/**
 * @typedef {import("./try.js").TryResult} TryResult
 * @typedef {import("./facts.js").Journey} Journey
 * @typedef {import("./wire.js").Instruction} Instruction
 */

/**
 * Answers a request of a client. Most are one question and one try, with no more promises than that takes.
 * @param {Request} request
 * @param {Env} env
 * @param {ExecutionContext} context
 */
export function carry(request, env, context) {
  const id = crypto.randomUUID();
  /** @type {Journey} */
  const journey = {
    request,
    env,
    context,
    body: bodyOf(request),
    id,
    arrived: Date.now(),
    asked: 0,
    trail: "",
    kept: null,
    giveBack: noBytes,
  };
  const instruction = ask(journey, Reason.First, Fetched.Nothing);
  if (instruction.verb !== "send") return goOn(journey, instruction, null);
  return send(journey, instruction).then((tried) =>
    tried.again === null ? answered(journey, tried) : goOn(journey, askAgain(journey, tried), tried),
  );
}

const noBytes = () => {};

/**
 * An origin's answer. If it cannot be made, the client gets one of ours: a connection that ends without an answer makes
 * many clients repeat even an order (a retryable error of the runtime, if nobody catches it, is such an end).
 * @param {Journey} journey
 * @param {TryResult & { response: Response }} tried
 */
function answered(journey, tried) {
  journey.giveBack();
  try {
    return relayed(journey, tried);
  } catch (error) {
    console.error("the answer of an origin cannot be handed on", error);
    return responded(journey, failure(journey));
  }
}

/**
 * @param {Journey} journey
 * @param {number} reason one of `Reason`
 * @param {number} fetched one of `Fetched`
 * @param {string | null} [pin] KV's value for the tenant
 * @returns {Instruction}
 */
function ask(journey, reason, fetched, pin) {
  const now = Date.now();
  journey.asked = now;
  let instruction = instruct(questionAbout(journey, wanted, reason, fetched, now), now, pin);
  if (instruction?.verb === "headers") {
    lookAt(instruction.version, instruction.names);
    instruction = instruct(questionAbout(journey, wanted, reason, fetched, now), now, pin);
  }
  // If the core has failed, the request must not go anywhere undecided.
  return instruction ?? failure(journey);
}

/**
 * Asks again after a try that ended without a response to relay. If the client has reset its connection, nobody is there
 * to be served, so no further region gets the request.
 * @param {Journey} journey
 * @param {TryResult & { again: number }} tried
 */
const askAgain = (journey, { again }) =>
  journey.request.signal.aborted ? failure(journey) : ask(journey, again, Fetched.Nothing);

/**
 * @param {Journey} journey
 * @returns {import("./wire.js").Respond}
 */
const failure = ({ id, trail }) => ({
  verb: "respond",
  orStale: false,
  refresh: false,
  // What was sent to an origin got no answer from there.
  status: trail === "" ? 500 : 502,
  headers: ["cache-control", "no-store", "x-request-id", id],
  body: "",
});

/**
 * Follows instructions until there is an answer.
 * @param {Journey} journey
 * @param {Instruction} first
 * @param {TryResult | null} tried the try before
 */
async function goOn(journey, first, tried) {
  try {
    return await follow(journey, first, tried);
  } catch (error) {
    console.error("a request has failed", error);
    return responded(journey, failure(journey));
  }
}

/**
 * @param {Journey} journey
 * @param {Instruction} first
 * @param {TryResult | null} tried
 */
async function follow(journey, first, tried) {
  let instruction = first;
  let last = tried;
  for (;;) {
    const reason = last?.again ?? Reason.First;
    switch (instruction.verb) {
      case "send":
        last = better(last, await send(journey, instruction));
        if (last.again === null) return answered(journey, last);
        instruction = askAgain(journey, last);
        break;
      case "load_table":
        await loadTable(journey.env);
        instruction = ask(journey, reason, Fetched.Table);
        break;
      case "read_pin":
        instruction = await askWithPin(journey, reason, instruction.key);
        break;
      case "surface":
        instruction = await surface(journey);
        break;
      case "respond":
        discard(last?.response);
        journey.giveBack();
        return responded(journey, instruction);
      default:
        // Only a late try is told to wait, and only a try with a response is relayed.
        if (!last?.response) return responded(journey, failure(journey));
        return answered(journey, { ...last, response: last.response });
    }
  }
}

/**
 * @param {Journey} journey
 * @param {number} reason
 * @param {string} key
 */
async function askWithPin(journey, reason, key) {
  const pin = await readPin(journey.env, key);
  return ask(journey, reason, pin === undefined ? Fetched.PinUnavailable : Fetched.Pin, pin);
}

/**
 * Sends a request. If it is late, sends another one beside it; the first good response counts.
 * @param {Journey} journey
 * @param {import("./wire.js").Send} instruction
 */
function send(journey, instruction) {
  const first = startTry(journey, instruction);
  return instruction.lateMs === null ? first : hedged(journey, first, instruction.lateMs);
}

/**
 * @param {Journey} journey
 * @param {Promise<TryResult>} first
 * @param {number} lateMs
 */
async function hedged(journey, first, lateMs) {
  if ((await Promise.race([first, scheduler.wait(lateMs)])) !== undefined) return first;
  const instruction = ask(journey, Reason.Late, Fetched.Nothing);
  return instruction.verb === "send" ? best([first, startTry(journey, instruction)]) : first;
}

/**
 * Of two tries of which the first has no response to relay, the one whose response the client may get: the second, unless
 * only the first has any.
 * @param {TryResult | null} first
 * @param {TryResult} second
 */
function better(first, second) {
  if (second.response === null && first !== null && first.response !== null) return first;
  discard(first?.response);
  return second;
}

/**
 * The first try that ends with a response to relay. If none does, the last one that has a response.
 * @param {Promise<TryResult>[]} tries
 */
async function best(tries) {
  const good = tries.map(async (going) => {
    const tried = await going;
    if (tried.again !== null) throw tried;
    return tried;
  });
  /** @param {{ errors: TryResult[] }} lost */
  const last = ({ errors }) => /** @type {TryResult} */ (errors.findLast((tried) => tried.response) ?? errors[0]);
  const won = await Promise.any(good).catch(last);
  for (const going of tries) going.then((tried) => tried !== won && discard(tried.response));
  return won;
}
