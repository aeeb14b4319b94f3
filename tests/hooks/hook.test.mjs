// What the reference hooks of `examples/hooks` keep to: the signature, the epoch, the answers, and a
// health document that says null where nothing is known.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { Epochs, Health, Hook, Never, distrust, serve, steps } from "../../examples/hooks/hook.mjs";

const SECRET = "whsec_" + Buffer.from("a key of the test, 32 bytes long").toString("base64");
const folder = mkdtempSync(join(tmpdir(), "hooks-"));
const servers = [];
let files = 0;
const new_file = () => join(folder, `epochs-${(files += 1)}.json`);

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
process.on("exit", () => rmSync(folder, { recursive: true }));

/** A standby that remembers what was asked of it. */
function standby(more = {}) {
  const seen = [];
  return {
    seen,
    name: "double",
    sample: async () => ({ role: "standby", position: 7, beat: null }),
    beat: async () => {},
    check: async () => {},
    promote: async () => void seen.push("promote"),
    reset: () => {},
    ...more,
  };
}

const call = (step, epoch, more = {}) => ({ service: "orders", epoch, step, from: "eu-west", to: "us-east", ...more });
const setting = (more = {}) => ({ region: "us-east", fence: "true", peers: {}, needs_fence: true, ...more });
const hook_of = (system, set = setting(), file = new_file()) => new Hook(new Epochs(file), steps(system, set));

test("the signature of the official library is believed, within five minutes both ways", () => {
  const [now, body] = [1_795_000_000, '{"service":"orders"}'];
  const headers = {
    "webhook-id": "orders-7-fence",
    "webhook-timestamp": String(now),
    "webhook-signature": new Webhook(SECRET).sign("orders-7-fence", new Date(now * 1_000), body),
  };
  const other = "whsec_" + Buffer.from("another key, of 32 bytes as well").toString("base64");
  for (const age of [-300, 0, 300]) assert.equal(distrust(headers, body, [SECRET], now + age), null);
  for (const age of [-301, 301]) assert.match(distrust(headers, body, [SECRET], now + age), /too old or too new/);
  assert.equal(distrust(headers, body, [other, SECRET], now), null, "a secret that is being replaced");
  assert.equal(
    distrust({ ...headers, "webhook-signature": `v1,AAAA ${headers["webhook-signature"]}` }, body, [SECRET], now),
    null,
  );
  assert.match(distrust(headers, body, [other], now), /does not match/);
  assert.match(distrust(headers, `${body} `, [SECRET], now), /does not match/);
  assert.match(distrust({ ...headers, "webhook-id": "orders-8-fence" }, body, [SECRET], now), /does not match/);
  assert.match(distrust({ ...headers, "webhook-timestamp": `${now}.5` }, body, [SECRET], now), /whole seconds/);
  assert.match(distrust({}, body, [SECRET], now), /missing/);
});

test("a step is done once for each epoch, and an older epoch is refused", async () => {
  const system = standby();
  const hook = hook_of(system);
  assert.equal((await hook.answer(call("fence", 7)))[0], 200);
  assert.equal((await hook.answer(call("promote", 7)))[0], 200);
  assert.deepEqual(await hook.answer(call("promote", 7)), [200, "already done by this epoch"]);
  assert.deepEqual(await hook.answer(call("fence", 6)), [409, "epoch 7 rules here"]);
  assert.deepEqual(system.seen, ["promote"]);
});

test("an epoch that names other regions than before is refused", async () => {
  const hook = hook_of(standby());
  await hook.answer(call("fence", 7));
  assert.equal((await hook.answer(call("fence", 7, { from: "sa-east" })))[0], 409);
});

test("epochs survive a restart", async () => {
  const file = new_file();
  await hook_of(standby(), setting(), file).answer(call("fence", 7));
  const again = hook_of(standby(), setting(), file);
  assert.deepEqual(await again.answer(call("fence", 7)), [200, "already done by this epoch"]);
  assert.equal((await again.answer(call("fence", 6)))[0], 409);
});

