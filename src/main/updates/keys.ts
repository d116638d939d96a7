/** Who may release Bellows: raw Ed25519 public keys, base64. Two at a time while one takes over from the other. */

/** `node scripts/sign-update.mjs --new-key FILE` makes one; its public half belongs here. None yet: updates are off. */
const RELEASE_KEYS: readonly string[] = [];

/** A checkout may name its own keys (BELLOWS_UPDATE_KEYS, by commas); a packaged app trusts only what it was built with. */
export function releaseKeys(
  env: Readonly<Record<string, string | undefined>>,
  packaged: boolean,
): readonly string[] {
  const own = packaged ? undefined : env.BELLOWS_UPDATE_KEYS;
  return own === undefined ? RELEASE_KEYS : own.split(",").filter((key) => key !== "");
}
