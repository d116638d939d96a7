/** `bellows`, the command: gathers what is outside the program, runs it, sets the exit code. */
import { locatePaths } from "../engine/config/paths.ts";
import { Redactor, secretsIn } from "../engine/log/redact.ts";
import { SECOND } from "../shared/durations.ts";
import { runCli } from "./program.ts";
import { Terminal } from "./terminal.ts";

const terminal = new Terminal({
  stdout: process.stdout,
  stderr: process.stderr,
  debug: process.env.BELLOWS_DEBUG === "1",
  // Made when it is needed: --environment adds to what this process was given.
  clean: (text) => new Redactor(secretsIn(process.env)).text(text),
  // `bellows jobs | head` closes the pipe early: that is no error.
  onReaderGone: () => process.exit(),
});

try {
  process.exitCode = await runCli(process.argv.slice(2), {
    terminal,
    env: process.env,
    paths: locatePaths(),
    startedAt: Date.now() - process.uptime() * SECOND,
    now: Date.now,
  });
} catch (thrown) {
  terminal.error(thrown);
  process.exitCode = 1;
}
// What somebody has stopped reading holds nobody up.
if (terminal.outlives && !(await terminal.settle())) process.exit();
