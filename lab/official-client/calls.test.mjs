// Every operation that the lab emulates, called by Cloudflare's own client.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, client, holds, scene } from "./scene.mjs";

const cloudflare = client({ maxRetries: 0 });
const account_id = scene.account;
const zone_id = scene.zone;

test("the token verifies and zones are listed", async () => {
  const token = await cloudflare.user.tokens.verify();
  assert.equal(token.status, "active");
  const zones = await all(cloudflare.zones.list({ name: "example.com", per_page: 5 }));
  assert.deepEqual(
    zones.map((zone) => [zone.id, zone.status]),
    [[zone_id, "active"]],
  );
  const none = await all(cloudflare.zones.list({ account: { id: "0".repeat(32) } }));
  assert.deepEqual(none, []);
});

test("a monitor lives from its creation to its end", async () => {
  const { monitors } = cloudflare.loadBalancers;
  const fields = {
    type: "https",
    description: "ours",
    method: "HEAD",
    path: "/health",
    port: 8443,
    interval: 120,
    timeout: 4,
    retries: 1,
    consecutive_up: 2,
    consecutive_down: 3,
    expected_codes: "2xx",
    expected_body: "ok",
    header: { Host: ["api.example.com"] },
    follow_redirects: true,
    allow_insecure: true,
    probe_zone: "example.com",
  };
  const made = await monitors.create({ account_id, ...fields });
  holds(assert, made, fields);
  assert.deepEqual(await monitors.get(made.id, { account_id }), made);
  const edit = { expected_codes: "200,301", timeout: 3 };
  const edited = await monitors.edit(made.id, { account_id, ...edit, port: null });
  holds(assert, edited, { ...fields, ...edit, port: 0 });
  const tcp = { type: "tcp", port: 5432, expected_codes: "" };
  const put = await monitors.update(made.id, { account_id, ...tcp });
  holds(assert, put, {
    id: made.id,
    ...tcp,
    interval: 60,
    method: "connection_established",
    header: {},
  });
  const listed = await all(monitors.list({ account_id }));
  assert.deepEqual(
    listed.map((monitor) => monitor.id),
    [scene.monitor, made.id],
  );
  const users = await all(monitors.references.get(scene.monitor, { account_id }));
  assert.deepEqual(
    users.map((user) => user.resource_id),
    [scene.eu],
  );
  assert.equal((await monitors.delete(made.id, { account_id })).id, made.id);
});

test("a pool lives from its creation to its end", async () => {
  const { pools } = cloudflare.loadBalancers;
  const origins = [
    {
      name: "one",
      address: "192.0.2.7",
      enabled: true,
      weight: 0.29,
      port: 8443,
      header: { Host: ["api.example.com"] },
      flatten_cname: false,
    },
    { name: "two", address: "two.example.net", enabled: false },
  ];
  const fields = {
    name: "sa",
    description: "ours",
    enabled: true,
    latitude: -23.5,
    longitude: -46.6,
    minimum_origins: 2,
    monitor: scene.monitor,
    notification_email: "",
    load_shedding: {
      default_percent: 10,
      default_policy: "random",
      session_percent: 5,
      session_policy: "hash",
    },
    notification_filter: {
      origin: { disable: true, healthy: null },
      pool: { disable: false, healthy: false },
    },
    origin_steering: { policy: "least_connections" },
  };
  const made = await pools.create({ account_id, ...fields, origins });
  holds(assert, made, fields);
  holds(assert, made.origins[0], origins[0]);
  assert.ok(made.origins[1].disabled_at);
  assert.deepEqual(await pools.get(made.id, { account_id }), made);

  const regional = { check_regions: ["WEU", "SSAM"], health_sources: ["regional", "global"] };
  holds(assert, await pools.edit(made.id, { account_id, ...regional }), { ...fields, ...regional });
  const drained = made.origins.map(({ disabled_at, ...origin }) => ({ ...origin, enabled: false }));
  const edited = await pools.edit(made.id, { account_id, origins: drained });
  assert.equal(edited.origins[1].disabled_at, made.origins[1].disabled_at);
  const off = await pools.edit(made.id, { account_id, enabled: false });
  assert.ok(off.disabled_at);
  const put = await pools.update(made.id, { account_id, name: "sa", origins: [origins[0]] });
  holds(assert, put, { enabled: true, monitor: undefined, check_regions: null, description: "" });

  assert.equal((await all(pools.list({ account_id }))).length, 3);
  const watched = await all(pools.list({ account_id, monitor: scene.monitor }));
  assert.deepEqual(
    watched.map((pool) => pool.id),
    [scene.eu],
  );
  const cleared = await all(pools.bulkEdit({ account_id, notification_email: "" }));
  assert.equal(cleared.length, 3);
  assert.equal((await pools.health.get(scene.eu, { account_id })).pool_id, scene.eu);
  const kinds = (await all(pools.references.get(scene.eu, { account_id }))).map(
    ({ reference_type, resource_type }) => `${reference_type} ${resource_type}`,
  );
  assert.deepEqual(kinds, ["referrer load_balancer", "referral monitor"]);
  assert.equal((await pools.delete(made.id, { account_id })).id, made.id);
});

