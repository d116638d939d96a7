// `npm run test:packaged`: packs the app of this system and runs the tests of the desktop app against it instead of against
// the checkout's.
//   npm run test:packaged [-- arguments for vitest]
import { projectNode } from "./lib/node24.mjs";
import { inRepo } from "./lib/paths.mjs";
import { runForwarding } from "./lib/run.mjs";

/** Those that drive the app through Electron. */
const FILES = [
  "packaged-app",
  "first-run",
  "first-market",
  "key-desktop",
  "desktop-system",
  "desktop-repair",
  "desktop-screens",
  "earning-desktop",
  "ui-electron",
].map((name) => `test/e2e/${name}.test.ts`);

const own = process.argv.slice(2);
const files = own.some((arg) => arg.includes(".test.")) ? [] : FILES;
const args = [inRepo("scripts", "test.mjs"), "--project", "e2e", ...files, ...own];
process.exitCode = await runForwarding(projectNode() ?? process.execPath, args, {
  env: { ...process.env, BELLOWS_TEST_APP: "packaged" },
});
