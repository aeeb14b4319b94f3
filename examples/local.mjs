// The regions of `local.toml`, on your own machine: a small server for each, which answers every path with the name of
// its region. A page at `/fail` makes it fail until `/mend` is asked for, so that you can watch what happens.
//
//     node examples/local.mjs

import { createServer } from "node:http";

const REGIONS = { 9001: "eu-west", 9002: "us-east", 9003: "sa-east" };

/** A region that can be told to fail. */
function region(name) {
  let fails = false;
  return createServer((request, answer) => {
    if (request.url === "/fail") fails = true;
    if (request.url === "/mend") fails = false;
    answer.statusCode = fails ? 503 : 200;
    answer.end(`${name}\n`);
  });
}

for (const [port, name] of Object.entries(REGIONS)) {
  region(name).listen(Number(port), "127.0.0.1", () => console.log(`${name} on port ${port}`));
}
