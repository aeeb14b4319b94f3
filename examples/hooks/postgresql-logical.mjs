// PostgreSQL with logical replication (one subscription): health, fence, promotion. See README.md.
//
// As postgresql.mjs; CONNINFO is that of a superuser in the database of the subscription.
import { pathToFileURL } from "node:url";
import { Never, serve } from "./hook.mjs";
import { beat, sampled } from "./postgresql.mjs";
import { Sessions } from "./psql.mjs";

/** How far a sequence jumps: the old primary may have given away values that never arrived here. */
const SEQUENCE_GAP = 100_000;
/** What arrived is applied once its position stands still for so long. */
const STILL_MS = 1_000;
/** Longest wait for that. */
const APPLY_MS_MAX = 20_000;

// A subscription that failed is disabled and still there: its server is no primary for that. What the
// worker says of itself starts anew with each worker, with an age of nothing and a position of NULL;
// the position that was applied stays.
const SUBSCRIBED =
  "FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
const SAMPLE = `SELECT json_build_object(
  'role', CASE WHEN EXISTS (SELECT ${SUBSCRIBED}) THEN 'standby' ELSE 'primary' END,
  'position', CASE WHEN EXISTS (SELECT ${SUBSCRIBED})
    THEN (SELECT max(remote_lsn) FROM pg_replication_origin_status
      WHERE external_id IN (SELECT 'pg_' || oid ${SUBSCRIBED})) ELSE pg_current_wal_lsn() END,
  'has_beat', to_regclass('pointsman_heartbeat') IS NOT NULL,
  'apply_errors', (SELECT coalesce(sum(apply_error_count + sync_error_count), 0) FROM pg_stat_subscription_stats),
  'tables_not_copied', (SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'))`;

// The values of sequences are not replicated: without this each insert collides.
const SEQUENCES = `DO $$ DECLARE it record; BEGIN
  FOR it IN SELECT s.oid::regclass AS seq, d.refobjid::regclass AS tab, a.attname AS col
    FROM pg_class s
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE s.relkind = 'S'
  LOOP
    EXECUTE format('SELECT setval(%L, greatest((SELECT last_value FROM %s),
      coalesce((SELECT max(%I) FROM %s), 0)) + ${SEQUENCE_GAP})', it.seq, it.seq, it.col, it.tab);
  END LOOP; END $$`;

// With a slot name, dropping would ask the dead publisher for permission.
const CUT = `DO $$ DECLARE it name; BEGIN
  FOR it IN SELECT subname ${SUBSCRIBED} LOOP
    EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', it);
    EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', it);
    EXECUTE format('DROP SUBSCRIPTION %I', it);
  END LOOP; END $$`;

export function postgresql_logical(conninfo) {
  const sessions = new Sessions(conninfo);
  const sample = () => sampled(sessions, SAMPLE);
  async function applied() {
    const end = Date.now() + APPLY_MS_MAX;
    let [position, since] = [(await sample()).position, Date.now()];
    while (Date.now() - since < STILL_MS) {
      if (Date.now() > end) throw new Error("changes still arrive from the old primary");
      await new Promise((resolve) => setTimeout(resolve, 200));
      const now = (await sample()).position;
      if (now !== position) [position, since] = [now, Date.now()];
    }
  }
  return {
    name: "postgresql-logical",
    sample,
    beat: () => beat(sessions),
    async check(call) {
      const { role, tables_not_copied } = await sample();
      if (role !== "standby" && !call.is_begun) throw new Never("there is no subscription here");
      if (tables_not_copied > 0) throw new Error(`${tables_not_copied} tables are not copied yet`);
    },
    async promote() {
      if ((await sample()).role === "standby") {
        await applied();
        await sessions.get().query(SEQUENCES);
        await sessions.get().query(CUT);
      }
      return `primary at ${(await sample()).position}`;
    },
    reset: () => sessions.reset(),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  await serve(postgresql_logical(process.env.CONNINFO ?? ""));
