/** Turns a coordinator's free-form payload into work, or into the reason why we leave it (protocols/aitbc.md §2.3). */
import { declined, readEmbedWork } from "../embed-work.ts";
import type { Work } from "../port.ts";

export interface JobOrder {
  readonly model: string;
  readonly modelSha256: string | null;
  readonly work: Work;
}

/** Spellings of one kind of work; docs/markets-devnet.md "Job payload" has the shape. */
const EMBED_TYPES = new Set(["embeddings", "embedding", "embed"]);
/** Promises that this machine can't keep, as the constraint names them. */
const UNKEPT = ["zk_proof_required", "tee_attestation_required", "confidential"] as const;

export function readOrder(payload: Record<string, unknown>, constraints: Record<string, unknown>): JobOrder {
  const { type, model, input, model_sha256: pinned } = payload;
  const modelSha256 = typeof pinned === "string" && /^[0-9a-f]{64}$/.test(pinned) ? pinned : null;
  const order = { model: typeof model === "string" ? model : "", modelSha256 };
  const unkept = UNKEPT.find((promise) => constraints[promise] === true);
  if (unkept !== undefined)
    return { ...order, work: declined(`The job demands ${unkept}, which this provider can't give`) };
  if (typeof type !== "string" || !EMBED_TYPES.has(type)) {
    return {
      ...order,
      work: declined(`Jobs of type ${JSON.stringify(type ?? null).slice(0, 40)} are not run here`),
    };
  }
  if (order.model === "" || order.model.length > 200)
    return { ...order, model: "", work: declined("The job names no model") };
  return { ...order, work: readEmbedWork(input) };
}
