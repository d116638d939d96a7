/** A past job computed again: by the running engine, without one, with an output that was changed, and when nothing is kept. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { decodeEmbedResult, encodeEmbedResult } from "../../src/shared/canonical.ts";
import type { JobRow } from "../../src/shared/contract/views.ts";
import { MINUTE } from "../../src/shared/durations.ts";
import { bellows, RunningDemo } from "../support/bellows.ts";

test(
  "verify --recompute compares the kept result with a fresh one",
  async () => {
    const demo = await RunningDemo.start("--rate", "3");
    const { folder } = demo;
    // The demo's customers ask for other work too; this one is about embeddings.
    const settled = ({ state, kind }: JobRow) => state === "settled" && kind === "embed";
    const state = await demo.until(({ recentJobs }) => recentJobs.some(settled), "a settled job");
    const job = state.recentJobs.find(settled);
    const leaseId = job?.leaseId ?? "";
    const verified = await demo.invoke("jobs.verify", { leaseId, recompute: true });
    expect(verified).toMatchObject({ verified: true, recomputed: { backend: "cpu" } });
    expect(verified.checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["signature", "output", "input", "recompute"]),
    );
    expect(verified.recomputed?.cosine ?? 0).toBeGreaterThan(0.999);
    expect((await demo.invoke("jobs.verify", { leaseId })).recomputed).toBeNull();

    const receipt = join(folder, "receipt.json");
    expect((await bellows(["receipt", leaseId, "-o", receipt, "--data", folder])).code).toBe(0);
    const recompute = ["verify", receipt, "--recompute", "--data", folder];
    const byEngine = await bellows(recompute);
    expect(byEngine).toMatchObject({ code: 0, stdout: expect.stringContaining("This receipt holds.") });
    expect(byEngine.stdout).toContain("Computed again on");

    demo.process.child.kill("SIGTERM");
    expect(await demo.process.exited).toBe(0);
    const alone = await bellows([...recompute, "--json"]);
    expect(JSON.parse(alone.stdout)).toMatchObject({ verified: true, recomputed: { backend: "cpu" } });

    // Another result under the same lease, with everything else left as it was.
    const ledger = new Database(join(folder, "demo", "ledger.sqlite"));
    const row = ledger.prepare("SELECT id FROM leases WHERE lease_id = ?").pluck().get(leaseId);
    const kept = ledger.prepare("SELECT bytes FROM outputs WHERE lease = ?").pluck().get(row) as Buffer;
    const result = decodeEmbedResult(new Uint8Array(kept));
    result.data[0] = (result.data[0] ?? 0) + 0.2;
    ledger.prepare("UPDATE outputs SET bytes = ? WHERE lease = ?").run(encodeEmbedResult(result), row);
    const changed = await bellows(recompute);
    expect(changed.code).not.toBe(0);
    expect(changed.stdout).toMatch(/FAILED\s+output/);
    expect(changed.stdout).toMatch(/FAILED\s+recompute\s+.*Another result/);

    // The input goes with the output, and then nothing can be computed again; the receipt still holds by itself.
    ledger.prepare("DELETE FROM outputs WHERE lease = ?").run(row);
    expect(ledger.prepare("SELECT count(*) FROM kept_inputs WHERE lease = ?").pluck().get(row)).toBe(0);
    ledger.close();
    const gone = await bellows(recompute);
    expect(gone).toMatchObject({ code: 1, stderr: expect.stringContaining("no longer kept") });
    expect((await bellows(["verify", receipt, "--data", folder])).code).toBe(0);
    expect(readFileSync(receipt, "utf8")).toContain(leaseId);
  },
  3 * MINUTE,
);
