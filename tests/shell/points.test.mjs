// How data points are handed to a dataset, and what may be bound in its place.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { hasDataset, writePoints } from "../../src/shell/points.js";

const POINTS = [
  ["api", ["answers", "api"], [60, 2]],
  ["", ["refused", ""], [60, 1]],
  ["api", ["tries", "api"], [60, 3]],
];

/** A dataset that takes so many points and refuses the next one, as Cloudflare's does. */
function dataset(most) {
  const taken = [];
  const writeDataPoint = (point) => {
    if (taken.length === most) throw new Error("Analytics Engine write limit exceeded.");
    taken.push(point);
  };
  return { taken, env: { ANALYTICS: { writeDataPoint } } };
}

test("a dataset is told from nothing, and from what is none", () => {
  assert.equal(hasDataset({}), undefined);
  assert.equal(hasDataset({ ANALYTICS: null }), undefined);
  for (const other of ["", "pointsman", 1, {}, { writeDataPoint: true }])
    assert.equal(hasDataset({ ANALYTICS: other }), false, JSON.stringify(other));
  assert.equal(hasDataset(dataset(1).env), true);
});

test("each point arrives with its index, its texts and its numbers", () => {
  const { taken, env } = dataset(3);
  assert.equal(writePoints(env, JSON.stringify(POINTS)), 3);
  assert.deepEqual(
    taken,
    POINTS.map(([index, blobs, doubles]) => ({ indexes: [index], blobs, doubles })),
  );
});

test("what a dataset refuses is not counted, and is logged", () => {
  const log = mock.method(console, "error", () => {});
  for (const most of [0, 2]) assert.equal(writePoints(dataset(most).env, JSON.stringify(POINTS)), most);
  const said = log.mock.calls.map(({ arguments: [line] }) => line);
  log.mock.restore();
  const why = "Error: Analytics Engine write limit exceeded.";
  assert.deepEqual(
    said,
    [0, 2].map((taken) => `ANALYTICS: ${taken} of 3 data points were taken: ${why}`),
  );
});
