// Which answers are kept, and for how long (RFC 9111).
import assert from "node:assert/strict";
import { test } from "node:test";
import { keptSeconds } from "../../src/shell/kept.js";

const NOW = Date.parse("2026-11-29T08:00:00Z");
const HOUR = 3_600;
const at = (seconds) => new Date(NOW + seconds * 1_000).toUTCString();
const kept = (headers) => keptSeconds(new Headers(headers), HOUR, NOW);

test("an answer that says nothing is kept for as long as the operator says", () => {
  for (const headers of [
    [],
    [["cache-control", ""]],
    [["cache-control", "public, max-age=0"]],
    [["pragma", "no-cache"]],
  ])
    assert.equal(kept(headers), HOUR, headers);
});

test("an answer for one client, or for nobody to keep, is not kept", () => {
  for (const [name, value] of [
    ["cache-control", "private"],
    ["cache-control", 'max-age=60, PRIVATE="x-name"'],
    ["cache-control", "no-store"],
    ["cache-control", "No-Cache"],
    ["cache-control", 'no-cache="set-cookie, x-name"'],
    ["cdn-cache-control", "no-store"],
    ["cloudflare-cdn-cache-control", "private"],
    ["set-cookie", "a=1"],
    ["vary", "cookie"],
    ["vary", "*"],
  ])
    assert.equal(kept([[name, value]]), 0, `${name}: ${value}`);
});

test("a word of another directive, or within a text, is no directive", () => {
  for (const value of ["x-no-store", 'community="no-store, private"', "max-age=60, stale-if-error=5"])
    assert.equal(kept([["cache-control", value]]), HOUR, value);
});

test("an answer that must not be given stale is kept for as long as it is fresh", () => {
  for (const [value, seconds] of [
    ["s-maxage=0", 0],
    ["s-maxage=60", 60],
    ['s-maxage="60"', 60],
    ["S-MaxAge=60, max-age=900", 60],
    ["must-revalidate, max-age=90", 90],
    ["proxy-revalidate,max-age=90", 90],
    ["must-revalidate, max-age=90, max-age=30", 30],
    ["must-revalidate, s-maxage=9000", HOUR],
    ["must-revalidate", 0],
    ["must-revalidate, max-age", 0],
    ["must-revalidate, max-age=-1", 0],
    ["must-revalidate, max-age=1.5", 0],
    ["must-revalidate, max-age=soon", 0],
  ])
    assert.equal(kept([["cache-control", value]]), seconds, value);
});

test("what it has been kept elsewhere counts as well", () => {
  const control = ["cache-control", "must-revalidate, max-age=100"];
  assert.equal(kept([control, ["age", "30"]]), 70);
  assert.equal(kept([control, ["date", at(-40)]]), 60);
  assert.equal(kept([control, ["age", "30"], ["date", at(-40)]]), 60);
  assert.equal(kept([control, ["date", at(40)]]), 100, "a clock that is ahead makes nothing younger");
  assert.ok(kept([control, ["age", "100"]]) < 1);
});

test("without an age `expires` says how long it is fresh", () => {
  const control = ["cache-control", "must-revalidate"];
  assert.equal(kept([control, ["expires", at(60)]]), 60);
  assert.equal(kept([control, ["date", at(-20)], ["expires", at(60)]]), 60);
  assert.ok(kept([control, ["expires", "0"]]) < 1);
  assert.ok(kept([control, ["expires", at(-1)]]) < 1);
  assert.equal(
    kept([
      ["cache-control", "must-revalidate, max-age=9"],
      ["expires", at(60)],
    ]),
    9,
  );
});
