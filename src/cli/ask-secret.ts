/** A secret typed at the terminal: nothing of it is shown, and nothing of it is kept. */
import readline from "node:readline/promises";
import { Writable } from "node:stream";
import { AppError } from "../shared/errors.ts";

/** null: nobody sits at a terminal. Throws STOPPED at Ctrl-C. */
export async function askSecret(question: string): Promise<string | null> {
  const { stdin, stderr } = process;
  if (!stdin.isTTY || !stderr.isTTY) return null;
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const asking = readline.createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  // stdout may be a file.
  stderr.write(question);
  const stopped = new AbortController();
  asking.once("SIGINT", () => stopped.abort());
  try {
    return await asking.question("", { signal: stopped.signal });
  } catch (thrown) {
    if (!stopped.signal.aborted) throw thrown;
    throw new AppError({ code: "STOPPED", message: "Stopped before anything was changed", actor: "user" });
  } finally {
    asking.close();
    stderr.write("\n");
  }
}
