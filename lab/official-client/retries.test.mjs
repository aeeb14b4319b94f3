// Faults that strike once, and how Cloudflare's own client gets over them.
//
// The faults wait in the lab in the order of these tests; see `lab/tests/official_client.rs`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { client, scene } from "./scene.mjs";

const cloudflare = client();
const account_id = scene.account;
const zone_id = scene.zone;

test("a 503 is tried again", async () => {
  assert.equal((await cloudflare.zones.list()).result.length, 1);
});

test("a 429 is tried again after the time that it tells", async () => {
  const started = performance.now();
  assert.equal((await cloudflare.user.tokens.verify()).status, "active");
  assert.ok(performance.now() - started >= 1000);
});

test("a change whose reply was lost is made again, to the same end", async () => {
  const pool = await cloudflare.loadBalancers.pools.edit(scene.eu, { account_id, enabled: false });
  assert.equal(pool.enabled, false);
});

test("a record whose reply was lost is there already when it is posted again", async () => {
  const record = { zone_id, name: "lost", type: "A", content: "192.0.2.1", ttl: 60 };
  const error = await cloudflare.dns.records.create(record).catch((error) => error);
  assert.equal(error.errors?.[0].code, 81058);
});
