/** The series of the key's backup: on which machine a stake hangs on the key of its own folder. */
import { expect, test } from "vitest";
import { loadConfig } from "../../../../src/engine/config/from-environment.ts";
import { locatePaths } from "../../../../src/engine/config/paths.ts";
import { noteWordsChecked } from "../../../../src/engine/identity/backup.ts";
import { identityFolder, openIdentity } from "../../../../src/engine/identity/identity.ts";
import { keyBackup } from "../../../../src/engine/metrics/key-backup.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

const PASSPHRASE = "four words for a test";

async function provider(env: Record<string, string> = {}) {
  const config = loadConfig({
    env: {
      BELLOWS_DATA_DIR: tempFolder(),
      BELLOWS_KEY_PASSPHRASE: PASSPHRASE,
      AICF_QUEUE_URL: "http://127.0.0.1:1",
      ...env,
    },
    flags: {},
    paths: locatePaths({ env: {} }),
  });
  const folder = identityFolder(config.dataFolder);
  const { providerId } = await openIdentity({ folder, mode: "live", passphrase: PASSPHRASE });
  return { config, folder, key: { exists: true, providerId } };
}

test("is told of the machine's own key: not checked, then checked", async () => {
  const { config, folder, key } = await provider();
  expect(await keyBackup(config, key)).toBe(false);
  await noteWordsChecked(folder);
  expect(await keyBackup(config, key)).toBe(true);
});

test("is not told where the account is another machine's, which its id and secret say", async () => {
  const secret = { PROVIDER_SECRET: "a-secret-of-32-characters-or-more" };
  const shared = await provider({ PROVIDER_ID: "prov_of_the_admin", ...secret });
  expect(await keyBackup(shared.config, shared.key)).toBeNull();
  // The machine that made the account has the key, under whatever id.
  const own = await provider({ PROVIDER_ID: "prov_of_mine" });
  expect(await keyBackup(own.config, own.key)).toBe(false);
});

test("is not told of a demo, of a folder without a key, or of a market that wants no stake", async () => {
  const { config, key } = await provider();
  expect(await keyBackup({ ...config, mode: "demo" }, key)).toBeNull();
  expect(await keyBackup(config, { ...key, exists: false })).toBeNull();
  expect(await keyBackup({ ...config, markets: { ...config.markets, aicf: null } }, key)).toBeNull();
});
