/** The self-tests as the set-up runs them: by itself what was never tested, and again when somebody asks. */
import { useCallback, useEffect, useRef, useState } from "react";
import type { SelfTestReport } from "../../shared/contract/self-test.ts";
import { useEngine, usePage } from "../state/store.ts";
import { useCommand } from "../state/use-command.ts";
import { isUsable } from "./plain-verdict.ts";

export interface SelfTests {
  /** By device: what the tests asked for here have found. */
  readonly reports: ReadonlyMap<string, SelfTestReport>;
  /** Asked for here, or by the engine itself. */
  readonly running: boolean;
  readonly error: ReturnType<typeof useCommand>["error"];
  readonly test: () => void;
}

export function useSelfTests(): SelfTests {
  const { run, pending, error } = useCommand();
  const stale = usePage((page) => page.stale);
  const byEngine = useEngine(({ devices }) => devices.some(({ selfTest }) => selfTest !== undefined));
  const untested = useEngine(({ devices }) =>
    devices.some((device) => isUsable(device) && device.paused === null && device.lastSelfTest === null),
  );
  const [reports, setReports] = useState<ReadonlyMap<string, SelfTestReport>>(new Map());
  const asked = useRef(false);
  const test = useCallback(async () => {
    asked.current = true;
    const answer = await run("selftest.run", {});
    if (answer !== null) setReports(new Map(answer.reports.map((report) => [report.device.id, report])));
  }, [run]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when there is something to test.
  useEffect(() => {
    if (untested && !stale && !byEngine && !asked.current) void test();
  }, [untested, stale, byEngine]);
  return { reports, running: pending !== null || byEngine, error, test: () => void test() };
}
