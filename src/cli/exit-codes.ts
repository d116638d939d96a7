/** What the exit code of `bellows` says; scripts rely on it. */
import { AppError } from "../shared/errors.ts";

export const EXIT = {
  /** Done. */
  ok: 0,
  /** It went wrong; stderr says why. */
  failed: 1,
  /** The command line or a setting is wrong, or something else that only a person changes: no service manager is to try again. */
  usage: 2,
  /** The command needs a running engine, and there is none; `bellows service status`: the service does not run. */
  notRunning: 3,
  /** `bellows verify`, `self-test`, `identity check`, `gpu-pack verify`, `llama verify`: a check failed. `bellows fleet`: a worker is not well. */
  checkFailed: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `Exit codes
  0    done
  1    it went wrong; stderr says why
  2    the command line or a setting is wrong, or else it waits for a person: a lost key, a damaged or newer ledger
  3    the command needs a running engine, and there is none; bellows service status: it does not run
  4    a check did not pass: bellows verify, self-test, identity check, gpu-pack verify, llama verify, fleet
  130  ended by a second Ctrl-C or SIGTERM, without waiting`;

const BY_CODE: Readonly<Record<string, ExitCode>> = {
  USAGE: EXIT.usage,
  CONFIG_INVALID: EXIT.usage,
  NO_MARKET: EXIT.usage,
  PASSPHRASE_NEEDED: EXIT.usage,
  PASSPHRASE_WEAK: EXIT.usage,
  PASSPHRASE_WRONG: EXIT.usage,
  // Each further try would read the ledger and all its copies through, to say the same.
  LEDGER_CORRUPT: EXIT.usage,
  LEDGER_TOO_NEW: EXIT.usage,
  DATA_FILE_DAMAGED: EXIT.usage,
  KEY_LOST: EXIT.usage,
  KEY_STORE_CLOSED: EXIT.usage,
  IDENTITY_EXPOSED: EXIT.usage,
  IDENTITY_UNPROTECTED: EXIT.usage,
  IDENTITY_UNREADABLE: EXIT.usage,
  /** The engine refused what it was asked for: `--before` with a made-up place. */
  BAD_INPUT: EXIT.usage,
  ENGINE_NOT_RUNNING: EXIT.notRunning,
};

export function exitCodeOf(thrown: unknown): ExitCode {
  return (thrown instanceof AppError && BY_CODE[thrown.code]) || EXIT.failed;
}