test("a load balancer lives from its creation to its end", async () => {
  const { loadBalancers } = cloudflare;
  const { eu, us } = scene;
  const fields = {
    name: "lb.example.com",
    description: "ours",
    proxied: true,
    default_pools: [eu, us],
    fallback_pool: us,
    steering_policy: "random",
    region_pools: { WEU: [eu, us] },
    country_pools: { DE: [eu] },
    pop_pools: {},
    random_steering: { default_weight: 0.2, pool_weights: { [eu]: 0.7 } },
    adaptive_routing: { failover_across_pools: true },
    location_strategy: { mode: "resolver_ip", prefer_ecs: "always" },
    session_affinity: "header",
    session_affinity_ttl: 1800,
    session_affinity_attributes: {
      samesite: "Lax",
      secure: "Always",
      drain_duration: 60,
      zero_downtime_failover: "temporary",
      headers: ["x-tenant"],
      require_all_headers: true,
    },
  };
  const rule = {
    name: "r",
    condition: "true",
    disabled: false,
    priority: 1,
    terminates: true,
    overrides: {
      default_pools: [us],
      fallback_pool: us,
      country_pools: { US: [us] },
      ttl: 60,
      session_affinity: "cookie",
      session_affinity_ttl: 1800,
      steering_policy: "geo",
    },
  };
  const answer = {
    name: "closed",
    condition: "true",
    fixed_response: {
      status_code: 503,
      message_body: "closed",
      content_type: "text/plain",
      location: "",
    },
  };
  const rules = [rule, answer];
  const made = await loadBalancers.create({ zone_id, ...fields, rules });
  holds(assert, made, { ...fields, zone_name: "example.com" });
  holds(assert, made.rules[0], rule);
  holds(assert, made.rules[1], answer);
  assert.deepEqual(await loadBalancers.get(made.id, { zone_id }), made);

  const weights = { default_weight: 1, pool_weights: { [eu]: 0, [us]: 1 } };
  const edit = { enabled: false, random_steering: weights };
  const edited = await loadBalancers.edit(made.id, { zone_id, ...edit });
  holds(assert, edited, { ...fields, ...edit });
  const unproxied = await loadBalancers.edit(made.id, { zone_id, proxied: false, ttl: 60 });
  holds(assert, unproxied, { proxied: false, ttl: 60, rules: made.rules });
  const bare = { name: fields.name, default_pools: [us], fallback_pool: us };
  const put = await loadBalancers.update(made.id, { zone_id, ...bare });
  holds(assert, put, {
    ...bare,
    enabled: true,
    country_pools: {},
    session_affinity: "none",
    rules: [],
  });

  const listed = await all(loadBalancers.list({ zone_id }));
  assert.deepEqual(
    listed.map((balancer) => balancer.id),
    [scene.balancer, made.id],
  );
  assert.equal((await loadBalancers.delete(made.id, { zone_id })).id, made.id);
});

test("pool sets stay until an empty list clears them", async () => {
  const { loadBalancers } = cloudflare;
  const sets = [
    {
      name: "de",
      disabled: false,
      match: { topology: { countries: ["DE"] } },
      overrides: {
        pools: [scene.eu, scene.us],
        pool_weights: { [scene.eu]: 0.5 },
        pool_default_weight: 1,
        fallback_pool: scene.us,
        steering_policy: "random",
      },
    },
    {
      name: "rest",
      disabled: false,
      match: { default: true },
      fixed_response: { status_code: 451, message_body: "not here" },
    },
  ];
  const edit = (fields) => loadBalancers.edit(scene.balancer, { zone_id, ...fields });
  assert.deepEqual((await edit({ pool_sets: sets })).pool_sets, sets);
  assert.deepEqual((await edit({ description: "other" })).pool_sets, sets);
  assert.deepEqual((await edit({ pool_sets: null })).pool_sets, sets);
  assert.deepEqual((await edit({ pool_sets: [] })).pool_sets, []);
});

test("a record lives from its creation to its end", async () => {
  const { records } = cloudflare.dns;
  const fields = { type: "A", content: "192.0.2.1", ttl: 60, proxied: false, comment: "ours" };
  const made = await records.create({ zone_id, name: "new", ...fields });
  holds(assert, made, { ...fields, name: "new.example.com", proxiable: true, tags: [] });
  assert.deepEqual(await records.get(made.id, { zone_id }), made);
  const whole = { name: "new.example.com", ...fields };
  const edited = await records.edit(made.id, { zone_id, ...whole, content: "192.0.2.2" });
  holds(assert, edited, { ...whole, content: "192.0.2.2", created_on: made.created_on });
  const put = await records.update(made.id, {
    zone_id,
    name: "new.example.com",
    type: "AAAA",
    content: "2001:db8::1",
    ttl: 1,
  });
  holds(assert, put, { id: made.id, type: "AAAA", ttl: 1, comment: undefined });
  assert.equal((await records.delete(made.id, { zone_id })).id, made.id);
});

