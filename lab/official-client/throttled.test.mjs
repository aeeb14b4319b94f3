// A user who has two calls left, and Cloudflare's own client.
import assert from "node:assert/strict";
import { test } from "node:test";
import Cloudflare from "cloudflare";
import { client } from "./scene.mjs";

test("a call over the limit is a RateLimitError that tells how long to wait", async () => {
  const cloudflare = client({ maxRetries: 0 });
  const { response } = await cloudflare.zones.list().withResponse();
  assert.equal(response.headers.get("x-ratelimit-remaining"), "1");
  await cloudflare.user.tokens.verify();
  for (const call of [() => cloudflare.zones.list(), () => cloudflare.user.tokens.verify()]) {
    const error = await call().then(
      () => assert.fail("it was answered"),
      (error) => error,
    );
    assert.ok(error instanceof Cloudflare.RateLimitError, String(error));
    assert.equal(error.headers.get("retry-after"), "300");
    assert.equal(error.headers.get("x-ratelimit-remaining"), "0");
    assert.ok(Date.parse(error.headers.get("x-ratelimit-reset")) > Date.now());
    assert.equal(error.errors[0].code, 971);
  }
});