test("a promotion that was begun before a crash is told so, and done again", async () => {
  const file = new_file();
  const steps_before = { fence: "done", promote: "begun" };
  writeFileSync(file, JSON.stringify({ orders: { epoch: 7, from: "eu-west", to: "us-east", steps: steps_before } }));
  const told = [];
  const system = standby({ check: async ({ is_begun }) => void told.push(is_begun) });
  assert.equal((await hook_of(system, setting(), file).answer(call("promote", 7)))[0], 200);
  assert.deepEqual([told, system.seen], [[true], ["promote"]]);
});

test("a step is on the disk as begun before it runs", async () => {
  const file = new_file();
  let seen;
  const system = standby({ promote: async () => (seen = JSON.parse(readFileSync(file, "utf8")).orders.steps) });
  const hook = hook_of(system, setting(), file);
  await hook.answer(call("fence", 7));
  await hook.answer(call("promote", 7));
  assert.deepEqual(seen, { fence: "done", promote: "begun" });
});

test("nothing is promoted without a fence of the same epoch", async () => {
  const system = standby();
  const hook = hook_of(system);
  assert.equal((await hook.answer(call("promote", 7)))[0], 409);
  await hook.answer(call("fence", 7));
  assert.deepEqual(await hook.answer(call("promote", 8)), [409, "this epoch has fenced nobody"]);
  assert.deepEqual(system.seen, []);
});

test("a hook promotes its own region alone, fences others alone, and leaves both to a failover manager", async () => {
  const answer = async (set, it) => (await hook_of(standby(), setting(set)).answer(it))[0];
  assert.equal(await answer({ needs_fence: false }, call("promote", 7)), 200);
  assert.equal(await answer({ needs_fence: false }, call("promote", 7, { to: "sa-east" })), 409);
  assert.equal(await answer({ needs_fence: false, manager: "Patroni" }, call("promote", 7)), 409);
  assert.equal(await answer({}, call("fence", 7, { from: "us-east" })), 409);
  assert.equal(await answer({}, call("fence", 7, { from: null })), 409);
  assert.equal(await answer({ fence: undefined }, call("fence", 7)), 409);
  assert.equal(await answer({}, call("reboot", 7)), 409);
});

test("a fence that fails is tried again, and one that did not hold is none", async () => {
  const [status, said] = await hook_of(standby(), setting({ fence: "false" })).answer(call("fence", 7));
  assert.deepEqual([status, said.startsWith("the fence ended with 1")], [500, true]);
  const alive = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => alive.on("listening", resolve));
  const { port } = alive.address();
  const set = setting({ peers: { "eu-west": `127.0.0.1:${port}` } });
  const hook = hook_of(standby(), set);
  assert.deepEqual(await hook.answer(call("fence", 7)), [500, `127.0.0.1:${port} still takes connections`]);
  await new Promise((resolve) => alive.close(resolve));
  assert.equal((await hook.answer(call("fence", 7)))[0], 200);
});

test("a dry call says whether it would work, and changes nothing", async () => {
  const [file, system] = [new_file(), standby()];
  const hook = hook_of(system, setting(), file);
  const dry = { is_dry: true };
  assert.deepEqual(await hook.answer(call("promote", 7, dry)), [200, "would work"]);
  assert.equal((await hook.answer(call("fence", 7, dry)))[0], 200);
  assert.deepEqual([system.seen, new Epochs(file).of("orders").epoch], [[], -1]);
  const broken = standby({ check: () => Promise.reject(new Error("no answer")) });
  assert.deepEqual(await hook_of(broken).answer(call("promote", 7, dry)), [500, "no answer"]);
  const never = standby({ check: () => Promise.reject(new Never("a primary")) });
  assert.deepEqual(await hook_of(never).answer(call("promote", 7, dry)), [409, "a primary"]);
});

