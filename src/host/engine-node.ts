/**
 * V8 options of a process that runs an engine. It allocates little at a time, so a small nursery keeps an idle one small.
 */
export const ENGINE_V8_OPTIONS: readonly string[] = ["--max-semi-space-size=1"];

/**
 * Node options of an engine on a Node of its own. Its work is done in SQLite, OpenSSL and other processes: the last of
 * V8's compilers gains nothing measurable there and costs 6 MB, and one helper thread is enough. bin/bellows.mjs and
 * resources/deploy say the same where nothing of src can be asked.
 */
export const ENGINE_NODE_OPTIONS: readonly string[] = [...ENGINE_V8_OPTIONS, "--no-opt", "--v8-pool-size=1"];
