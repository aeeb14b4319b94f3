// The storage of the Controller's object: rows in a table of SQLite, a few texts beside them, and the alarm. Nothing is
// decided here, and nothing is known of what a row says (ADR-0013). `storage.rs` declares it to Rust.

/** One table for all kinds, so that a new kind is no new schema. Without rowids a write is one row and not two. */
const TABLE = `CREATE TABLE IF NOT EXISTS state (
  kind TEXT NOT NULL, id TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID`;
const PUT = `INSERT INTO state (kind, id, value) VALUES (?, ?, ?)
  ON CONFLICT (kind, id) DO UPDATE SET value = excluded.value`;

/** @typedef {{ kind: string, id: string, value: string }} Row */

/**
 * All rows.
 * @param {DurableObjectState} state
 */
export function rows(state) {
  state.storage.sql.exec(TABLE);
  const rows = state.storage.sql.exec("SELECT kind, id, value FROM state").toArray();
  return /** @type {Row[]} */ (rows);
}

/**
 * Writes a row, whether there is one or not.
 * @param {DurableObjectState} state
 * @param {string} kind
 * @param {string} id
 * @param {string} value
 */
export function putRow(state, kind, id, value) {
  state.storage.sql.exec(PUT, kind, id, value);
}

/**
 * Deletes a row, if there is one.
 * @param {DurableObjectState} state
 * @param {string} kind
 * @param {string} id
 */
export function deleteRow(state, kind, id) {
  state.storage.sql.exec("DELETE FROM state WHERE kind = ? AND id = ?", kind, id);
}

/**
 * The text under a key beside the rows, `undefined` where there is none.
 * @param {DurableObjectState} state
 * @param {string} key
 * @returns {string | undefined}
 */
export function entry(state, key) {
  return state.storage.kv.get(key);
}

/**
 * @param {DurableObjectState} state
 * @param {string} key
 * @param {string} value
 */
export function putEntry(state, key, value) {
  state.storage.kv.put(key, value);
}

/**
 * @param {DurableObjectState} state
 * @param {string} key
 */
export function deleteEntry(state, key) {
  state.storage.kv.delete(key);
}

/**
 * Does all of the work or, where it throws, nothing of it.
 * @param {DurableObjectState} state
 * @param {() => void} work
 */
export function atOnce(state, work) {
  state.storage.transactionSync(() => work());
}

/**
 * Sets the alarm, whether there is one or not.
 * @param {DurableObjectState} state
 * @param {number} ms from now
 */
export async function setAlarm(state, ms) {
  await state.storage.setAlarm(Date.now() + ms);
}

/** @param {DurableObjectState} state */
export async function deleteAlarm(state) {
  await state.storage.deleteAlarm();
}
