// The shim's note of which wasm instance runs, and whether it has panicked. The shim looks at `criticalError` and starts
// the next instance; `serve.js` looks at both.

export const note = {
  criticalError: false,
  instanceId: 0,
  hasStarted() {
    this.instanceId += 1;
  },
  /** @param {Error} error */
  hasPanicked(error) {
    console.error("Critical", error);
    this.criticalError = true;
  },
};
globalThis.__worker_init_state = note;
