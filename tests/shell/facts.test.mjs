// What the core is told of a request that the runtime describes oddly.
import assert from "node:assert/strict";
import { test } from "node:test";
import { questionAbout } from "../../src/shell/facts.js";

const NO_HEADERS = { version: 1, names: [] };

/** What is told of the client of a request with this `cf`. */
function told(cf) {
  const request = Object.defineProperty(new Request("https://api.example.com/"), "cf", cf);
  const journey = { request, body: null, id: "", arrived: 0, trail: "" };
  const { country, colo, latitude, longitude, subdivision } = questionAbout(journey, NO_HEADERS, 0, 0, 0);
  return [country, colo, latitude, longitude, subdivision];
}

const nothing = ["", "", "", "", ""];
const fails = {
  get() {
    throw new Error("not JSON");
  },
};

test("a request of which the runtime can say nothing comes from nobody knows where", () => {
  assert.deepEqual(told(fails), nothing);
  assert.deepEqual(told({ value: undefined }), nothing);
  assert.deepEqual(told({ value: null }), nothing);
});

test("the core is told the state of which the runtime says the code", () => {
  assert.deepEqual(told({ value: { country: "US", regionCode: "TX", region: "Texas" } }), ["US", "", "", "", "TX"]);
  assert.deepEqual(told({ value: { country: "US", regionCode: 48 } }), ["US", "", "", "", ""]);
});

test("a value that cannot be read takes no other one with it", () => {
  const cf = Object.defineProperty({ country: "DE", latitude: 7, longitude: "1\n2" }, "colo", fails);
  assert.deepEqual(told({ value: cf }), ["DE", "", "", "", ""]);
});
