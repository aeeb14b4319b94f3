// Hands each request to the next isolate of the Worker, as a network that knows no sessions would.

let turn = 0;

/** @satisfies {ExportedHandler<Record<string, Fetcher>>} */
export default {
  fetch(request, env) {
    const isolates = Object.values(env);
    turn = (turn + 1) % isolates.length;
    return isolates[turn].fetch(request);
  },
};
