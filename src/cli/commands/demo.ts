/** `bellows demo`: both markets on this machine with play money, a real engine, real work, real receipts. */
import path from "node:path";
import type { Flags } from "../../engine/config/from-environment.ts";
import * as read from "../../engine/config/parsers.ts";
import { ForkProcessHost } from "../../host/fork-host.ts";
import { HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import type { CliContext } from "../context.ts";
import { type DemoRunReport, runDemoUntilAccepted } from "../demo-run.ts";
import { DemoSession } from "../demo-session.ts";
import { refuseSecondEngine } from "../engine-client.ts";
import { followState } from "../follow.ts";
import { addressField, fields } from "../format.ts";
import { LiveLog } from "../live-log.ts";
import { listenForStop } from "../signals.ts";
import { readFlag } from "../usage.ts";

export async function demo(context: CliContext, flags: Flags): Promise<void> {
  const { terminal } = context;
  const log = new LiveLog((line) => terminal.print(line));
  using signals = listenForStop(() => session.kill());
  const session: DemoSession = new DemoSession({
    sources: { env: context.env, flags, paths: context.paths },
    host: new ForkProcessHost(),
    onTrouble: (sentence) => {
      if (!signals.asked.aborted) terminal.note(sentence);
    },
    onEngine: ({ client, ready }) => {
      if (ready.control) terminal.print(headerLine(addressField(ready.control)));
      followState(client, (slices, at) => log.show(slices, at));
    },
  });
  await refuseSecondEngine(session.demo.dataFolder);

  const folder = path.dirname(session.demo.dataFolder);
  terminal.print(
    headerLine(["Demo", `two markets on this machine, play money, real work; data in ${folder}`]),
  );
  try {
    const failed = session.whenFailed();
    failed.catch(() => undefined); // It may fail while nobody races with it any more.
    await Promise.race([session.start(signals.asked), failed]);
    await Promise.race([signals.whenAsked, failed]);
  } catch (thrown) {
    if (!signals.asked.aborted) throw thrown;
  } finally {
    if (signals.asked.aborted) terminal.note("Stopping: leases are given back, results submitted.");
    await session.stop();
    if (signals.asked.aborted) terminal.note("Ended.");
  }
}

/** The lines come one by one, so their width can't be that of the widest. */
function headerLine([name, value]: readonly [string, string]): string {
  return `${name.padEnd("Dashboard".length)}  ${value}`;
}

const DEFAULT_TIMEOUT_MS = 2 * MINUTE;

/** Text as typed. */
export interface UntilAcceptedOptions {
  readonly untilAccepted: string;
  readonly timeout: string | undefined;
  readonly json: boolean;
}

export async function demoUntilAccepted(
  context: CliContext,
  flags: Flags,
  options: UntilAcceptedOptions,
): Promise<void> {
  const wanted = readFlag("--until-accepted", options.untilAccepted, read.wholeNumber(1, 1_000_000));
  const timeoutMs =
    options.timeout === undefined
      ? DEFAULT_TIMEOUT_MS
      : readFlag("--timeout", options.timeout, read.duration(SECOND, 24 * HOUR));

  let session: DemoSession | undefined;
  using signals = listenForStop(() => session?.kill());
  const report = await runDemoUntilAccepted(context, flags, {
    wanted,
    timeoutMs,
    host: new ForkProcessHost(),
    signal: signals.asked,
    onSession: (started) => {
      session = started;
    },
  });
  if (options.json) context.terminal.json(report);
  else for (const line of reportLines(report)) context.terminal.print(line);
}

function reportLines({
  accepted,
  failed,
  earned,
  first_accepted_ms: first,
  ...work
}: DemoRunReport): string[] {
  return fields([
    ["Accepted", `AITBC ${accepted.aitbc}, AICF ${accepted.aicf}; failed ${failed}`],
    ["Earned", `${earned.AIT} AIT, ${earned.ANM} ANM (play money)`],
    ["First result", `AITBC after ${seconds(first.aitbc)}, AICF after ${seconds(first.aicf)}`],
    ["Device", work.device],
    ["Model", work.model_sha256],
  ]);
}

const seconds = (ms: number) => `${(ms / SECOND).toFixed(1)} s`;