test("a long step is answered with 202, and runs once however often it is asked for", async () => {
  let end;
  let runs = 0;
  const promote = () => new Promise((resolve) => ((end = () => resolve("primary")), (runs += 1)));
  const hook = hook_of(standby({ promote }), setting({ needs_fence: false }));
  assert.deepEqual(await hook.answer(call("promote", 7)), [202, "begun"]);
  // Another epoch does not start beside it.
  assert.equal((await hook.answer(call("promote", 8)))[0], 202);
  const later = hook.answer(call("promote", 7));
  end();
  assert.deepEqual([await later, runs], [[200, "primary"], 1]);
});

test("a standby tells the age of the last heartbeat and of the last contact, and null before", async () => {
  let beat = null;
  const health = new Health(standby({ sample: async () => ({ role: "standby", position: 7, beat }) }));
  assert.deepEqual([health.document()[0], health.document()[1].role], [503, null]);
  const told = async () => {
    await health.once();
    return health.document()[1];
  };
  const before = await told();
  assert.deepEqual([before.role, before.lag_s, before.contact_age_s, before.position], ["standby", null, null, 7]);
  beat = { n: 1, at_ms: Date.now() - 5_000 };
  const first = await told();
  assert.ok(first.lag_s >= 5 && first.lag_s < 6, `${first.lag_s}`);
  assert.equal(first.contact_age_s, null, "when the first one came is not known");
  beat = { n: 2, at_ms: Date.now() };
  const second = await told();
  assert.ok(second.lag_s < 1 && second.contact_age_s < 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const frozen = await told();
  assert.ok(frozen.lag_s >= 0.3 && frozen.contact_age_s >= 0.3, "both grow while nothing arrives");
  beat = { n: 3, at_ms: Date.now() + 60_000 };
  assert.equal((await told()).lag_s, null, "a clock that is ahead tells nothing");
});

test("a server that no longer answers is unknown, not what it was", async () => {
  let answer = async () => ({ role: "primary", position: 7, beat: null });
  let beats = 0;
  const system = standby({ sample: () => answer(), beat: async () => void (beats += 1) });
  const health = new Health(system);
  await health.once();
  assert.deepEqual([health.document()[0], health.document()[1].role, beats], [200, "primary", 1]);
  answer = () => new Promise(() => {});
  await assert.rejects(health.once(), /no answer in 2000 ms/);
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const [status, document] = health.document();
  assert.deepEqual([status, document.role, document.lag_s, document.position], [503, null, null, null]);
});

test("over HTTP: a signed call is done, another is refused, health needs no signature", async () => {
  const set = { ...setting(), port: 0, host: "127.0.0.1", secrets: [SECRET], state: new_file() };
  const server = await serve(standby(), set);
  servers.push(server);
  const url = `http://127.0.0.1:${server.address().port}`;
  const body = JSON.stringify({ ...call("fence", 7), is_dry: false, reason: "test", at: "2026-11-29T12:00:00Z" });
  const now = new Date();
  const headers = {
    "webhook-id": "orders-7-fence",
    "webhook-timestamp": String(Math.floor(now / 1_000)),
    "webhook-signature": new Webhook(SECRET).sign("orders-7-fence", now, body),
  };
  const post = async (more, text = body) => {
    const answer = await fetch(`${url}/fence`, { method: "POST", headers: { ...headers, ...more }, body: text });
    return [answer.status, (await answer.json()).said];
  };
  assert.deepEqual(await post({ "webhook-signature": "v1,AAAA" }), [401, "the signature does not match"]);
  assert.equal((await post({}))[0], 200);
  assert.deepEqual(await post({}), [200, "already done by this epoch"]);
  assert.equal((await post({}, "x".repeat(64 * 1024 + 1)))[0], 413);
  assert.equal((await fetch(`${url}/`)).status, 404);
  const health = await fetch(`${url}/health`);
  assert.equal((await health.json()).system, "double");
});
