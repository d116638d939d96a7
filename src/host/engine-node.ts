/**
 * Node options of a process that runs an engine. It allocates little at a time, so a small nursery keeps an idle one
 * small. bin/bellows.mjs and resources/deploy say the same where nothing of src can be asked.
 */
export const ENGINE_NODE_OPTIONS: readonly string[] = ["--max-semi-space-size=1"];
