/**
 * V8 options of a process that runs an engine. It allocates little at a time, so a small nursery keeps an idle one small.
 */
export const ENGINE_V8_OPTIONS: readonly string[] = ["--max-semi-space-size=1"];

/**
 * Node options of an engine on a Node of its own. Its work is done in SQLite, OpenSSL and other processes: the last of
 * V8's compilers gains nothing measurable there and costs 6 MB, and helper threads for the collector of a heap of 22 MB
 * cost 2 MB and save no pause that matters (the longest is 5 ms). It collects by itself while it waits (engine/idle-memory.ts).
 * bin/bellows.mjs and resources/deploy say the same where nothing of src can be asked.
 */
export const ENGINE_NODE_OPTIONS: readonly string[] = [
  ...ENGINE_V8_OPTIONS,
  "--no-opt",
  "--single-threaded",
  "--expose-gc",
];
