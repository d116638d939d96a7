import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  fillDuration,
  makeReceipt,
  ReceiptKey,
  signedBytes,
  verifyReceipt,
} from "../../../../src/devnet/aitbc/receipts.ts";
import { isPyObject, type PyObject, parsePython, pyFloat } from "../../../../src/devnet/python-json.ts";

const transcript = readFileSync(
  new URL("../../../fixtures/aitbc/coordinator-miner.txt", import.meta.url),
  "utf8",
);

/** Receipts that upstream's coordinator really signed. */
function recordedReceipts(): PyObject[] {
  return transcript.split("\n").flatMap((line) => {
    if (!line.startsWith('{"status":"ok","receipt":')) return [];
    const body = parsePython(line);
    return isPyObject(body) && isPyObject(body.receipt) ? [body.receipt] : [];
  });
}

const signatureOf = (receipt: PyObject) => receipt.signature as unknown as { key_id: string; sig: string };

describe("coordinator receipts", () => {
  it("verifies the receipts of the real service", () => {
    const receipts = recordedReceipts();
    expect(receipts).toHaveLength(2);
    for (const receipt of receipts) {
      expect(verifyReceipt(receipt, signatureOf(receipt))).toBe(true);
      expect(verifyReceipt({ ...receipt, price: pyFloat(99) }, signatureOf(receipt))).toBe(false);
    }
  });

  it("makes the recorded receipt again from the same facts and the same key", () => {
    const [recorded] = recordedReceipts();
    if (!recorded || !isPyObject(recorded.metadata)) throw new Error("no recorded receipt");
    const result = recorded.metadata.result as PyObject;
    const made = makeReceipt(
      {
        job: {
          id: recorded.job_id as string,
          client: recorded.client as string,
          payload: recorded.metadata.job_payload as PyObject,
          constraints: recorded.metadata.job_constraints as PyObject,
        },
        miner: "m1",
        result,
        metrics: fillDuration({ gpu_utilization: 90 }, result, 394),
        completedAtMs: 1795290938_362,
      },
      new ReceiptKey("11".repeat(32)),
      new ReceiptKey("22".repeat(32)),
    );
    const again = { ...made, receipt_id: recorded.receipt_id ?? null };
    expect(signedBytes(again).toString()).toBe(signedBytes(recorded).toString());
    expect(Object.keys(made)).toEqual(Object.keys(recorded));
    expect(signatureOf(made).key_id).toBe(signatureOf(recorded).key_id);
    expect(verifyReceipt(made, signatureOf(made))).toBe(true);
  });

  it("takes units from what the miner says, else from the time", () => {
    const job = { id: "j", client: "c", payload: {}, constraints: {} };
    const key = new ReceiptKey("11".repeat(32));
    const receipt = (metrics: PyObject, result: PyObject = {}) =>
      makeReceipt(
        { job, miner: "m", result, metrics: fillDuration(metrics, result, 1234), completedAtMs: 0 },
        key,
        key,
      );
    expect(receipt({ units: pyFloat(3) })).toMatchObject({ units: pyFloat(3), price: pyFloat(0.06) });
    expect(receipt({}, { execution_time: pyFloat(0.5) })).toMatchObject({ units: pyFloat(0.5) });
    expect(receipt({})).toMatchObject({ units: pyFloat(1.234) });
    expect(receipt({ price: "0.25" })).toMatchObject({ price: pyFloat(0.25) });
  });
});
