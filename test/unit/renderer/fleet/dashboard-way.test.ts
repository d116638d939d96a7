import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wayToDashboard } from "../../../../src/renderer/fleet/dashboard-way.ts";

const machine = {
  readBy: "control",
  where: "http://127.0.0.1:17117",
  host: null,
  pod: null,
  name: "rack-1",
} as const;

describe("the way to a machine's dashboard", () => {
  it("is a command here, a tunnel to elsewhere, kubectl to a pod", () => {
    expect(wayToDashboard({ ...machine, readBy: "data", where: "/var/lib/bellows" })).toBe(
      "bellows dashboard --data /var/lib/bellows",
    );
    expect(wayToDashboard({ ...machine, readBy: "data", where: "C:\\Users\\Ada L\\Bellows" })).toBe(
      'bellows dashboard --data "C:\\Users\\Ada L\\Bellows"',
    );
    expect(wayToDashboard({ ...machine, readBy: "metrics", host: "rack-2" })).toMatch(
      /^ssh -t -L \d+:\S+ -- rack-2 "/,
    );
    expect(
      wayToDashboard({ ...machine, readBy: "prometheus", pod: { namespace: "bellows", name: "bellows-0" } }),
    ).toBe(
      "kubectl port-forward --namespace bellows pod/bellows-0 7117 &\nkubectl exec --namespace bellows bellows-0 -- bellows dashboard",
    );
  });

  it("never lets a name become a command", () => {
    const part = fc.constantFrom("a", " ", "'", '"', "$(id)", "`id`", ";", "\\", "-", "\n", "&", "*", "!");
    const names = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(names, (name) => {
        const command = wayToDashboard({ ...machine, readBy: "data", where: `/x${name}` });
        const words = command.replace(/^bellows dashboard --data/, "printf '%s'");
        expect(execFileSync("sh", ["-c", words], { encoding: "utf8" })).toBe(`/x${name}`);
      }),
      { numRuns: 60 },
    );
  });
});
