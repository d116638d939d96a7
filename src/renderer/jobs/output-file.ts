/** A job's output as a person takes it away: its canonical bytes, whole, and the names of the files. */
import type { CommandOutput, ContractClient } from "../../shared/contract/contract.ts";
import type { JobRow } from "../../shared/contract/views.ts";

/** Piece by piece, so that a big one holds up nothing else on its way. */
export async function readOutput(
  bridge: Pick<ContractClient, "invoke">,
  leaseId: string,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array();
  let at = 0;
  for (let from: number | null = 0; from !== null; ) {
    const answer: CommandOutput<"jobs.output"> = await bridge.invoke("jobs.output", { leaseId, from });
    if (at === 0) bytes = new Uint8Array(answer.size);
    const piece = Uint8Array.from(atob(answer.base64), (character) => character.charCodeAt(0));
    bytes.set(piece, at);
    at += piece.length;
    from = answer.next;
  }
  return bytes;
}

/** "receipt-aicf-lease_3a87.json": what it is, and whose. */
export function fileName(
  what: "receipt" | "output",
  { market, leaseId }: Pick<JobRow, "market" | "leaseId">,
  ending: string,
): string {
  return `${what}-${market}-${leaseId.replaceAll(/[^\w.-]+/g, "_").slice(0, 80)}.${ending}`;
}