test("records of every kind that has a shape of its own are taken", async () => {
  const { records } = cloudflare.dns;
  const settings = { ipv4_only: true, ipv6_only: false };
  for (const fields of [
    { type: "A", name: "kind-a", content: "192.0.2.1", proxied: true, settings },
    { type: "AAAA", name: "kind-aaaa", content: "2001:db8::1", private_routing: false },
    {
      type: "CNAME",
      name: "kind-cname",
      content: "a.example.net",
      settings: { flatten_cname: true },
    },
    { type: "MX", name: "kind-mx", content: "mx.example.net", priority: 10 },
    { type: "NS", name: "kind-ns", content: "ns.example.net" },
    { type: "TXT", name: "kind-txt", content: '"text"', tags: [] },
    { type: "PTR", name: "kind-ptr", content: "a.example.net" },
    { type: "CAA", name: "kind-caa", data: { flags: 0, tag: "issue", value: "ca.example" } },
    {
      type: "SRV",
      name: "_sip._tcp",
      data: { priority: 1, weight: 2, port: 5060, target: "sip.example.net" },
    },
    { type: "HTTPS", name: "kind-https", data: { priority: 1, target: ".", value: 'alpn="h2"' } },
  ]) {
    const made = await records.create({ zone_id, ttl: 1, ...fields });
    holds(assert, made, { ...fields, name: `${fields.name}.example.com` });
    await records.delete(made.id, { zone_id });
  }
});

test("records are filtered, and all pages are walked", async () => {
  const { records } = cloudflare.dns;
  const list = (params) => all(records.list({ zone_id, ...params }));
  const posts = Array.from({ length: 7 }, (_, i) => ({
    name: `many${i}`,
    type: "TXT",
    content: `"${i}"`,
    ttl: 60,
    comment: `paged ${i % 2}`,
  }));
  await records.batch({ zone_id, posts });
  const many = await list({ name: { startswith: "many" }, per_page: 3, order: "name" });
  assert.deepEqual(
    many.map((record) => record.name),
    posts.map((p) => `${p.name}.example.com`),
  );
  const first = await records.list({ zone_id, name: { startswith: "many" }, per_page: 3 });
  holds(assert, first.result_info, { page: 1, per_page: 3, count: 3, total_count: 7 });
  for (const [params, count] of [
    [{ name: { exact: "db.example.com" }, type: "A" }, 2],
    [{ name: { contains: "any3" } }, 1],
    [{ name: { endswith: ".example.com" }, per_page: 5_000_000 }, 10],
    [{ content: { exact: "192.0.2.10" } }, 1],
    [{ content: { startswith: "192.0.2." }, proxied: false }, 2],
    [{ content: { endswith: ".net" } }, 1],
    [{ content: { contains: "example" } }, 1],
    [{ comment: { exact: "paged 1" } }, 3],
    [{ comment: { startswith: "paged", endswith: "0" } }, 4],
    [{ comment: { contains: "age" }, type: "CNAME" }, 0],
    [{ comment: { contains: "age" }, type: "CNAME", match: "any" }, 8],
    [{ comment: { present: "true" } }, 7],
    [{ comment: { absent: "true" } }, 3],
    [{ proxied: true }, 0],
  ]) {
    assert.equal((await list(params)).length, count, JSON.stringify(params));
  }
  const down = await list({ type: "A", order: "content", direction: "desc" });
  assert.deepEqual(
    down.map((record) => record.content),
    ["192.0.2.11", "192.0.2.10"],
  );
});

test("a batch deletes, patches, puts and posts", async () => {
  const { records } = cloudflare.dns;
  const [one, two] = await all(records.list({ zone_id, name: { exact: "db.example.com" } }));
  const www = { name: "www.example.com", type: "CNAME", ttl: 120 };
  const done = await records.batch({
    zone_id,
    deletes: [{ id: one.id }],
    patches: [{ id: scene.www, ...www, content: "us.example.net" }],
    puts: [{ id: two.id, name: "db.example.com", type: "A", content: "192.0.2.99", ttl: 60 }],
    posts: [{ name: "mail", type: "MX", content: "mx.example.com", priority: 10, ttl: 1 }],
  });
  assert.equal(done.deletes[0].content, one.content);
  holds(assert, done.patches[0], { id: scene.www, content: "us.example.net", ttl: 120 });
  holds(assert, done.puts[0], { id: two.id, content: "192.0.2.99" });
  holds(assert, done.posts[0], { name: "mail.example.com", priority: 10 });
});
