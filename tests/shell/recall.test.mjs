// Instructions that may serve for more than one request: `src/shell/recall.js`.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { drop, factsOf, filled, forget, found, keepFor } from "../../src/shell/recall.js";

/** A question as it arrives. */
const question = {
  version: 3,
  reason: 0,
  fetched: 0,
  elapsedMs: 0,
  trail: "",
  method: "GET",
  url: "https://api.example.com/a?b=c",
  body: "",
  id: "f3a1c2d4-0000-4000-8000-00000000002a",
  country: "DE",
  colo: "FRA",
  latitude: "50.1",
  longitude: "8.7",
  client: "192.0.2.1",
  accept: "",
  hops: "",
  subdivision: "",
  headers: ["acme", null],
};
/** An instruction as the core gives it. */
const send = {
  verb: "send",
  url: "https://eu-1.example.net/a?b=c",
  requestHeaders: ["x-forwarded-for", "192.0.2.1", "x-request-id", question.id],
  recall: 7,
};

beforeEach(() => forget());

test("another path and another id are filled in, and nothing of the first request is left", () => {
  keepFor(factsOf(question), question, send);
  const next = { ...question, url: "https://api.example.com/z", id: "another", accept: "text/html" };
  const known = found(factsOf(next));
  assert.equal(known.number, 7);
  const told = filled(known, next);
  assert.equal(told.url, "https://eu-1.example.net/z");
  assert.deepEqual(told.requestHeaders, ["x-forwarded-for", "192.0.2.1", "x-request-id", "another"]);
  assert.equal(send.requestHeaders[3], question.id, "the kept one stays as it is");
});

test("nothing is found under facts of which one is another", () => {
  keepFor(factsOf(question), question, send);
  const others = {
    version: 4,
    method: "HEAD",
    url: "https://www.example.com/a?b=c",
    country: "BR",
    colo: "GRU",
    latitude: "50.2",
    longitude: "8.8",
    client: "192.0.2.2",
    hops: "1",
    subdivision: "TX",
    headers: ["acme", ""],
  };
  for (const [fact, value] of Object.entries(others)) {
    assert.equal(found(factsOf({ ...question, [fact]: value })), undefined, fact);
  }
  assert.equal(found(factsOf({ ...question, headers: [null, "acme"] })), undefined);
  assert.equal(found(factsOf({ ...question, url: "http://api.example.com/a?b=c" })), undefined);
});

test("a retry, a request with a body, and one that has waited are asked about in full", () => {
  for (const [fact, value] of Object.entries({ reason: 1, fetched: 1, body: "5", elapsedMs: 3 })) {
    assert.equal(factsOf({ ...question, [fact]: value }), null, fact);
  }
});

test("what the core does not remember is not kept", () => {
  const facts = factsOf(question);
  keepFor(facts, question, { ...send, recall: null });
  keepFor(facts, question, { verb: "respond", recall: 7 });
  keepFor(facts, question, { ...send, url: "https://eu-1.example.net/other" });
  keepFor(facts, question, { ...send, requestHeaders: [] });
  assert.equal(found(facts), undefined);
  keepFor(facts, question, send);
  drop(facts);
  assert.equal(found(facts), undefined);
});

test("no more are kept than the core remembers", () => {
  for (let number = 0; number < 1_000; number += 1) {
    const asked = { ...question, client: String(number) };
    keepFor(factsOf(asked), asked, send);
  }
  let count = 0;
  for (let number = 0; number < 1_000; number += 1) {
    if (found(factsOf({ ...question, client: String(number) }))) count += 1;
  }
  assert.ok(count <= 256, String(count));
});
