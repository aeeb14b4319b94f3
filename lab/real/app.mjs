// The app of one region: `POST /rows` writes a numbered row and answers 200 only when the database
// has acknowledged it, `GET /rows` lists the rows, `GET /health` is the health of the database.
//
// It keeps its connections open and gives its writes no time-out, as most drivers do by default: a
// write that hangs while the database is frozen is acknowledged after the thaw.
import { createServer } from "node:http";
import { Nats, names } from "../../examples/hooks/nats.mjs";
import { Session } from "../../examples/hooks/psql.mjs";
import { Redis } from "../../examples/hooks/redis.mjs";

const { SYSTEM, REGION, PORT, DATABASE, HEALTH } = process.env;
/** Connections to the database; further writes wait for one. */
const CONNECTIONS = 8;
/** Longest wait for the health of the database. */
const HEALTH_MS_MAX = 2_500;

/** How each system opens a connection, writes a row, and lists what is there. */
const sql = {
  open: () => new Session(DATABASE),
  write: (link, { n, writer }) =>
    link.query(`INSERT INTO rows (n, writer, region) VALUES (${n}, '${writer}', '${REGION}')`),
  list: async (link) => link.query("SELECT writer || ':' || n FROM rows ORDER BY id"),
};
const SYSTEMS = {
  postgresql: sql,
  "postgresql-logical": sql,
  patroni: sql,
  redis: {
    open: () => new Redis(DATABASE),
    write: (link, { n, writer }) => link.call("RPUSH", "rows", `${writer}:${n}`),
    list: (link) => link.call("LRANGE", "rows", 0, -1),
  },
  nats: {
    open: () => new Nats(DATABASE),
    async write(link, { n, writer }) {
      const ack = JSON.parse(await link.request("rows.new", `${writer}:${n}`, 0));
      if (ack.error || !ack.seq) throw new Error(ack.error?.description ?? "no acknowledgement");
    },
    async list(link) {
      const { state } = await link.api(`STREAM.INFO.${names().stream}`);
      const rows = [];
      for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
        const got = await link.api(`STREAM.MSG.GET.${names().stream}`, { seq });
        if (got?.message.subject === "rows.new") rows.push(Buffer.from(got.message.data, "base64").toString());
      }
      return rows;
    },
  },
};

const system = SYSTEMS[SYSTEM];
const idle = [];
const queue = [];
let open = 0;

/** Runs a piece of work with a connection of its own; it waits while all are in use. */
async function with_link(work) {
  let link = idle.pop();
  if (!link && open < CONNECTIONS) {
    open += 1;
    link = system.open();
  }
  link ??= await new Promise((resolve) => queue.push(resolve));
  if (link.is_lost) link = system.open();
  try {
    return await work(link);
  } finally {
    const next = queue.shift();
    if (next) next(link);
    else idle.push(link);
  }
}

async function handle(request) {
  if (request.url === "/health") {
    const answer = await fetch(HEALTH, { signal: AbortSignal.timeout(HEALTH_MS_MAX) });
    return [answer.status, await answer.text()];
  }
  if (request.url !== "/rows") return [404, "{}"];
  if (request.method === "GET") return [200, JSON.stringify(await with_link(system.list))];
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const row = JSON.parse(Buffer.concat(chunks).toString());
  await with_link((link) => system.write(link, { n: Number(row.n), writer: row.writer.replace(/\W/g, "") }));
  return [200, JSON.stringify({ region: REGION, n: row.n })];
}

createServer(async (request, response) => {
  const [status, body] = await handle(request).catch((error) => [503, JSON.stringify({ error: error.message })]);
  response.writeHead(status, { "content-type": "application/json", "x-lab-region": REGION }).end(body);
}).listen(Number(PORT), "127.0.0.1");
