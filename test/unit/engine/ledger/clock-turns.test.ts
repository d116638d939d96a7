/** The activity log between two moments, though the clock was set wrong and right again while it was written. */
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { DAY, MINUTE, SECOND } from "../../../../src/shared/durations.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

async function aLog(folder = tempFolder()) {
  const ledger = await Ledger.open(folder);
  onTestFinished(() => ledger.close());
  return ledger;
}

/** Every page of it, newest first. */
function timesIn(ledger: Ledger, filter: { since?: number; until?: number }, limit = 100): number[] {
  const times: number[] = [];
  let before: number | undefined;
  do {
    const page = ledger.activity.list(filter, { limit, before });
    times.push(...page.events.map(({ at }) => at));
    before = page.next ?? undefined;
  } while (before !== undefined);
  return times;
}

describe("the activity log over a change of the clock", () => {
  it("tells what was written since a moment, also what was written before the clock went back", async () => {
    const ledger = await aLog();
    const day = (n: number) => Date.UTC(2026, 0, n);
    // Three days ahead for two rows, then right again.
    const times = [day(1), day(2), day(5), day(6), day(3), day(4)];
    for (const at of times) ledger.audit("lease-adopted", at, {});
    expect(timesIn(ledger, { since: day(3) })).toEqual([day(4), day(3), day(6), day(5)]);
    expect(timesIn(ledger, { until: day(4) })).toEqual([day(3), day(2), day(1)]);
    expect(timesIn(ledger, { since: day(5), until: day(6) })).toEqual([day(5)]);
  });

  it("is the same whichever way it is asked: any times, read as written or after a start", async () => {
    const jump = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 2 * MINUTE }) },
      { weight: 3, arbitrary: fc.integer({ min: -30 * SECOND, max: 0 }) },
      { weight: 1, arbitrary: fc.integer({ min: -3 * DAY, max: 3 * DAY }) },
    );
    const moment = fc.integer({ min: -4 * DAY, max: 4 * DAY });
    await fc.assert(
      fc.asyncProperty(fc.array(jump, { maxLength: 60 }), moment, moment, async (jumps, a, b) => {
        const folder = tempFolder();
        const written = await Ledger.open(folder);
        timesIn(written, { since: 0 }); // From here on it notes what is written.
        let at = 10 * DAY;
        const times = jumps.map((by) => {
          at = Math.max(0, at + by);
          return at;
        });
        written.transaction(() => {
          for (const time of times) written.audit("lease-adopted", time, {});
        });
        const [since, until] = [10 * DAY + Math.min(a, b), 10 * DAY + Math.max(a, b)];
        const wanted = times.filter((time) => time >= since && time < until).toReversed();
        const told = timesIn(written, { since, until }, 5);
        written.close();
        const again = await Ledger.open(folder);
        const read = timesIn(again, { since, until }, 5);
        again.close();
        expect(told).toEqual(wanted);
        expect(read).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });
});
