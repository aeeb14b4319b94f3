// One session with PostgreSQL, through `psql`: a real connection, and no package.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";

/** Statements go one after another over one connection. Once that is lost, every call is rejected. */
export class Session {
  #child;
  #waiting = [];
  #out = "";
  #errors = "";
  #lost = null;

  /** `conninfo` as libpq takes it. */
  constructor(conninfo, psql = process.env.PSQL ?? "psql") {
    const words = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--no-password", "--dbname", conninfo];
    this.#child = spawn(psql, words, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stdin.on("error", () => {});
    this.#child.stdout.on("data", (data) => this.#read(String(data)));
    this.#child.stderr.on("data", (data) => (this.#errors = (this.#errors + data).slice(-1_000)));
    this.#child.on("error", (error) => this.#end(error.message));
    this.#child.on("close", () => this.#end(this.#errors.trim() || "the connection is lost"));
  }

  get is_lost() {
    return this.#lost !== null;
  }

  /** Resolves to the lines that a statement returned; rejects with what the server said. */
  query(sql) {
    if (this.#lost !== null) return Promise.reject(new Error(this.#lost));
    return new Promise((resolve, reject) => {
      const mark = randomUUID();
      this.#waiting.push({ mark, resolve, reject });
      this.#child.stdin.write(`${sql};\n\\echo ${mark} :ERROR\n`);
    });
  }

  /** The first line as JSON, null if there is none. */
  async json(sql) {
    const [line] = await this.query(sql);
    return line ? JSON.parse(line) : null;
  }

  close() {
    this.#child.kill("SIGKILL");
    this.#end("closed");
  }

  #read(text) {
    this.#out += text;
    for (;;) {
      const [first] = this.#waiting;
      const at = first ? this.#out.indexOf(first.mark) : -1;
      const end = at < 0 ? -1 : this.#out.indexOf("\n", at);
      if (end < 0) return;
      const lines = this.#out.slice(0, at).split("\n").filter(Boolean);
      const failed = this.#out.slice(at, end).endsWith("true");
      this.#out = this.#out.slice(end + 1);
      this.#waiting.shift();
      if (failed) setImmediate(() => first.reject(new Error(this.#told())));
      else first.resolve(lines);
    }
  }

  #told() {
    const told = this.#errors.trim() || "the statement failed";
    this.#errors = "";
    return told;
  }

  #end(why) {
    this.#lost ??= why;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error(why));
  }
}

/** A session that is made when it is needed, and again after it was lost. */
export class Sessions {
  #conninfo;
  #session = null;

  constructor(conninfo) {
    this.#conninfo = conninfo;
  }

  get() {
    if (this.#session === null || this.#session.is_lost) this.#session = new Session(this.#conninfo);
    return this.#session;
  }

  reset() {
    this.#session?.close();
    this.#session = null;
  }
}
