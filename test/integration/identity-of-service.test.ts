/** `sudo bellows identity …` in a service's data folder: the key and what is noted of it stay the service's, which has to read them. */
import { chownSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SECOND } from "../../src/shared/durations.ts";
import { bellows } from "../support/bellows.ts";
import { tempFolder } from "../support/temp-folder.ts";

/** Nobody in particular. */
const SERVICE = 65_534;

it.skipIf(process.getuid?.() !== 0)(
  "root makes, proves, turns over and restores a key, and owns none of it",
  { timeout: 60 * SECOND },
  async () => {
    const home = join(tempFolder(), "service");
    mkdirSync(home, { mode: 0o700 });
    chownSync(home, SERVICE, SERVICE);
    const env = join(tempFolder(), "provider.env");
    writeFileSync(env, "BELLOWS_KEY_PASSPHRASE=four words make one\n", { mode: 0o600 });
    const run = async (...args: string[]) => {
      const done = await bellows(["identity", ...args, "--data", home, "--environment", env]);
      expect(done, done.stderr).toMatchObject({ code: 0 });
      return done.stdout;
    };
    const owners = () =>
      readdirSync(home, { recursive: true, encoding: "utf8" }).map((name) => {
        const { uid, gid } = statSync(join(home, name));
        return [name, uid, gid];
      });
    const allTheirs = () => {
      const found = owners();
      expect(found.length).toBeGreaterThan(2);
      expect(found.filter(([, uid, gid]) => uid !== SERVICE || gid !== SERVICE)).toEqual([]);
    };
    await run("new");
    allTheirs();
    const { words } = JSON.parse(await run("export", "--phrase", "--json")) as { words: string[] };
    const paper = join(tempFolder(), "phrase.txt");
    writeFileSync(paper, words.join("\n"));
    await run("check", "--phrase", paper);
    allTheirs();
    await run("rotate", "--yes");
    allTheirs();
  },
);
