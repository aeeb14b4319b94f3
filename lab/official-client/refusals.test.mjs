// The lab's refusals, as the errors that Cloudflare's own client makes of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import Cloudflare from "cloudflare";
import { GHOST, client, scene } from "./scene.mjs";

const account_id = scene.account;
const zone_id = scene.zone;
const cloudflare = client({ maxRetries: 0 });
const as = (apiToken) => client({ apiToken, maxRetries: 0 });

/** The error of this class and with this code that a call must end in. */
async function refusal(call, kind, code) {
  const error = await call.then(
    () => assert.fail("it was not refused"),
    (error) => error,
  );
  assert.ok(error instanceof kind, `${error.constructor.name}: ${error}`);
  assert.equal(error.errors[0].code, code);
  assert.ok(error.errors[0].message);
  return error;
}

test("what is not there is a NotFoundError", async () => {
  const { dns, loadBalancers } = cloudflare;
  const { NotFoundError } = Cloudflare;
  await refusal(dns.records.get(GHOST, { zone_id }), NotFoundError, 81044);
  await refusal(dns.records.delete(GHOST, { zone_id }), NotFoundError, 81044);
  await refusal(loadBalancers.get(GHOST, { zone_id }), NotFoundError, 1001);
  await refusal(loadBalancers.pools.get(GHOST, { account_id }), NotFoundError, 1001);
  await refusal(loadBalancers.monitors.get(GHOST, { account_id }), NotFoundError, 1001);
});

test("what is not permitted is a PermissionDeniedError", async () => {
  const { PermissionDeniedError } = Cloudflare;
  const reader = as("reader").dns.records.delete(scene.www, { zone_id });
  await refusal(reader, PermissionDeniedError, 10000);
  await refusal(as("dns-only").zones.list().asResponse(), PermissionDeniedError, 10000);
  await refusal(as("disabled").zones.list(), PermissionDeniedError, 10000);
  await refusal(as("unknown").zones.list(), PermissionDeniedError, 9109);
  await refusal(cloudflare.dns.records.list({ zone_id: GHOST }), PermissionDeniedError, 10000);
});

test("a token that nobody knows is an AuthenticationError where tokens are verified", async () => {
  const { AuthenticationError } = Cloudflare;
  await refusal(as("unknown").user.tokens.verify(), AuthenticationError, 1000);
  assert.equal((await as("disabled").user.tokens.verify()).status, "disabled");
  assert.equal((await as("expired").user.tokens.verify()).status, "expired");
});

test("a bad body is a BadRequestError that points at the field", async () => {
  const { BadRequestError } = Cloudflare;
  const { dns, loadBalancers } = cloudflare;
  const bad = { zone_id, name: "x", type: "A", content: "192.0.2.300", ttl: 60 };
  const content = await refusal(dns.records.create(bad), BadRequestError, 9005);
  assert.equal(content.errors[0].source.pointer, "/content");
  const twin = { zone_id, name: "db", type: "A", content: "192.0.2.10", ttl: 60 };
  await refusal(dns.records.create(twin), BadRequestError, 81058);
  const weight = { account_id, origins: [{ address: "192.0.2.1", weight: 2 }] };
  const pool = await refusal(loadBalancers.pools.edit(scene.eu, weight), BadRequestError, 1002);
  assert.equal(pool.errors[0].source.pointer, "/origins/0/weight");
  const { zone_id: _, ...post } = bad;
  const deletes = [{ id: scene.www }];
  const batch = await refusal(dns.records.batch({ zone_id, deletes, posts: [post] }), BadRequestError, 9005);
  assert.equal(batch.errors[0].source.pointer, "/posts/0/content");
  assert.equal((await dns.records.get(scene.www, { zone_id })).id, scene.www);
});

test("a pool that is in use cannot be deleted", async () => {
  const { pools } = cloudflare.loadBalancers;
  const error = await refusal(pools.delete(scene.eu, { account_id }), Cloudflare.APIError, 1005);
  assert.equal(error.status, 412);
});
