/**
 * A folder in which there was a provider key and is none. Another one is not made there by itself: stake and earnings hang
 * on the one that is missing, and a start that nobody watches would go on as a provider without either.
 */
import { readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../../shared/errors.ts";

const RETIRED = /^provider-key\.retired-.*\.json$/;

/** Beside the key's own file; what was replaced later comes later in the alphabet. */
export const retiredName = (at: Date): string =>
  `provider-key.retired-${at.toISOString().replaceAll(/[:.]/g, "-")}.json`;

/** The files of keys that were replaced, the last one at the end. */
export async function retiredKeys(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.filter((name) => RETIRED.test(name)).sort();
}

/** Throws KEY_LOST. `knownAs`: the provider that the ledger knows; null: none. */
export async function refuseWhereOneWas(folder: string, knownAs: string | null): Promise<void> {
  const retired = (await retiredKeys(folder)).at(-1);
  if (retired === undefined && knownAs === null) return;
  const who =
    knownAs === null ? "a provider's key was replaced here" : `the ledger beside it is that of ${knownAs}`;
  // Typed as another user, root for one, the command would look into that user's folder.
  const data = `--data "${dirname(dirname(folder))}"`;
  const bring = `Bring it back with \`bellows identity restore ${data}\``;
  const rename =
    retired === undefined ? "" : `, or give ${join(folder, retired)} its name provider-key.json again`;
  throw new AppError({
    code: "KEY_LOST",
    message: `The provider key is missing in ${folder}, and ${who}`,
    actor: "user",
    help: `${bring}${rename}. To go on as a new provider, without that stake: \`bellows identity new ${data}\`.`,
  });
}
