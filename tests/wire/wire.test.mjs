// Everything that crosses between JavaScript and wasm, held against `golden.json`. `src/proxy/tests/wire.rs` holds the
// other side against the same file.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as wire from "../../src/shell/wire.js";

const golden = JSON.parse(readFileSync(new URL("golden.json", import.meta.url), "utf8"));

/** One test for each case of a section. */
function each(section, sentence, check) {
  assert.ok(golden[section].length > 1, `the golden file has no ${section}`);
  for (const { name, ...its } of golden[section]) test(`${sentence}: ${name}`, () => check(its));
}

test("each number that crosses has the name that the golden file gives it", () => {
  assert.deepEqual({ ...wire.Reason }, golden.reasons);
  assert.deepEqual({ ...wire.Fetched }, golden.fetched);
  assert.deepEqual({ ...wire.Sending }, golden.sendings);
});

each("questions", "a question is written line by line", ({ named, text }) => {
  assert.deepEqual(wire.questionText(named).split("\n"), text);
});

each("instructions", "an instruction is read field by field", ({ named, text }) => {
  assert.deepEqual(wire.readInstruction(text.join("\n")), named);
});

each("try_reports", "a report of a try is written number by number", ({ named, numbers }) => {
  const told = [];
  wire.reportTry((...all) => told.push(...all), named);
  assert.deepEqual(told, numbers);
});

each("trial_reports", "a report of a trial is written number by number", ({ named, numbers }) => {
  const told = [];
  wire.reportTrial((...all) => told.push(...all), named);
  assert.deepEqual(told, numbers);
});

each("body_reports", "a report of a lost body is written number by number", ({ named, numbers }) => {
  const told = [];
  wire.reportBody((...all) => told.push(...all), named);
  assert.deepEqual(told, numbers);
});

test("a report's result of zero is no reason to ask again", () => {
  const report = golden.try_reports[0].named;
  assert.equal(
    wire.reportTry(() => 0, report),
    null,
  );
  assert.equal(
    wire.reportTry(() => wire.Reason.Invalid, report),
    wire.Reason.Invalid,
  );
});

test("a text that ends too soon or too late, or has an unknown verb, is no instruction", () => {
  const whole = golden.instructions[0].text;
  for (let lines = 1; lines < whole.length; lines += 1) {
    assert.throws(() => wire.readInstruction(whole.slice(0, lines).join("\n")), RangeError);
  }
  const long = [...whole, ""].join("\n");
  for (const text of [long, "respond\n\n\n200\n1\nname\nvalue", "headers", "read_pin", "", "sent", "wait "])
    assert.throws(() => wire.readInstruction(text), RangeError);
});
