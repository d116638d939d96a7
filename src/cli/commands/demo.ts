/** `bellows demo`: both markets on this machine with play money, a real engine, real work, real receipts. */
import path from "node:path";
import type { Flags } from "../../engine/config/from-environment.ts";
import * as read from "../../engine/config/parsers.ts";
import { ForkProcessHost } from "../../host/fork-host.ts";
import { HOUR, MINUTE, SECOND } from "../../shared/durations.ts";
import type { CliContext } from "../context.ts";
import { runDemoUntilAccepted } from "../demo-run.ts";
import { DemoSession } from "../demo-session.ts";
import { refuseSecondEngine } from "../engine-client.ts";
import { followState } from "../follow.ts";
import { fields } from "../format.ts";
import { LiveLog } from "../live-log.ts";
import { listenForStop } from "../signals.ts";
import { readFlag } from "../usage.ts";

export async function demo(context: CliContext, flags: Flags): Promise<void> {
  const { terminal } = context;
  const sources = { env: context.env, flags, paths: context.paths };
  const log = new LiveLog((line) => terminal.print(line));
  const session = new DemoSession({
    sources,
    host: new ForkProcessHost(),
    onTrouble: (sentence) => terminal.note(sentence),
    onEngine: ({ client, ready }) => {
      if (ready.control) terminal.print(`Dashboard  ${ready.control.dashboardUrl}`);
      followState(client, (slices, at) => log.show(slices, at));
    },
  });
  await refuseSecondEngine(session.demo.dataFolder);

  using signals = listenForStop(() => session.kill());
  terminal.print(
    `Demo: two markets on this machine, play money, real work. Data in ${path.dirname(session.demo.dataFolder)}`,
  );
  try {
    const failed = session.whenFailed();
    failed.catch(() => undefined); // It may fail while nobody races with it any more.
    await Promise.race([session.start(signals.asked), signals.whenAsked, failed]);
    await Promise.race([signals.whenAsked, failed]);
    terminal.note("Stopping: leases are given back, results submitted.");
  } catch (thrown) {
    if (!signals.asked.aborted) throw thrown;
  } finally {
    await session.stop();
  }
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
  if (options.json) return context.terminal.json(report);
  const { accepted, earned, first_accepted_ms: first } = report;
  for (const line of fields([
    ["Accepted", `AITBC ${accepted.aitbc}, AICF ${accepted.aicf}; failed ${report.failed}`],
    ["Earned", `${earned.AIT} AIT, ${earned.ANM} ANM`],
    ["First result", `AITBC after ${seconds(first.aitbc)}, AICF after ${seconds(first.aicf)}`],
    ["Device", report.device],
    ["Model", report.model_sha256],
  ])) {
    context.terminal.print(line);
  }
}

const seconds = (ms: number) => `${(ms / SECOND).toFixed(1)} s`;
