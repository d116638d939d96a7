/** Status colours by meaning. A tone never stands alone: an icon and a word carry the same. */
export type Tone = "ember" | "ok" | "warn" | "bad" | "info" | "muted";
