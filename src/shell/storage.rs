//! The storage of the Controller's object; `storage.js` says what each function does.

use super::clock;
use super::objects::State;
use super::runtime::Result;
use crate::controller::{CONFIG_ENTRY, Memory};
use crate::state::rows::{DOCUMENT_ENTRY, Row, RowChange};
use crate::time::Millis;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/shell/storage.js")]
extern "C" {
    type StoredRow;

    #[wasm_bindgen(method, getter)]
    fn kind(this: &StoredRow) -> String;
    #[wasm_bindgen(method, getter)]
    fn id(this: &StoredRow) -> String;
    #[wasm_bindgen(method, getter)]
    fn value(this: &StoredRow) -> String;

    #[wasm_bindgen(catch)]
    fn rows(state: &State) -> Result<Vec<StoredRow>>;
    #[wasm_bindgen(catch, js_name = putRow)]
    fn put_row(state: &State, kind: &str, id: &str, value: &str) -> Result<()>;
    #[wasm_bindgen(catch, js_name = deleteRow)]
    fn delete_row(state: &State, kind: &str, id: &str) -> Result<()>;

    #[wasm_bindgen(catch)]
    fn entry(state: &State, key: &str) -> Result<Option<String>>;
    #[wasm_bindgen(catch, js_name = putEntry)]
    fn put_entry(state: &State, key: &str, value: &str) -> Result<()>;
    #[wasm_bindgen(catch, js_name = deleteEntry)]
    fn delete_entry(state: &State, key: &str) -> Result<()>;

    #[wasm_bindgen(catch, js_name = atOnce)]
    fn at_once(state: &State, work: &mut dyn FnMut() -> Result<()>) -> Result<()>;

    #[wasm_bindgen(catch, js_name = setAlarm)]
    async fn set_alarm_in(state: &State, ms: u32) -> Result<()>;
    #[wasm_bindgen(catch, js_name = deleteAlarm)]
    pub(super) async fn delete_alarm(state: &State) -> Result<()>;
}

/// Everything that is in it.
pub(super) fn load(state: &State) -> Result<Memory> {
    let row = |row: StoredRow| Row { kind: row.kind(), id: row.id(), value: row.value() };
    Ok(Memory {
        rows: rows(state)?.into_iter().map(row).collect(),
        document: entry(state, DOCUMENT_ENTRY)?,
        config: entry(state, CONFIG_ENTRY)?,
    })
}

/// Does all changes, or none. Nothing else happens meanwhile.
pub(super) fn save(state: &State, changes: &[RowChange]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    at_once(state, &mut || changes.iter().try_for_each(|change| carry_out(state, change)))
}

fn carry_out(state: &State, change: &RowChange) -> Result<()> {
    match change {
        RowChange::PutRow(Row { kind, id, value }) => put_row(state, kind, id, value),
        RowChange::DeleteRow { kind, id } => delete_row(state, kind, id),
        RowChange::PutEntry { key, value } => put_entry(state, key, value),
        RowChange::DeleteEntry { key } => delete_entry(state, key),
    }
}

/// Sets the alarm.
pub(super) async fn set_alarm(state: &State, ms: Millis) -> Result<()> {
    set_alarm_in(state, clock::short(ms)).await
}
