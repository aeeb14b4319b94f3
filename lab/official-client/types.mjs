// Have the lab's replies the types that Cloudflare's client declares?
//
// The client hands on whatever it is given, but it declares what it expects. This reads a
// transcript from stdin, writes each reply as a constant of the declared type, and lets the
// TypeScript compiler look for fields that are unknown, missing, or of another type.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));

/** The module, the type, and the calls whose `result` has it; the first that fits counts. */
const TYPES = [
  ["load-balancers/pools/health", "HealthGetResponse", /^GET .*\/health$/],
  ["load-balancers/pools/references", "ReferenceGetResponse[]", /^GET .*\/references$/],
  ["load-balancers/pools/pools", "PoolDeleteResponse", /^DELETE .*\/pools\//],
  ["load-balancers/pools/pools", "Pool[]", /^(GET|PATCH) .*\/pools$/],
  ["load-balancers/pools/pools", "Pool", /\/pools(\/|$)/],
  ["load-balancers/monitors/monitors", "MonitorDeleteResponse", /^DELETE .*\/monitors\//],
  ["load-balancers/monitors/monitors", "Monitor[]", /^GET .*\/monitors$/],
  ["load-balancers/monitors/monitors", "Monitor", /\/monitors(\/|$)/],
  ["load-balancers/load-balancers", "LoadBalancerDeleteResponse", /^DELETE .*\/load_balancers\//],
  ["load-balancers/load-balancers", "LoadBalancer[]", /^GET .*\/load_balancers$/],
  ["load-balancers/load-balancers", "LoadBalancer", /\/load_balancers(\/|$)/],
  ["dns/records", "RecordBatchResponse", /^POST .*\/batch$/],
  ["dns/records", "RecordDeleteResponse", /^DELETE .*\/dns_records\//],
  ["dns/records", "RecordResponse[]", /^GET .*\/dns_records$/],
  ["dns/records", "RecordResponse", /\/dns_records(\/|$)/],
  ["zones/zones", "Zone[]", /^GET \/zones$/],
  ["user/tokens/tokens", "TokenVerifyResponse", /\/verify$/],
];

const REFUSAL =
  '{ success: false, errors: import("cloudflare/resources/shared").ErrorData[],' + " messages: never[], result: null }";

function constant({ seq, method, path, status, response }) {
  const call = `${method} ${path}`;
  if (status !== 200) return `const r${seq}: ${REFUSAL} = ${JSON.stringify(response)}; // ${call}`;
  const [module, type] = TYPES.find(([, , pattern]) => pattern.test(call));
  const value = JSON.stringify(response.result);
  return `const r${seq}: import("cloudflare/resources/${module}").${type} = ${value}; // ${call}`;
}

const folder = mkdtempSync(join(tmpdir(), "pointsman-types-"));
try {
  const transcript = JSON.parse(readFileSync(0, "utf8"));
  const lines = ["export {};", ...transcript.map(constant)];
  writeFileSync(join(folder, "replies.ts"), lines.join("\n"));
  const compilerOptions = {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    types: [],
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    paths: { "cloudflare/*": [join(MODULES, "cloudflare/*")] },
  };
  const config = { compilerOptions, files: ["replies.ts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const compiler = [join(MODULES, "typescript/bin/tsc"), "--project", folder, "--pretty", "false"];
  const { status, stdout } = spawnSync(process.execPath, compiler, { encoding: "utf8" });
  const place = /replies\.ts\((\d+),/g;
  for (const [, line] of stdout.matchAll(place)) console.log(lines[line - 1].slice(0, 2000));
  console.log(stdout);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
