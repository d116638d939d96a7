/** Turns a coordinator's free-form payload into work, or into the reason why we leave it (protocols/aitbc.md §2.3). */
import { needsModel, type WorkKind } from "../../../shared/work.ts";
import type { LeasedWork } from "../port.ts";
import { declined, readWork } from "../read-work.ts";

export interface JobOrder {
  readonly model: string;
  readonly modelSha256: string | null;
  readonly work: LeasedWork;
}

/** Spellings of each kind of work; docs/markets-devnet.md "Job payload" has the shapes. */
const KIND_OF_TYPE: ReadonlyMap<unknown, WorkKind> = new Map([
  ...["embeddings", "embedding", "embed"].map((type) => [type, "embed"] as const),
  ...["inference", "generate", "completion", "chat"].map((type) => [type, "generate"] as const),
  ["rerank", "rerank"],
  ["clip", "clip"],
  ["vector", "vector"],
]);
/** Promises that this machine can't keep, as the constraint names them. */
const UNKEPT = ["zk_proof_required", "tee_attestation_required", "confidential"] as const;

export function readOrder(payload: Record<string, unknown>, constraints: Record<string, unknown>): JobOrder {
  const { type, model, prompt, model_sha256: pinned } = payload;
  const modelSha256 = typeof pinned === "string" && /^[0-9a-f]{64}$/.test(pinned) ? pinned : null;
  const order = { model: typeof model === "string" ? model : "", modelSha256 };
  const unkept = UNKEPT.find((promise) => constraints[promise] === true);
  if (unkept !== undefined)
    return { ...order, work: declined(`The job demands ${unkept}, which this provider can't give`) };
  // Without a type, model and prompt mean inference (protocols/aitbc.md §2.3).
  const kind = type === undefined && typeof prompt === "string" ? "generate" : KIND_OF_TYPE.get(type);
  if (kind === undefined) {
    return {
      ...order,
      work: declined(`Jobs of type ${JSON.stringify(type ?? null).slice(0, 40)} are not run here`),
    };
  }
  if (order.model.length > 200 || (order.model === "" && needsModel(kind)))
    return { ...order, model: "", work: declined("The job names no model") };
  return { ...order, work: readWork(kind, payload) };
}
