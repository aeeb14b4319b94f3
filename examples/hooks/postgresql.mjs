// PostgreSQL with streaming replication: health, fence, promotion. See README.md.
//
//   PORT=8600 REGION=us-east HOOK_SECRET=whsec_… STATE=/var/lib/hook/epochs.json \
//   CONNINFO='host=127.0.0.1 user=pointsman dbname=shop' FENCE='/usr/local/sbin/power-off' \
//   PEERS='eu-west=10.0.1.5:5432' node postgresql.mjs
import { pathToFileURL } from "node:url";
import { Never, serve } from "./hook.mjs";
import { Sessions } from "./psql.mjs";

/** Longest wait for the end of recovery. */
const PROMOTE_S_MAX = 60;

/** Where heartbeats are kept: one row. */
const HEARTBEAT_TABLE = `CREATE TABLE IF NOT EXISTS pointsman_heartbeat (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), n bigint NOT NULL, at timestamptz NOT NULL)`;

/** Its time is read before the commit, so all that was acknowledged earlier lies before it in the WAL. */
const BEAT = `INSERT INTO pointsman_heartbeat (n, at) VALUES (1, clock_timestamp())
  ON CONFLICT (one) DO UPDATE SET n = pointsman_heartbeat.n + 1, at = excluded.at`;

/** The heartbeat as JSON. */
const READ_BEAT = `SELECT json_build_object('n', n, 'at_ms', (extract(epoch FROM at) * 1000)::bigint)
  FROM pointsman_heartbeat`;

// What was received counts for a loss, not what was replayed. After a restart without a primary the
// first lies behind the second.
const SAMPLE = `SELECT json_build_object(
  'role', CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END,
  'position', CASE WHEN pg_is_in_recovery()
    THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_lsn() END,
  'has_beat', to_regclass('pointsman_heartbeat') IS NOT NULL,
  'receiver', (SELECT status FROM pg_stat_wal_receiver),
  'is_replay_paused', CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END)`;

/** A sample, with the heartbeat if there is a table of it yet. */
export async function sampled(sessions, sql) {
  const { has_beat, ...sample } = await sessions.get().json(sql);
  return { ...sample, beat: has_beat ? await sessions.get().json(READ_BEAT) : null };
}

/** Writes the next heartbeat. */
export async function beat(sessions) {
  await sessions.get().query(`${HEARTBEAT_TABLE}; ${BEAT}`);
}

export function postgresql(conninfo) {
  const sessions = new Sessions(conninfo);
  const is_standby = async () => (await sessions.get().json("SELECT to_json(pg_is_in_recovery())")) === true;
  return {
    name: "postgresql",
    sample: () => sampled(sessions, SAMPLE),
    beat: () => beat(sessions),
    async check(call) {
      // A promotion that was begun by this epoch may have succeeded before the hook crashed.
      if (!(await is_standby()) && !call.is_begun) throw new Never("this server is a primary, and not by this epoch");
    },
    async promote() {
      if (await is_standby()) {
        const promoted = await sessions.get().json(`SELECT to_json(pg_promote(true, ${PROMOTE_S_MAX}))`);
        if (promoted !== true) throw new Error(`no end of recovery in ${PROMOTE_S_MAX} s`);
      }
      // Until then the control file has the old timeline, and pg_rewind takes the wrong side for the newer.
      await sessions.get().query("CHECKPOINT");
      return `primary at ${(await sessions.get().query("SELECT pg_current_wal_lsn()"))[0]}`;
    },
    reset: () => sessions.reset(),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await serve(postgresql(process.env.CONNINFO ?? ""));
