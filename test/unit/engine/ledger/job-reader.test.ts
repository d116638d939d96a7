import { describe, expect, it, onTestFinished } from "vitest";
import { jobHandlers } from "../../../../src/engine/ledger/job-reader.ts";
import { Ledger } from "../../../../src/engine/ledger/ledger.ts";
import { OUTPUT_PIECE } from "../../../../src/shared/contract/jobs.ts";
import { aLease } from "../../../support/leases.ts";
import { tempFolder } from "../../../support/temp-folder.ts";

async function withOutput(output: Uint8Array) {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  const lease = aLease();
  const row = ledger.leases.insert(lease, 1_000) as number;
  const commitment = { sha3_512: "aa", sha3_256: "bb", inputSha3_256: "cc", shape: [1], computeMs: 1 };
  ledger.results.insert({ row, ...commitment, receipt: Uint8Array.of(1) }, output, 1_000);
  return { ledger, leaseId: lease.leaseId, handlers: jobHandlers(ledger) };
}

describe("a job's output", () => {
  it.each([0, 1, OUTPUT_PIECE, OUTPUT_PIECE + 1, 3 * OUTPUT_PIECE - 1])(
    "of %i bytes is handed out in pieces that make it whole again",
    async (size) => {
      const output = Uint8Array.from({ length: size }, (_, place) => (place * 7) % 251);
      const { handlers, leaseId } = await withOutput(output);
      const pieces: Buffer[] = [];
      for (let from: number | null = 0; from !== null; ) {
        const piece = await handlers["jobs.output"]({ leaseId, from });
        expect(piece.size).toBe(size);
        pieces.push(Buffer.from(piece.base64, "base64"));
        expect(pieces.at(-1)?.length).toBeLessThanOrEqual(OUTPUT_PIECE);
        from = piece.next;
      }
      expect(Buffer.concat(pieces).equals(output)).toBe(true);
    },
  );

  it("is told to be gone once it was pruned, and its job to be unknown where there is none", async () => {
    const { ledger, handlers, leaseId } = await withOutput(Uint8Array.of(1, 2, 3));
    ledger.results.prune(2_000, 1_000_000);
    await expect(handlers["jobs.output"]({ leaseId, from: 0 })).rejects.toMatchObject({
      code: "OUTPUT_GONE",
    });
    const other = handlers["jobs.output"]({ leaseId: "lease_none", from: 0 });
    await expect(other).rejects.toMatchObject({ code: "UNKNOWN_LEASE" });
  });
});
