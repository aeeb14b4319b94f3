// The committed OpenAPI document is one by the official meta-schema of OpenAPI 3.1.
import { Validator } from "@seriousme/openapi-schema-validator";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const document = () => JSON.parse(readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"));

test("the document is OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(document());
  assert.equal(valid, true, JSON.stringify(errors));
  assert.equal(validator.version, "3.1");
});

test("a document with a slip is none", async () => {
  const slip = document();
  slip.paths["/.pointsman/v1/acts"].post.responses = [];
  const { valid } = await new Validator().validate(slip);
  assert.equal(valid, false);
});

test("each operation has an id of its own", () => {
  const operations = Object.values(document().paths).flatMap((path) => Object.values(path));
  const ids = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(ids).size, ids.length);
});
