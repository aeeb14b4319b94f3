// The side of wasm: the same commands as the host's program, over the same core.
//
//     node node.mjs GLUE vectors SEED BLOCKS
//     node node.mjs GLUE time REGIONS RULES TENANTS ROUNDS TIMES
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { performance } from "node:perf_hooks";

const [glue, command, ...words] = process.argv.slice(2);
const core = createRequire(import.meta.url)(resolve(glue));
const numbers = words.map(Number);

if (command === "vectors" && numbers.length === 2) {
  process.stdout.write(core.vectors(...numbers));
} else if (command === "time" && numbers.length === 5) {
  const [regions, rules, tenants, rounds, times] = numbers;
  core.prepare(regions, rules, tenants);
  core.decideMany(times); // The engine compiles in the first round.
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    core.decideMany(times);
    console.log(Math.round(((performance.now() - start) * 1e6) / times));
  }
} else {
  console.error("usage: node node.mjs GLUE vectors|time NUMBER...");
  process.exit(2);
}
