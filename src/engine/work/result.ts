/** From a runtime's answer to what the ledger keeps: the result's digests, and the receipt the provider signs. */

import { AppError } from "../../shared/errors.ts";
import type { ItemResult } from "../../shared/runtime/protocol.ts";
import type { Work } from "../../shared/work.ts";
import type { HeldLease } from "../ledger/leases.ts";
import type { ResolvedModel } from "../models/store.ts";
import { buildReceipt, encodeReceipt, type ReceiptSigner } from "../receipt/receipt.ts";
import type { RunAnswer } from "../runtime-client/device-runtime.ts";
import type { ComputedItem } from "./market-word.ts";

export interface FinishedItem {
  readonly lease: HeldLease;
  readonly item: Extract<ItemResult, { ok: true }>;
  readonly answer: RunAnswer;
  /** null: the work needed no model. */
  readonly resolved: ResolvedModel | null;
  /** Unix ms; `inferMs` is the whole batch's time in session.run. */
  readonly timing: { readonly startedAt: number; readonly computedAt: number; readonly inferMs: number };
  readonly batchSize: number;
  readonly providerId: string;
}

export function describeResult(finished: FinishedItem, signer: ReceiptSigner): ComputedItem {
  const { lease, item, answer, resolved, timing, batchSize, providerId } = finished;
  const receipt = buildReceipt(
    {
      market: lease.market,
      leaseId: lease.leaseId,
      jobId: lease.jobId,
      providerId,
      model: resolved && {
        id: resolved.model.id,
        version: resolved.model.version,
        manifestSha256: resolved.manifestSha256,
        files: resolved.model.files,
      },
      work: workOf(lease),
      method: item.method,
      output: item.bytes,
      runtime: { ...answer.runtimeClass, precision: resolved?.model.precision ?? "fp32" },
      timing: {
        leasedAt: lease.leasedAt,
        startedAt: timing.startedAt,
        computedAt: timing.computedAt,
        inferMs: timing.inferMs,
        queueMs: Math.max(0, timing.startedAt - lease.leasedAt),
      },
      qos: { attempt: lease.attempt, batchSize, tokens: item.tokens },
    },
    signer,
  );
  return {
    lease,
    output: item.bytes,
    result: {
      // The receipt's digests are made here from the bytes, not taken from the runtime's word.
      sha3_512: receipt.output.sha3_512,
      sha3_256: receipt.output.sha3_256,
      inputSha3_256: receipt.input_sha3_256,
      shape: item.shape,
      computeMs: answer.totalMs,
      receipt: encodeReceipt(receipt),
    },
  };
}

/** Admission let only work pass that can be run. */
export function workOf({ work }: Pick<HeldLease, "work">): Work {
  if (work.kind !== "unsupported") return work;
  throw new AppError({ code: "WORK_UNSUPPORTED", message: work.reason, actor: "bug" });
}
