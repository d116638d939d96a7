/** Job ids as upstream's capabilities/jobs/id.py derives them (protocols/aicf.md §3.2 A). */
import { type CborValue, encodeCanonical } from "../../shared/canonical.ts";
import { sha3_256 } from "../../shared/digest.ts";

export interface TaskIdParts {
  readonly chainId: number;
  readonly height: number;
  readonly txHash: Uint8Array;
  readonly caller: Uint8Array;
  readonly payload: CborValue;
}

/** 0x + 64 hex. */
export function taskId({ chainId, height, txHash, caller, payload }: TaskIdParts): string {
  const preimage = Buffer.concat([
    Buffer.from("animica/cap.task_id/v1", "utf8"),
    u64be(chainId),
    u64be(height),
    withLength16(txHash),
    withLength16(caller),
    Buffer.from(sha3_256(encodeCanonical(payload)), "hex"),
  ]);
  return `0x${sha3_256(preimage)}`;
}

function u64be(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function withLength16(bytes: Uint8Array): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(bytes.length);
  return Buffer.concat([prefix, bytes]);
}
