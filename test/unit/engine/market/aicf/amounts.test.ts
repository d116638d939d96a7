/** No amount a market names can stop the ledger: what it can't hold is no amount. */
import fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";
import { Ledger } from "../../../../../src/engine/ledger/ledger.ts";
import {
  anm,
  ClaimSchema,
  LeaseSchema,
  MOST_NANO,
  PayoutSchema,
  readRows,
} from "../../../../../src/engine/market/aicf/wire.ts";
import { aLease } from "../../../../support/leases.ts";
import { tempFolder } from "../../../../support/temp-folder.ts";

const digits = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 40n - 1n }),
  fc.bigInt({ min: MOST_NANO - 2n, max: MOST_NANO + 2n }),
  fc.bigInt({ min: 2n ** 63n - 2n, max: 2n ** 63n + 2n }),
);
const wireLease = (fee: unknown) => ({
  ...{ lease_id: "l", job_id: "j", kind: "embed", model: "m", input: ["a"], fee },
  ...{ granted_at_ms: 1_000, expires_at_ms: 121_000 },
});

it("writes down every fee, payout and claim it reads, and reads none the ledger can't hold", async () => {
  const ledger = await Ledger.open(tempFolder());
  onTestFinished(() => ledger.close());
  let nth = 0;
  // One commit for all: each would wait for the disk.
  ledger.transaction(() =>
    fc.assert(
      fc.property(digits, (nano) => {
        const text = nano.toString();
        const told = nano <= MOST_NANO;
        const job = `job${++nth}`;
        const lease = LeaseSchema.parse(wireLease(text));
        expect(lease.fee).toBe(told ? nano : null);
        const fee = lease.fee == null ? null : anm(lease.fee);
        const row = ledger.leases.insert(aLease({ leaseId: job, jobId: job, fee }), 1) as number;
        expect(ledger.leases.get(row).fee).toEqual(fee);

        expect(readRows(PayoutSchema, [{ job_id: job, amount: text }])).toHaveLength(told ? 1 : 0);
        const claim = ClaimSchema.parse({ totalPaid: text, payouts: [{ jobId: job, amount: text }] });
        const claimed = claim.payouts.map(({ jobId, amount }) => ({
          ...{ jobId, net: anm(amount), gross: null, settledAt: 1, reference: null },
        }));
        const book = ledger.claims.bookOf("aicf");
        book.put(claimed);
        expect(book.of([job])).toEqual(claimed);
        expect(claim.totalPaid).toBe(nano);
      }),
      { numRuns: 300 },
    ),
  );
});
